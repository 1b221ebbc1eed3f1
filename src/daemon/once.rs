//! The life of a `ONCE` process: provision, resync, end.

use super::Job;
use super::attempt;
use super::ended::Ended;
use super::process::Process;
use super::routes::Site;
use super::turns::{End, When};

/// A `ONCE` process, ready to run.
#[derive(Debug)]
pub struct Once {
    /// What is around the work.
    pub process: Process,
    /// Whether to resync at all.
    pub resyncs: bool,
}

impl Once {
    /// Serves, provisions, resyncs and stops in order.
    pub async fn run(self, job: impl Job) -> Ended {
        let site = self.process.site.clone();
        self.process.live(&job, work(&job, &site, self.resyncs)).await
    }
}

async fn work(job: &impl Job, site: &Site, resyncs: bool) -> Ended {
    if !attempt::provision(job).await {
        return Ended::NotProvisioned;
    }
    site.health.ready();
    if !resyncs {
        tracing::info!("shouldResync is off: there is nothing to do");
        return Ended::NothingToDo;
    }
    // The first request is that of the process itself; what is asked for while it runs follows once.
    site.turns.ask();
    loop {
        site.turns.begin();
        let ended = attempt::resync(job, site).await;
        // Whatever came of it, the process was to resync once.
        site.turns.end(End::Ran);
        if site.turns.next() != When::Now || site.health.is_stopping() {
            return ended;
        }
        tracing::info!("another resync was asked for meanwhile: it follows now");
    }
}
