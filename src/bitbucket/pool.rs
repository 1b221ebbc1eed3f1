//! The state of all credentials: what each may still spend, which are held back, which were refused.
//!
//! Pure bookkeeping under one lock; who waits for what is the matter of [`super::budget`].

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    credential::{Credential, CredentialKind, Fingerprint},
    window::{Quota, Uses, Window},
};
use crate::http::{Moment, RetryPolicy};

/// What Bitbucket counts separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Calls of the API.
    Rest,
    /// Contents of files.
    Files,
}

impl Class {
    pub(crate) const ALL: [Self; 2] = [Self::Rest, Self::Files];

    /// The name shown to people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rest => "API",
            Self::Files => "file contents",
        }
    }
}

/// What to make of the limit that the service names in its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adapt {
    /// Believe it.
    #[default]
    BothWays,
    /// Believe it only where it is lower: the limit was set by hand.
    OnlyDown,
    /// Pay no attention: the headers mean something else (Data Center counts in a bucket, not in an hour).
    Never,
}

/// What each credential may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetSettings {
    /// Calls of the API; none means without limit.
    pub rest: Option<Quota>,
    /// Contents of files; none means without limit.
    pub files: Option<Quota>,
    /// What to make of the limits in answers.
    pub adapt: Adapt,
}

impl BudgetSettings {
    /// Bitbucket Cloud's published limits for one account or access token.
    #[must_use]
    pub const fn cloud() -> Self {
        Self { rest: Some(Quota::per_hour(1_000)), files: Some(Quota::per_hour(5_000)), adapt: Adapt::BothWays }
    }

    /// Bitbucket Cloud's published limits without a credential.
    #[must_use]
    pub const fn cloud_anonymous() -> Self {
        Self { rest: Some(Quota::per_hour(60)), ..Self::cloud() }
    }

    /// No limit of our own; a 429 is still heeded.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { rest: None, files: None, adapt: Adapt::Never }
    }

    fn quota(&self, class: Class) -> Option<Quota> {
        match class {
            Class::Rest => self.rest,
            Class::Files => self.files,
        }
    }
}

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

/// Whether a credential takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Active,
    SetAside,
}

/// One credential's account for one class.
#[derive(Debug)]
struct Lane {
    window: Option<Window>,
    held_until: Option<Moment>,
    /// 429s in a row; while there are any, one request at a time finds out whether it is over.
    throttles: u32,
    throttled_at: Option<Moment>,
    in_flight: u32,
    /// Limits named in answers, by resource; the lowest holds.
    named: BTreeMap<String, u32>,
}

#[derive(Debug)]
struct Slot {
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
    adapt: Adapt,
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

/// What a credential set aside for the first time should be reported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Kept,
    SetAside,
}

/// Resources whose limits are remembered per credential and class.
const MAX_RESOURCES: usize = 16;
/// Limits above this are taken for nonsense.
const MAX_LIMIT: u32 = 10_000_000;
/// So many 401 in a row set aside a credential that has worked before.
const MAX_REFUSALS: u32 = 3;

impl Lane {
    fn new(quota: Option<Quota>) -> Self {
        Self {
            window: quota.map(Window::new),
            held_until: None,
            throttles: 0,
            throttled_at: None,
            in_flight: 0,
            named: BTreeMap::new(),
        }
    }

    fn held(&self, now: Moment) -> Option<Moment> {
        self.held_until.filter(|until| *until > now)
    }

    fn remaining(&mut self, now: Moment) -> u32 {
        self.window.as_mut().map_or(u32::MAX, |window| window.remaining(now))
    }

    /// What this lane has to offer; `Go` carries how much is left and how little is in flight, to be compared.
    fn offer(&mut self, now: Moment) -> Offer {
        if let Some(until) = self.held(now) {
            return Offer::Wait(until, WaitReason::Service);
        }
        if self.throttles > 0 && self.in_flight > 0 {
            return Offer::Watch;
        }
        let left = self.remaining(now);
        if left > 0 {
            return Offer::Go { left, idle: u32::MAX - self.in_flight };
        }
        let Some(window) = self.window.as_mut() else { return Offer::Watch };
        let until = window.when(1, now).unwrap_or_else(|| now.after(window.length()));
        Offer::Wait(until, WaitReason::Budget { limit: window.limit() })
    }

