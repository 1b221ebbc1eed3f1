//! Local servers that answer as Bitbucket and Port do: for the demo, for tests and for measurements.

mod clock;
pub mod cloud;
mod dice;
mod http;
mod json;
pub mod port;
mod stamp;

pub use http::{Fault, FaultRule, Faults, Occurrence, Record, Request, StartError};
