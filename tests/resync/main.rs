//! Resyncs end to end on the sandbox.

mod cloud;
mod datacenter;
mod deletion;
mod full;
mod harness;
mod port;
mod weaknesses;
