//! When a request is sent again, and how long after.

use std::{error::Error, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use http::{Method, StatusCode};

/// How often and how long a call is repeated.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Repetitions after a transient failure; waits that the service asks for by 429 are not counted.
    pub retries: usize,
    /// Wait before the first repetition; doubles with each, and up to as much again is added at random.
    pub min_delay: Duration,
    /// Longest wait between two repetitions, before the random part.
    pub max_delay: Duration,
    /// First wait after a 429 that does not say how long; doubles as long as 429 follows 429.
    pub throttle_delay: Duration,
    /// Longest wait after a 429 that does not say how long.
    pub max_throttle_delay: Duration,
    /// A call that cannot end within this time, waits included, fails with what it waited for.
    pub deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 6,
            min_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            throttle_delay: Duration::from_secs(2),
            max_throttle_delay: Duration::from_secs(300),
            // A rolling hour may have to pass once, and part of another for those who queue.
            deadline: Duration::from_secs(2 * 3600),
        }
    }
}

impl RetryPolicy {
    /// The waits before each repetition of one call.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule(
            ExponentialBuilder::new()
                .with_min_delay(self.min_delay)
                .with_max_delay(self.max_delay)
                .with_max_times(self.retries)
                .with_jitter()
                .build(),
        )
    }

    /// The wait after the `nth` 429 in a row (from 1) that did not say how long to wait.
    #[must_use]
    pub fn throttle_delay(&self, nth: u32) -> Duration {
        let nth = usize::try_from(nth.clamp(1, 64)).unwrap_or(64);
        ExponentialBuilder::new()
            .with_min_delay(self.throttle_delay)
            .with_max_delay(self.max_throttle_delay)
            .without_max_times()
            .with_jitter()
            .build()
            .nth(nth - 1)
            .unwrap_or(self.max_throttle_delay)
    }
}

/// The waits before the repetitions of one call; ends when no further repetition is allowed.
#[derive(Debug)]
pub struct Schedule(ExponentialBackoff);

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next()
    }
}

/// How a request failed below HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// No connection came about: the request was certainly not sent.
    NotSent,
    /// The connection broke, the answer timed out or its body was cut off: the request may have had its effect.
    Uncertain,
    /// The request itself cannot be sent, or the service's certificate is not trusted; no repetition helps.
    Unsendable,
}

/// Tells how a request failed below HTTP.
#[must_use]
pub fn classify_failure(error: &reqwest::Error) -> FailureClass {
    if error.is_builder() || error.is_redirect() || is_distrust(error) {
        return FailureClass::Unsendable;
    }
    if error.is_connect() { FailureClass::NotSent } else { FailureClass::Uncertain }
}

/// Whether the service's certificate was refused.
fn is_distrust(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        // An I/O error does not name the error that it wraps as its source.
        cause = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}

/// Whether a request that failed in this way may be sent once more: what changes something is repeated only if
/// it was certainly not sent.
#[must_use]
pub fn may_repeat(method: &Method, failure: FailureClass) -> bool {
    match failure {
        FailureClass::NotSent => true,
        FailureClass::Uncertain => method.is_idempotent(),
        FailureClass::Unsendable => false,
    }
}

/// Statuses that pass by themselves: 408, 429, 500, 502, 503 and 504.
#[must_use]
pub fn is_retryable_status(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_within_their_bounds_and_end() {
        let policy = RetryPolicy::default();
        let waits: Vec<_> = policy.schedule().collect();
        assert_eq!(waits.len(), policy.retries);
        for (nth, wait) in waits.iter().enumerate() {
            let base = policy.min_delay * 2u32.pow(u32::try_from(nth).unwrap_or(0));
            assert!(*wait >= base.min(policy.max_delay), "{nth}: {wait:?}");
            assert!(*wait <= 2 * policy.max_delay, "{nth}: {wait:?}");
        }
    }

    #[test]
    fn two_calls_do_not_wait_in_step() {
        let policy = RetryPolicy::default();
        let schedules: Vec<Vec<_>> = (0..8).map(|_| policy.schedule().collect()).collect();
        assert!(schedules.windows(2).any(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn unexplained_429_are_answered_with_growing_patience() {
        let policy = RetryPolicy::default();
        assert!(policy.throttle_delay(1) >= policy.throttle_delay);
        assert!(policy.throttle_delay(4) >= 8 * policy.throttle_delay);
        assert!(policy.throttle_delay(u32::MAX) >= policy.max_throttle_delay);
        assert!(policy.throttle_delay(u32::MAX) <= 2 * policy.max_throttle_delay);
    }

    #[test]
    fn only_what_changes_nothing_is_repeated_on_doubt() {
        assert!(may_repeat(&Method::GET, FailureClass::Uncertain));
        assert!(may_repeat(&Method::PUT, FailureClass::Uncertain));
        assert!(!may_repeat(&Method::POST, FailureClass::Uncertain));
        assert!(may_repeat(&Method::POST, FailureClass::NotSent));
        assert!(!may_repeat(&Method::GET, FailureClass::Unsendable));
    }
}
