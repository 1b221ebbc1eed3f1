//! Local servers that answer as Bitbucket and Port do: for the demo, for tests and for measurements.
//!
//! [`cloud::Server`] serves a [`cloud::World`], a workspace made from a seed whose objects are written anew for every
//! request, so that thousands of repositories take next to no memory. [`datacenter::Server`] does the same for an
//! instance of Bitbucket Data Center. [`port::Server`] serves a [`port::World`], a
//! catalog that checks what is written to it. All refuse what the services refuse, keep a [`Record`] of what was
//! asked, and go wrong on demand ([`Faults`]). A request passes `http::guard` (faults, record, compression), then the
//! credential check of its server, then its route.

mod clock;
pub mod cloud;
mod contents;
pub mod datacenter;
mod dice;
mod http;
mod json;
#[cfg(feature = "matrix")]
pub mod matrix;
mod missing;
mod naming;
pub mod port;
mod stamp;
mod words;

pub use http::{Fault, FaultRule, Faults, Occurrence, Record, Request, StartError};
