//! One message of the log, read from a tracing event within bounds.

use std::fmt::{self, Write};

use time::OffsetDateTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::Masker;

/// What is taken of one text before masking: cut here, a secret cannot be cut where it would be shown.
const LONGEST_TAKEN: usize = 64 << 10;
/// What is shown of one text.
const LONGEST_SHOWN: usize = 16 << 10;
/// Fields beyond these are left out.
const MOST_FIELDS: usize = 64;

/// A message with its fields, masked and bounded: what a line shows, and what may be copied elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub timestamp: OffsetDateTime,
    /// `ERROR`, `WARNING`, `INFO` or `DEBUG`.
    pub level: &'static str,
    /// The module that spoke.
    pub target: String,
    /// What it said.
    pub message: String,
    /// What it said besides, in order.
    pub fields: Vec<(&'static str, String)>,
}

impl Record {
    /// Reads an event.
    #[must_use]
    pub fn of(event: &Event<'_>, timestamp: OffsetDateTime, masker: &Masker) -> Self {
        let metadata = event.metadata();
        let mut taken = Taken { masker, message: String::new(), fields: Vec::new() };
        event.record(&mut taken);
        Self {
            timestamp,
            level: level_name(*metadata.level()),
            target: metadata.target().to_owned(),
            message: taken.message,
            fields: taken.fields,
        }
    }
}

/// Levels as Port's runtime names them.
fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

/// Masks a text and shortens it to what is shown.
pub(super) fn presentable(text: &str, masker: &Masker) -> String {
    let mut shown = masker.mask(text).into_owned();
    if shown.len() > LONGEST_SHOWN {
        let end = (0..=LONGEST_SHOWN).rev().find(|end| shown.is_char_boundary(*end)).unwrap_or_default();
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

struct Taken<'a> {
    masker: &'a Masker,
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Taken<'_> {
    fn take(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if self.fields.len() >= MOST_FIELDS {
            return;
        }
        let mut bounded = Bounded(String::new());
        // An error only says that the bound was reached.
        let _ = bounded.write_fmt(value);
        let text = presentable(&bounded.0, self.masker);
        if field.name() == "message" {
            self.message = text;
        } else {
            self.fields.push((field.name(), text));
        }
    }
}

impl Visit for Taken<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.take(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format_args!("{value:?}"));
    }
}

/// Takes text up to a bound and stops the writer there.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST_TAKEN.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        self.0.push_str(text.get(..end).unwrap_or_default());
        Err(fmt::Error)
    }
}
