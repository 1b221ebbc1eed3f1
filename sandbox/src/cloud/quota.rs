//! How often one may ask.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::http::Credential;

/// How many requests a credential has in a rolling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests of the REST API; the service gives 1,000.
    pub requests: usize,
    /// Raw files, counted apart; the service gives 5,000.
    pub files: usize,
    /// The window; an hour at the service.
    pub window: Duration,
    /// Whether a refusal says when to come back. The service often does not.
    pub retry_after: bool,
}

impl Default for Quota {
    fn default() -> Self {
        Self { requests: 1_000, files: 5_000, window: Duration::from_secs(3_600), retry_after: false }
    }
}

/// What a quota says to one request.
pub(super) struct Verdict {
    pub(super) allowed: bool,
    pub(super) limit: usize,
    pub(super) near: bool,
    pub(super) resource: &'static str,
    /// Until the oldest counted request leaves the window.
    pub(super) wait: Option<Duration>,
}

/// What has been used of the quotas.
#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<HashMap<(Credential, &'static str), VecDeque<Instant>>>);

impl Meter {
    pub(super) fn count(&self, credential: &Credential, quota: Quota, is_file: bool, now: Instant) -> Verdict {
        let (resource, limit) = if is_file { ("files", quota.files) } else { ("api", quota.requests) };
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used.entry((credential.clone(), resource)).or_default();
        while used.front().is_some_and(|first| now.saturating_duration_since(*first) >= quota.window) {
            used.pop_front();
        }
        let allowed = used.len() < limit;
        if allowed {
            used.push_back(now);
        }
        let oldest = used.front().map(|first| quota.window.saturating_sub(now.saturating_duration_since(*first)));
        Verdict {
            allowed,
            limit,
            near: used.len() * 5 > limit * 4,
            resource,
            wait: oldest.filter(|_| quota.retry_after),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Meter, Quota};
    use crate::http::Credential;

    #[test]
    fn a_window_rolls() {
        let meter = Meter::default();
        let quota = Quota { requests: 3, retry_after: true, ..Quota::default() };
        let (one, other) = (Credential("bearer a".to_owned()), Credential("bearer b".to_owned()));
        let start = Instant::now();
        let at = |minutes: u64| start + Duration::from_secs(minutes * 60);
        assert!((0..3).all(|minute| meter.count(&one, quota, false, at(minute)).allowed));
        let refused = meter.count(&one, quota, false, at(10));
        assert!(!refused.allowed && refused.near);
        assert_eq!(refused.wait, Some(Duration::from_secs(50 * 60)));
        assert!(meter.count(&other, quota, false, at(10)).allowed);
        assert!(meter.count(&one, quota, true, at(10)).allowed, "files are counted apart");
        assert!(meter.count(&one, quota, false, at(60)).allowed);
        assert!(!meter.count(&one, quota, false, at(60)).allowed);
    }
}