    fn take(&mut self, now: Moment) {
        if let Some(window) = self.window.as_mut() {
            window.take(now);
        }
        self.in_flight = self.in_flight.saturating_add(1);
    }

    fn hold(&mut self, until: Moment) {
        self.held_until = self.held_until.max(Some(until));
    }

    fn adapt(&mut self, adapt: Adapt, quota_limit: u32) {
        let (Some(window), Some(named)) = (self.window.as_mut(), self.named.values().min()) else { return };
        let limit = match adapt {
            Adapt::BothWays => *named,
            Adapt::OnlyDown => (*named).min(quota_limit),
            Adapt::Never => return,
        };
        window.set_limit(limit);
    }
}

enum Offer {
    Go { left: u32, idle: u32 },
    Wait(Moment, WaitReason),
    Watch,
}

impl Pool {
    pub(crate) fn new(credentials: Vec<Credential>, settings: &BudgetSettings) -> Self {
        let slots = credentials
            .into_iter()
            .map(|credential| Slot {
                credential: Arc::new(credential),
                standing: Standing::Active,
                proven: false,
                refusals: 0,
                lanes: Class::ALL.map(|class| Lane::new(settings.quota(class))),
            })
            .collect();
        Self { slots, adapt: settings.adapt }
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
        let at = reservation.at;
        if let Some(window) = self.lane(reservation.slot, reservation.class).and_then(|lane| lane.window.as_mut()) {
            window.move_up(at, now);
            reservation.at = now;
        }
    }

    /// Ends a request; one that was not sent is given back.
    pub(crate) fn finish(&mut self, reservation: &Reservation, was_sent: bool) {
        let Some(lane) = self.lane(reservation.slot, reservation.class) else { return };
        lane.in_flight = lane.in_flight.saturating_sub(1);
        if let Some(window) = lane.window.as_mut().filter(|_| !was_sent) {
            window.give_back(reservation.at);
        }
    }

    /// A credential was accepted.
    pub(crate) fn accepted(&mut self, reservation: &Reservation) {
        if let Some(slot) = self.slots.get_mut(reservation.slot) {
            slot.proven = true;
            slot.refusals = 0;
        }
        if let Some(lane) = self.lane(reservation.slot, reservation.class) {
            // An answer to a request from before the 429 says nothing about what came after.
            if lane.throttled_at.is_none_or(|at| reservation.at >= at) {
                lane.throttles = 0;
            }
        }
    }

    /// A 401: a credential that never worked is set aside, one that did after some in a row.
    pub(crate) fn refused(&mut self, reservation: &Reservation) -> Refused {
        let Some(slot) = self.slots.get_mut(reservation.slot) else { return Refused::Kept };
        slot.refusals = slot.refusals.saturating_add(1);
        let hopeless = !slot.proven || slot.refusals >= MAX_REFUSALS;
        if slot.standing == Standing::Active && hopeless && slot.credential.kind() != CredentialKind::Anonymous {
            slot.standing = Standing::SetAside;
            return Refused::SetAside;
        }
        Refused::Kept
    }

    /// A 429: the credential rests for as long as asked, or longer each time if nothing was said.
    pub(crate) fn throttled(
        &mut self,
        reservation: &Reservation,
        asked: Option<Duration>,
        policy: &RetryPolicy,
        now: Moment,
    ) -> Duration {
        let Some(lane) = self.lane(reservation.slot, reservation.class) else { return Duration::ZERO };
        // Several requests in flight are refused together; that is one refusal.
        if lane.throttled_at.is_none_or(|at| reservation.at >= at) {
            lane.throttles = lane.throttles.saturating_add(1);
            lane.throttled_at = Some(now);
        }
        let already = lane.held(now).map(|until| until.since(now));
        let delay = match asked.filter(|delay| !delay.is_zero()) {
            Some(delay) => delay,
            None => already.unwrap_or_else(|| policy.throttle_delay(lane.throttles)),
        };
        lane.hold(now.after(delay));
        delay
    }

