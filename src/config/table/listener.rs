//! Settings of the event listener.

use super::{Group, Kind, Setting};

const fn listener(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Setting {
    Setting::ocean(Group::Listener, path, kind, default, doc)
}

pub(super) const SETTINGS: &[Setting] = &[
    listener(
        "event_listener.type",
        Kind::Choice(&["POLLING", "KAFKA", "WEBHOOK", "ONCE", "WEBHOOKS_ONLY", "ACTIONS_ONLY"]),
        Some("POLLING"),
        "What starts a resync.",
    ),
    listener(
        "event_listener.should_resync",
        Kind::Flag,
        None,
        "Whether this process resyncs. By default the type decides: not with `WEBHOOKS_ONLY` and `ACTIONS_ONLY`.",
    ),
    listener(
        "event_listener.should_process_webhooks",
        Kind::Flag,
        None,
        "Whether this process takes webhooks. By default the type decides: not with `ONCE` and `ACTIONS_ONLY`.",
    ),
    listener(
        "event_listener.should_run_actions",
        Kind::Flag,
        None,
        "Whether this process would run actions; the Bitbucket integrations declare none.",
    ),
    listener(
        "event_listener.interval",
        Kind::Whole { least: 1, most: 1_000_000_000 },
        Some("60"),
        "`POLLING`: seconds between two questions.",
    ),
    listener(
        "event_listener.resync_on_start",
        Kind::Flag,
        Some("true"),
        "`POLLING`: whether to resync at the start, whatever was requested at Port.",
    ),
    listener(
        "event_listener.app_host",
        Kind::Url,
        None,
        "`WEBHOOK`: public address of this process, required there; Port calls its `/resync`.",
    ),
    listener("event_listener.brokers", Kind::List, None, "`KAFKA`: brokers. By default Port's public ones."),
    listener("event_listener.security_protocol", Kind::Text, Some("SASL_SSL"), "`KAFKA`: security protocol."),
    listener("event_listener.authentication_mechanism", Kind::Text, Some("SCRAM-SHA-512"), "`KAFKA`: SASL mechanism."),
    listener("event_listener.kafka_security_enabled", Kind::Flag, Some("true"), "`KAFKA`: whether to authenticate."),
    listener(
        "event_listener.consumer_poll_timeout",
        Kind::Whole { least: 1, most: 1_000_000 },
        Some("1"),
        "`KAFKA`: seconds that one poll waits.",
    ),
];
