//! The overlay read by the table: a value and an origin for every setting, and a list of what does not fit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::overlay::{Given, Overlay, Raw};
use super::problem::Findings;
use super::table::{Effect, Kind, Setting, all, find_setting};
use super::value::{self, Parsed, Value};
use super::{BaseUrl, Origin, Secret};

/// Values of all settings that have one.
#[derive(Debug)]
pub(crate) struct Values {
    values: BTreeMap<&'static str, (Value, Origin)>,
    broken: BTreeSet<&'static str>,
}

impl Values {
    /// Reads everything; what is wrong goes to `findings`.
    pub(crate) fn read(overlay: &Overlay, findings: &mut Findings) -> Self {
        let mut read = Self { values: BTreeMap::new(), broken: BTreeSet::new() };
        for setting in all() {
            match overlay.get(setting.path) {
                Some(given) => read.take(setting, given, findings),
                None => read.take_default(setting),
            }
        }
        read
    }

    fn take(&mut self, setting: &'static Setting, given: &Given, findings: &mut Findings) {
        match parse(setting, given, findings) {
            Ok(Parsed { value, better }) => {
                if let Some(better) = better {
                    let what = format!("is read as {better}; please spell it so");
                    findings.warn(setting.variable(), Some(given.origin.clone()), what);
                }
                self.values.insert(setting.path, (value, given.origin.clone()));
            }
            Err(fault) if setting.effect == Effect::Works => {
                findings.problem(setting.variable(), Some(given.origin.clone()), fault, None);
                self.broken.insert(setting.path);
            }
            Err(fault) => findings.warn(setting.variable(), Some(given.origin.clone()), format!("is ignored: {fault}")),
        }
    }

    fn take_default(&mut self, setting: &'static Setting) {
        let default = setting.default.and_then(|text| value::parse(setting.kind, text).ok());
        if let Some(Parsed { value, .. }) = default {
            self.values.insert(setting.path, (value, Origin::Default));
        }
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        debug_assert!(find_setting(path).is_some(), "{path} is in the table");
        self.values.get(path).map(|(value, _)| value)
    }

    /// Value and origin, for showing.
    pub(crate) fn entry(&self, path: &str) -> Option<(&Value, &Origin)> {
        self.values.get(path).map(|(value, origin)| (value, origin))
    }

    /// Whether a source gave this setting, rightly or not.
    pub(crate) fn is_given(&self, path: &str) -> bool {
        self.is_broken(path) || self.given_origin(path).is_some()
    }

    /// Whether it was given and refused, so that its absence is no second problem.
    pub(crate) fn is_broken(&self, path: &str) -> bool {
        self.broken.contains(path)
    }

    /// The source that gave this setting.
    pub(crate) fn given_origin(&self, path: &str) -> Option<&Origin> {
        self.values.get(path).map(|(_, origin)| origin).filter(|origin| **origin != Origin::Default)
    }

    /// The source that gave this setting a value other than its default.
    pub(crate) fn changing_origin(&self, setting: &Setting) -> Option<&Origin> {
        let default = setting.default.and_then(|text| value::parse(setting.kind, text).ok());
        let given = self.get(setting.path);
        self.given_origin(setting.path).filter(|_| given != default.as_ref().map(|parsed| &parsed.value))
    }

    /// A text, a path or a word.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        match self.get(path)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A secret text.
    pub(crate) fn secret(&self, path: &str) -> Option<Secret> {
        self.text(path).map(Secret::new)
    }

    /// Secret texts; `None` where not one is given.
    pub(crate) fn secrets(&self, path: &str) -> Option<Vec<Secret>> {
        Some(self.list(path)?.iter().map(Secret::new).collect())
    }

    /// A list that is not empty.
    pub(crate) fn list(&self, path: &str) -> Option<&[String]> {
        match self.get(path)? {
            Value::List(items) if !items.is_empty() => Some(items),
            _ => None,
        }
    }

    /// A flag that may be unset.
    pub(crate) fn flag(&self, path: &str) -> Option<bool> {
        match self.get(path)? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// Whether a flag is set.
    pub(crate) fn is_on(&self, path: &str) -> bool {
        self.flag(path) == Some(true)
    }

    /// A number that may be unset.
    pub(crate) fn whole<N: TryFrom<u64>>(&self, path: &str) -> Option<N> {
        match self.get(path)? {
            Value::Whole(number) => N::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A number with a default; zero only where a problem was reported.
    pub(crate) fn number<N: TryFrom<u64> + Default>(&self, path: &str) -> N {
        self.whole(path).unwrap_or_default()
    }

    /// A time: of `Kind::Duration`, or a number of seconds.
    pub(crate) fn seconds(&self, path: &str) -> Duration {
        match self.get(path) {
            Some(Value::Duration(duration)) => *duration,
            Some(Value::Whole(seconds)) => Duration::from_secs(*seconds),
            Some(Value::Decimal(seconds)) => Duration::try_from_secs_f64(*seconds).unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }

    /// An address.
    pub(crate) fn url(&self, path: &str) -> Option<BaseUrl> {
        match self.get(path)? {
            Value::Url(url) => Some(url.clone()),
            _ => None,
        }
    }
}

fn parse(setting: &Setting, given: &Given, findings: &mut Findings) -> Result<Parsed, value::Fault> {
    if matches!(&given.raw, Raw::Text(text) if value::is_quoted(text)) {
        let what = "is wrapped in quotes, which count as part of the value";
        findings.warn(setting.variable(), Some(given.origin.clone()), what);
    }
    let parsed = match &given.raw {
        Raw::List(items) => Parsed { value: value::items(items), better: None },
        Raw::Text(text) if setting.kind == Kind::Text => {
            value::parse(Kind::Text, trim(setting, given, text, findings))?
        }
        Raw::Text(text) => value::parse(setting.kind, text)?,
    };
    let texts = match &parsed.value {
        Value::Text(text) => std::slice::from_ref(text),
        Value::List(items) => items,
        _ => return Ok(parsed),
    };
    // Nothing here may hold a line break: it would end up in a header, a path or a line of the log.
    if texts.iter().any(|text| text.chars().any(char::is_control)) {
        return Err("it must not contain line breaks or other control characters".into());
    }
    Ok(parsed)
}

/// Spaces around a password may be meant; a line break at its end never is, but comes with files and `echo`.
fn trim<'a>(setting: &Setting, given: &Given, text: &'a str, findings: &mut Findings) -> &'a str {
    if !setting.sensitive {
        return text.trim();
    }
    let trimmed = text.trim_end_matches(['\r', '\n']);
    if trimmed.len() < text.len() {
        findings.warn(setting.variable(), Some(given.origin.clone()), "ends with a line break, which is left out");
    }
    trimmed
}
