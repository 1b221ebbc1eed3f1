//! The turn that routes, clock and work of a process share.

use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::http::{Clock, Moment, SystemClock};

use super::turn::{Asked, End, Patience, Turn, When};

/// The turn of this process; clones share it.
#[derive(Clone, Debug)]
pub struct Turns {
    turn: Arc<Mutex<Turn>>,
    changed: Arc<Notify>,
    clock: Arc<dyn Clock>,
    patience: Patience,
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock::new()), Patience::USUAL)
    }
}

impl Turns {
    /// Nothing is wanted yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, patience: Patience) -> Self {
        Self { turn: Arc::default(), changed: Arc::default(), clock, patience }
    }

    /// The clock that it goes by.
    pub(in crate::daemon) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// An earlier process had served the requests until then.
    pub(in crate::daemon) fn resume(&self, served: Option<OffsetDateTime>) {
        self.step(|turn, _| (turn.resuming(served), ()));
    }

    /// Asks for a resync.
    pub fn ask(&self) -> Asked {
        self.step(Turn::ask)
    }

    /// Port has this request; `None` where that is nothing new.
    pub(in crate::daemon) fn tell(&self, request: OffsetDateTime) -> Option<Asked> {
        self.step(|turn, now| turn.tell(request, now))
    }

    /// When the next resync begins.
    pub(in crate::daemon) fn next(&self) -> When {
        self.step(|turn, now| (turn, turn.next(now)))
    }

    /// When the next resync begins, for the log.
    pub(in crate::daemon) fn outlook(&self) -> String {
        match self.next() {
            When::Now => "the next resync begins now".to_owned(),
            When::At(moment) => {
                let wait = moment.since(self.clock.now()).as_secs_f64();
                format!("the resync is tried again in {wait:.0} s")
            }
            When::Later => "no resync is due".to_owned(),
        }
    }

    /// Waits until a resync is due.
    pub(in crate::daemon) async fn due(&self) {
        loop {
            match self.next() {
                When::Now => return,
                When::At(moment) => {
                    let wait = moment.since(self.clock.now());
                    tokio::select! {
                        () = self.clock.sleep(wait) => {}
                        () = self.changed.notified() => {}
                    }
                }
                When::Later => self.changed.notified().await,
            }
        }
    }

    /// Begins the resync that is due; `false` where none is.
    pub(in crate::daemon) fn begin(&self) -> bool {
        self.step(|turn, now| turn.begin(now).map_or((turn, false), |begun| (begun, true)))
    }

    /// Notes that the resync ended. Where that served a request, it is named.
    pub(in crate::daemon) fn end(&self, end: End) -> Option<OffsetDateTime> {
        let patience = self.patience;
        self.step(|turn, now| turn.end(end, now, patience))
    }

    fn step<T>(&self, step: impl FnOnce(Turn, Moment) -> (Turn, T)) -> T {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, answer) = step(*turn, self.clock.now());
        let changed = *turn != now;
        *turn = now;
        drop(turn);
        if changed {
            // One waits at a time; where none does, the next one need not.
            self.changed.notify_one();
        }
        answer
    }
}
