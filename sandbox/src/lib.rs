//! Local servers that answer as Bitbucket and Port do: for the demo, for tests and for measurements.

pub mod cloud;
mod dice;
mod http;
mod json;
mod stamp;

pub use http::{Fault, FaultRule, Faults, Occurrence, Record, Request, StartError};
