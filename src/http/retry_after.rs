//! How long a service asks to wait.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::Moment;

/// No request for a longer wait is told apart from this one.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
/// `X-RateLimit-Reset` values above this are a time since the Unix epoch in seconds, below it a delay.
const EPOCH_SECONDS_FROM: f64 = 1e8;
/// … and above this one a time in milliseconds.
const EPOCH_MILLIS_FROM: f64 = 1e11;

/// The delay that a response asks for by `Retry-After` (seconds, with or without a fraction, or an HTTP date in
/// any of its three forms) or else by `X-RateLimit-Reset` (seconds, or a time since the Unix epoch in seconds or
/// milliseconds).
///
/// A date is measured against the response's own `Date` where it has one, so that a wrong local clock does not
/// matter. A moment that has passed gives zero; what cannot be read counts as absent.
#[must_use]
pub fn requested_delay(headers: &HeaderMap, now: Moment) -> Option<Duration> {
    let now = service_time(headers).unwrap_or(now);
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let retry_after = text("retry-after").and_then(|value| seconds(value).map(delay).or_else(|| date(value, now)));
    retry_after.or_else(|| text("x-ratelimit-reset").and_then(|value| reset(value, now)))
}

fn service_time(headers: &HeaderMap) -> Option<Moment> {
    let value = headers.get(http::header::DATE)?.to_str().ok()?;
    httpdate::parse_http_date(value.trim()).ok().map(Moment::from)
}

fn date(value: &str, now: Moment) -> Option<Duration> {
    let time: SystemTime = httpdate::parse_http_date(value).ok()?;
    Some(Moment::from(time).since(now).min(LONGEST))
}

fn reset(value: &str, now: Moment) -> Option<Duration> {
    let number = seconds(value)?;
    if number >= EPOCH_MILLIS_FROM {
        return Some(delay(number / 1000.0 - now.as_millis() as f64 / 1000.0));
    }
    if number >= EPOCH_SECONDS_FROM {
        return Some(delay(number - now.as_millis() as f64 / 1000.0));
    }
    Some(delay(number))
}

/// A plain decimal number. Signs, exponents and names of numbers are not what the header allows.
fn seconds(value: &str) -> Option<f64> {
    let plain = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !plain || !value.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    value.parse().ok()
}

fn delay(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64())).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT, the date of the examples in RFC 9110.
    const NOW: Moment = Moment::from_millis(784_111_777_000);

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .filter_map(|(name, value)| Some((http::HeaderName::from_static(name), HeaderValue::from_str(value).ok()?)))
            .collect()
    }

    #[rstest]
    #[case::seconds("120", Some(120_000))]
    #[case::zero("0", Some(0))]
    #[case::fraction("1.5", Some(1_500))]
    #[case::spaces(" 7 ", Some(7_000))]
    #[case::imf_fixdate("Sun, 06 Nov 1994 08:50:37 GMT", Some(60_000))]
    #[case::rfc_850("Sunday, 06-Nov-94 08:50:37 GMT", Some(60_000))]
    #[case::asctime("Sun Nov  6 08:50:37 1994", Some(60_000))]
    #[case::past("Sun, 06 Nov 1994 08:00:00 GMT", Some(0))]
    #[case::negative("-5", None)]
    #[case::words("soon", None)]
    #[case::exponent("1e3", None)]
    #[case::infinite("inf", None)]
    #[case::empty("", None)]
    #[case::huge("99999999999999999999999999", Some(315_360_000_000))]
    fn retry_after(#[case] value: &str, #[case] millis: Option<u64>) {
        assert_eq!(requested_delay(&headers(&[("retry-after", value)]), NOW), millis.map(Duration::from_millis));
    }

    #[rstest]
    #[case::delta("30", Some(30_000))]
    #[case::epoch_seconds("784111807", Some(30_000))]
    #[case::epoch_millis("784111807000", Some(30_000))]
    #[case::past("784111000", Some(0))]
    #[case::text("later", None)]
    fn reset_header(#[case] value: &str, #[case] millis: Option<u64>) {
        assert_eq!(requested_delay(&headers(&[("x-ratelimit-reset", value)]), NOW), millis.map(Duration::from_millis));
    }

    #[test]
    fn retry_after_goes_before_the_reset_unless_it_cannot_be_read() {
        let both = headers(&[("retry-after", "3"), ("x-ratelimit-reset", "9")]);
        assert_eq!(requested_delay(&both, NOW), Some(Duration::from_secs(3)));
        let unreadable = headers(&[("retry-after", "?"), ("x-ratelimit-reset", "9")]);
        assert_eq!(requested_delay(&unreadable, NOW), Some(Duration::from_secs(9)));
    }

    #[test]
    fn a_date_is_measured_against_the_clock_of_the_service() {
        let skewed =
            headers(&[("date", "Sun, 06 Nov 1994 10:00:00 GMT"), ("retry-after", "Sun, 06 Nov 1994 10:00:20 GMT")]);
        assert_eq!(requested_delay(&skewed, NOW), Some(Duration::from_secs(20)));
    }

    proptest! {
        #[test]
        fn whatever_comes_gives_a_bounded_delay_or_none(value in "\\PC{0,40}", reset in "[0-9.]{0,30}", now: u64) {
            let found = requested_delay(&headers(&[("retry-after", &value), ("x-ratelimit-reset", &reset)]), Moment::from_millis(now));
            prop_assert!(found.is_none_or(|delay| delay <= LONGEST));
        }

        #[test]
        fn seconds_are_read_exactly(whole in 0u32..1_000_000, thousandths in 0u32..1000) {
            let value = format!("{whole}.{thousandths:03}");
            let wanted = Duration::from_millis(u64::from(whole) * 1000 + u64::from(thousandths));
            let found = requested_delay(&headers(&[("retry-after", &value)]), NOW).unwrap_or_default();
            prop_assert!(found.abs_diff(wanted) < Duration::from_micros(1));
        }
    }
}
