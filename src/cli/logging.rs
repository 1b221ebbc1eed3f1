//! Logs of the friendly commands: on standard error, quiet unless asked for.

use crate::config::{LogLevel, Settings};
use crate::logs::{LogOptions, LogTarget, Masker, init};

use super::args::Global;

/// Starts logging to standard error. What a sync has to say is in its report; logs add the steps.
pub(crate) fn start(settings: &Settings, global: &Global) {
    let masker = Masker::new(settings.sensitive_values());
    // A second start in one process (tests) keeps the first.
    drop(init(&options(settings, global), LogTarget::Stderr, masker, None));
}

fn options(settings: &Settings, global: &Global) -> LogOptions {
    let (level, modules) = match (global.quiet, global.verbose) {
        (true, _) => (LogLevel::Error, Vec::new()),
        // The report says at the end what a sync warns about on its way.
        (false, 0) => (LogLevel::Warning, vec![("bitbucket_port::sync".to_owned(), LogLevel::Error)]),
        (false, 1) => (LogLevel::Info, Vec::new()),
        (false, _) => (LogLevel::Debug, Vec::new()),
    };
    LogOptions { level, format: settings.log.format, modules }
}
