//! What the servers share: listening, faults, the record of requests, answers.

mod access;
mod answer;
mod fault;
mod gate;
mod listen;
mod parameters;
mod pattern;
mod record;

pub use access::{Access, Account};
pub(crate) use answer::{json, with_header};
pub use fault::{Fault, FaultRule, Faults, Occurrence};
pub(crate) use gate::{Credential, Gate, guard};
pub use listen::StartError;
pub(crate) use listen::{BreakConnection, Listening};
pub(crate) use parameters::Parameters;
#[cfg(feature = "matrix")]
pub(crate) use pattern::matches;
pub use record::{Record, Request};
