//! What every process has around its work: routes, a beating heart, signals, an orderly end.

use std::time::Duration;

use super::ended::Ended;
use super::health::Readiness;
use super::routes::{Site, router};
use super::server::Bound;
use super::shutdown::{Step, stop_in_order};
use super::signal::Signals;
use super::{Closing, Job};

/// Everything to be done before the end together; Kubernetes kills 30 s after the first signal, and a resync may have
/// taken 12 s of them to stop.
const STOPPING: Duration = Duration::from_secs(16);
/// What requests in hand get.
const SERVER_STOP: Duration = Duration::from_secs(3);

/// A process that can serve and be stopped.
#[derive(Debug)]
pub struct Process {
    /// The port, already ours.
    pub server: Bound,
    /// Prefix of the routes, as the settings have it.
    pub path_prefix: String,
    /// What the routes show.
    pub site: Site,
    /// Signals that end it.
    pub signals: Signals,
}

/// How the process may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Haste {
    /// After everything was put in order.
    InOrder,
    /// At once.
    AtOnce,
}

impl Process {
    /// Serves until the work ends or a signal comes, then stops in order. A second signal ends the stopping, too.
    pub(super) async fn live(self, job: &impl Job, work: impl Future<Output = Ended>) -> Ended {
        let Self { server, path_prefix, site, mut signals } = self;
        tracing::info!("listening on {}", server.address());
        let serving = server.serve(router(&path_prefix, site.clone()));
        let beating = tokio::spawn(site.health.clone().beat(site.metrics.clone()));
        let (ended, haste) = {
            let mut work = std::pin::pin!(work);
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
