//! Who may send the next request, with which credential, and when.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    budget_settings::{BudgetSettings, Class},
    credential::Credential,
    lane::{BudgetRecord, LimitNotice, WaitReason},
    pool::{Pool, Refused, Reservation, Turn},
};
use crate::http::{Clock, Moment, RetryPolicy};

/// The budget of all credentials. Clones share it.
#[derive(Debug, Clone)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: Mutex<Pool>,
    policy: RetryPolicy,
    clock: Arc<dyn Clock>,
    /// Something changed that may let a waiting request go.
    changed: Notify,
    /// Who waits stands in line: the first in line watches the pool, the others wait for this lock, which is fair.
    lines: [tokio::sync::Mutex<()>; 2],
}

/// Why no request may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The wait would go beyond the deadline.
    TooLong { wait: Duration, reason: WaitReason },
    /// The deadline passed while others were first.
    Expired,
    /// All credentials were refused.
    NoCredential { refused: Vec<String> },
}

/// Leave to send one request. Dropped before [`Grant::sent`], the request was never made and does not count.
#[derive(Debug)]
pub(crate) struct Grant {
    shared: Arc<Shared>,
    reservation: Reservation,
    credential: Arc<Credential>,
    sent: bool,
}

impl Budget {
    pub(crate) fn new(
        credentials: Vec<Credential>,
        settings: &BudgetSettings,
        policy: RetryPolicy,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let credentials = if credentials.is_empty() { vec![Credential::anonymous()] } else { credentials };
        let pool = Mutex::new(Pool::new(credentials, settings));
        let lines = [tokio::sync::Mutex::new(()), tokio::sync::Mutex::new(())];
        Self { shared: Arc::new(Shared { pool, policy, clock, changed: Notify::new(), lines }) }
    }

    /// Requests that may be made right now with all credentials together; `None` without a limit.
    #[must_use]
    pub fn remaining(&self, class: Class) -> Option<u32> {
        let now = self.shared.clock.now();
        self.shared.pool().remaining(class, now)
    }

    /// How long that many requests would take if each were made as soon as it is allowed: zero when they fit into
    /// what is left, `None` when no credential may make any.
    #[must_use]
    pub fn estimate(&self, class: Class, requests: u64) -> Option<Duration> {
        let now = self.shared.clock.now();
        self.shared.pool().estimate(class, requests, now)
    }

    /// The state of all windows, to be kept across restarts. Holds no secret.
    #[must_use]
    pub fn snapshot(&self) -> Vec<BudgetRecord> {
        let now = self.shared.clock.now();
        self.shared.pool().snapshot(now)
    }

    /// Takes over what an earlier process has used; records of unknown credentials are ignored. To be called once,
    /// before the first request.
    pub fn restore(&self, records: &[BudgetRecord]) {
        let now = self.shared.clock.now();
        self.shared.pool().restore(records, self.shared.policy.deadline, now);
        self.shared.changed.notify_waiters();
    }

    /// Gives credentials that were refused another chance; a daemon does this before each resync.
    pub fn reinstate(&self) {
        self.shared.pool().reinstate();
        self.shared.changed.notify_waiters();
    }

    /// Waits for leave to send one request of `class`, with a credential that is not in `except`.
    pub(crate) async fn acquire(&self, class: Class, except: &[usize], deadline: Moment) -> Result<Grant, Denied> {
        if !except.is_empty() {
            // Who cannot use every credential must not hold up those behind that can.
            return self.wait_for_turn(class, except, deadline).await;
        }
        let line = &self.shared.lines[usize::from(class == Class::Files)];
        let _first = tokio::select! {
            biased;
            first = line.lock() => first,
            () = self.shared.clock.reached(deadline) => return Err(Denied::Expired),
        };
        self.wait_for_turn(class, except, deadline).await
    }

