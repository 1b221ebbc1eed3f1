//! How often and how long what failed in passing is tried again.

use std::time::Duration;

use crate::config::RetrySettings;
use crate::http::RetryPolicy;

/// Wait before entities that the catalog did not take are written again, where the settings say nothing.
const FIRST_REWRITE: Duration = Duration::from_millis(200);

/// The policy of one side with what was set put over it.
pub(super) fn policy(given: RetrySettings, usual: &RetryPolicy) -> RetryPolicy {
    let max_delay = given.longest_wait.unwrap_or(usual.max_delay);
    let max_throttle_delay = given.longest_wait.unwrap_or(usual.max_throttle_delay);
    RetryPolicy {
        retries: given.repetitions.unwrap_or(usual.retries),
        min_delay: given.first_wait.unwrap_or(usual.min_delay).min(max_delay),
        max_delay,
        throttle_delay: usual.throttle_delay.min(max_throttle_delay),
        max_throttle_delay,
        deadline: given.give_up_after,
    }
}

/// The wait before entities that the catalog did not take are written again the first time.
pub(super) fn first_rewrite(given: RetrySettings) -> Duration {
    let first = given.first_wait.unwrap_or(FIRST_REWRITE);
    given.longest_wait.map_or(first, |longest| first.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: RetrySettings = RetrySettings {
        repetitions: None,
        first_wait: None,
        longest_wait: None,
        give_up_after: Duration::from_secs(7_200),
    };

    #[test]
    fn what_is_not_set_is_as_usual() {
        let usual = RetryPolicy::default();
        assert_eq!(format!("{:?}", policy(NOTHING, &usual)), format!("{usual:?}"));
        assert_eq!(first_rewrite(NOTHING), FIRST_REWRITE);
    }

    #[test]
    fn no_wait_is_longer_than_the_longest() {
        let longest = Duration::from_millis(7);
        let given = RetrySettings { longest_wait: Some(longest), repetitions: Some(2), ..NOTHING };
        let policy = policy(given, &RetryPolicy::default());
        assert_eq!(policy.retries, 2);
        for wait in [policy.min_delay, policy.max_delay, policy.throttle_delay, policy.max_throttle_delay] {
            assert_eq!(wait, longest);
        }
        assert_eq!(first_rewrite(given), longest);
    }
}
