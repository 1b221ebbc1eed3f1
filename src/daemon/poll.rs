//! Asks Port whether a resync was requested.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::attempt::guarded;
use super::requests::Requests;
use super::routes::Site;
use super::shutdown::with_causes;
use super::turns::Asked;

/// Longest time for one question.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks at an interval, whatever else goes on.
pub(super) struct Poll<'a, J> {
    job: &'a J,
    site: &'a Site,
    interval: Duration,
    /// The last question had no answer.
    failing: AtomicBool,
}

impl<'a, J: Requests> Poll<'a, J> {
    pub(super) fn new(job: &'a J, site: &'a Site, interval: Duration) -> Self {
        Self { job, site, interval, failing: AtomicBool::new(false) }
    }

    /// Asks at once, and then that long after each answer.
    pub(super) async fn keep_asking<T>(&self) -> T {
        loop {
            self.ask().await;
            self.site.turns.clock().sleep(self.interval).await;
        }
    }

    /// Asks once. A question without an answer is skipped; only the first of several in a row is said.
    pub(super) async fn ask(&self) {
        let within = self.interval.min(PATIENCE);
        match guarded(self.job.newest(within)).await {
            Ok(request) => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("Port tells again whether a resync is requested");
                }
                let Some(request) = request else { return };
                match self.site.turns.tell(request) {
                    Some(Asked::Starts) => tracing::info!("a resync was requested at {request}"),
                    Some(Asked::Queued | Asked::AlreadyQueued) => {
                        tracing::info!("a resync was requested at {request}: it is the next one");
                    }
                    None => {}
                }
            }
            Err(error) if !self.failing.swap(true, Ordering::Relaxed) => {
                let seconds = self.interval.as_secs();
                tracing::warn!(
                    "Port does not tell whether a resync is requested, and is asked again every {seconds} s: {}",
                    with_causes(&*error)
                );
            }
            Err(error) => tracing::debug!("Port still does not tell: {}", with_causes(&*error)),
        }
    }
}
