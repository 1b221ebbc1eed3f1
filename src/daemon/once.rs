//! The life of a `ONCE` process: provision, resync, end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;

use crate::config::ExitPolicy;
use crate::sync::{Observer, SyncEvent, SyncOutcome};

use super::health::Readiness;
use super::routes::{Site, router};
use super::server::Bound;
use super::shutdown::{Step, stop_in_order, with_causes};
use super::signal::{Signal, Signals};
use super::turns::Next;
use super::{Closing, Job, JobError};

/// Everything to be done before the end together; Kubernetes kills 30 s after the first signal, and a resync may have
/// taken 12 s of them to stop.
const STOPPING: Duration = Duration::from_secs(16);
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
        let (ended, haste) = {
            let mut work = std::pin::pin!(work(&job, &site, resyncs));
            tokio::select! {
                ended = &mut work => (ended, Haste::InOrder),
                signal = signals.next() => {
                    tracing::info!("{}: stopping", signal.name());
                    site.health.set(Readiness::Stopping);
                    (Ended::Stopped(signal), stop_work(work, job.interrupt(), &mut signals).await)
                }
            }
        };
        site.health.set(Readiness::Stopping);
        if haste == Haste::InOrder {
            let mut steps = job.closing(closing(&ended));
            steps.push(Step::new("answering open requests", SERVER_STOP, async {
                serving.stop().await;
                Ok(())
            }));
            tokio::select! {
                () = stop_in_order(steps, STOPPING) => {}
                signal = signals.next() => tracing::warn!("{} again: stopping at once", signal.name()),
            }
        }
        beating.abort();
        ended
    }
}

/// How the process may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Haste {
    /// After everything was put in order.
    InOrder,
    /// At once.
    AtOnce,
}

/// Lets the work come to an end by itself, for so long, until the second signal.
async fn stop_work(work: impl Future<Output = Ended>, patience: Duration, signals: &mut Signals) -> Haste {
    tokio::select! {
        biased;
        signal = signals.next(), if !patience.is_zero() => {
            tracing::warn!("{} again: stopping at once", signal.name());
            return Haste::AtOnce;
        }
        _ = work => {}
        () = tokio::time::sleep(patience) => {}
    }
    Haste::InOrder
}

fn closing(ended: &Ended) -> Closing {
    match ended {
        Ended::Stopped(_) => Closing::Interrupted,
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
    // The first request is that of the process itself; what is asked for while it runs follows once.
    site.turns.ask();
    loop {
        let ended = resync(job, site).await;
        if site.turns.end() == Next::Rest || site.health.is_stopping() {
            return ended;
        }
        tracing::info!("another resync was asked for meanwhile: it follows now");
    }
}

async fn resync(job: &impl Job, site: &Site) -> Ended {
    let began = Instant::now();
    match guarded(job.resync(Arc::new(Watch(site.clone())))).await {
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
            tracing::error!("the resync broke off: {}", with_causes(&*error));
            Ended::Failed
        }
    }
}

/// What a resync tells the routes.
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
