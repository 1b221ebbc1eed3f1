//! `strptime` in the C locale.

use super::calendar::{BrokenDown, days, weekday};
use super::write::{MONTHS, WEEKDAYS};

/// What jq puts into parts that `strptime` may leave alone.
const NO_WEEKDAY: i64 = 8;
const NO_YEARDAY: i64 = 367;

/// A time being read, and what is known of it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says that one directive was read")]
struct Reading {
    time: BrokenDown,
    century: Option<i64>,
    year_of_century: Option<i64>,
    pm: Option<bool>,
    twelve_hours: bool,
    has_weekday: bool,
    has_yearday: bool,
    has_month: bool,
    has_day: bool,
    /// The date says more than its parts: weekday and day of the year are to be calculated.
    wants_days: bool,
    week_from_sunday: Option<i64>,
    week_from_monday: Option<i64>,
}

/// Reads a time; gives it with what follows it in the text. `None` if the text does not fit the format.
pub(super) fn read<'t>(text: &'t str, format: &str) -> Option<(BrokenDown, &'t str)> {
    let mut reading = Reading {
        time: BrokenDown {
            year: 1900,
            month: 0,
            day: 0,
            hour: 0,
            minute: 0,
            second: 0,
            weekday: NO_WEEKDAY,
            yearday: NO_YEARDAY,
        },
        century: None,
        year_of_century: None,
        pm: None,
        twelve_hours: false,
        has_weekday: false,
        has_yearday: false,
        has_month: false,
        has_day: false,
        wants_days: false,
        week_from_sunday: None,
        week_from_monday: None,
    };
    let rest = reading.fit(text, format)?;
    reading.complete();
    Some((reading.time, rest))
}

/// A number of at most `digits` digits within a range, after blanks.
fn number(text: &str, range: std::ops::RangeInclusive<i64>, digits: usize) -> Option<(i64, &str)> {
    let text = text.trim_start_matches(' ');
    let length = text.bytes().take(digits).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(length)?;
    let number = number.parse().ok().filter(|number| range.contains(number))?;
    Some((number, rest))
}

/// The position of the name that the text begins with, whole or by its first three letters.
fn name<'t>(text: &'t str, names: &[&str]) -> Option<(i64, &'t str)> {
    let starts = |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    for (position, name) in names.iter().enumerate() {
        for form in [*name, name.get(..3)?] {
            if starts(form) {
                return Some((i64::try_from(position).ok()?, text.get(form.len()..)?));
            }
        }
    }
    None
}

