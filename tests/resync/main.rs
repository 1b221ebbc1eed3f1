//! Resyncs end to end on the sandbox.

mod cloud;
mod datacenter;
mod harness;
mod port;
