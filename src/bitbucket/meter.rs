//! What the calls cost: requests, repetitions, waits.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

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
#[derive(Debug, Default)]
pub(crate) struct Meter {
    operations: Mutex<BTreeMap<&'static str, Cost>>,
}

impl Meter {
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
