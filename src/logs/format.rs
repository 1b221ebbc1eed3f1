//! The forms of a line.

use std::fmt;

use serde_json::{Map, Value, json};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::record::presentable;
use super::{Masker, Record};
use crate::config::LogFormat;

/// As Port's runtime writes it, in UTC.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]");

/// Formats events for the fmt layer.
#[derive(Clone, Debug)]
pub(super) struct LineFormat {
    pub(super) format: LogFormat,
    pub(super) context: Context,
    pub(super) masker: Masker,
    pub(super) clock: fn() -> OffsetDateTime,
}

/// When a text line shows the fields of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// On every line, as Port's runtime does at `DEBUG`.
    Always,
    /// Only where something is wrong.
    OnTrouble,
}

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let record = Record::of(event, (self.clock)(), &self.masker);
        let spans = spans(ctx, &self.masker);
        match self.format {
            LogFormat::Text => self.text(&mut writer, &record, &spans),
            LogFormat::Json => writeln!(writer, "{}", as_json(&record, &spans)),
        }
    }
}

impl LineFormat {
    fn text(&self, writer: &mut Writer<'_>, record: &Record, spans: &[(String, String)]) -> fmt::Result {
        let timestamp = record.timestamp.to_offset(UtcOffset::UTC).format(TIMESTAMP).map_err(|_| fmt::Error)?;
        write!(writer, "{timestamp} | {:8} | ", record.level)?;
        write_line(writer, &record.message)?;
        let is_trouble = matches!(record.level, "ERROR" | "WARNING");
        if self.context == Context::Always || is_trouble {
            write_context(writer, record, spans)?;
        }
        writeln!(writer)
    }
}

fn write_context(writer: &mut Writer<'_>, record: &Record, spans: &[(String, String)]) -> fmt::Result {
    let mut separator = " | {";
    for (name, value) in &record.fields {
        write!(writer, "{separator}{name}=")?;
        write_line(writer, value)?;
        separator = ", ";
    }
    for (name, fields) in spans {
        write!(writer, "{separator}{name}:")?;
        write_line(writer, fields)?;
        separator = ", ";
    }
    if separator == ", " { writer.write_char('}') } else { Ok(()) }
}

/// One message is one line, and nothing in it can steer a terminal.
fn write_line(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        match c {
            '\t' => writer.write_char(' ')?,
            c if c.is_control() => write!(writer, "{}", c.escape_default())?,
            c => writer.write_char(c)?,
        }
    }
    Ok(())
}

fn as_json(record: &Record, spans: &[(String, String)]) -> Value {
    let timestamp = record.timestamp.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default();
    let fields: Map<String, Value> =
        record.fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let mut line = json!({
        "timestamp": timestamp,
        "level": record.level,
        "message": record.message,
        "target": record.target,
    });
    if !fields.is_empty() {
        line["fields"] = Value::Object(fields);
    }
    if !spans.is_empty() {
        line["spans"] = spans.iter().map(|(name, fields)| json!({ "name": name, "fields": fields })).collect();
    }
    line
}

/// Names and fields of the spans around the event, outermost first; fields were formatted when recorded.
fn spans<S, N>(ctx: &FmtContext<'_, S, N>, masker: &Masker) -> Vec<(String, String)>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    let Some(scope) = ctx.event_scope() else { return Vec::new() };
    let describe = |span: tracing_subscriber::registry::SpanRef<'_, S>| {
        let extensions = span.extensions();
        let fields = extensions.get::<FormattedFields<N>>().map_or("", |fields| fields.fields.as_str());
        (span.name().to_owned(), presentable(fields, masker))
    };
    scope.from_root().map(describe).filter(|(_, fields)| !fields.is_empty()).collect()
}