impl Reading {
    fn fit<'t>(&mut self, text: &'t str, format: &str) -> Option<&'t str> {
        let mut text = text;
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c.is_whitespace() {
                text = text.trim_start();
            } else if c == '%' {
                let mut letter = chars.next()?;
                while matches!(letter, 'E' | 'O' | '-' | '_' | '0' | '^' | '#') {
                    letter = chars.next()?;
                }
                text = self.directive(text, letter)?;
            } else {
                text = text.strip_prefix(c)?;
            }
        }
        Some(text)
    }

    fn directive<'t>(&mut self, text: &'t str, letter: char) -> Option<&'t str> {
        match letter {
            'D' | 'x' => return self.fit(text, "%m/%d/%y"),
            'F' => return self.fit(text, "%Y-%m-%d"),
            'T' | 'X' => return self.fit(text, "%H:%M:%S"),
            'R' => return self.fit(text, "%H:%M"),
            'r' => return self.fit(text, "%I:%M:%S %p"),
            'c' => return self.fit(text, "%a %b %e %H:%M:%S %Y"),
            'n' | 't' => return Some(text.trim_start()),
            '%' => return text.strip_prefix('%'),
            'Z' => return Some(text.trim_start().trim_start_matches(|c: char| !c.is_whitespace())),
            'z' => return zone(text.trim_start()),
            'p' => return self.half(text),
            's' => return self.epoch(text),
            _ => {}
        }
        self.date(text, letter).or_else(|| self.time(text, letter))
    }

    fn date<'t>(&mut self, text: &'t str, letter: char) -> Option<&'t str> {
        let (value, rest) = match letter {
            'a' | 'A' => name(text, &WEEKDAYS)?,
            'b' | 'B' | 'h' => name(text, &MONTHS)?,
            'C' | 'y' | 'g' => number(text, 0..=99, 2)?,
            'd' | 'e' => number(text, 1..=31, 2)?,
            'j' => number(text, 1..=366, 3)?,
            'm' => number(text, 1..=12, 2)?,
            'u' => number(text, 1..=7, 1)?,
            'U' | 'V' | 'W' => number(text, 0..=53, 2)?,
            'w' => number(text, 0..=6, 1)?,
            'Y' | 'G' => number(text, 0..=9999, 4)?,
            _ => return None,
        };
        match letter {
            'a' | 'A' | 'u' | 'w' => (self.time.weekday, self.has_weekday) = (value % 7, true),
            'b' | 'B' | 'h' => (self.time.month, self.has_month, self.wants_days) = (value, true, true),
            'm' => (self.time.month, self.has_month, self.wants_days) = (value - 1, true, true),
            'C' => (self.century, self.wants_days) = (Some(value), true),
            'y' => (self.year_of_century, self.wants_days) = (Some(value), true),
            'Y' => {
                (self.time.year, self.wants_days) = (value, true);
                (self.century, self.year_of_century) = (None, None);
            }
            'd' | 'e' => (self.time.day, self.has_day, self.wants_days) = (value, true, true),
            'j' => (self.time.yearday, self.has_yearday) = (value - 1, true),
            'U' => self.week_from_sunday = Some(value),
            'W' => self.week_from_monday = Some(value),
            _ => {}
        }
        Some(rest)
    }

    fn time<'t>(&mut self, text: &'t str, letter: char) -> Option<&'t str> {
        let (value, rest) = match letter {
            'H' | 'k' => number(text, 0..=23, 2)?,
            'I' | 'l' => number(text, 1..=12, 2)?,
            'M' => number(text, 0..=59, 2)?,
            'S' => number(text, 0..=61, 2)?,
            _ => return None,
        };
        match letter {
            'H' | 'k' => (self.time.hour, self.twelve_hours) = (value, false),
            'I' | 'l' => (self.time.hour, self.twelve_hours) = (value % 12, true),
            'M' => self.time.minute = value,
            _ => self.time.second = value,
        }
        Some(rest)
    }

    fn half<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let half = text.get(..2)?;
        self.pm = Some(if half.eq_ignore_ascii_case("pm") {
            true
        } else if half.eq_ignore_ascii_case("am") {
            false
        } else {
            return None;
        });
        text.get(2..)
    }

    fn epoch<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let length = text.bytes().take(15).take_while(u8::is_ascii_digit).count();
        let (seconds, rest) = text.split_at_checked(length)?;
        self.time = BrokenDown::from_seconds(seconds.parse().ok()?);
        (self.has_weekday, self.has_yearday, self.has_month, self.has_day) = (true, true, true, true);
        Some(rest)
    }

    /// Works out what follows from the parts that were read.
    fn complete(&mut self) {
        if self.twelve_hours && self.pm == Some(true) {
            self.time.hour += 12;
        }
        match (self.century, self.year_of_century) {
            (Some(century), year) => self.time.year = century * 100 + year.unwrap_or(0),
            (None, Some(year)) => self.time.year = if year < 69 { 2000 + year } else { 1900 + year },
            (None, None) => {}
        }
        if self.wants_days && self.has_yearday && !(self.has_month && self.has_day) {
            self.date_from_yearday();
        }
        if self.wants_days && self.has_weekday && !self.has_yearday && !(self.has_month && self.has_day) {
            self.date_from_week();
        }
        if self.wants_days {
            let date = days(self.time.year, self.time.month, self.time.day);
            if !self.has_weekday {
                self.time.weekday = weekday(date);
            }
            if !self.has_yearday {
                self.time.yearday = date - days(self.time.year, 0, 1);
            }
        }
    }

    fn date_from_yearday(&mut self) {
        let date = BrokenDown::from_seconds(86_400 * (days(self.time.year, 0, 1) + self.time.yearday));
        if !self.has_month {
            self.time.month = date.month;
        }
        if !self.has_day {
            self.time.day = date.day;
        }
    }

    /// From the number of the week and the day of the week.
    fn date_from_week(&mut self) {
        let (week, first_day) = match (self.week_from_sunday, self.week_from_monday) {
            (Some(week), _) => (week, 0),
            (None, Some(week)) => (week, 1),
            (None, None) => return,
        };
        let january = weekday(days(self.time.year, 0, 1));
        let offset = (7 - (january - first_day)) % 7;
        let day = offset + (week - 1) * 7 + (self.time.weekday - first_day).rem_euclid(7);
        (self.time.yearday, self.has_yearday) = (day, true);
        self.date_from_yearday();
        (self.has_month, self.has_day) = (true, true);
    }
}

/// Skips an offset such as `Z`, `+02`, `+0200` or `+02:00`: jq does not apply it.
fn zone(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some(rest);
    }
    let digits = text.strip_prefix(['+', '-'])?;
    let mut rest = digits;
    let mut count = 0;
    while count < 4 {
        let Some(next) = rest.strip_prefix(|c: char| c.is_ascii_digit()) else { break };
        rest = next;
        count += 1;
        if count == 2
            && let Some(next) = rest.strip_prefix(':')
        {
            rest = next;
        }
    }
    (count == 2 || count == 4).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;

    #[test]
    fn parts_follow_from_each_other() {
        let parts = |text: &str, format: &str| {
            let (time, rest) = read(text, format).expect("a time");
            (time.year, time.month, time.day, time.hour, time.weekday, time.yearday, rest.to_owned())
        };
        for (text, format, expected) in [
            ("2015-03-05", "%Y-%m-%d", (2015, 2, 5, 0, 4, 63)),
            ("05/03/15 4:05 PM", "%d/%m/%y %I:%M %p", (2015, 2, 5, 16, 4, 63)),
            ("10:20", "%H:%M", (1900, 0, 0, 10, 8, 367)),
            ("2015 64", "%Y %j", (2015, 2, 5, 0, 4, 63)),
            ("2015 10 4", "%Y %U %w", (2015, 2, 12, 0, 4, 70)),
            ("  2015", "%Y", (2015, 0, 0, 0, 3, -1)),
            ("5 Thursday", "%d %A", (1900, 0, 5, 0, 4, 4)),
        ] {
            let (year, month, day, hour, weekday, yearday, rest) = parts(text, format);
            assert_eq!((year, month, day, hour, weekday, yearday), expected, "{text}");
            assert_eq!(rest, "");
        }
        assert_eq!(read("2015-13-05", "%Y-%m-%d"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,24}", format in "(%[a-zA-Z%]|.){0,8}") {
            let _ = read(&text, &format);
        }
    }
}
