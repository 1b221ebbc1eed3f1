//! Settings of the process (`APPLICATION__…`).

use super::{Group, Kind, Setting};

const fn application(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Setting {
    Setting::ocean(Group::Application, path, kind, default, doc)
}

pub(super) const SETTINGS: &[Setting] = &[
    application(
        "application.log_level",
        Kind::Choice(&["ERROR", "WARNING", "INFO", "DEBUG", "CRITICAL"]),
        Some("INFO"),
        "Least important messages to log. Beats the flag, as in Port's runtime.",
    ),
    application(
        "application.port",
        Kind::Whole { least: 0, most: 65_535 },
        Some("8000"),
        "Port that the HTTP server listens on. Beats the flag, as in Port's runtime.",
    ),
    application(
        "application.enable_http_logging",
        Kind::Flag,
        Some("true"),
        "Whether log messages are copied to Port.",
    ),
];
