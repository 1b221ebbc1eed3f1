//! Points in time as Bitbucket writes them.

use std::fmt;

use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, Month, OffsetDateTime, Time};

/// A point in time with microseconds, shown as `2024-05-06T07:08:09.123456+00:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(OffsetDateTime);

impl Stamp {
    /// Midnight of the first of January of a year.
    pub(crate) fn start_of(year: i32) -> Self {
        let day = Date::from_calendar_date(year, Month::January, 1).unwrap_or(Date::MIN);
        Self(day.with_time(Time::MIDNIGHT).assume_utc())
    }

    pub(crate) fn plus_seconds(self, seconds: u64) -> Self {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(Duration::seconds(seconds)))
    }

    pub(crate) fn plus_micros(self, micros: u64) -> Self {
        let micros = i64::try_from(micros).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(Duration::microseconds(micros)))
    }

    /// Milliseconds since 1970, as Data Center writes times.
    pub(crate) fn millis(self) -> u64 {
        u64::try_from(self.0.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
    }

    /// Reads a full time or a bare date, with or without an offset (UTC is taken where none is given).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.replacen(' ', "+", 1) };
        OffsetDateTime::parse(&text, &Rfc3339)
            .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
            .ok()
            .map(Self)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        let (hour, minute, second, micro) = self.0.to_hms_micro();
        write!(out, "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}+00:00", u8::from(month))
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn written_and_read_again() {
        let stamp = Stamp::start_of(2024).plus_seconds(86_400 * 59 + 3_661).plus_micros(42);
        assert_eq!(stamp.to_string(), "2024-02-29T01:01:01.000042+00:00");
        assert_eq!(Stamp::parse(&stamp.to_string()), Some(stamp));
        assert_eq!(Stamp::parse("2024-01-01"), Some(Stamp::start_of(2024)));
        assert_eq!(Stamp::parse("2024-01-01T00:00:00"), Some(Stamp::start_of(2024)));
        assert_eq!(Stamp::parse("yesterday"), None);
        assert_eq!(Stamp::start_of(2024).plus_micros(1_999).millis(), 1_704_067_200_001);
    }
}
