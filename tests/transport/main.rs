//! Calls to Bitbucket against servers that misbehave in every way seen in practice.

mod budget;
mod client;
mod faults;
mod generated;
mod paging;
mod password;
mod proxy;
mod server;
mod tls;
