//! From text to the value of a setting.

use std::time::Duration;

use super::source::read_json;
use super::table::Kind;
use super::{BaseUrl, Origin, key};
use crate::config::node::Shape;

/// A value of its kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// `Kind::Text`, `Kind::Path` and, in its right spelling, `Kind::Choice`.
    Text(String),
    /// `Kind::Flag`
    Flag(bool),
    /// `Kind::Whole`, and minutes.
    Whole(u64),
    /// `Kind::Decimal`
    Decimal(f64),
    /// `Kind::Url`
    Url(BaseUrl),
    /// `Kind::List`, without empty items.
    List(Vec<String>),
    /// `Kind::Duration`
    Duration(Duration),
}

/// A value and what is odd about how it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) value: Value,
    /// The right spelling, where another was accepted.
    pub(crate) better: Option<&'static str>,
}

/// What is wrong with a text, as the end of a sentence; never quotes the text.
pub(crate) type Fault = String;

/// Reads a text as a value of this kind.
pub(crate) fn parse(kind: Kind, text: &str) -> Result<Parsed, Fault> {
    let trimmed = text.trim();
    let value = match kind {
        Kind::Text => Value::Text(text.to_owned()),
        Kind::Path => Value::Text(trimmed.to_owned()),
        Kind::Choice(words) => return choice(words, trimmed),
        Kind::Flag => Value::Flag(flag(trimmed).ok_or_else(|| expected(kind))?),
        Kind::Whole { least, most } => {
            let number = trimmed.parse().ok().filter(|number| (least..=most).contains(number));
            Value::Whole(number.ok_or_else(|| expected(kind))?)
        }
        Kind::Decimal => Value::Decimal(decimal(trimmed).ok_or_else(|| expected(kind))?),
        Kind::Url => Value::Url(trimmed.parse()?),
        Kind::List => Value::List(list(trimmed)?),
        Kind::Duration => Value::Duration(duration(trimmed).ok_or_else(|| expected(kind))?),
        Kind::Minutes(allowed) => {
            let minutes = minutes(trimmed).filter(|minutes| allowed.contains(minutes));
            Value::Whole(minutes.ok_or_else(|| expected(kind))?)
        }
    };
    Ok(Parsed { value, better: None })
}

/// Whether a value is wrapped in quotes: `docker --env-file` and Kubernetes keep those that a shell removes.
pub(crate) fn is_quoted(text: &str) -> bool {
    let text = text.trim();
    text.len() > 1 && ['"', '\''].into_iter().any(|quote| text.starts_with(quote) && text.ends_with(quote))
}

/// Items of a sequence, without the empty ones.
pub(crate) fn items(items: &[String]) -> Value {
    Value::List(items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
}

fn expected(kind: Kind) -> Fault {
    format!("expected {}", kind.expected())
}

fn choice(words: &'static [&'static str], text: &str) -> Result<Parsed, Fault> {
    if let Some(word) = words.iter().find(|word| **word == text) {
        return Ok(Parsed { value: Value::Text((*word).to_owned()), better: None });
    }
    if let Some(word) = words.iter().find(|word| key::squash(word) == key::squash(text)) {
        return Ok(Parsed { value: Value::Text((*word).to_owned()), better: Some(word) });
    }
    let hint = key::nearest(text, words.iter().copied()).map(|word| format!("; did you mean {word}?"));
    Err(format!("expected one of {}{}", words.join(", "), hint.unwrap_or_default()))
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "t" | "y" => Some(true),
        "false" | "no" | "off" | "0" | "f" | "n" => Some(false),
        _ => None,
    }
}

/// Bounded, so that it fits a `Duration` of seconds.
fn decimal(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| (0.0..=1e9).contains(number))
}

fn list(text: &str) -> Result<Vec<String>, Fault> {
    let Value::List(list) = (if text.starts_with('[') {
        items(&json_items(text)?)
    } else {
        items(&text.split(',').map(str::to_owned).collect::<Vec<_>>())
    }) else {
        return Ok(Vec::new());
    };
    Ok(list)
}

fn json_items(text: &str) -> Result<Vec<String>, Fault> {
    let node = read_json(text, &Origin::Default).map_err(|unreadable| unreadable.what)?;
    let Shape::List(nodes) = node.shape else { return Err("expected a JSON array".into()) };
    nodes
        .into_iter()
        .map(|node| match node.shape {
            Shape::Text(text) => Ok(text),
            _ => Err("expected a JSON array of texts".into()),
        })
        .collect()
}

/// A number and its unit in milliseconds; 0 where none is written.
fn unit(text: &str) -> Option<(u64, u64)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit.trim() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "" => 0,
        _ => return None,
    };
    Some((number.parse().ok()?, milliseconds))
}