    /// The service asked all to wait who use this credential.
    pub(crate) fn hold(&mut self, reservation: &Reservation, delay: Duration, now: Moment) {
        if let Some(lane) = self.lane(reservation.slot, reservation.class) {
            lane.hold(now.after(delay));
        }
    }

    /// Takes in what an answer says about the service's own count.
    pub(crate) fn notice(
        &mut self,
        reservation: &Reservation,
        notice: &LimitNotice,
        quota: Option<Quota>,
        now: Moment,
    ) {
        let adapt = self.adapt;
        let Some(lane) = self.lane(reservation.slot, reservation.class) else { return };
        let (Some(quota), true) = (quota, adapt != Adapt::Never) else { return };
        if let Some(limit) = notice.limit.filter(|limit| (1..=MAX_LIMIT).contains(limit)) {
            let resource = notice.resource.clone().unwrap_or_default();
            if lane.named.len() < MAX_RESOURCES || lane.named.contains_key(&resource) {
                lane.named.insert(resource, limit);
            }
            lane.adapt(adapt, quota.limit);
        }
        if let Some(window) = lane.window.as_mut().filter(|_| notice.near) {
            // "Near" means that less than a fifth is left, whoever used the rest.
            let fifth = window.limit() / 5;
            window.leave_at_most(fifth, now);
        }
    }

    pub(crate) fn remaining(&mut self, class: Class, now: Moment) -> Option<u32> {
        let mut total: u32 = 0;
        for slot in self.candidates(&[]) {
            let lane = self.lane(slot, class)?;
            if lane.held(now).is_none() {
                total = total.saturating_add(lane.window.as_mut()?.remaining(now));
            }
        }
        Some(total)
    }

    /// How long `requests` would take if made as soon as allowed; `None` if they can never be made.
    pub(crate) fn estimate(&mut self, class: Class, requests: u64, now: Moment) -> Option<Duration> {
        let mut clones: Vec<(Moment, Window)> = Vec::new();
        for slot in self.candidates(&[]) {
            let lane = self.lane(slot, class)?;
            let held = lane.held(now).unwrap_or(now);
            match &lane.window {
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
            for (class, lane) in Class::ALL.iter().zip(&mut slot.lanes) {
                let Some(window) = lane.window.as_mut() else { continue };
                records.push(BudgetRecord {
                    credential: slot.credential.fingerprint().clone(),
                    class: *class,
                    limit: window.limit(),
                    uses: window.uses(now),
                    held_until: lane.held_until.filter(|until| *until > now).map(Moment::as_millis),
                });
            }
        }
        records
    }

    pub(crate) fn restore(&mut self, records: &[BudgetRecord], longest_hold: Duration, now: Moment) {
        let adapt = self.adapt;
        for slot in &mut self.slots {
            for (class, lane) in Class::ALL.iter().zip(&mut slot.lanes) {
                let own = |record: &&BudgetRecord| {
                    record.class == *class && record.credential == *slot.credential.fingerprint()
                };
                for record in records.iter().filter(own) {
                    restore_lane(lane, record, adapt, now);
                    if let Some(until) = record.held_until {
                        // A clock that was wrong then must not shut us out for ever now.
                        lane.hold(Moment::from_millis(until).min(now.after(longest_hold)));
                    }
                }
            }
        }
    }

    /// Gives credentials that were set aside another chance.
    pub(crate) fn reinstate(&mut self) {
        for slot in &mut self.slots {
            slot.standing = Standing::Active;
            slot.refusals = 0;
        }
    }

    pub(crate) fn labels_set_aside(&self) -> Vec<String> {
        let aside = self.slots.iter().filter(|slot| slot.standing == Standing::SetAside);
        aside.map(|slot| slot.credential.label().to_owned()).collect()
    }
}

fn restore_lane(lane: &mut Lane, record: &BudgetRecord, adapt: Adapt, now: Moment) {
    let Some(window) = lane.window.as_mut() else { return };
    let limit = record.limit.clamp(1, MAX_LIMIT);
    match adapt {
        Adapt::BothWays => window.set_limit(limit),
        Adapt::OnlyDown if limit < window.limit() => window.set_limit(limit),
        Adapt::OnlyDown | Adapt::Never => {}
    }
    window.restore(&record.uses, now);
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
