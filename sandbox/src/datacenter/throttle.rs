//! The rate limit that an administrator sets: a bucket of tokens for each account.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::http::Credential;

/// How many requests an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Tokens that a full bucket holds; it is full at the start.
    pub capacity: u32,
    /// Tokens added at the end of each interval.
    pub fill: u32,
    /// The interval.
    pub interval: Duration,
}

impl Default for Throttle {
    /// 60 at once, 5 more each second.
    fn default() -> Self {
        Self { capacity: 60, fill: 5, interval: Duration::from_secs(1) }
    }
}

/// What the limit says to one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) remaining: u32,
    /// How long to wait, where there is no token left.
    pub(super) wait: Option<Duration>,
}

/// The buckets.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<HashMap<Credential, Bucket>>);

#[derive(Debug)]
struct Bucket {
    tokens: u32,
    filled: Instant,
}

impl Buckets {
    pub(super) fn take(&self, credential: &Credential, limit: Throttle, now: Instant) -> Verdict {
        let interval = limit.interval.max(Duration::from_millis(1));
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Bucket { tokens: limit.capacity, filled: now };
        let bucket = buckets.entry(credential.clone()).or_insert(full);
        let past = now.saturating_duration_since(bucket.filled);
        let intervals = u32::try_from(past.as_nanos() / interval.as_nanos()).unwrap_or(u32::MAX);
        bucket.tokens = bucket.tokens.saturating_add(intervals.saturating_mul(limit.fill)).min(limit.capacity);
        bucket.filled += interval.saturating_mul(intervals).min(past);
        let wait = (bucket.tokens == 0).then(|| interval.saturating_sub(now.saturating_duration_since(bucket.filled)));
        bucket.tokens = bucket.tokens.saturating_sub(1);
        Verdict { remaining: bucket.tokens, wait }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Buckets, Throttle};
    use crate::http::Credential;

    #[test]
    fn a_bucket_fills_again() {
        let buckets = Buckets::default();
        let limit = Throttle { capacity: 3, fill: 2, interval: Duration::from_secs(10) };
        let (one, other) = (Credential("bearer a".to_owned()), Credential("bearer b".to_owned()));
        let start = Instant::now();
        let take = |who: &Credential, seconds: u64| buckets.take(who, limit, start + Duration::from_secs(seconds));
        assert!((0..3).all(|second| take(&one, second).wait.is_none()));
        assert_eq!(take(&one, 4).wait, Some(Duration::from_secs(6)));
        assert_eq!(take(&other, 4).remaining, 2);
        assert_eq!(take(&one, 10).remaining, 1);
        assert_eq!(take(&one, 1_000).remaining, 2, "never more than it holds");
    }
}