/// At most a hundred years, far from where arithmetic on instants overflows.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = unit(text)?;
    let unit = if unit == 0 { 1000 } else { unit };
    number.checked_mul(unit).filter(|time| *time <= 3_153_600_000_000).map(Duration::from_millis)
}

fn minutes(text: &str) -> Option<u64> {
    match unit(text)? {
        (number, 0) => Some(number),
        (number, unit) => number.checked_mul(unit).filter(|time| time % 60_000 == 0).map(|time| time / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn read(kind: Kind, text: &str) -> Result<Value, Fault> {
        parse(kind, text).map(|parsed| parsed.value)
    }

    #[rstest]
    #[case("true", true)]
    #[case("Yes", true)]
    #[case("ON", true)]
    #[case("1", true)]
    #[case("false", false)]
    #[case("no", false)]
    #[case(" off ", false)]
    #[case("0", false)]
    fn flags(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(read(Kind::Flag, text), Ok(Value::Flag(expected)));
    }

    #[rstest]
    #[case("https://bitbucket.example.com/git//", "https://bitbucket.example.com/git")]
    #[case("http://127.0.0.1:7990/", "http://127.0.0.1:7990")]
    fn addresses(#[case] text: &str, #[case] expected: &str) {
        let Ok(Value::Url(url)) = read(Kind::Url, text) else { panic!("refused") };
        assert_eq!(url.as_str(), expected);
    }

    #[rstest]
    #[case(Kind::Flag, "maybe")]
    #[case(Kind::Whole { least: 1, most: 10 }, "11")]
    #[case(Kind::Whole { least: 1, most: 10 }, "1.5")]
    #[case(Kind::Whole { least: 1, most: 10 }, "-1")]
    #[case(Kind::Decimal, "NaN")]
    #[case(Kind::Decimal, "inf")]
    #[case(Kind::Decimal, "-1")]
    #[case(Kind::Url, "bitbucket.example.com")]
    #[case(Kind::Url, "ftp://bitbucket.example.com")]
    #[case(Kind::Url, "https://me:secret@bitbucket.example.com")]
    #[case(Kind::Url, "https://bitbucket.example.com?x=1")]
    #[case(Kind::Choice(&["POLLING"]), "POLING")]
    #[case(Kind::List, "[1, {}]")]
    #[case(Kind::Duration, "soon")]
    #[case(Kind::Duration, "99999999999999999d")]
    #[case(Kind::Minutes(&[15]), "16")]
    #[case(Kind::Minutes(&[15]), "15s")]
    fn refusals(#[case] kind: Kind, #[case] text: &str) {
        let fault = read(kind, text).unwrap_err();
        assert!(fault.contains("expected") || fault.contains("must"), "{fault}");
        assert!(!fault.contains("secret"), "{fault}");
    }

    #[rstest]
    #[case("a, b ,,", &["a", "b"])]
    #[case(r#"["a", 2]"#, &["a", "2"])]
    #[case(",", &[])]
    fn lists(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(read(Kind::List, text), Ok(Value::List(expected.iter().map(|&item| item.into()).collect())));
    }

    #[rstest]
    #[case("90", 90)]
    #[case("2000ms", 2)]
    #[case("2m", 120)]
    #[case("24h", 86_400)]
    #[case("7d", 604_800)]
    fn durations(#[case] text: &str, #[case] seconds: u64) {
        assert_eq!(read(Kind::Duration, text), Ok(Value::Duration(Duration::from_secs(seconds))));
    }

    #[rstest]
    #[case("15", 15)]
    #[case("15m", 15)]
    #[case("1h", 60)]
    fn minutes_or_times(#[case] text: &str, #[case] expected: u64) {
        assert_eq!(read(Kind::Minutes(&[15, 30, 60]), text), Ok(Value::Whole(expected)));
    }

    #[test]
    fn other_case_is_accepted_and_noticed() {
        let parsed = parse(Kind::Choice(&["INFO", "DEBUG"]), "debug").unwrap();
        assert_eq!((parsed.value, parsed.better), (Value::Text("DEBUG".into()), Some("DEBUG")));
    }

    #[test]
    fn a_secret_of_digits_stays_text() {
        assert_eq!(read(Kind::Text, "0123456789"), Ok(Value::Text("0123456789".into())));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,64}") {
            for kind in [Kind::Text, Kind::Flag, Kind::Decimal, Kind::Url, Kind::Path, Kind::List, Kind::Duration,
                Kind::Whole { least: 0, most: u64::MAX }, Kind::Choice(&["A"]), Kind::Minutes(&[15])] {
                let _ = parse(kind, &text);
            }
        }
    }
}
