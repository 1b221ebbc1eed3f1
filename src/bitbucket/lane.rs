//! One credential's account for one class of requests.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    budget_settings::{Adapt, Class},
    credential::Fingerprint,
    window::{Quota, Uses, Window},
};
use crate::http::{Moment, RetryPolicy};

/// Resources whose limits are remembered per credential and class.
const MAX_RESOURCES: usize = 16;
/// Limits above this are taken for nonsense.
const MAX_LIMIT: u32 = 10_000_000;
/// The budget of one credential and class as plain data, for keeping across restarts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRecord {
    /// Whose.
    pub credential: Fingerprint,
    /// Of what.
    pub class: Class,
    /// The limit in force.
    pub limit: u32,
    /// The requests that still count.
    pub uses: Uses,
    /// Until when the service wants to be left alone, in milliseconds since the Unix epoch.
    pub held_until: Option<u64>,
}

/// Why one has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// Our own count says that the allowance is spent.
    Budget {
        /// The limit in force.
        limit: u32,
    },
    /// The service asked to be left alone.
    Service,
}

/// What an answer says about the service's own count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LimitNotice {
    pub(crate) limit: Option<u32>,
    pub(crate) near: bool,
    pub(crate) resource: Option<String>,
}

/// One credential's account for one class.
#[derive(Debug)]
pub(crate) struct Lane {
    quota: Option<Quota>,
    /// What to make of the limits in answers.
    adapt: Adapt,
    window: Option<Window>,
    held_until: Option<Moment>,
    /// 429s in a row; while there are any, one request at a time finds out whether it is over.
    throttles: u32,
    throttled_at: Option<Moment>,
    in_flight: u32,
    /// Limits named in answers, by resource; the lowest holds.
    named: BTreeMap<String, u32>,
}

/// What a lane has to offer right now.
pub(crate) enum Offer {
    Go { left: u32, idle: u32 },
    Wait(Moment, WaitReason),
    Watch,
}

impl Lane {
    pub(crate) fn new(quota: Option<Quota>, adapt: Adapt) -> Self {
        Self {
            quota,
            adapt,
            window: quota.map(Window::new),
            held_until: None,
            throttles: 0,
            throttled_at: None,
            in_flight: 0,
            named: BTreeMap::new(),
        }
    }

    /// Until when the service wants to be left alone, if it still does.
    pub(crate) fn held(&self, now: Moment) -> Option<Moment> {
        self.held_until.filter(|until| *until > now)
    }

    pub(crate) fn hold(&mut self, until: Moment) {
        self.held_until = self.held_until.max(Some(until));
    }

    pub(crate) fn window(&self) -> Option<&Window> {
        self.window.as_ref()
    }

    /// Requests that may be made right now; `None` without a limit.
    pub(crate) fn remaining(&mut self, now: Moment) -> Option<u32> {
        let held = self.held(now).is_some();
        self.window.as_mut().map(|window| if held { 0 } else { window.remaining(now) })
    }

    /// What there is to say to one who wants to send.
    pub(crate) fn offer(&mut self, now: Moment) -> Offer {
        if let Some(until) = self.held(now) {
            return Offer::Wait(until, WaitReason::Service);
        }
        if self.throttles > 0 && self.in_flight > 0 {
            return Offer::Watch;
        }
        let idle = u32::MAX - self.in_flight;
        let Some(window) = self.window.as_mut() else { return Offer::Go { left: u32::MAX, idle } };
        let left = window.remaining(now);
        if left > 0 {
            return Offer::Go { left, idle };
        }
        let until = window.when(1, now).unwrap_or_else(|| now.after(window.length()));
        Offer::Wait(until, WaitReason::Budget { limit: window.limit() })
    }

    /// Counts a request that is about to be sent.
    pub(crate) fn take(&mut self, now: Moment) {
        if let Some(window) = self.window.as_mut() {
            window.take(now);
        }
        self.in_flight = self.in_flight.saturating_add(1);
    }

