//! The rules, without clock and without waiting, so that every order of events can be tried.

use std::time::Duration;

use time::OffsetDateTime;

use crate::http::Moment;

/// What is wanted, what runs, and which of the requests that Port recorded were served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    /// A resync that has not begun: when it may.
    wanted: Option<Moment>,
    running: Option<Running>,
    /// The newest request that Port told of.
    newest: Option<OffsetDateTime>,
    /// The newest request that was served.
    served: Option<OffsetDateTime>,
    /// Resyncs in a row that broke off.
    failures: u32,
    /// After one that broke off: nothing begins before, whoever asks.
    rest: Option<Moment>,
}

/// A resync that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Running {
    /// The newest request that was recorded before it began.
    serves: Option<OffsetDateTime>,
}

/// What a request for a resync came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is to run now, or as soon as one that broke off may be tried again.
    Starts,
    /// It follows the one that runs.
    Queued,
    /// One is to begin already, which serves this request too.
    AlreadyQueued,
}

/// How a resync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::daemon) enum End {
    /// It ran to its end, complete or not.
    Ran,
    /// It broke off before.
    BrokeOff,
}

/// When the next resync begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::daemon) enum When {
    /// Now.
    Now,
    /// Then.
    At(Moment),
    /// When somebody asks, or when the one that runs has ended.
    Later,
}

/// How long a resync that broke off rests before it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The first time, and whenever it is asked for anew meanwhile; doubled each time.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

impl Patience {
    /// A minute at first, an hour at most.
    pub const USUAL: Self = Self { first: Duration::from_secs(60), longest: Duration::from_secs(3_600) };

    /// Beginning with that wait, of a second at least; nothing may spin.
    #[must_use]
    pub fn beginning(first: Duration) -> Self {
        let first = first.max(Duration::from_secs(1));
        Self { first, longest: Self::USUAL.longest.max(first) }
    }

    /// The wait after so many failures in a row.
    pub(super) fn after(self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

impl Turn {
    /// Starts after a process that had served the requests until `served`.
    pub(super) fn resuming(self, served: Option<OffsetDateTime>) -> Self {
        Self { served: self.served.max(served), ..self }
    }

    /// Somebody wants a resync.
    pub(super) fn ask(self, now: Moment) -> (Self, Asked) {
        let asked = match (self.running, self.wanted) {
            (None, None) => Asked::Starts,
            (Some(_), None) => Asked::Queued,
            (_, Some(_)) => Asked::AlreadyQueued,
        };
        let earliest = self.rest.map_or(now, |rest| rest.max(now));
        let wanted = self.wanted.map_or(earliest, |wanted| wanted.min(earliest));
        (Self { wanted: Some(wanted), ..self }, asked)
    }

    /// Port has this request; `None` where that is nothing new.
    pub(super) fn tell(self, request: OffsetDateTime, now: Moment) -> (Self, Option<Asked>) {
        let known = self.newest.max(self.served);
        if known.is_some_and(|known| request <= known) {
            return (self, None);
        }
        let (told, asked) = Self { newest: Some(request), ..self }.ask(now);
        (told, Some(asked))
    }

    /// When the next resync begins.
    pub(super) fn next(self, now: Moment) -> When {
        match (self.running, self.wanted) {
            (None, Some(wanted)) if wanted <= now => When::Now,
            (None, Some(wanted)) => When::At(wanted),
            _ => When::Later,
        }
    }

    /// Begins the resync that is due; `None` where none is.
    pub(super) fn begin(self, now: Moment) -> Option<Self> {
        let running = Running { serves: self.newest };
        (self.next(now) == When::Now).then_some(Self { wanted: None, running: Some(running), ..self })
    }

    /// The resync that runs ended. Where that served a request, it is named.
    pub(super) fn end(self, end: End, now: Moment, patience: Patience) -> (Self, Option<OffsetDateTime>) {
        let Some(Running { serves }) = self.running else { return (self, None) };
        match end {
            End::Ran => {
                let served = self.served.max(serves);
                let news = served.filter(|_| served != self.served);
                (Self { running: None, served, failures: 0, rest: None, ..self }, news)
            }
            End::BrokeOff => {
                let failures = self.failures.saturating_add(1);
                let rest = now.after(patience.first);
                // Who asked meanwhile knows nothing of the failure, and need not wait as long.
                let wanted = self.wanted.map_or_else(|| now.after(patience.after(failures)), |_| rest);
                (Self { running: None, wanted: Some(wanted), failures, rest: Some(rest), ..self }, None)
            }
        }
    }
}
