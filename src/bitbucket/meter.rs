//! What the calls cost: requests, repetitions, waits.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

/// What calls have cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Requests that went out, repetitions among them.
    pub requests: u64,
    /// Requests that were repetitions.
    pub retries: u64,
    /// Time spent waiting for the budget, for the service and between repetitions, summed over concurrent calls.
    pub waited: Duration,
}

/// The cost of all calls, and by operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// All operations together.
    pub total: Cost,
    /// By the operation's name in the API description.
    pub operations: BTreeMap<&'static str, Cost>,
}

/// Counts the cost of calls.
#[derive(Debug)]
pub(crate) struct Meter {
    operations: Mutex<BTreeMap<&'static str, Cost>>,
    /// Requests that were admitted.
    admitted: AtomicU64,
    /// The most that may be.
    most: AtomicU64,
    /// Whether a request was refused for that.
    reached: watch::Sender<bool>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            operations: Mutex::default(),
            admitted: AtomicU64::new(0),
            most: AtomicU64::new(u64::MAX),
            reached: watch::Sender::new(false),
        }
    }
}

impl Meter {
    /// From now on no request goes out that would be one more than that many in all.
    pub(crate) fn limit(&self, most: u64) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// Whether one more request may go out; then it counts. Otherwise, the most that may.
    pub(crate) fn admit(&self) -> Result<(), u64> {
        let most = self.most.load(Ordering::Relaxed);
        let next = |admitted| (admitted < most).then_some(admitted + 1);
        if self.admitted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok() {
            return Ok(());
        }
        self.reached.send_replace(true);
        Err(most)
    }

    /// Waits until a request is refused because of the limit.
    pub(crate) async fn limit_reached(&self) {
        // The sender lives as long as this, so waiting cannot fail.
        drop(self.reached.subscribe().wait_for(|reached| *reached).await);
    }

    pub(crate) fn request(&self, operation: &'static str, is_retry: bool) {
        let mut operations = self.lock();
        let cost = operations.entry(operation).or_default();
        cost.requests += 1;
        cost.retries += u64::from(is_retry);
    }

    pub(crate) fn waited(&self, operation: &'static str, delay: Duration) {
        if !delay.is_zero() {
            let mut operations = self.lock();
            let cost = operations.entry(operation).or_default();
            cost.waited = cost.waited.saturating_add(delay);
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        let operations = self.lock().clone();
        let total = operations.values().fold(Cost::default(), |sum, cost| Cost {
            requests: sum.requests + cost.requests,
            retries: sum.retries + cost.retries,
            waited: sum.waited.saturating_add(cost.waited),
        });
        Usage { total, operations }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Cost>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
