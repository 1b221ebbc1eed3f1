//! Resyncs end to end on the sandbox.

mod cloud;
mod harness;
mod port;
