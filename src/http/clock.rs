//! Time that can be replaced, so that tests of waiting do not wait.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures::future::BoxFuture;
use tokio::sync::watch;

/// A point in time in milliseconds since the Unix epoch. Arithmetic saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// The moment that many milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment `delay` later; fractions of a millisecond round up, so that a wait is never too short.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        let millis = delay.as_nanos().div_ceil(1_000_000);
        Self(self.0.saturating_add(u64::try_from(millis).unwrap_or(u64::MAX)))
    }

    /// Time from `earlier` to this moment; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Self(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

/// Where the time comes from and how one waits.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present.
    fn now(&self) -> Moment;

    /// Waits until `delay` has passed. Dropping the future ends the wait.
    fn sleep(&self, delay: Duration) -> BoxFuture<'static, ()>;

    /// Resolves when `moment` has come: the deadline of a wait for something else. A clock that passes the time
    /// which is waited for does not do so here.
    fn reached(&self, moment: Moment) -> BoxFuture<'static, ()> {
        self.sleep(moment.since(self.now()))
    }
}

/// The real time: read from the system once, then carried on monotonically, so that a corrected system clock
/// neither frees nor blocks a budget.
#[derive(Debug)]
pub struct SystemClock {
    wall: Moment,
    started: Instant,
}

impl SystemClock {
    /// A clock starting from the system's present time.
    #[must_use]
    pub fn new() -> Self {
        Self { wall: SystemTime::now().into(), started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        self.wall.after(self.started.elapsed())
    }

    fn sleep(&self, delay: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}

/// A clock for tests: time passes when told to, or as soon as somebody waits for it.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Moment>,
    pace: Pace,
    slept: Mutex<Vec<Duration>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Jumps,
    Stands,
}

impl ManualClock {
    /// A clock that jumps to the end of each wait at once.
    #[must_use]
    pub fn jumping(start: Moment) -> Self {
        Self::with_pace(start, Pace::Jumps)
    }

    /// A clock that stands still until [`ManualClock::advance`] is called.
    #[must_use]
    pub fn standing(start: Moment) -> Self {
        Self::with_pace(start, Pace::Stands)
    }

    fn with_pace(start: Moment, pace: Pace) -> Self {
        Self { now: watch::Sender::new(start), pace, slept: Mutex::new(Vec::new()) }
    }

    /// Lets `delay` pass; whoever waits for a moment up to then wakes.
    pub fn advance(&self, delay: Duration) {
        self.now.send_modify(|now| *now = now.after(delay));
    }

    /// The waits that were begun so far, in order.
    #[must_use]
    pub fn sleeps(&self) -> Vec<Duration> {
        self.slept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        *self.now.borrow()
    }

    fn sleep(&self, delay: Duration) -> BoxFuture<'static, ()> {
        self.slept.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        let target = self.now().after(delay);
        let sender = self.now.clone();
        match self.pace {
            Pace::Stands => Box::pin(reach(sender, target)),
            // Others get their turn first: what is ready without waiting happens before time passes.
            Pace::Jumps => Box::pin(async move {
                for _ in 0..8 {
                    YieldOnce::default().await;
                }
                sender.send_modify(|now| *now = (*now).max(target));
            }),
        }
    }

    fn reached(&self, moment: Moment) -> BoxFuture<'static, ()> {
        Box::pin(reach(self.now.clone(), moment))
    }
}

async fn reach(sender: watch::Sender<Moment>, target: Moment) {
    let mut receiver = sender.subscribe();
    // The sender lives in this future, so the channel cannot close.
    let _ = receiver.wait_for(|now| *now >= target).await;
}

#[derive(Default)]
struct YieldOnce {
    yielded: bool,
}

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        if self.yielded {
            return std::task::Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_saturate_and_round_waits_up() {
        let moment = Moment::from_millis(5);
        assert_eq!(moment.after(Duration::from_nanos(1)), Moment::from_millis(6));
        assert_eq!(moment.after(Duration::MAX), Moment::from_millis(u64::MAX));
        assert_eq!(moment.since(Moment::from_millis(9)), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_jumping_clock_passes_the_time_that_is_waited_for() {
        let clock = ManualClock::jumping(Moment::from_millis(0));
        clock.sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now(), Moment::from_millis(3_600_000));
        assert_eq!(clock.sleeps(), [Duration::from_secs(3600)]);
    }

    #[tokio::test]
    async fn a_standing_clock_wakes_only_those_whose_time_has_come() {
        let clock = ManualClock::standing(Moment::from_millis(0));
        let mut short = clock.sleep(Duration::from_secs(1));
        let mut long = clock.sleep(Duration::from_secs(5));
        assert!(futures::poll!(&mut short).is_pending());
        clock.advance(Duration::from_secs(2));
        assert!(futures::poll!(&mut short).is_ready());
        assert!(futures::poll!(&mut long).is_pending());
    }
}
