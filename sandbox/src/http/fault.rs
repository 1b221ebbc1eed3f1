//! Things that go wrong on purpose.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::pattern;
use crate::dice::Dice;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The answer comes later.
    Delay(Duration),
    /// Another status than the true one, with a body of the service's own kind.
    Status {
        /// For example 429 or 503.
        status: u16,
        /// The `Retry-After` header, verbatim; none is sent where `None`.
        retry_after: Option<String>,
    },
    /// A page of HTML, as a proxy in front of the service sends it.
    Html {
        /// For example 502.
        status: u16,
    },
    /// The connection is closed before anything was answered; the request had no effect.
    BreakBeforeHeaders,
    /// The connection is closed after the request took effect, with no answer.
    BreakAfterEffect,
    /// Status and headers arrive, then the connection is closed without any of the body.
    BreakAfterHeaders,
    /// The first part of the body arrives, then the connection is closed.
    Truncate {
        /// Bytes that do arrive.
        keep: usize,
    },
    /// A complete answer whose JSON ends in the middle.
    MalformedJson,
    /// The body arrives in small pieces.
    SlowBody {
        /// The pause before each piece of 1,024 bytes.
        pause: Duration,
    },
}

/// How often a rule strikes, among the requests that it is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Occurrence {
    /// Each time.
    Always,
    /// The first that many times.
    First(u64),
    /// The n-th time only, counted from 1.
    Nth(u64),
    /// Every n-th time.
    Every(u64),
    /// That share of times, from 0.0 to 1.0, by the seed.
    Share(f64),
}

/// A fault, the requests it is about, and how often it strikes.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// The method; any where `None`.
    pub method: Option<String>,
    /// The path: `*` is one segment, `**` any number, for example `**/pullrequests`.
    pub path: String,
    /// Text that the decoded query string must contain, for example `page=2`; any where empty.
    pub query: String,
    /// How often.
    pub occurrence: Occurrence,
    /// What goes wrong.
    pub fault: Fault,
}

impl FaultRule {
    /// A rule for every method and query of a path.
    #[must_use]
    pub fn on(path: &str, occurrence: Occurrence, fault: Fault) -> Self {
        Self { method: None, path: path.to_owned(), query: String::new(), occurrence, fault }
    }

    /// Only requests whose decoded query string has a pair of that text, for example `page=2`.
    #[must_use]
    pub fn with_query(mut self, pair: &str) -> Self {
        pair.clone_into(&mut self.query);
        self
    }

    /// Only requests of that method.
    #[must_use]
    pub fn with_method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    fn is_about(&self, method: &str, path: &str, query: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && pattern::matches(&self.path, path)
            && (self.query.is_empty()
                || url::form_urlencoded::parse(query.as_bytes())
                    .any(|(key, value)| format!("{key}={value}") == self.query))
    }
}

/// The faults of a server, shared and changeable while it runs. The first rule that strikes decides; a
/// [`Fault::Delay`] only adds its delay and lets the next rules decide.
#[derive(Clone, Debug)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug)]
struct Plan {
    dice: Dice,
    latency: Duration,
    rules: Vec<(FaultRule, u64)>,
}

impl Default for Faults {
    fn default() -> Self {
        Self::seeded(1)
    }
}

impl Faults {
    /// No faults yet; the seed decides where [`Occurrence::Share`] strikes.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let plan = Plan { dice: Dice::new(seed, &[0xFA]), latency: Duration::ZERO, rules: Vec::new() };
        Self(Arc::new(Mutex::new(plan)))
    }

    /// Begins the sequence of another seed, which decides where [`Occurrence::Share`] strikes.
    pub fn reseed(&self, seed: u64) {
        self.plan().dice = Dice::new(seed, &[0xFA]);
    }

    /// Puts these rules in the place of those in force.
    pub fn set(&self, rules: impl IntoIterator<Item = FaultRule>) {
        self.plan().rules = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// One more rule, after the others.
    pub fn add(&self, rule: FaultRule) {
        self.plan().rules.push((rule, 0));
    }

    /// No faults any more; the latency stays.
    pub fn clear(&self) {
        self.plan().rules.clear();
    }

    /// What every answer takes at least.
    pub fn set_latency(&self, latency: Duration) {
        self.plan().latency = latency;
    }

    pub(crate) fn strike(&self, method: &str, path: &str, query: &str) -> (Duration, Option<Fault>) {
        let mut plan = self.plan();
        let Plan { dice, latency, rules } = &mut *plan;
        let mut delay = *latency;
        for (rule, seen) in rules {
            if !rule.is_about(method, path, query) {
                continue;
            }
            *seen += 1;
            if !strikes(rule.occurrence, *seen, dice) {
                continue;
            }
            match &rule.fault {
                Fault::Delay(more) => delay += *more,
                fault => return (delay, Some(fault.clone())),
            }
        }
        (delay, None)
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn strikes(occurrence: Occurrence, seen: u64, dice: &mut Dice) -> bool {
    match occurrence {
        Occurrence::Always => true,
        Occurrence::First(count) => seen <= count,
        Occurrence::Nth(position) => seen == position,
        Occurrence::Every(step) => step > 0 && seen.is_multiple_of(step),
        Occurrence::Share(share) => (dice.below(1_000_000) as f64) < share * 1_000_000.0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultRule, Faults, Occurrence};

    fn count(occurrence: Occurrence) -> usize {
        let faults = Faults::seeded(3);
        faults.set([FaultRule::on("**/list", occurrence, Fault::MalformedJson).with_query("page=2")]);
        let struck = (0..1_000).filter(|_| faults.strike("GET", "/a/list", "pagelen=1&page=2").1.is_some()).count();
        assert_eq!(faults.strike("GET", "/a/list", "page=21").1, None);
        assert_eq!(faults.strike("GET", "/a/other", "page=2").1, None);
        struck
    }

    #[test]
    fn each_occurrence_strikes_as_often_as_it_says() {
        assert_eq!(count(Occurrence::Always), 1_000);
        assert_eq!(count(Occurrence::First(3)), 3);
        assert_eq!(count(Occurrence::Nth(7)), 1);
        assert_eq!(count(Occurrence::Every(10)), 100);
        let shared = count(Occurrence::Share(0.05));
        assert!((20..90).contains(&shared), "{shared} of 1000 at 5 %");
    }
}
