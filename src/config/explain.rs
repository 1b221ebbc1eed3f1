//! The answer to "why does it do that": every setting, its value and where it came from.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::table::{Effect, Setting, all};
use super::value::Value;
use super::values::Values;
use super::{Integration, Origin, Product, Secret};

/// What stands in the place of a secret.
const MASKED: &str = "********";

/// Every setting with its value and origin. Prints as a table.
#[derive(Clone, Debug)]
pub struct Explanation {
    entries: Vec<Explained>,
    secrets: Vec<Secret>,
}

/// One setting explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Place in the tree.
    pub path: &'static str,
    /// The variable that sets it.
    pub variable: String,
    /// The value in use, secrets masked; `None` where there is none.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// Whether it does anything here.
    pub effect: Effect,
}

impl Explanation {
    pub(crate) fn new(values: &Values, integration: &Integration, product: &Product, state_path: &Path) -> Self {
        let computed = |path: &str| match path {
            "integration.identifier" => Some(integration.identifier.to_string()),
            "integration.type" => Some(product.kind().integration_type().to_owned()),
            "state_path" => Some(state_path.display().to_string()),
            _ => None,
        };
        let entries = all().map(|setting| explain(setting, values, computed(setting.path))).collect();
        Self { entries, secrets: secrets(values) }
    }

    /// All settings, in the order of the documentation.
    #[must_use]
    pub fn entries(&self) -> &[Explained] {
        &self.entries
    }

    /// Values of all sensitive settings that were given, used or not.
    pub(crate) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }
}

fn explain(setting: &'static Setting, values: &Values, computed: Option<String>) -> Explained {
    let entry = values.entry(setting.path);
    let value = match entry {
        Some(_) if setting.sensitive => Some(MASKED.to_owned()),
        Some((value, _)) => Some(show(value)),
        None => computed,
    };
    let origin = entry.map_or(Origin::Default, |(_, origin)| origin.clone());
    Explained { path: setting.path, variable: setting.variable(), value, origin, effect: setting.effect }
}

fn secrets(values: &Values) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for setting in all().filter(|setting| setting.sensitive) {
        match values.entry(setting.path) {
            Some((Value::Text(text), _)) => secrets.push(Secret::new(text)),
            Some((Value::List(items), _)) => secrets.extend(items.iter().map(Secret::new)),
            _ => {}
        }
    }
    secrets
}

fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Flag(flag) => flag.to_string(),
        Value::Whole(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Url(url) => url.to_string(),
        Value::List(items) => items.join(","),
        Value::Duration(duration) => time(*duration),
    }
}

/// In the largest unit that needs no fraction.
fn time(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let units = [(3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let fitting = units.into_iter().find(|(unit, _)| milliseconds > 0 && milliseconds.is_multiple_of(*unit));
    fitting.map_or_else(|| format!("{milliseconds}ms"), |(unit, name)| format!("{}{name}", milliseconds / unit))
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.entries.iter().map(|entry| entry.variable.len()).max().unwrap_or_default();
        // A single long value does not push all origins out of sight.
        let width = |entry: &Explained| entry.value.as_ref().map_or(1, |value| value.chars().count());
        let value = self.entries.iter().map(width).filter(|width| *width <= 48).max().unwrap_or_default();
        for entry in &self.entries {
            let shown = entry.value.as_deref().unwrap_or("-");
            write!(f, "{:name$}  {shown:value$}  {}", entry.variable, entry.origin)?;
            if entry.effect != Effect::Works && entry.origin != Origin::Default {
                f.write_str(" (no effect)")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
