//! The parts of the work that every process does: provisioning, and one resync.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt as _;

use crate::sync::{Observer, SyncEvent};

use super::ended::Ended;
use super::routes::Site;
use super::shutdown::with_causes;
use super::{Job, JobError};

/// Provisions; `false` where that failed, which was said.
pub(super) async fn provision(job: &impl Job) -> bool {
    match guarded(job.provision()).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!("provisioning failed: {}", with_causes(&*error));
            false
        }
    }
}

/// One resync, told to log and metrics.
pub(super) async fn resync(job: &impl Job, site: &Site) -> Ended {
    let began = Instant::now();
    match guarded(job.resync(watch(site))).await {
        Ok(report) => {
            site.metrics.finish(&report);
            job.tell(&report);
            Ended::Resynced(report.outcome)
        }
        Err(error) if site.health.is_stopping() => {
            site.metrics.fail(began.elapsed());
            tracing::warn!("{}", with_causes(&*error));
            Ended::Failed
        }
        Err(error) => {
            site.metrics.fail(began.elapsed());
            site.health.proceed();
            tracing::error!("the resync broke off: {}", with_causes(&*error));
            Ended::Failed
        }
    }
}

/// Who tells the routes what a resync does.
pub(super) fn watch(site: &Site) -> Arc<dyn Observer> {
    Arc::new(Watch(site.clone()))
}

struct Watch(Site);

impl Observer for Watch {
    fn on(&self, event: &SyncEvent) {
        match event {
            SyncEvent::Waiting { holder } => self.0.health.wait(holder),
            SyncEvent::Planned { .. } => self.0.health.proceed(),
            _ => {}
        }
        self.0.metrics.on(event);
    }
}

/// A fault of the program ends like any other failure: the steps of stopping still run.
pub(super) async fn guarded<T>(work: impl Future<Output = Result<T, JobError>>) -> Result<T, JobError> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(ended) => ended,
        Err(_) => Err("it panicked; this is a fault of the program".into()),
    }
}