    async fn wait_for_turn(&self, class: Class, except: &[usize], deadline: Moment) -> Result<Grant, Denied> {
        let mut announced = None;
        loop {
            // Listening begins before looking, so that no change between the two is missed.
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = self.shared.clock.now();
            let turn = self.shared.pool().turn(class, except, now);
            let until = match turn {
                Turn::Go(reservation) => return self.grant(reservation).ok_or(Denied::Expired),
                Turn::Nobody => return Err(self.nobody()),
                Turn::Wait { until, reason } if until > deadline => {
                    return Err(Denied::TooLong { wait: until.since(now), reason });
                }
                Turn::Wait { until, reason } => {
                    if announced.replace(reason) != Some(reason) {
                        announce(class, until.since(now), reason);
                    }
                    Some(until)
                }
                Turn::Watch { until } => until.filter(|until| *until <= deadline),
            };
            let pause = match until {
                Some(until) => self.shared.clock.sleep(until.since(now)),
                None => self.shared.clock.reached(deadline),
            };
            tokio::select! {
                () = &mut changed => {}
                () = pause => {
                    if self.shared.clock.now() > deadline {
                        return Err(Denied::Expired);
                    }
                }
            }
        }
    }

    fn grant(&self, reservation: Reservation) -> Option<Grant> {
        let credential = self.shared.pool().credential(reservation.slot)?;
        Some(Grant { shared: Arc::clone(&self.shared), reservation, credential, sent: false })
    }

    fn nobody(&self) -> Denied {
        Denied::NoCredential { refused: self.shared.pool().labels_set_aside() }
    }
}

fn announce(class: Class, wait: Duration, reason: WaitReason) {
    let seconds = wait.as_secs_f64();
    let class = class.name();
    match reason {
        WaitReason::Budget { limit } => tracing::warn!(class, limit, seconds, "the request budget is spent; waiting"),
        WaitReason::Service => tracing::warn!(class, seconds, "Bitbucket asks to wait; waiting"),
    }
}

impl Shared {
    fn pool(&self) -> MutexGuard<'_, Pool> {
        // The pool is plain counters, usable even if a thread died while it held the lock.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grant {
    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    pub(crate) fn slot(&self) -> usize {
        self.reservation.slot
    }

    /// Whether this leave has been overtaken by an answer to another request, which changed when to send or with what
    /// credential, and a new one must be asked for.
    pub(crate) fn is_stale(&self) -> bool {
        let now = self.shared.clock.now();
        let mut pool = self.shared.pool();
        let current = pool.credential(self.reservation.slot);
        let is_current = current.is_some_and(|current| Arc::ptr_eq(&current, &self.credential));
        !is_current || pool.is_stale(&self.reservation, now)
    }

    /// The request goes out now, or at least it is not certain that it does not.
    pub(crate) fn sent(&mut self) {
        let now = self.shared.clock.now();
        let mut reservation = self.reservation;
        self.shared.pool().sent(&mut reservation, now);
        self.reservation = reservation;
        self.sent = true;
    }

    /// The request certainly never reached the service.
    pub(crate) fn not_sent(mut self) {
        self.sent = false;
    }

    pub(crate) fn notice(&self, notice: &LimitNotice) {
        let now = self.shared.clock.now();
        self.shared.pool().notice(&self.reservation, notice, now);
    }

    pub(crate) fn accepted(&self) {
        self.shared.pool().accepted(&self.reservation);
    }

    /// A 401; says what became of the credential, and logs it.
    pub(crate) fn refused(&self) -> Refused {
        let refused = self.shared.pool().refused(&self.reservation, &self.credential);
        let credential = self.credential.label();
        match refused {
            Refused::SetAside => {
                tracing::warn!(credential, "Bitbucket refuses this credential (401): it is set aside, renew it");
            }
            Refused::AsToken => {
                tracing::info!(credential, "the password is refused (401): it is tried as an access token");
            }
            Refused::Kept => {}
        }
        refused
    }

    /// A 429; returns how long the credential rests.
    pub(crate) fn throttled(&self, asked: Option<Duration>) -> Duration {
        let now = self.shared.clock.now();
        let delay = self.shared.pool().throttled(&self.reservation, asked, &self.shared.policy, now);
        let (credential, seconds) = (self.credential.label(), delay.as_secs_f64());
        tracing::warn!(credential, seconds, "Bitbucket's rate limit is reached (429): this credential rests");
        delay
    }

