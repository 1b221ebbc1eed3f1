//! How many requests one credential may still make: a sliding window of counted time slots.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};

use crate::http::Moment;

/// Slots that a window is divided into. More of them free requests more exactly, and need more memory.
const SLOTS: u64 = 360;

/// How many requests are allowed in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests allowed in any period of the length of `window`.
    pub limit: u32,
    /// The period that rolls.
    pub window: Duration,
}

impl Quota {
    /// So many requests in any hour.
    #[must_use]
    pub const fn per_hour(limit: u32) -> Self {
        Self { limit, window: Duration::from_secs(3600) }
    }
}

/// Uses of a window as plain data: for each slot its end in milliseconds since the Unix epoch and the requests
/// counted in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uses(pub Vec<(u64, u32)>);

/// A sliding window. Each request is counted in the slot of its time and stays counted until a whole window after
/// the **end** of the slot, so that no period of that length ever holds more than the limit.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    limit: u32,
    slot: u64,
    length: u64,
    /// Index of the slot and requests in it, in order, without empty ones; at most `SLOTS + 2`.
    slots: VecDeque<(u64, u32)>,
    used: u32,
}

impl Window {
    pub(crate) fn new(quota: Quota) -> Self {
        let length = u64::try_from(quota.window.as_millis()).unwrap_or(u64::MAX / 4).clamp(1, u64::MAX / 4);
        Self { limit: quota.limit, slot: length.div_ceil(SLOTS), length, slots: VecDeque::new(), used: 0 }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    pub(crate) fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    pub(crate) fn length(&self) -> Duration {
        Duration::from_millis(self.length)
    }

    /// Requests that may be made right now.
    pub(crate) fn remaining(&mut self, now: Moment) -> u32 {
        self.forget(now);
        self.limit.saturating_sub(self.used)
    }

    /// Counts one request; `false` when none is left.
    pub(crate) fn take(&mut self, now: Moment) -> bool {
        if self.remaining(now) == 0 {
            return false;
        }
        self.add(self.index(now), 1);
        true
    }

    /// Takes back a request that was counted at `at` and not made.
    pub(crate) fn give_back(&mut self, at: Moment) {
        let index = self.index(at);
        let Some(position) = self.slots.iter().position(|(slot, _)| *slot == index) else { return };
        let Some((_, count)) = self.slots.get_mut(position) else { return };
        *count = count.saturating_sub(1);
        self.used = self.used.saturating_sub(1);
        if *count == 0 {
            self.slots.remove(position);
        }
    }

    /// Counts a request that was reserved at `at` as made now.
    pub(crate) fn move_up(&mut self, at: Moment, now: Moment) {
        if self.index(at) != self.index(now) {
            self.give_back(at);
            self.add(self.index(now), 1);
        }
    }

    /// Counts requests that somebody else made, so that at most `left` remain.
    pub(crate) fn leave_at_most(&mut self, left: u32, now: Moment) {
        let excess = self.remaining(now).saturating_sub(left);
        if excess > 0 {
            self.add(self.index(now), excess);
        }
    }

    /// When the `nth` request from now (from 1) may be made if all before it are made as soon as possible and `nth`
    /// is at most the limit; `None` when the limit is zero.
    pub(crate) fn when(&mut self, nth: u32, now: Moment) -> Option<Moment> {
        if self.limit == 0 {
            return None;
        }
        let mut free = self.remaining(now);
        if free >= nth {
            return Some(now);
        }
        let mut over = self.used.saturating_sub(self.limit);
        for &(slot, count) in &self.slots {
            let beyond = over.min(count);
            over -= beyond;
            free = free.saturating_add(count - beyond);
            if free >= nth {
                return Some(self.free_at(slot));
            }
        }
        None
    }

    pub(crate) fn uses(&mut self, now: Moment) -> Uses {
        self.forget(now);
        Uses(self.slots.iter().map(|&(slot, count)| (self.end(slot), count)).collect())
    }

    /// Adds uses from an earlier process. What claims to lie in the future is counted as made now.
    pub(crate) fn restore(&mut self, uses: &Uses, now: Moment) {
        for &(end, count) in &uses.0 {
            let last = Moment::from_millis(end.saturating_sub(1)).min(now);
            if count > 0 {
                self.add(self.index(last), count);
            }
        }
        self.forget(now);
    }

    fn index(&self, at: Moment) -> u64 {
        at.as_millis() / self.slot
    }

    fn end(&self, slot: u64) -> u64 {
        slot.saturating_add(1).saturating_mul(self.slot)
    }

    fn free_at(&self, slot: u64) -> Moment {
        Moment::from_millis(self.end(slot).saturating_add(self.length))
    }

    fn forget(&mut self, now: Moment) {
        while let Some(&(slot, count)) = self.slots.front() {
            if self.free_at(slot) > now {
                return;
            }
            self.slots.pop_front();
            self.used = self.used.saturating_sub(count);
        }
    }

    fn add(&mut self, slot: u64, count: u32) {
        let position = self.slots.partition_point(|(other, _)| *other < slot);
        // The sum must stay within what `used` can hold, or forgetting slots would free too much.
        let count = count.min(u32::MAX - self.used);
        match self.slots.get_mut(position) {
            Some((found, total)) if *found == slot => *total = total.saturating_add(count),
            _ => self.slots.insert(position, (slot, count)),
        }
        self.used = self.used.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: u64 = 1_000_000_000;

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(START + seconds * 1000)
    }

    #[test]
    fn a_full_window_opens_when_its_first_slot_is_an_hour_old() {
        let mut window = Window::new(Quota::per_hour(3));
        assert!(window.take(at(0)) && window.take(at(60)) && window.take(at(60)));
        assert!(!window.take(at(61)));
        assert_eq!(window.when(1, at(61)), Some(at(3610)));
        assert_eq!(window.when(2, at(61)), Some(at(3670)));
        assert_eq!(window.when(4, at(61)), None);
        assert_eq!(window.remaining(at(3609)), 0);
        assert_eq!(window.remaining(at(3610)), 1);
    }

    #[test]
    fn a_request_that_was_not_made_is_given_back() {
        let mut window = Window::new(Quota::per_hour(1));
        assert!(window.take(at(0)));
        window.give_back(at(5));
        assert_eq!(window.remaining(at(6)), 1);
        assert!(window.take(at(6)));
    }

    #[test]
    fn a_request_counts_from_when_it_is_sent() {
        let mut window = Window::new(Quota::per_hour(1));
        assert!(window.take(at(0)));
        window.move_up(at(0), at(100));
        assert_eq!(window.when(1, at(101)), Some(at(3710)));
    }

    #[test]
    fn a_lower_limit_counts_what_was_used_before() {
        let mut window = Window::new(Quota::per_hour(100));
        for second in 0..50 {
            assert!(window.take(at(second)));
        }
        window.set_limit(20);
        assert_eq!(window.remaining(at(50)), 0);
        // Forty of the fifty were made in the first four slots; the thirty above the limit go first.
        assert_eq!(window.when(1, at(50)), Some(at(3640)));
    }

    #[test]
    fn no_limit_at_all_never_opens() {
        assert_eq!(Window::new(Quota::per_hour(0)).when(1, at(0)), None);
    }

    #[test]
    fn others_use_is_taken_into_account() {
        let mut window = Window::new(Quota::per_hour(1000));
        window.leave_at_most(200, at(0));
        assert_eq!(window.remaining(at(0)), 200);
        window.leave_at_most(500, at(0));
        assert_eq!(window.remaining(at(0)), 200);
    }

    /// A window and the moments of all requests that it admitted.
    fn play(limit: u32, seconds: u64, steps: &[u64]) -> (Window, Vec<u64>) {
        let mut window = Window::new(Quota { limit, window: Duration::from_secs(seconds) });
        let mut now = START;
        let mut admitted = Vec::new();
        for step in steps {
            now += step;
            if window.take(Moment::from_millis(now)) {
                admitted.push(now);
            }
        }
        (window, admitted)
    }

    proptest! {
        #[test]
        fn no_period_of_the_windows_length_holds_more_than_the_limit(
            limit in 1u32..20,
            seconds in 1u64..4000,
            steps in prop::collection::vec(0u64..600_000, 1..300),
        ) {
            let (window, admitted) = play(limit, seconds, &steps);
            let length = usize::try_from(limit).unwrap();
            for group in admitted.windows(length + 1) {
                prop_assert!(group[length] - group[0] >= seconds * 1000, "{group:?}");
            }
            prop_assert!(u64::try_from(window.slots.len()).unwrap() <= SLOTS + 2);
        }

        #[test]
        fn a_restored_window_admits_no_more_than_was_left(
            limit in 1u32..50,
            steps in prop::collection::vec(0u64..200_000, 1..200),
            pause in 0u64..5_000_000,
            other_limit in 1u32..50,
        ) {
            let (mut old, admitted) = play(limit, 3600, &steps);
            let saved = Moment::from_millis(admitted.last().copied().unwrap_or(START));
            let uses = old.uses(saved);
            let used = old.used;
            let now = saved.after(Duration::from_millis(pause));
            let mut new = Window::new(Quota::per_hour(limit));
            new.restore(&uses, now);
            prop_assert!(new.remaining(now) <= old.remaining(now));
            let mut shrunk = Window::new(Quota { limit: other_limit, window: Duration::from_secs(3600) });
            shrunk.restore(&uses, saved);
            prop_assert_eq!(shrunk.remaining(saved), other_limit.saturating_sub(used));
        }

        #[test]
        fn uses_from_anywhere_do_no_harm(uses in prop::collection::vec((any::<u64>(), any::<u32>()), 0..50), now: u64) {
            let mut window = Window::new(Quota::per_hour(1000));
            let now = Moment::from_millis(now);
            window.restore(&Uses(uses), now);
            prop_assert!(window.remaining(now) <= 1000);
            let _ = window.when(1, now);
            let _ = window.take(now);
            let _ = window.uses(now);
        }

        #[test]
        fn the_time_foretold_is_the_time_it_opens(
            limit in 1u32..20,
            steps in prop::collection::vec(0u64..300_000, 1..100),
        ) {
            let (mut window, _) = play(limit, 3600, &steps);
            let now = Moment::from_millis(START + steps.iter().sum::<u64>());
            let opens = window.when(1, now).unwrap();
            if opens > now {
                let just_before = Moment::from_millis(opens.as_millis() - 1);
                prop_assert_eq!(window.clone().remaining(just_before), 0);
            }
            prop_assert!(window.remaining(opens) > 0);
        }
    }
}
