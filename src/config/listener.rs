//! What starts a resync (section 5 of the behaviour reference).

use std::time::Duration;

use super::BaseUrl;
use super::problem::Findings;
use super::table::variable;
use super::values::Values;

/// The event listener and the duties of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// What starts a resync.
    pub kind: EventListener,
    /// Whether this process resyncs at all.
    pub resyncs: bool,
    /// Whether this process takes webhooks (needs a public address besides).
    pub takes_webhooks: bool,
    /// Whether this process would run actions.
    pub runs_actions: bool,
}

/// The kinds of event listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventListener {
    /// Asks Port at an interval whether a resync was requested.
    Polling {
        /// Time between two questions.
        interval: Duration,
        /// Whether to resync at the start.
        resync_on_start: bool,
    },
    /// Reads requests from Kafka.
    Kafka(KafkaListener),
    /// Is called by Port.
    Webhook {
        /// Public address of this process.
        app_host: BaseUrl,
    },
    /// Resyncs once and ends.
    Once,
    /// Takes webhooks and never resyncs.
    WebhooksOnly,
    /// Runs actions only.
    ActionsOnly,
}

/// How to reach Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaListener {
    /// Brokers; empty means Port's public ones.
    pub brokers: Vec<String>,
    /// For example `SASL_SSL`.
    pub security_protocol: String,
    /// For example `SCRAM-SHA-512`.
    pub authentication_mechanism: String,
    /// Whether to authenticate.
    pub authenticates: bool,
    /// How long one poll waits.
    pub poll_timeout: Duration,
}

impl EventListener {
    /// The name that settings use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Polling { .. } => "POLLING",
            Self::Kafka(_) => "KAFKA",
            Self::Webhook { .. } => "WEBHOOK",
            Self::Once => "ONCE",
            Self::WebhooksOnly => "WEBHOOKS_ONLY",
            Self::ActionsOnly => "ACTIONS_ONLY",
        }
    }
}

/// Reads the listener; `None` where a problem was reported.
pub(crate) fn build(values: &Values, findings: &mut Findings) -> Option<Listener> {
    let kind = kind(values, findings)?;
    let resyncs = !matches!(kind, EventListener::WebhooksOnly | EventListener::ActionsOnly);
    let takes_webhooks = !matches!(kind, EventListener::Once | EventListener::ActionsOnly);
    let runs_actions = !matches!(kind, EventListener::Once | EventListener::WebhooksOnly);
    Some(Listener {
        kind,
        resyncs: values.flag("event_listener.should_resync").unwrap_or(resyncs),
        takes_webhooks: values.flag("event_listener.should_process_webhooks").unwrap_or(takes_webhooks),
        runs_actions: values.flag("event_listener.should_run_actions").unwrap_or(runs_actions),
    })
}

fn kind(values: &Values, findings: &mut Findings) -> Option<EventListener> {
    Some(match values.text("event_listener.type")? {
        "KAFKA" => EventListener::Kafka(kafka(values)),
        "WEBHOOK" => EventListener::Webhook { app_host: app_host(values, findings)? },
        "ONCE" => EventListener::Once,
        "WEBHOOKS_ONLY" => EventListener::WebhooksOnly,
        "ACTIONS_ONLY" => EventListener::ActionsOnly,
        _ => EventListener::Polling {
            interval: values.seconds("event_listener.interval"),
            resync_on_start: values.is_on("event_listener.resync_on_start"),
        },
    })
}

fn app_host(values: &Values, findings: &mut Findings) -> Option<BaseUrl> {
    const APP_HOST: &str = "event_listener.app_host";
    let app_host = values.url(APP_HOST);
    if app_host.is_none() && !values.is_broken(APP_HOST) {
        let fix = format!("set {} to the public address of this process", variable(APP_HOST));
        let origin = values.given_origin("event_listener.type").cloned();
        findings.missing(variable(APP_HOST), origin, "is required by the WEBHOOK listener and missing", fix);
    }
    app_host
}

fn kafka(values: &Values) -> KafkaListener {
    let text = |path| values.text(path).unwrap_or_default().to_owned();
    KafkaListener {
        brokers: values.list("event_listener.brokers").unwrap_or_default().to_vec(),
        security_protocol: text("event_listener.security_protocol"),
        authentication_mechanism: text("event_listener.authentication_mechanism"),
        authenticates: values.is_on("event_listener.kafka_security_enabled"),
        poll_timeout: values.seconds("event_listener.consumer_poll_timeout"),
    }
}
