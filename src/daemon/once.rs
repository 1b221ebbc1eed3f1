//! The life of a `ONCE` process: provision, resync, end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;

use crate::config::ExitPolicy;
use crate::sync::{Report, SyncOutcome};

use super::health::Readiness;
use super::routes::{Site, router};
use super::server::Bound;
use super::shutdown::{Step, stop_in_order, with_causes};
use super::signal::{Signal, Signals};
use super::{Closing, Job, JobError, summary};

/// Everything to be done before the end together; Kubernetes kills 30 s after the first signal.
const STOPPING: Duration = Duration::from_secs(20);
/// What requests in hand get.
const SERVER_STOP: Duration = Duration::from_secs(3);

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Provisioning failed, so nothing was resynced.
    NotProvisioned,
    /// The resync ran to its end.
    Resynced(SyncOutcome),
    /// The resync broke off.
    Failed,
    /// This process has no resync to do (`shouldResync` is off).
    NothingToDo,
    /// A signal came first.
    Stopped(Signal),
}

/// A `ONCE` process, ready to run.
#[derive(Debug)]
pub struct Once {
    /// The port, already ours.
    pub server: Bound,
    /// Prefix of the routes, as the settings have it.
    pub path_prefix: String,
    /// What the routes show.
    pub site: Site,
    /// Signals that end it.
    pub signals: Signals,
    /// Whether to resync at all.
    pub resyncs: bool,
}

impl Once {
    /// Serves, provisions, resyncs and stops in order. A second signal ends the stopping, too.
    pub async fn run(self, job: impl Job) -> Ended {
        let Self { server, path_prefix, site, mut signals, resyncs } = self;
        tracing::info!("listening on {}", server.address());
        let serving = server.serve(router(&path_prefix, site.clone()));
        let beating = tokio::spawn(site.health.clone().beat(site.metrics.clone()));
        let ended = tokio::select! {
            ended = work(&job, &site, resyncs) => ended,
            signal = signals.next() => Ended::Stopped(signal),
        };
        site.health.set(Readiness::Stopping);
        let mut steps = job.closing(closing(&ended));
        steps.push(Step::new("answering open requests", SERVER_STOP, async {
            serving.stop().await;
            Ok(())
        }));
        tokio::select! {
            () = stop_in_order(steps, STOPPING) => {}
            signal = signals.next() => tracing::warn!("{} again: stopping at once", signal.name()),
        }
        beating.abort();
        ended
    }
}

fn closing(ended: &Ended) -> Closing {
    match ended {
        Ended::Stopped(signal) => {
            tracing::info!("{}: stopping", signal.name());
            Closing::Interrupted
        }
        _ => Closing::Ended,
    }
}

async fn work(job: &impl Job, site: &Site, resyncs: bool) -> Ended {
    if let Err(error) = guarded(job.provision()).await {
        tracing::error!("provisioning failed: {}", with_causes(&*error));
        return Ended::NotProvisioned;
    }
    site.health.set(Readiness::Ready);
    if !resyncs {
        tracing::info!("shouldResync is off: there is nothing to do");
        return Ended::NothingToDo;
    }
    let began = Instant::now();
    match guarded(job.resync(Arc::new(site.metrics.clone()))).await {
        Ok(report) => finished(site, &report),
        Err(error) => {
            site.metrics.fail(began.elapsed());
            tracing::error!("the resync broke off: {}", with_causes(&*error));
            Ended::Failed
        }
    }
}

fn finished(site: &Site, report: &Report) -> Ended {
    site.metrics.finish(report);
    summary::log(report);
    Ended::Resynced(report.outcome.clone())
}

/// A fault of the program ends like any other failure: the steps of stopping still run.
async fn guarded<T>(work: impl Future<Output = Result<T, JobError>>) -> Result<T, JobError> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(ended) => ended,
        Err(_) => Err("it panicked; this is a fault of the program".into()),
    }
}

/// The exit code: that of Port's runtime, which is 0 for a resync however it ended, or the strict one. `process` is
/// the number of this process: the first one of a container is not killed by the signals that end it.
#[must_use]
pub fn exit_code(ended: &Ended, policy: ExitPolicy, process: u32) -> u8 {
    match (ended, policy) {
        (Ended::NotProvisioned, _) => 1,
        (Ended::Resynced(SyncOutcome::Complete) | Ended::NothingToDo, _)
        | (Ended::Resynced(SyncOutcome::Incomplete) | Ended::Failed, ExitPolicy::Compatible) => 0,
        (Ended::Resynced(SyncOutcome::Incomplete) | Ended::Failed, ExitPolicy::Strict) => 2,
        (Ended::Stopped(_), _) if process == 1 => 0,
        (Ended::Stopped(Signal::Terminate), _) => 143,
        (Ended::Stopped(Signal::Interrupt), _) => 130,
    }
}
