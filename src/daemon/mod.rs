//! The process in a container: an HTTP server beside the work, signals, an orderly end, an exit code.
//!
//! What the work is, the daemon does not know: it is behind the trait [`Job`].

mod answer;
mod attempt;
mod banner;
mod ended;
mod health;
mod job;
mod listen;
mod once;
mod poll;
mod preflight;
mod process;
mod requests;
mod routes;
mod server;
mod shutdown;
mod signal;
pub(crate) mod summary;
#[cfg(test)]
mod tests;
mod turns;

pub mod metrics;

pub use banner::banner;
pub use ended::{Ended, exit_code};
pub use health::{Health, Readiness};
pub use job::{Closing, Job, JobError};
pub use listen::{Duties, Listening, Start};
pub use once::Once;
pub use preflight::{cautions, refusals};
pub use process::Process;
pub use requests::Requests;
pub use routes::{ResyncRoute, Site, router};
pub use server::{BindError, Bound, Serving};
pub use shutdown::{Step, stop_in_order};
pub use signal::{Signal, Signals};
pub use turns::{Asked, Patience, Turns};
