//! Asks Port whether a resync was requested.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::attempt::guarded;
use super::requests::Requests;
use super::routes::Site;
use super::shutdown::with_causes;
use super::turns::Asked;

/// Longest time for one question, repetitions included.
const PATIENCE: Duration = Duration::from_secs(20);

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
        match guarded(self.job.newest(PATIENCE)).await {
            Ok(request) => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("Port tells again whether a resync is requested");
                }
                if let Some(request) = request {
                    self.tell(request);
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

    fn tell(&self, request: OffsetDateTime) {
        let Some(asked) = self.site.turns.tell(request) else { return };
        let at = request.format(&Rfc3339).unwrap_or_default();
        match asked {
            Asked::Starts => tracing::info!("a resync was requested at {at}"),
            Asked::Queued | Asked::AlreadyQueued => {
                tracing::info!("a resync was requested at {at}: it is the next one");
            }
        }
    }
}
