//! Integrations and the resyncs they report.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::refusal::Refused;
use super::world::World;
use crate::clock::iso;

/// What Port makes itself for an integration that asks for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provision {
    /// How many times the integration is read before it is done.
    pub after_reads: u32,
    /// The mapping put in place.
    pub config: Value,
    /// The blueprints created; those that exist are left alone.
    pub blueprints: Vec<Value>,
}

impl World {
    /// What Port makes for integrations that ask for resources.
    pub fn set_provision(&mut self, provision: Provision) {
        self.provision = Some(provision);
    }

    /// The document of an integration.
    #[must_use]
    pub fn integration(&self, identifier: &str) -> Option<&Value> {
        self.integrations.get(identifier)
    }

    /// Puts a mapping in the place of the one of an integration, as an edit in Port's web application does.
    pub fn set_mapping(&mut self, identifier: &str, config: Value) -> Result<(), Refused> {
        self.existing_integration(identifier)?.insert("config".to_owned(), config);
        Ok(())
    }

    /// Asks an integration for a resync, at that time.
    pub fn request_resync(&mut self, identifier: &str, at: OffsetDateTime) {
        self.resync_requests.insert(identifier.to_owned(), iso(at));
    }

    pub(super) fn create_integration(
        &mut self,
        body: Value,
        provisioned: bool,
        now: OffsetDateTime,
    ) -> Result<Value, Refused> {
        let Value::Object(mut document) = body else { return Err(Refused::invalid("body must be object")) };
        let text =
            |name: &str| document.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let identifier = text("installationId")
            .ok_or_else(|| Refused::invalid("body must have required property 'installationId'"))?;
        if text("installationAppType").is_none() {
            return Err(Refused::invalid("body must have required property 'installationAppType'"));
        }
        if self.integrations.contains_key(&identifier) {
            return Err(Refused::taken(format!("Integration \"{identifier}\" already exists")));
        }
        document.insert("identifier".to_owned(), json!(identifier));
        document.insert("_id".to_owned(), json!(format!("integration_{}", self.integrations.len() + 1)));
        document.insert("installationType".to_owned(), json!("OnPrem"));
        document.insert("resyncState".to_owned(), json!({}));
        document.insert("createdAt".to_owned(), json!(iso(now)));
        document.insert("updatedAt".to_owned(), json!(iso(now)));
        if provisioned {
            let reads = self.provision.as_ref().map_or(u32::MAX, |provision| provision.after_reads);
            document.insert(PENDING.to_owned(), json!(reads));
        }
        self.integrations.insert(identifier, Value::Object(document.clone()));
        Ok(Value::Object(document))
    }

    /// Reads an integration; one that waits for its resources is a step nearer to them afterwards.
    pub(super) fn read_integration(&mut self, identifier: &str) -> Result<Value, Refused> {
        let provision = self.provision.clone();
        let document = self.existing_integration(identifier)?;
        let mut done = None;
        if let Some(pending) = document.get(PENDING).and_then(Value::as_u64) {
            if pending > 0 {
                document.insert(PENDING.to_owned(), json!(pending - 1));
            } else if let Some(provision) = provision {
                document.remove(PENDING);
                document.insert("config".to_owned(), provision.config.clone());
                document.insert("arePortResourcesInitialized".to_owned(), json!(true));
                done = Some(provision);
            }
        }
        let answer = Value::Object(document.clone());
        for blueprint in done.into_iter().flat_map(|provision| provision.blueprints) {
            // One that exists already stays as it is.
            let _ = self.create_blueprint(blueprint);
        }
        Ok(answer)
    }

    pub(super) fn patch_integration(
        &mut self,
        identifier: &str,
        patch: Value,
        now: OffsetDateTime,
    ) -> Result<Value, Refused> {
        let Value::Object(patch) = patch else { return Err(Refused::invalid("body must be object")) };
        let document = self.existing_integration(identifier)?;
        document.extend(patch);
        document.insert("updatedAt".to_owned(), json!(iso(now)));
        Ok(Value::Object(document.clone()))
    }

    /// Notes how far a resync is; every key that is sent replaces the one there.
    pub(super) fn patch_resync_state(
        &mut self,
        identifier: &str,
        patch: Value,
        now: OffsetDateTime,
    ) -> Result<Value, Refused> {
        let Value::Object(patch) = patch else { return Err(Refused::invalid("body must be object")) };
        if !patch.get("status").and_then(Value::as_str).is_some_and(|status| STATES.contains(&status)) {
            return Err(Refused::invalid("body/status must be equal to one of the allowed values"));
        }
        let document = self.existing_integration(identifier)?;
        let state = document.entry("resyncState").or_insert_with(|| json!({}));
        if let Value::Object(state) = state {
            state.extend(patch);
            state.insert("updatedAt".to_owned(), json!(iso(now)));
        }
        document.insert("statusInfo".to_owned(), json!({"updatedAt": iso(now)}));
        Ok(Value::Object(document.clone()))
    }

    pub(super) fn delete_integration(&mut self, identifier: &str) -> Result<(), Refused> {
        self.existing_integration(identifier)?;
        self.integrations.remove(identifier);
        Ok(())
    }

    fn existing_integration(&mut self, identifier: &str) -> Result<&mut Map<String, Value>, Refused> {
        let document = self.integrations.get_mut(identifier).and_then(Value::as_object_mut);
        document
            .ok_or_else(|| Refused::missing(format!("Integration with installationId \"{identifier}\" was not found")))
    }
}

/// The states that a resync may be in.
const STATES: [&str; 4] = ["running", "completed", "failed", "aborted"];

/// Reads left until the resources are there; never shown.
const PENDING: &str = "_pending";

/// An integration as answered: with the addresses for logs, metrics and raw data, which are absolute.
pub(super) fn presented(mut document: Value, origin: &str) -> Value {
    if let Value::Object(object) = &mut document {
        object.shift_remove(PENDING);
        let id = object.get("_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        for (name, place) in [("logAttributes", "logs"), ("metricAttributes", "metrics"), ("ingestAttributes", "raw")] {
            object
                .insert(name.to_owned(), json!({"ingestId": id, "ingestUrl": format!("{origin}/ingest/{place}/{id}")}));
        }
    }
    document
}