    /// Another answer that asks to wait.
    pub(crate) fn hold(&self, delay: Duration) {
        let now = self.shared.clock.now();
        self.shared.pool().hold(&self.reservation, delay, now);
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.shared.pool().finish(&self.reservation, self.sent);
        self.shared.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use secrecy::SecretString;

    use super::{super::window::Quota, *};
    use crate::http::ManualClock;

    const START: Moment = Moment::from_millis(1_000_000_000);

    fn budget(tokens: &str, limit: u32) -> (Budget, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::standing(START));
        let settings = BudgetSettings { rest: Some(Quota::per_hour(limit)), ..BudgetSettings::cloud() };
        let credentials = Credential::access_tokens(&SecretString::from(tokens)).unwrap();
        (Budget::new(credentials, &settings, RetryPolicy::default(), Arc::<ManualClock>::clone(&clock) as _), clock)
    }

    type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Grant, Denied>> + 'a>>;

    fn wait(budget: &Budget, hours: u64) -> Waiting<'_> {
        Box::pin(budget.acquire(Class::Rest, &[], START.after(Duration::from_secs(hours * 3600))))
    }

    async fn spend(budget: &Budget) {
        wait(budget, 1).await.unwrap().sent();
    }

    #[tokio::test]
    async fn who_came_first_goes_first() {
        let (budget, clock) = budget("one", 2);
        spend(&budget).await;
        spend(&budget).await;
        let mut waiting: Vec<_> = (0..5).map(|_| wait(&budget, 3)).collect();
        for one in &mut waiting {
            assert!(futures::poll!(one).is_pending());
        }
        clock.advance(Duration::from_secs(3610));
        // Polled in the wrong order: those who came later must still not overtake.
        let (mut through, mut grants) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            for (index, one) in waiting.iter_mut().enumerate().rev() {
                if through.contains(&index) {
                    continue;
                }
                if let std::task::Poll::Ready(grant) = futures::poll!(one) {
                    through.push(index);
                    grants.push(grant.unwrap());
                }
            }
        }
        assert_eq!(through, [0, 1]);
    }

    #[tokio::test]
    async fn a_request_that_is_not_made_frees_the_next() {
        let (budget, _clock) = budget("one", 1);
        let first = wait(&budget, 1).await.unwrap();
        let mut second = Box::pin(budget.acquire(Class::Rest, &[], START.after(Duration::from_secs(4000))));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn who_gives_up_waiting_does_not_hold_up_the_next() {
        let (budget, clock) = budget("one", 1);
        spend(&budget).await;
        let (mut first, mut second) = (wait(&budget, 2), wait(&budget, 2));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop(first);
        clock.advance(Duration::from_secs(3610));
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn a_wait_that_cannot_succeed_is_not_begun() {
        let (budget, _clock) = budget("one", 1);
        spend(&budget).await;
        let denied = budget.acquire(Class::Rest, &[], START.after(Duration::from_secs(60))).await.unwrap_err();
        let Denied::TooLong { wait, reason } = denied else { panic!("expected a wait, got {denied:?}") };
        assert_eq!(reason, WaitReason::Budget { limit: 1 });
        assert!(wait > Duration::from_secs(3599), "{wait:?}");
    }

    #[tokio::test]
    async fn a_wait_behind_others_ends_at_its_deadline() {
        let (budget, clock) = budget("one", 1);
        spend(&budget).await;
        let (mut first, mut second) = (wait(&budget, 2), wait(&budget, 1));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        clock.advance(Duration::from_secs(3600));
        assert_eq!(second.await.unwrap_err(), Denied::Expired);
    }

    #[tokio::test]
    async fn one_class_does_not_wait_for_the_other() {
        let (budget, _clock) = budget("one", 1);
        spend(&budget).await;
        let mut stuck = wait(&budget, 2);
        assert!(futures::poll!(&mut stuck).is_pending());
        let deadline = START.after(Duration::from_secs(1));
        assert!(budget.acquire(Class::Files, &[], deadline).await.is_ok());
    }

    #[tokio::test]
    async fn who_cannot_use_every_credential_does_not_hold_up_the_line() {
        let (budget, _clock) = budget("one,two", 5);
        let grant = budget.acquire(Class::Rest, &[0], START.after(Duration::from_secs(7200))).await.unwrap();
        grant.hold(Duration::from_secs(3600));
        drop(grant);
        let mut picky = Box::pin(budget.acquire(Class::Rest, &[0], START.after(Duration::from_secs(7200))));
        assert!(futures::poll!(&mut picky).is_pending());
        assert_eq!(wait(&budget, 1).await.unwrap().slot(), 0);
    }
}
