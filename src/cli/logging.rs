//! Logs of the friendly commands: on standard error, quiet unless asked for.

use tracing_subscriber::EnvFilter;

use crate::config::Settings;

use super::args::Global;

/// Starts logging to standard error. What a sync has to say is in its report; logs add the steps.
pub(crate) fn start(_settings: &Settings, global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn,bitbucket_port::sync=error",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let filter = EnvFilter::new(level);
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second start in one process (tests) keeps the first.
    drop(subscriber.try_init());
}
