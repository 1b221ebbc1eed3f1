//! `strftime` in the C locale.

use std::fmt::Write as _;

use super::calendar::BrokenDown;

pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Widest field that a format may ask for.
const MAX_WIDTH: usize = 64;

/// Flags and width between `%` and the letter.
#[derive(Debug, Default, Clone, Copy)]
struct Field {
    padding: Option<char>,
    upper: bool,
    swap: bool,
    width: Option<usize>,
}

impl Field {
    fn number(&self, value: i64, width: usize, padding: char, output: &mut String) {
        let padding = self.padding.unwrap_or(padding);
        let width = if padding == '-' { 0 } else { self.width.unwrap_or(width) };
        let sign = if value < 0 { "-" } else { "" };
        let digits = value.unsigned_abs().to_string();
        let fill = width.saturating_sub(digits.len() + sign.len());
        if padding == '_' || padding == ' ' {
            output.extend(std::iter::repeat_n(' ', fill));
            output.push_str(sign);
        } else {
            output.push_str(sign);
            output.extend(std::iter::repeat_n('0', fill));
        }
        output.push_str(&digits);
    }

    fn text(&self, text: &str, output: &mut String) {
        let padding = if self.padding == Some('0') { '0' } else { ' ' };
        output.extend(std::iter::repeat_n(padding, self.width.unwrap_or(0).saturating_sub(text.len())));
        match (self.upper, self.swap) {
            (true, _) => output.push_str(&text.to_ascii_uppercase()),
            (_, true) if text.chars().all(|c| c.is_ascii_uppercase()) => output.push_str(&text.to_ascii_lowercase()),
            (_, true) => output.push_str(&text.to_ascii_uppercase()),
            _ => output.push_str(text),
        }
    }
}

pub(super) fn write(time: &BrokenDown, format: &str, zone: &str) -> String {
    let mut output = String::new();
    let mut rest = format;
    while let Some(start) = rest.find('%') {
        let (before, directive) = rest.split_at(start);
        output.push_str(before);
        let (field, letter, length) = parse(directive);
        let known = letter.is_some_and(|letter| directive_to(time, letter, field, zone, &mut output));
        if !known {
            output.push_str(directive.get(..length).unwrap_or(directive));
        }
        rest = directive.get(length..).unwrap_or_default();
    }
    output.push_str(rest);
    output
}

/// The flags, the letter and the length in bytes of a directive at the start of the text.
fn parse(directive: &str) -> (Field, Option<char>, usize) {
    let mut field = Field::default();
    let mut chars = directive.char_indices().skip(1).peekable();
    while let Some((_, c)) = chars.next_if(|(_, c)| "-_0^#".contains(*c)) {
        match c {
            '^' => field.upper = true,
            '#' => field.swap = true,
            padding => field.padding = Some(padding),
        }
    }
    while let Some((_, c)) = chars.next_if(|(_, c)| c.is_ascii_digit()) {
        let width = field.width.unwrap_or(0) * 10 + c.to_digit(10).unwrap_or(0) as usize;
        field.width = Some(width.min(MAX_WIDTH));
    }
    if let Some((at, _)) = chars.next_if(|(_, c)| *c == 'E' || *c == 'O')
        && chars.peek().is_none_or(|(_, c)| !c.is_ascii_alphabetic())
    {
        return (field, None, at + 1);
    }
    match chars.next() {
        Some((at, letter)) => (field, Some(letter), at + letter.len_utf8()),
        None => (field, None, directive.len()),
    }
}

/// Writes one directive; false if there is none of that letter.
fn directive_to(time: &BrokenDown, letter: char, field: Field, zone: &str, output: &mut String) -> bool {
    let two = |value: i64, output: &mut String| field.number(value, 2, '0', output);
    let hour12 = if time.hour % 12 == 0 { 12 } else { time.hour % 12 };
    let name = |names: &[&'static str], index: i64| {
        usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or("?")
    };
    let short = |text: &'static str| text.get(..3).unwrap_or(text);
    let composed = |format: &str, output: &mut String| field.text(&write(time, format, zone), output);
    match letter {
        'a' => field.text(short(name(&WEEKDAYS, time.weekday)), output),
        'A' => field.text(name(&WEEKDAYS, time.weekday), output),
        'b' | 'h' => field.text(short(name(&MONTHS, time.month)), output),
        'B' => field.text(name(&MONTHS, time.month), output),
        'c' => composed("%a %b %e %H:%M:%S %Y", output),
        'C' => two(time.year.div_euclid(100), output),
        'd' => two(time.day, output),
        'D' | 'x' => composed("%m/%d/%y", output),
        'e' => field.number(time.day, 2, '_', output),
        'F' => composed("%Y-%m-%d", output),
        'g' => two(time.iso_week().0.rem_euclid(100), output),
        'G' => field.number(time.iso_week().0, 1, '0', output),
        'H' => two(time.hour, output),
        'I' => two(hour12, output),
        'j' => field.number(time.yearday + 1, 3, '0', output),
        'k' => field.number(time.hour, 2, '_', output),
        'l' => field.number(hour12, 2, '_', output),
        'm' => two(time.month + 1, output),
        'M' => two(time.minute, output),
        'n' => output.push('\n'),
        'p' => field.text(if time.hour < 12 { "AM" } else { "PM" }, output),
        'P' => field.text(if time.hour < 12 { "am" } else { "pm" }, output),
        'r' => composed("%I:%M:%S %p", output),
        'R' => composed("%H:%M", output),
        's' => field.number(time.to_seconds(), 1, '0', output),
        'S' => two(time.second, output),
        't' => output.push('\t'),
        'T' | 'X' => composed("%H:%M:%S", output),
        'u' => field.number(if time.weekday == 0 { 7 } else { time.weekday }, 1, '0', output),
        'U' => two((time.yearday - time.weekday + 7) / 7, output),
        'V' => two(time.iso_week().1, output),
        'w' => field.number(time.weekday, 1, '0', output),
        'W' => two((time.yearday - (time.weekday + 6) % 7 + 7) / 7, output),
        'y' => two(time.year.rem_euclid(100), output),
        'Y' => field.number(time.year, 1, '0', output),
        'z' => _ = write!(output, "+0000"),
        'Z' => field.text(zone, output),
        '%' => output.push('%'),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::calendar::BrokenDown;
    use super::write;

    #[test]
    fn directives() {
        let time = BrokenDown::from_seconds(1_425_599_621);
        for (format, expected) in [
            ("%A, %B %d, %Y", "Thursday, March 05, 2015"),
            ("%j %U %w %a %b %e %I %p %y %C %G %V %u %s", "064 09 4 Thu Mar  5 11 PM 15 20 2015 10 4 1425599621"),
            (
                "%c|%x|%X|%D|%F|%R|%r",
                "Thu Mar  5 23:53:41 2015|03/05/15|23:53:41|03/05/15|2015-03-05|23:53|11:53:41 PM",
            ),
            ("%-d %_d %05d %^a %10Y %E %EY %Od %Q %", "5  5 00005 THU 0000002015 %E 2015 05 %Q %"),
            ("%k %l %P %g %W %Z %z%%", "23 11 pm 15 09 GMT +0000%"),
        ] {
            assert_eq!(write(&time, format, "GMT"), expected, "{format}");
        }
    }
}
