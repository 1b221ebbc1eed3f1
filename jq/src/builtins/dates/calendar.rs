//! The Gregorian calendar, extended without end in both directions.

/// Seconds whose year fits into 32 bits, as C's broken-down time has it.
pub(super) const MAX_SECONDS: f64 = 67_767_976_233_532_799.0;

const DAY: i64 = 86_400;

/// A time by its parts. Months and days of the year count from 0, days of the month from 1, days of the week from
/// Sunday. Parts out of their range are fine until the time is normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BrokenDown {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) weekday: i64,
    pub(super) yearday: i64,
}

/// Days from 1970-01-01 to the given date. The month counts from 0 and may be out of range, as may the day.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year + month.div_euclid(12);
    let month = month.rem_euclid(12);
    // Years begin in March here, so that leap days come last.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month from 0 and day of a number of days since 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 { (year, month + 2, day) } else { (year + 1, month - 10, day) }
}

/// The day of the week, from Sunday, of a number of days since 1970-01-01.
pub(super) fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

impl BrokenDown {
    pub(super) fn from_seconds(seconds: i64) -> Self {
        let (days_since, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let (year, month, day) = date(days_since);
        Self {
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            weekday: weekday(days_since),
            yearday: days_since - days(year, 0, 1),
        }
    }

    pub(super) fn to_seconds(self) -> i64 {
        days(self.year, self.month, self.day) * DAY + self.hour * 3600 + self.minute * 60 + self.second
    }

    /// The year and week that ISO 8601 counts.
    pub(super) fn iso_week(&self) -> (i64, i64) {
        let monday_based = (self.weekday + 6) % 7;
        let week = (self.yearday - monday_based + 10).div_euclid(7);
        if week < 1 {
            return (self.year - 1, weeks_in(self.year - 1));
        }
        if week > weeks_in(self.year) { (self.year + 1, 1) } else { (self.year, week) }
    }
}

/// ISO weeks of a year: 53 if it begins or ends on a Thursday.
fn weeks_in(year: i64) -> i64 {
    let first = weekday(days(year, 0, 1));
    let last = weekday(days(year, 11, 31));
    if first == 4 || last == 4 { 53 } else { 52 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::BrokenDown;

    #[test]
    fn known_days() {
        let time = BrokenDown::from_seconds(1_425_599_621);
        assert_eq!((time.year, time.month, time.day, time.weekday, time.yearday), (2015, 2, 5, 4, 63));
        assert_eq!(BrokenDown::from_seconds(-100_000_000_000).year, -1199);
        assert_eq!(BrokenDown::from_seconds(1_609_459_199).iso_week(), (2020, 53));
    }

    proptest! {
        #[test]
        fn a_time_is_its_parts(seconds in -67_000_000_000_000_000_i64..67_000_000_000_000_000) {
            prop_assert_eq!(BrokenDown::from_seconds(seconds).to_seconds(), seconds);
        }
    }
}
