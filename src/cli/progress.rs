//! Progress on standard error: bars on a terminal, plain lines now and then otherwise.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::sync::{Observer, SyncEvent};

/// Time between two plain lines.
const BETWEEN: Duration = Duration::from_secs(5);

/// Shows a sync to whoever sits before standard error.
pub(crate) enum Progress {
    Bars(Bars),
    Lines(Mutex<Lines>),
    Quiet,
}

/// How much progress is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Shown,
    Hidden,
}

impl Progress {
    pub(crate) fn new(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Hidden => Self::Quiet,
            Wanted::Shown if std::io::stderr().is_terminal() => Self::Bars(Bars::default()),
            Wanted::Shown => Self::Lines(Mutex::new(Lines::default())),
        }
    }
}

impl Observer for Progress {
    fn on(&self, event: &SyncEvent) {
        if let Some(line) = announcement(event).filter(|_| !matches!(self, Self::Quiet)) {
            eprintln!("{line}");
        }
        match self {
            Self::Bars(bars) => bars.on(event),
            Self::Lines(lines) => lock(lines).on(event),
            Self::Quiet => {}
        }
    }
}

/// What is said in a line of its own, bars or not.
fn announcement(event: &SyncEvent) -> Option<String> {
    match event {
        SyncEvent::Waiting { holder } => {
            Some(format!("the state file is in use by {holder}: waiting for it to end (--no-wait fails instead)"))
        }
        SyncEvent::Resumed { done, left } => {
            Some(format!("going on with an interrupted resync: {done} listings are done, {left} known ones are left"))
        }
        SyncEvent::Delayed { message } => Some(message.clone()),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    listed: usize,
    unchanged: usize,
    written: usize,
    known: u64,
    ended: u64,
}

impl Counts {
    fn message(&self) -> String {
        let listings =
            if self.known > 0 { format!(", {} of {} listings", self.ended, self.known) } else { String::new() };
        format!("{} listed, {} unchanged, {} written{listings}", self.listed, self.unchanged, self.written)
    }
}

/// The counts by kind that events add up to.
#[derive(Debug, Default)]
struct Totals(BTreeMap<&'static str, Counts>);

impl Totals {
    /// Adds an event; the kind that it concerns, if any.
    fn add(&mut self, event: &SyncEvent) -> Option<(&'static str, Counts)> {
        let (kind, counts) = match event {
            SyncEvent::Listed { kind, objects } => (*kind, Counts { listed: *objects, ..Counts::default() }),
            SyncEvent::Unchanged { kind, entities, .. } => {
                (*kind, Counts { unchanged: *entities, ..Counts::default() })
            }
            SyncEvent::Written { kind, entities } => (*kind, Counts { written: *entities, ..Counts::default() }),
            SyncEvent::Children { kind, known, ended } => {
                let total = self.0.entry(kind).or_default();
                (total.known, total.ended) = (*known, *ended);
                return Some((kind, *total));
            }
            _ => return None,
        };
        let total = self.0.entry(kind).or_default();
        total.listed += counts.listed;
        total.unchanged += counts.unchanged;
        total.written += counts.written;
        Some((kind, *total))
    }
}

#[derive(Default)]
pub(crate) struct Bars {
    all: MultiProgress,
    state: Mutex<(Totals, BTreeMap<&'static str, ProgressBar>)>,
}

impl Bars {
    fn on(&self, event: &SyncEvent) {
        let mut state = lock(&self.state);
        let (totals, bars) = &mut *state;
        match event {
            SyncEvent::Ended { .. } => {
                for bar in bars.values() {
                    bar.finish_and_clear();
                }
            }
            event => {
                if let Some((kind, counts)) = totals.add(event) {
                    let bar = bars.entry(kind).or_insert_with(|| self.bar(kind));
                    bar.set_message(counts.message());
                }
            }
        }
    }

    fn bar(&self, kind: &'static str) -> ProgressBar {
        let bar = self.all.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:14} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(kind);
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

#[derive(Default)]
pub(crate) struct Lines {
    totals: Totals,
    last: Option<Instant>,
}

impl Lines {
    fn on(&mut self, event: &SyncEvent) {
        match event {
            SyncEvent::Reconciling => eprintln!("looking for entities whose objects are gone"),
            SyncEvent::Deleted { blueprint, entities } => eprintln!("{blueprint}: {entities} deleted"),
            event => {
                let Some((kind, counts)) = self.totals.add(event) else { return };
                if self.last.is_none_or(|last| last.elapsed() >= BETWEEN) {
                    self.last = Some(Instant::now());
                    eprintln!("{kind}: {}", counts.message());
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
