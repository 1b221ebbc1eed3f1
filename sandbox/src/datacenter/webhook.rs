//! Webhooks of projects and repositories.

use crate::json::Object;
use crate::stamp::Stamp;

/// One webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name, which need not be the only one of its kind.
    pub name: String,
    /// Where events are sent.
    pub url: String,
    /// Event keys such as `pr:opened`.
    pub events: Vec<String>,
    /// Whether it is switched on.
    pub active: bool,
    /// What signs the events.
    pub secret: Option<String>,
    pub(super) id: u64,
    pub(super) created: Stamp,
    pub(super) updated: Stamp,
}

impl Webhook {
    /// A webhook that is on and sends these events.
    #[must_use]
    pub fn new(name: &str, url: &str, events: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            url: url.to_owned(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            active: true,
            secret: None,
            id: 0,
            created: Stamp::start_of(2026),
            updated: Stamp::start_of(2026),
        }
    }

    /// What a body says of it; `None` where it lacks a name, an address or events.
    pub(super) fn read(body: &serde_json::Value) -> Option<Self> {
        let events: Vec<&str> = body["events"].as_array()?.iter().filter_map(|event| event.as_str()).collect();
        let address = body["url"].as_str().filter(|url| url.starts_with("http"))?;
        let mut hook = Self::new(body["name"].as_str().filter(|name| !name.is_empty())?, address, &events);
        hook.active = body["active"].as_bool().unwrap_or(true);
        hook.secret = body["configuration"]["secret"].as_str().map(str::to_owned);
        (!events.is_empty()).then_some(hook)
    }

    pub(super) fn write(&self, scope: &str, hook: &mut Object<'_>) {
        hook.number("id", self.id);
        hook.text("name", &self.name);
        hook.number("createdDate", self.created.millis());
        hook.number("updatedDate", self.updated.millis());
        hook.array("events", |events| {
            for event in &self.events {
                crate::json::string(events.item(), event);
            }
        });
        hook.object("configuration", |configuration| match &self.secret {
            Some(secret) => configuration.text("secret", secret),
            None => configuration.text("createdBy", "bitbucket"),
        });
        hook.text("url", &self.url);
        hook.flag("active", self.active);
        hook.text("scopeType", scope);
        hook.flag("sslVerificationRequired", true);
    }
}
