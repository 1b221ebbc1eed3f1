//! Where resyncs are asked for, and which of these requests were served.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::sync::Observer;

use super::{Job, JobError};

/// A job that goes on after a resync. Each future may be dropped at any await when a signal comes.
pub trait Requests: Job {
    /// Takes what all resyncs of this process share, and gives the newest request that was served before; `None` where
    /// none was. `observer` is told when another process has it.
    fn open(
        &self,
        observer: Arc<dyn Observer>,
    ) -> impl Future<Output = Result<Option<OffsetDateTime>, JobError>> + Send;

    /// The newest request, asked for within that time; `None` where nobody asked for a resync.
    fn newest(&self, within: Duration) -> impl Future<Output = Result<Option<OffsetDateTime>, JobError>> + Send;

    /// Keeps in mind, also for later processes, that requests until then were served.
    fn served(&self, request: OffsetDateTime) -> impl Future<Output = Result<(), JobError>> + Send;
}
