//! Who may send the next request, with which credential, and when.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    credential::Credential,
    pool::{BudgetRecord, BudgetSettings, Class, LimitNotice, Pool, Refused, Reservation, Turn, WaitReason},
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
    settings: BudgetSettings,
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
        settings: BudgetSettings,
        policy: RetryPolicy,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let credentials = if credentials.is_empty() { vec![Credential::anonymous()] } else { credentials };
        let pool = Mutex::new(Pool::new(credentials, &settings));
        let lines = [tokio::sync::Mutex::new(()), tokio::sync::Mutex::new(())];
        Self { shared: Arc::new(Shared { pool, settings, policy, clock, changed: Notify::new(), lines }) }
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
        let quota = match self.reservation.class {
            Class::Rest => self.shared.settings.rest,
            Class::Files => self.shared.settings.files,
        };
        self.shared.pool().notice(&self.reservation, notice, quota, now);
    }

    pub(crate) fn accepted(&self) {
        self.shared.pool().accepted(&self.reservation);
    }

    /// A 401. Warns when that sets the credential aside.
    pub(crate) fn refused(&self) {
        if self.shared.pool().refused(&self.reservation) == Refused::SetAside {
            let credential = self.credential.label();
            tracing::warn!(credential, "Bitbucket refuses this credential (401): it is set aside, renew it");
        }
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
