//! Connects the log of the program with the copy at Port.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::logs::{LogRecord, LogSink};

/// Copies events of this program to a [`LogSink`], except those with a field `local`, and the details of
/// speaking to Port, which would each cause another.
#[derive(Clone, Debug)]
pub struct PortLogLayer {
    sink: LogSink,
    most_detailed: Level,
}

impl PortLogLayer {
    /// A layer that copies events up to this level of detail.
    #[must_use]
    pub fn new(sink: LogSink, most_detailed: Level) -> Self {
        Self { sink, most_detailed }
    }

    fn takes(&self, event: &Event<'_>) -> bool {
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        let ours = target.starts_with("bitbucket_port");
        let about_port = target.starts_with("bitbucket_port::port") && level > Level::INFO;
        ours && level <= self.most_detailed && !about_port
    }
}

impl<S: Subscriber> Layer<S> for PortLogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !self.takes(event) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.local {
            return;
        }
        self.sink.push(LogRecord {
            message: fields.message,
            level: name(*event.metadata().level()),
            timestamp: OffsetDateTime::now_utc(),
            extra: fields.extra,
        });
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    extra: Map<String, Value>,
    local: bool,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.extra.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            self.put(field, json!(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else {
            self.put(field, json!(value));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "local" {
            self.local = value;
        } else {
            self.put(field, json!(value));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, json!(value));
    }
}
