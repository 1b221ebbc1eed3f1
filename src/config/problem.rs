//! What is wrong with the settings, all of it, and what is merely odd.

use std::fmt;

use super::Origin;

/// One thing that must be mended before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting (its variable) or the file concerned.
    pub key: String,
    /// Where the value came from; `None` where a value is missing.
    pub origin: Option<Origin>,
    /// What is wrong. Values of secret settings never occur in it.
    pub what: String,
    /// What to do, where `what` does not say it.
    pub fix: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)?;
        write_origin(f, &self.key, self.origin.as_ref())?;
        if let Some(fix) = &self.fix {
            write!(f, "\n    {fix}")?;
        }
        Ok(())
    }
}

/// Something accepted that deserves a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key as written, or the setting.
    pub key: String,
    /// Where it stands.
    pub origin: Option<Origin>,
    /// What is odd, and what was made of it.
    pub what: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)?;
        write_origin(f, &self.key, self.origin.as_ref())
    }
}

fn write_origin(f: &mut fmt::Formatter<'_>, key: &str, origin: Option<&Origin>) -> fmt::Result {
    match origin {
        // The key names the variable already.
        Some(Origin::Variable { name }) if name == key => Ok(()),
        Some(origin) => write!(f, " [{origin}]"),
        None => Ok(()),
    }
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SettingsErrors {
    /// At least one: what cannot be read, then single values, then what does not fit together.
    pub problems: Vec<Problem>,
    /// What was noticed besides; often the cause of a problem (a misspelt key).
    pub warnings: Vec<Warning>,
    /// What is missing for the connection to Port, which not every command needs.
    pub(crate) for_port: Vec<Problem>,
}

impl SettingsErrors {
    /// These problems, with what was noticed besides.
    #[must_use]
    pub const fn new(problems: Vec<Problem>, warnings: Vec<Warning>) -> Self {
        Self { problems, warnings, for_port: Vec::new() }
    }

    /// The same for a command that needs Port: what is missing for it counts as well.
    #[must_use]
    pub fn including_port(mut self) -> Self {
        self.problems.append(&mut self.for_port);
        self
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        writeln!(f, "the settings cannot be used: {count} {}", if count == 1 { "problem" } else { "problems" })?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        for warning in &self.warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}

/// Collects what a reading of the settings brings up.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Warning>,
    /// What is missing for the connection to Port.
    pub(crate) for_port: Vec<Problem>,
    /// A source could not be read, so what seems missing may stand in it.
    pub(crate) incomplete: bool,
    unlisted: usize,
}

/// More warnings than this help nobody, and a hostile file could bring millions.
const MOST_WARNINGS: usize = 50;

impl Findings {
    pub(crate) fn problem(
        &mut self,
        key: impl Into<String>,
        origin: Option<Origin>,
        what: impl Into<String>,
        fix: Option<String>,
    ) {
        if self.problems.len() < MOST_WARNINGS {
            self.problems.push(Problem { key: key.into(), origin, what: what.into(), fix });
        }
    }

    /// A setting that is needed and that no source gives; said only if all sources could be read.
    pub(crate) fn missing(
        &mut self,
        key: impl Into<String>,
        origin: Option<Origin>,
        what: impl Into<String>,
        fix: String,
    ) {
        if !self.incomplete {
            self.problem(key, origin, what, Some(fix));
        }
    }

    pub(crate) fn warn(&mut self, key: impl Into<String>, origin: Option<Origin>, what: impl Into<String>) {
        if self.is_full() {
            self.unlisted += 1;
        } else {
            self.warnings.push(Warning { key: key.into(), origin, what: what.into() });
        }
    }

    /// Whether further warnings are only counted, so that no effort need go into them.
    pub(crate) fn is_full(&self) -> bool {
        self.warnings.len() >= MOST_WARNINGS
    }

    /// Closes the list.
    pub(crate) fn finish(mut self) -> SettingsErrors {
        if self.unlisted > 0 {
            let what = format!("{} further warnings are not shown", self.unlisted);
            self.warnings.push(Warning { key: "settings".into(), origin: None, what });
        }
        let for_port = if self.incomplete { Vec::new() } else { self.for_port };
        SettingsErrors { problems: self.problems, warnings: self.warnings, for_port }
    }
}
