//! The state of all credentials: what each may still spend, which are held back, which were refused.
//!
//! Pure bookkeeping under one lock; who waits for what is the matter of [`super::budget`].

use std::{sync::Arc, time::Duration};

use super::{
    budget_settings::{BudgetSettings, Class},
    credential::{Credential, CredentialKind},
    lane::{BudgetRecord, Lane, LimitNotice, Offer, WaitReason},
    window::Window,
};
use crate::http::{Moment, RetryPolicy};

/// Whether a credential takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Active,
    SetAside,
}

#[derive(Debug)]
struct Slot {
    /// What the settings hold.
    given: Arc<Credential>,
    /// What is sent: the same, or the password as a token.
    credential: Arc<Credential>,
    standing: Standing,
    proven: bool,
    refusals: u32,
    lanes: [Lane; 2],
}

/// All credentials.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: Vec<Slot>,
}

/// A request that may be sent, counted at `at`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reservation {
    pub(crate) slot: usize,
    pub(crate) class: Class,
    pub(crate) at: Moment,
}

/// What there is to do for one who wants to send.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Send.
    Go(Reservation),
    /// Nothing is free before that moment, for this reason.
    Wait { until: Moment, reason: WaitReason },
    /// Somebody is finding out whether a 429 is over; another credential may be free before, at that moment.
    Watch { until: Option<Moment> },
    /// No credential is left to try.
    Nobody,
}

/// What a 401 does to a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It stays in use for other calls.
    Kept,
    /// It is not used any more, from now on.
    SetAside,
    /// It was a password; its slot now sends it as an access token, which the same call may try.
    AsToken,
}

/// So many 401 in a row set aside a credential that has worked before.
const MAX_REFUSALS: u32 = 3;

impl Pool {
    pub(crate) fn new(credentials: Vec<Credential>, settings: &BudgetSettings) -> Self {
        let slots = credentials
            .into_iter()
            .map(|credential| Slot {
                given: Arc::new(credential.clone()),
                credential: Arc::new(credential),
                standing: Standing::Active,
                proven: false,
                refusals: 0,
                lanes: Class::ALL.map(|class| Lane::new(settings.quota(class), settings.adapt(class))),
            })
            .collect();
        Self { slots }
    }

    fn lane(&mut self, slot: usize, class: Class) -> Option<&mut Lane> {
        let [rest, files] = &mut self.slots.get_mut(slot)?.lanes;
        Some(match class {
            Class::Rest => rest,
            Class::Files => files,
        })
    }

    /// The active credentials but for those in `except`.
    fn candidates(&self, except: &[usize]) -> Vec<usize> {
        let active = |index: &usize| self.slots.get(*index).is_some_and(|slot| slot.standing == Standing::Active);
        (0..self.slots.len()).filter(active).filter(|index| !except.contains(index)).collect()
    }

    pub(crate) fn credential(&self, slot: usize) -> Option<Arc<Credential>> {
        self.slots.get(slot).map(|slot| Arc::clone(&slot.credential))
    }

    /// Reserves a request on the credential with the most left, or says what there is to wait for.
    pub(crate) fn turn(&mut self, class: Class, except: &[usize], now: Moment) -> Turn {
        let mut best: Option<(u32, u32, usize)> = None;
        let mut wait: Option<(Moment, WaitReason)> = None;
        let mut watched = false;
        for slot in self.candidates(except) {
            match self.lane(slot, class).map(|lane| lane.offer(now)) {
                Some(Offer::Go { left, idle }) if best.is_none_or(|(l, i, _)| (left, idle) > (l, i)) => {
                    best = Some((left, idle, slot));
                }
                Some(Offer::Wait(until, reason)) if wait.is_none_or(|(earliest, _)| until < earliest) => {
                    wait = Some((until, reason));
                }
                Some(Offer::Watch) => watched = true,
                _ => {}
            }
        }
        if let Some((_, _, slot)) = best {
            if let Some(lane) = self.lane(slot, class) {
                lane.take(now);
            }
            return Turn::Go(Reservation { slot, class, at: now });
        }
        match wait {
            _ if watched => Turn::Watch { until: wait.map(|(until, _)| until) },
            Some((until, reason)) => Turn::Wait { until, reason },
            None => Turn::Nobody,
        }
    }

    /// Counts a reserved request as sent now.
    pub(crate) fn sent(&mut self, reservation: &mut Reservation, now: Moment) {
        if let Some(lane) = self.lane(reservation.slot, reservation.class) {
            lane.sent(reservation.at, now);
        }
        reservation.at = now;
    }

    /// Whether a reservation is no longer good: while it waited for its turn on the wire, the credential was told to
    /// wait or was refused.
    pub(crate) fn is_stale(&mut self, reservation: &Reservation, now: Moment) -> bool {
        let standing = self.slots.get(reservation.slot).map(|slot| slot.standing);
        let lane = self.lane(reservation.slot, reservation.class);
        standing != Some(Standing::Active) || lane.is_none_or(|lane| lane.is_overtaken(reservation.at, now))
    }

