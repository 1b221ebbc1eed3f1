//! The life of a process that goes on: provision, then resync whenever that is asked for, until a signal comes.

use std::time::Duration;

use time::OffsetDateTime;

use crate::config::{EventListener, Settings};

use super::attempt::{self, guarded};
use super::ended::Ended;
use super::poll::Poll;
use super::process::Process;
use super::requests::Requests;
use super::routes::Site;
use super::shutdown::with_causes;
use super::turns::{Asked, End};

/// A process that goes on, ready to run.
#[derive(Debug)]
pub struct Listening {
    /// What is around the work.
    pub process: Process,
    /// What it does.
    pub duties: Duties,
}

/// What starts a resync, beside the route of [`Site`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duties {
    /// Nothing: this process has no resync to do (`shouldResync` is off).
    None,
    /// The following.
    Resync {
        /// The start of the process.
        start: Start,
        /// Port, asked that long after each answer; `None`: not asked.
        poll: Option<Duration>,
        /// The clock, at that interval; `None`: not by the clock.
        schedule: Option<Duration>,
    },
}

/// What the start of a process means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A resync.
    Resyncs,
    /// Nothing.
    Waits,
}

impl Duties {
    /// What the settings of a listener that goes on ask for.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        if !settings.listener.resyncs {
            return Self::None;
        }
        let (start, poll) = match settings.listener.kind {
            EventListener::Polling { interval, resync_on_start: true } => (Start::Resyncs, Some(interval)),
            EventListener::Polling { interval, resync_on_start: false } => (Start::Waits, Some(interval)),
            _ => (Start::Waits, None),
        };
        Self::Resync { start, poll, schedule: settings.resync.schedule }
    }
}

impl Listening {
    /// Serves, provisions and resyncs until a signal comes, then stops in order.
    pub async fn run(self, job: impl Requests) -> Ended {
        let site = self.process.site.clone();
        self.process.live(&job, work(&job, &site, self.duties)).await
    }
}

async fn work(job: &impl Requests, site: &Site, duties: Duties) -> Ended {
    if !attempt::provision(job).await {
        return Ended::NotProvisioned;
    }
    let Duties::Resync { start, poll, schedule } = duties else {
        tracing::info!("shouldResync is off: this process does not resync");
        site.health.ready();
        return std::future::pending().await;
    };
    match guarded(job.open(attempt::watch(site))).await {
        Ok(served) => site.turns.resume(served),
        Err(error) => {
            tracing::error!("the process cannot begin its work: {}", with_causes(&*error));
            return Ended::NotProvisioned;
        }
    }
    site.health.ready();
    if start == Start::Resyncs {
        site.turns.ask();
    }
    let poll = poll.map(|interval| Poll::new(job, site, interval));
    let poll = poll.as_ref();
    tokio::select! {
        ended = resyncs(job, site, poll) => ended,
        never = async {
            match poll {
                Some(poll) => poll.keep_asking().await,
                None => std::future::pending().await,
            }
        } => never,
        never = keep_time(site, schedule) => never,
    }
}

/// One resync after the other, as they become due; ends when the process does.
async fn resyncs<J: Requests>(job: &J, site: &Site, poll: Option<&Poll<'_, J>>) -> Ended {
    loop {
        site.turns.due().await;
        if let Some(poll) = poll {
            // What was requested until now is served by the resync that begins, and is known to be.
            poll.ask().await;
        }
        if !site.turns.begin() {
            continue;
        }
        let ended = attempt::resync(job, site).await;
        let ran = matches!(ended, Ended::Resynced(_));
        if let Some(request) = site.turns.end(if ran { End::Ran } else { End::BrokeOff }) {
            keep(job, request).await;
        }
        if site.health.is_stopping() {
            return ended;
        }
        if !ran {
            tracing::warn!("{}", site.turns.outlook());
        }
    }
}

async fn keep(job: &impl Requests, request: OffsetDateTime) {
    if let Err(error) = guarded(job.served(request)).await {
        tracing::warn!(
            "it cannot be kept in mind that the request of {request} was served; after a restart it may be served \
             again: {}",
            with_causes(&*error)
        );
    }
}

/// Asks for a resync at each tick; the first is one interval from now. Those that pass while the process sleeps, or while
/// one resync follows another already, are one.
async fn keep_time<T>(site: &Site, interval: Option<Duration>) -> T {
    let Some(interval) = interval.filter(|interval| !interval.is_zero()) else {
        return std::future::pending().await;
    };
    let clock = site.turns.clock();
    let mut due = clock.now().after(interval);
    loop {
        clock.sleep(due.since(clock.now())).await;
        match site.turns.ask() {
            Asked::Starts => tracing::info!("a scheduled resync is due"),
            Asked::Queued => tracing::info!("a scheduled resync is due: it follows the one that runs"),
            Asked::AlreadyQueued => tracing::debug!("a scheduled resync is due: one is to begin already"),
        }
        while due <= clock.now() {
            due = due.after(interval);
        }
    }
}