    /// A request that was counted at `at` goes out now.
    pub(crate) fn sent(&mut self, at: Moment, now: Moment) {
        if let Some(window) = self.window.as_mut() {
            window.move_up(at, now);
        }
    }

    /// A request ended; one that was not sent does not count.
    pub(crate) fn finish(&mut self, at: Moment, was_sent: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(window) = self.window.as_mut().filter(|_| !was_sent) {
            window.give_back(at);
        }
    }

    /// Whether a request counted at `at` must not be sent any more: the service has asked to wait since.
    pub(crate) fn is_overtaken(&self, at: Moment, now: Moment) -> bool {
        let from_before = self.throttles > 0 && self.throttled_at.is_some_and(|throttled| at < throttled);
        self.held(now).is_some() || from_before
    }

    /// A request sent at `at` was let through.
    pub(crate) fn accepted(&mut self, at: Moment) {
        // The answer to a request from before the 429 says nothing about what came after.
        if self.throttled_at.is_none_or(|throttled| at >= throttled) {
            self.throttles = 0;
        }
    }

    /// A request sent at `at` got a 429; returns how long to rest: as long as asked, or longer each time if nothing was
    /// said.
    pub(crate) fn throttled(
        &mut self,
        at: Moment,
        asked: Option<Duration>,
        policy: &RetryPolicy,
        now: Moment,
    ) -> Duration {
        // Several requests in flight are refused together; that is one refusal.
        if self.throttled_at.is_none_or(|throttled| at >= throttled) {
            self.throttles = self.throttles.saturating_add(1);
            self.throttled_at = Some(now);
        }
        let already = self.held(now).map(|until| until.since(now));
        let delay = match asked.filter(|delay| !delay.is_zero()) {
            Some(delay) => delay,
            None => already.unwrap_or_else(|| policy.throttle_delay(self.throttles)),
        };
        self.hold(now.after(delay));
        delay
    }

    /// Takes in what an answer says about the service's own count.
    pub(crate) fn notice(&mut self, notice: &LimitNotice, now: Moment) {
        let (Some(window), Some(quota)) = (self.window.as_mut(), self.quota) else { return };
        if self.adapt == Adapt::Never {
            return;
        }
        if let Some(limit) = notice.limit.filter(|limit| (1..=MAX_LIMIT).contains(limit)) {
            let resource = notice.resource.clone().unwrap_or_default();
            if self.named.len() < MAX_RESOURCES || self.named.contains_key(&resource) {
                self.named.insert(resource, limit);
            }
            let named = self.named.values().copied().min().unwrap_or(limit);
            window.set_limit(if self.adapt == Adapt::OnlyDown { named.min(quota.limit) } else { named });
        }
        if notice.near {
            // "Near" means that less than a fifth is left, whoever used the rest.
            window.leave_at_most(window.limit() / 5, now);
        }
    }

    pub(crate) fn record(&mut self, credential: &Fingerprint, class: Class, now: Moment) -> Option<BudgetRecord> {
        let held_until = self.held(now).map(Moment::as_millis);
        let window = self.window.as_mut()?;
        Some(BudgetRecord {
            credential: credential.clone(),
            class,
            limit: window.limit(),
            uses: window.uses(now),
            held_until,
        })
    }

    /// Takes over what an earlier process knew.
    pub(crate) fn restore(&mut self, record: &BudgetRecord, longest_hold: Duration, now: Moment) {
        if let Some(until) = record.held_until {
            // A clock that was wrong then must not shut us out for ever now.
            self.hold(Moment::from_millis(until).min(now.after(longest_hold)));
        }
        let Some(window) = self.window.as_mut() else { return };
        // A limit set by hand may have been changed since; what the service says comes with its next answer.
        if self.adapt == Adapt::BothWays {
            window.set_limit(record.limit.clamp(1, MAX_LIMIT));
        }
        window.restore(&record.uses, now);
    }
}