    /// Ends a request; one that was not sent is given back.
    pub(crate) fn finish(&mut self, reservation: &Reservation, was_sent: bool) {
        if let Some(lane) = self.lane(reservation.slot, reservation.class) {
            lane.finish(reservation.at, was_sent);
        }
    }

    /// A credential was accepted.
    pub(crate) fn accepted(&mut self, reservation: &Reservation) {
        if let Some(slot) = self.slots.get_mut(reservation.slot) {
            slot.proven = true;
            slot.refusals = 0;
        }
        if let Some(lane) = self.lane(reservation.slot, reservation.class) {
            lane.accepted(reservation.at);
        }
    }

    /// A 401 to what was `sent`: a password that never worked is tried as an access token from now on; a credential that
    /// never worked is set aside, one that did after some in a row.
    pub(crate) fn refused(&mut self, reservation: &Reservation, sent: &Credential) -> Refused {
        let Some(slot) = self.slots.get_mut(reservation.slot) else { return Refused::Kept };
        if let Some(token) = sent.as_token() {
            if slot.credential.as_token().is_none() {
                // Another call has found out meanwhile.
                return Refused::AsToken;
            }
            if !slot.proven {
                slot.credential = Arc::new(token);
                return Refused::AsToken;
            }
        }
        slot.refusals = slot.refusals.saturating_add(1);
        let hopeless = !slot.proven || slot.refusals >= MAX_REFUSALS;
        if slot.standing == Standing::Active && hopeless && slot.credential.kind() != CredentialKind::Anonymous {
            slot.standing = Standing::SetAside;
            return Refused::SetAside;
        }
        Refused::Kept
    }

    /// A 429; returns how long the credential rests.
    pub(crate) fn throttled(
        &mut self,
        reservation: &Reservation,
        asked: Option<Duration>,
        policy: &RetryPolicy,
        now: Moment,
    ) -> Duration {
        let lane = self.lane(reservation.slot, reservation.class);
        lane.map_or(Duration::ZERO, |lane| lane.throttled(reservation.at, asked, policy, now))
    }

    /// The service asked all to wait who use this credential.
    pub(crate) fn hold(&mut self, reservation: &Reservation, delay: Duration, now: Moment) {
        if let Some(lane) = self.lane(reservation.slot, reservation.class) {
            lane.hold(now.after(delay));
        }
    }

    /// Takes in what an answer says about the service's own count.
    pub(crate) fn notice(&mut self, reservation: &Reservation, notice: &LimitNotice, now: Moment) {
        if let Some(lane) = self.lane(reservation.slot, reservation.class) {
            lane.notice(notice, now);
        }
    }

    pub(crate) fn remaining(&mut self, class: Class, now: Moment) -> Option<u32> {
        let mut total: u32 = 0;
        for slot in self.candidates(&[]) {
            total = total.saturating_add(self.lane(slot, class)?.remaining(now)?);
        }
        Some(total)
    }

    /// How long `requests` would take if made as soon as allowed; `None` if they can never be made.
    pub(crate) fn estimate(&mut self, class: Class, requests: u64, now: Moment) -> Option<Duration> {
        let mut clones: Vec<(Moment, Window)> = Vec::new();
        for slot in self.candidates(&[]) {
            let lane = self.lane(slot, class)?;
            let held = lane.held(now).unwrap_or(now);
            match lane.window() {
                None => return Some(held.since(now)),
                Some(window) if window.limit() > 0 => clones.push((held, window.clone())),
                Some(_) => {}
            }
        }
        let per_window: u64 = clones.iter().map(|(_, window)| u64::from(window.limit())).sum();
        let length = clones.iter().map(|(_, window)| window.length()).max()?;
        let Some(last) = requests.checked_sub(1) else { return Some(Duration::ZERO) };
        let rounds = u32::try_from(last / per_window).unwrap_or(u32::MAX);
        let rest = u32::try_from(last % per_window).unwrap_or(u32::MAX).saturating_add(1);
        Some(length.saturating_mul(rounds).saturating_add(earliest(&mut clones, rest, now).since(now)))
    }

    pub(crate) fn snapshot(&mut self, now: Moment) -> Vec<BudgetRecord> {
        let mut records = Vec::new();
        for slot in &mut self.slots {
            for (class, lane) in Class::ALL.into_iter().zip(&mut slot.lanes) {
                records.extend(lane.record(slot.credential.fingerprint(), class, now));
            }
        }
        records
    }

