//! Puts the log together.

use std::io;

use time::OffsetDateTime;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

use super::Masker;
use super::format::{Context, LineFormat};
use crate::config::{LogFormat, LogLevel, LogSettings};

/// The crates whose messages are ours begin so.
const OURS: &str = "bitbucket_port";

/// How to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// Least important messages shown.
    pub level: LogLevel,
    /// Form of a line.
    pub format: LogFormat,
    /// Modules (`bitbucket_port::sync`) that are heard only from another level on, for commands that report
    /// what these say in another way.
    pub modules: Vec<(String, LogLevel)>,
}

impl From<LogSettings> for LogOptions {
    fn from(settings: LogSettings) -> Self {
        Self { level: settings.level, format: settings.format, modules: Vec::new() }
    }
}

/// Where lines go.
pub enum LogTarget {
    /// Standard output: daemon mode.
    Stdout,
    /// Standard error: commands whose output is for a person or a pipe.
    Stderr,
    /// Elsewhere, for example above progress bars.
    Other(BoxMakeWriter),
}

/// A further listener to messages, for example one that copies them to Port.
pub type MoreLayers = Option<Box<dyn Layer<Registry> + Send + Sync>>;

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// Something in this process logs already; it can be set up once.
    #[error("the log is set up already")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// Sets up the log of the process, once.
pub fn init(options: &LogOptions, target: LogTarget, masker: Masker, more: MoreLayers) -> Result<(), LogsError> {
    let writer = match target {
        LogTarget::Stdout => BoxMakeWriter::new(io::stdout),
        LogTarget::Stderr => BoxMakeWriter::new(io::stderr),
        LogTarget::Other(writer) => writer,
    };
    subscriber(options, writer, masker, more, OffsetDateTime::now_utc).try_init().map_err(LogsError::Twice)
}

/// The log without making it the process's own: for tests and for a part of a program.
pub fn subscriber<W>(
    options: &LogOptions,
    writer: W,
    masker: Masker,
    more: MoreLayers,
    clock: fn() -> OffsetDateTime,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let context = if options.level == LogLevel::Debug { Context::Always } else { Context::OnTrouble };
    let format = LineFormat { format: options.format, context, masker, clock };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(writer)
        .event_format(format)
        .with_filter(filter(options));
    Registry::default().with(more).with(lines)
}

/// Our own messages at the level asked for, those of libraries one step above it: at `INFO` they say nothing that
/// concerns a user, at `DEBUG` they would drown ours.
fn filter(options: &LogOptions) -> Targets {
    let theirs = match options.level {
        LogLevel::Debug => LevelFilter::INFO,
        LogLevel::Info => LevelFilter::WARN,
        level => threshold(level),
    };
    let modules = options.modules.iter().map(|(module, level)| (module.clone(), threshold(*level)));
    Targets::new().with_default(theirs).with_target(OURS, threshold(options.level)).with_targets(modules)
}

const fn threshold(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Error | LogLevel::Critical => LevelFilter::ERROR,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use rstest::rstest;
    use time::macros::datetime;
    use tracing::subscriber::with_default;

    use super::*;

    /// Lines in memory.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LogLevel, format: LogFormat, speak: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = {
            let lines = lines.clone();
            move || lines.clone()
        };
        let masker = Masker::new(["hunter2!".to_owned()]);
        let clock = || datetime!(2024-02-03 04:05:06.789 UTC);
        let options =
            LogOptions { level, format, modules: vec![("bitbucket_port::quiet".to_owned(), LogLevel::Error)] };
        with_default(subscriber(&options, writer, masker, None, clock), speak);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn speak() {
        let span = tracing::info_span!("resync", id = 7, token = "hunter2!");
        let _inside = span.enter();
        tracing::debug!(page = 2, "a page came");
        tracing::info!(kind = "repository", "listed {} of {}", 3, "hunter2!");
        tracing::warn!(status = 403, "refused\nand \u{1b}[31mred");
        tracing::error!(error = "broken", password = "hunter2!", "failed");
        tracing::info!(target: "hyper::client", "connected");
        tracing::warn!(target: "hyper::client", "odd");
        tracing::warn!(target: "bitbucket_port::quiet", "reported in another way");
    }

    #[rstest]
    #[case::text_info("text_info", LogLevel::Info, LogFormat::Text)]
    #[case::text_debug("text_debug", LogLevel::Debug, LogFormat::Text)]
    #[case::text_critical("text_critical", LogLevel::Critical, LogFormat::Text)]
    #[case::json_warning("json_warning", LogLevel::Warning, LogFormat::Json)]
    fn lines(#[case] name: &str, #[case] level: LogLevel, #[case] format: LogFormat) {
        let lines = logged(level, format, speak);
        assert!(!lines.contains("hunter2"), "{lines}");
        insta::assert_snapshot!(name, lines);
    }

    #[test]
    fn messages_are_bounded_and_secrets_at_the_bound_are_not_cut() {
        let message = format!("{}hunter2!{}", "x".repeat((16 << 10) - 4), "y".repeat(1 << 20));
        let lines = logged(LogLevel::Info, LogFormat::Text, || tracing::info!("{message}"));
        assert!(lines.len() < 17 << 10, "{}", lines.len());
        assert!(!lines.contains("hunt"));
    }

    #[test]
    fn a_further_layer_hears_everything() {
        struct Count(Arc<Mutex<usize>>);
        impl Layer<Registry> for Count {
            fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, Registry>) {
                *self.0.lock().unwrap() += 1;
            }
        }
        let count = Arc::new(Mutex::new(0));
        let options = LogOptions { level: LogLevel::Error, format: LogFormat::Text, modules: Vec::new() };
        let more: MoreLayers = Some(Box::new(Count(count.clone())));
        let quiet = subscriber(&options, io::sink, Masker::default(), more, OffsetDateTime::now_utc);
        with_default(quiet, || tracing::info!("heard"));
        assert_eq!(*count.lock().unwrap(), 1);
    }
}
