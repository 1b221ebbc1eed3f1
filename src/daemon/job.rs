//! The work that the daemon runs.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::sync::{Observer, Report};

use super::Step;

/// Why a job could not do its part; said to the log with all its causes.
pub type JobError = Box<dyn Error + Send + Sync>;

/// The work behind the daemon. Each future may be dropped at any await when a signal comes.
pub trait Job: Send + Sync {
    /// Prepares what a resync needs: at Port, integration and blueprints. The process is ready after it.
    fn provision(&self) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Resyncs once and tells `observer` what happens.
    fn resync(&self, observer: Arc<dyn Observer>) -> impl Future<Output = Result<Report, JobError>> + Send;

    /// Logs how a resync came out.
    fn tell(&self, report: &Report) {
        super::summary::log(report);
    }

    /// A signal came: a resync under way is to stop in order. Says how long that may take; then its future is dropped.
    fn interrupt(&self) -> Duration {
        Duration::ZERO
    }

    /// What is to be done before the process ends, in order; each step has its own deadline and is done
    /// whatever became of the others.
    fn closing(&self, why: Closing) -> Vec<Step>;
}

/// Why the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The work came to its end, well or not.
    Ended,
    /// A signal stopped the work in the middle.
    Interrupted,
}