    pub(crate) fn restore(&mut self, records: &[BudgetRecord], longest_hold: Duration, now: Moment) {
        for slot in &mut self.slots {
            for (class, lane) in Class::ALL.into_iter().zip(&mut slot.lanes) {
                let own = |record: &&BudgetRecord| {
                    record.class == class && record.credential == *slot.credential.fingerprint()
                };
                for record in records.iter().filter(own) {
                    lane.restore(record, longest_hold, now);
                }
            }
        }
    }

    /// Gives credentials that were set aside another chance.
    pub(crate) fn reinstate(&mut self) {
        for slot in &mut self.slots {
            slot.standing = Standing::Active;
            slot.refusals = 0;
            if !slot.proven {
                slot.credential = Arc::clone(&slot.given);
            }
        }
    }

    pub(crate) fn labels_set_aside(&self) -> Vec<String> {
        let aside = self.slots.iter().filter(|slot| slot.standing == Standing::SetAside);
        aside.map(|slot| slot.credential.label().to_owned()).collect()
    }
}

/// When the `nth` request may be made with all credentials together.
fn earliest(windows: &mut [(Moment, Window)], nth: u32, now: Moment) -> Moment {
    let mut low = now.as_millis();
    let longest = windows.iter().map(|(held, window)| held.after(window.length() * 2)).max().unwrap_or(now);
    let mut high = longest.as_millis();
    while low < high {
        let middle = low + (high - low) / 2;
        let free = |(held, window): &(Moment, Window)| {
            let at = Moment::from_millis(middle);
            if *held > at { 0 } else { u64::from(window.clone().remaining(at)) }
        };
        if windows.iter().map(free).sum::<u64>() >= u64::from(nth) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Moment::from_millis(low)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::{
        super::{budget_settings::Adapt, window::Quota},
        *,
    };

    const HOUR: Duration = Duration::from_secs(3600);

    fn pool(credentials: usize, limit: u32) -> Pool {
        let list = (0..credentials).map(|number| format!("token{number}")).collect::<Vec<_>>().join(",");
        let settings =
            BudgetSettings { rest: Some(Quota::per_hour(limit)), adapt: Adapt::Never, ..BudgetSettings::cloud() };
        Pool::new(Credential::access_tokens(&SecretString::from(list)).unwrap(), &settings)
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(1_000_000_000 + seconds * 1000)
    }

    fn go(pool: &mut Pool, now: Moment) -> Reservation {
        match pool.turn(Class::Rest, &[], now) {
            Turn::Go(reservation) => reservation,
            other => panic!("expected leave to send, got {other:?}"),
        }
    }

    #[test]
    fn after_a_429_one_request_finds_out_whether_it_is_over() {
        let mut pool = pool(1, 100);
        let first = go(&mut pool, at(0));
        pool.throttled(&first, Some(Duration::from_secs(10)), &RetryPolicy::default(), at(1));
        pool.finish(&first, true);
        assert!(matches!(pool.turn(Class::Rest, &[], at(5)), Turn::Wait { until, .. } if until == at(11)));
        let probe = go(&mut pool, at(11));
        assert!(matches!(pool.turn(Class::Rest, &[], at(11)), Turn::Watch { until: None }));
        pool.accepted(&probe);
        go(&mut pool, at(12));
    }

    #[test]
    fn requests_refused_together_count_as_one_refusal() {
        let mut pool = pool(1, 100);
        let policy = RetryPolicy::default();
        let group: Vec<_> = (0..16).map(|_| go(&mut pool, at(0))).collect();
        let rests: Vec<_> = group.iter().map(|one| pool.throttled(one, None, &policy, at(1))).collect();
        assert!(rests.iter().all(|rest| *rest <= 2 * policy.throttle_delay), "{rests:?}");
    }

    #[test]
    fn what_waits_for_the_wire_is_overtaken_by_a_429() {
        let mut pool = pool(1, 100);
        let (first, second) = (go(&mut pool, at(0)), go(&mut pool, at(0)));
        assert!(!pool.is_stale(&second, at(0)));
        pool.throttled(&first, Some(Duration::from_secs(10)), &RetryPolicy::default(), at(1));
        assert!(pool.is_stale(&second, at(2)) && pool.is_stale(&second, at(12)));
    }

    #[test]
    fn an_account_refused_three_times_in_a_row_is_set_aside() {
        let mut pool = pool(1, 100);
        let one = go(&mut pool, at(0));
        pool.accepted(&one);
        let sent = pool.credential(one.slot).unwrap();
        assert_eq!([0; 3].map(|_| pool.refused(&one, &sent)), [Refused::Kept, Refused::Kept, Refused::SetAside]);
        assert!(matches!(pool.turn(Class::Rest, &[], at(0)), Turn::Nobody));
        pool.reinstate();
        go(&mut pool, at(0));
    }

    #[test]
    fn limits_of_several_resources_give_the_lowest() {
        let settings = BudgetSettings::cloud();
        let mut pool = Pool::new(vec![Credential::anonymous()], &settings);
        let one = go(&mut pool, at(0));
        for (limit, resource, left) in [(1400, "a", 1399), (900, "b", 899), (1400, "b", 1399), (0, "b", 1399)] {
            let notice = LimitNotice { limit: Some(limit), near: false, resource: Some(resource.to_owned()) };
            pool.notice(&one, &notice, at(0));
            assert_eq!(pool.remaining(Class::Rest, at(0)), Some(left));
        }
    }

    #[test]
    fn a_limit_set_by_hand_is_only_lowered() {
        let settings = BudgetSettings { adapt: Adapt::OnlyDown, ..BudgetSettings::cloud() };
        let mut pool = Pool::new(vec![Credential::anonymous()], &settings);
        let one = go(&mut pool, at(0));
        for (limit, left) in [(5000, 999), (500, 499)] {
            pool.notice(&one, &LimitNotice { limit: Some(limit), ..LimitNotice::default() }, at(0));
            assert_eq!(pool.remaining(Class::Rest, at(0)), Some(left));
        }
    }

    #[test]
    fn a_hold_survives_a_restart_but_not_a_wrong_clock() {
        let mut old = pool(1, 100);
        let one = go(&mut old, at(0));
        old.hold(&one, HOUR, at(0));
        let mut records = old.snapshot(at(1));
        let mut new = pool(1, 100);
        new.restore(&records, 2 * HOUR, at(2));
        assert!(matches!(new.turn(Class::Rest, &[], at(3)), Turn::Wait { until, .. } if until == at(3600)));
        for record in &mut records {
            record.held_until = Some(u64::MAX);
        }
        let mut wrong = pool(1, 100);
        wrong.restore(&records, 2 * HOUR, at(2));
        assert!(matches!(wrong.turn(Class::Rest, &[], at(3)), Turn::Wait { until, .. } if until == at(7202)));
    }

    /// The number of requests that can really be made until `end`, one after the other as soon as allowed.
    fn possible(pool: &mut Pool, mut now: Moment, end: Moment) -> u64 {
        let mut made = 0;
        loop {
            match pool.turn(Class::Rest, &[], now) {
                Turn::Go(reservation) => {
                    pool.finish(&reservation, true);
                    made += 1;
                }
                Turn::Wait { until, .. } if until <= end => now = until,
                _ => return made,
            }
        }
    }

    proptest! {
        #[test]
        fn each_credential_keeps_its_limit_whatever_happens(
            credentials in 1usize..4,
            limit in 1u32..15,
            steps in prop::collection::vec((0u64..400, 0u8..10, 0u64..300), 1..300),
        ) {
            let mut pool = pool(credentials, limit);
            let mut now = 0;
            let mut sent: Vec<Vec<u64>> = vec![Vec::new(); credentials];
            let mut held: Vec<u64> = vec![0; credentials];
            for (step, event, delay) in steps {
                now += step;
                let Turn::Go(mut reservation) = pool.turn(Class::Rest, &[], at(now)) else { continue };
                prop_assert!(held[reservation.slot] <= now);
                if event == 0 {
                    pool.finish(&reservation, false);
                    continue;
                }
                now += u64::from(event == 1) * delay;
                if pool.is_stale(&reservation, at(now)) {
                    pool.finish(&reservation, false);
                    continue;
                }
                pool.sent(&mut reservation, at(now));
                sent[reservation.slot].push(now);
                if event == 2 {
                    pool.throttled(&reservation, Some(Duration::from_secs(delay + 1)), &RetryPolicy::default(), at(now));
                    held[reservation.slot] = now + delay + 1;
                } else {
                    pool.accepted(&reservation);
                }
                pool.finish(&reservation, true);
            }
            let length = usize::try_from(limit).unwrap();
            for times in sent {
                prop_assert!(times.windows(length + 1).all(|group| group[length] - group[0] >= 3600), "{times:?}");
            }
        }

        #[test]
        fn an_estimate_comes_true(
            credentials in 1usize..4,
            limit in 1u32..12,
            steps in prop::collection::vec(0u64..900, 0..60),
            requests in 1u64..60,
        ) {
            let mut pool = pool(credentials, limit);
            let mut now = 0;
            for step in steps {
                now += step;
                if let Turn::Go(reservation) = pool.turn(Class::Rest, &[], at(now)) {
                    pool.finish(&reservation, true);
                }
            }
            let estimate = pool.estimate(Class::Rest, requests, at(now)).unwrap();
            // Slots of ten seconds make each further hour a little longer.
            let rounds = u32::try_from(requests / (u64::from(limit) * credentials as u64)).unwrap() + 1;
            let end = at(now).after(estimate).after(Duration::from_secs(10) * rounds);
            prop_assert!(possible(&mut pool, at(now), end) >= requests);
        }
    }
}
