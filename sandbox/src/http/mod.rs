//! What both servers share: listening, faults, the record of requests, answers.

mod answer;
mod fault;
mod gate;
mod listen;
mod pattern;
mod record;

pub(crate) use answer::{json, with_header};
pub use fault::{Fault, FaultRule, Faults, Occurrence};
pub(crate) use gate::{Credential, Gate, guard};
pub use listen::StartError;
pub(crate) use listen::{BreakConnection, Listening};
pub use record::{Record, Request};
