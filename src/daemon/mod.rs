//! The process in a container: an HTTP server beside the work, signals, an orderly end, an exit code.
//!
//! What the work is, the daemon does not know: it is behind the trait [`Job`].

mod answer;
mod banner;
mod health;
mod job;
mod once;
mod preflight;
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
pub use health::{Health, Readiness};
pub use job::{Closing, Job, JobError};
pub use once::{Ended, Once, exit_code};
pub use preflight::{cautions, refusals};
pub use routes::{Site, router};
pub use server::{BindError, Bound, Serving};
pub use shutdown::{Step, stop_in_order};
pub use signal::{Signal, Signals};
pub use turns::{Asked, Next, Turn, Turns};
