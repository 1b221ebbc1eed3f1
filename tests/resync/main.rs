//! Resyncs end to end on the sandbox.

mod cloud;
mod datacenter;
mod deletion;
mod faults;
mod full;
mod harness;
mod live;
mod port;
mod several_sources;
mod weaknesses;
