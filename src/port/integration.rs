//! The integration document: what Port keeps about us.

use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::call::{Call, segment};
use super::client::PortClient;
use super::error::PortError;
use super::identity::CORE_VERSION;

/// The integration document; what is not of the expected shape counts as absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Integration(Map<String, Value>);

/// Where to send what is not part of the catalog: absolute addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ingest {
    /// Copies of the log.
    pub logs: Option<String>,
    /// Metrics of syncs.
    pub metrics: Option<String>,
}

/// What a new integration is created with.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewIntegration<'a> {
    pub(crate) installation_id: &'a str,
    pub(crate) installation_app_type: &'a str,
    pub(crate) version: &'a str,
    pub(crate) changelog_destination: &'a Value,
    pub(crate) config: &'a Value,
    pub(crate) actions_processing_enabled: bool,
    pub(crate) incremental_sync_enabled: bool,
    pub(crate) create_port_resources_origin: &'a str,
}

/// What changes of an integration; the version is always sent.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationPatch<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) installation_app_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) are_port_resources_initialized: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actions_processing_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) incremental_sync_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changelog_destination: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) processing_mode: Option<&'a str>,
    pub(crate) version: &'a str,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "or_default")]
    integration: Map<String, Value>,
}

/// A value of another shape counts as absent.
pub(crate) fn or_default<'de, T: DeserializeOwned + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

impl Integration {
    /// Reads a document.
    #[must_use]
    pub fn new(document: Map<String, Value>) -> Self {
        Self(document)
    }

    /// The whole document.
    #[must_use]
    pub fn document(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The whole document, taken out.
    pub(crate) fn into_document(self) -> Map<String, Value> {
        self.0
    }

    fn at(&self, path: &str) -> Option<&Value> {
        let mut steps = path.split('.');
        let first = self.0.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step)).filter(|value| !value.is_null())
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str().filter(|text| !text.is_empty())
    }

    fn flag(&self, path: &str) -> Option<bool> {
        self.at(path)?.as_bool()
    }

    /// The mapping, unless it is missing or empty.
    #[must_use]
    pub fn mapping(&self) -> Option<&Value> {
        self.at("config").filter(|config| config.as_object().is_some_and(|config| !config.is_empty()))
    }

    /// `installationType`: where Port thinks that the integration runs.
    #[must_use]
    pub fn installation_type(&self) -> Option<&str> {
        self.text("installationType")
    }

    /// `installationAppType`: type of the integration.
    #[must_use]
    pub fn integration_type(&self) -> Option<&str> {
        self.text("installationAppType")
    }

    /// `version` of the program that registered last.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.text("version")
    }

    /// `changelogDestination`.
    #[must_use]
    pub fn changelog_destination(&self) -> Option<&Value> {
        self.at("changelogDestination")
    }

    /// `actionsProcessingEnabled`.
    #[must_use]
    pub fn actions_processing(&self) -> Option<bool> {
        self.flag("actionsProcessingEnabled")
    }

    /// `incrementalSyncEnabled`.
    #[must_use]
    pub fn incremental_sync(&self) -> Option<bool> {
        self.flag("incrementalSyncEnabled")
    }

    /// `processingMode`: `ocean-core` or `dsp`.
    #[must_use]
    pub fn processing_mode(&self) -> Option<&str> {
        self.text("processingMode")
    }

    /// `createPortResourcesOrigin`: where first blueprints and mapping came from.
    #[must_use]
    pub fn resources_origin(&self) -> Option<&str> {
        self.text("createPortResourcesOrigin")
    }

    /// `arePortResourcesInitialized`: whether first blueprints and mapping were dealt with.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.flag("arePortResourcesInitialized").unwrap_or(false)
    }

    /// `resyncState.status` and `resyncState.updatedAt`.
    #[must_use]
    pub fn resync_state(&self) -> (Option<&str>, Option<&str>) {
        (self.text("resyncState.status"), self.text("resyncState.updatedAt"))
    }

    /// Until when requests for a resync were certainly served, as far as the state of our last resync tells: that one was
    /// completed, and began then. Where its beginning is not told, its end.
    #[must_use]
    pub fn last_resync(&self) -> Option<OffsetDateTime> {
        let time = |path| OffsetDateTime::parse(self.text(path)?, &Rfc3339).ok();
        // One that broke off is `failed`, too.
        let completed = self.resync_state().0 == Some("completed");
        completed.then(|| time("resyncState.lastResyncStart").or_else(|| time("resyncState.updatedAt"))).flatten()
    }

    /// Where logs and metrics go.
    #[must_use]
    pub fn ingest(&self) -> Ingest {
        let address = |path| self.text(path).map(|text| text.trim_end_matches('/').to_owned());
        Ingest { logs: address("logAttributes.ingestUrl"), metrics: address("metricAttributes.ingestUrl") }
    }
}

impl PortClient {
    fn integration_path(&self) -> String {
        format!("/integration/{}", segment(&self.identity().identifier))
    }

    async fn integration_answer(&self, call: &Call) -> Result<Integration, PortError> {
        let Envelope { integration } = self.send(call).await?.json(&call.site())?;
        let integration = Integration(integration);
        // An answer to a change need not hold the whole document; then the next look tells.
        if integration.version().is_some() {
            self.registrations().set(&integration);
        }
        Ok(integration)
    }

    /// The integration document; `None` if there is no such integration. Only a 404 says that there is none.
    pub async fn integration(&self) -> Result<Option<Integration>, PortError> {
        let call = Call::get(self.integration_path()).query("oceanCoreVersion", CORE_VERSION).query("isPolling", false);
        let answer = match self.send(&call).await {
            Ok(answer) => answer,
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Envelope { integration } = answer.json(&call.site())?;
        if integration.is_empty() {
            return Err(answer.unreadable(&call.site(), "JSON that holds no integration".to_owned()));
        }
        let integration = Integration(integration);
        self.registrations().found(&integration);
        Ok(Some(integration))
    }

    pub(crate) async fn create_integration(
        &self,
        new: &NewIntegration<'_>,
        resources_by_port: bool,
    ) -> Result<Integration, PortError> {
        let mut call = Call::post("/integration".to_owned()).json(new)?;
        if resources_by_port {
            call = call.query("integration_modes", "create_resources");
        }
        self.integration_answer(&call).await
    }

    /// Sets fields of the document. Setting them twice is setting them once, so this is repeated.
    pub(crate) async fn patch_integration(&self, patch: &IntegrationPatch<'_>) -> Result<Integration, PortError> {
        let call = Call::patch(self.integration_path()).json(patch)?.repeatable();
        self.integration_answer(&call).await
    }

    /// Replaces the mapping.
    pub async fn put_mapping(&self, mapping: &Value) -> Result<Integration, PortError> {
        let body = serde_json::json!({ "config": mapping });
        let call = Call::patch(format!("{}/config", self.integration_path())).json(&body)?.repeatable();
        self.integration_answer(&call).await
    }

    /// Takes the integration away from Port; `false` if it was not there.
    pub async fn delete_integration(&self) -> Result<bool, PortError> {
        let call = Call::new(Method::DELETE, self.integration_path());
        match self.send(&call).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// When somebody last asked for a resync, asked for within that time; `None` if nobody did.
    ///
    /// # Errors
    /// Port cannot be reached, has no such integration, or names a time that is none.
    pub async fn resync_request(&self, within: std::time::Duration) -> Result<Option<OffsetDateTime>, PortError> {
        let call = Call::get(format!("{}/resync-request", self.integration_path())).within(within);
        let answer = self.send(&call).await?;
        let body: Value = answer.json(&call.site())?;
        let Some(text) = body.pointer("/request/updatedAt").filter(|value| !value.is_null()) else { return Ok(None) };
        match text.as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()) {
            Some(updated) => Ok(Some(updated)),
            None => Err(answer.unreadable(&call.site(), format!("`updatedAt` {text}, which is no time"))),
        }
    }

    /// Says how the resync stands.
    pub(crate) async fn patch_resync_state(&self, state: &Value, within: std::time::Duration) -> Result<(), PortError> {
        let call = Call::patch(format!("{}/resync-state", self.integration_path())).json(state)?;
        self.send(&call.repeatable().within(within)).await.map(drop)
    }

    /// Says that the resync was aborted, if Port believes that one runs.
    pub async fn abort_resync(&self) -> Result<(), PortError> {
        let running = self.integration().await?.is_some_and(|found| found.resync_state().0 == Some("running"));
        if !running {
            return Ok(());
        }
        let now = OffsetDateTime::now_utc();
        let ended = now.format(&Rfc3339).unwrap_or_default();
        let state = serde_json::json!({ "status": "aborted", "lastResyncEnd": ended });
        self.patch_resync_state(&state, std::time::Duration::from_secs(5)).await
    }

    /// Sends raw objects of a kind as examples for Port's mapping editor.
    pub(crate) async fn send_examples(
        &self,
        kind: &str,
        examples: &[Value],
        within: std::time::Duration,
    ) -> Result<(), PortError> {
        let identifier = super::call::form(&self.identity().identifier);
        let path = format!("/integration/{identifier}/kinds/{}/examples", super::call::form(kind));
        let call = Call::post(path).json(&serde_json::json!({ "examples": examples }))?;
        self.send(&call.within(within)).await.map(drop)
    }

    /// Where logs and metrics go; asked for until there is an integration that can tell.
    pub(crate) async fn ingest(&self) -> Result<Ingest, PortError> {
        let mut cached = self.ingest_cache().lock().await;
        if cached.is_none() {
            *cached = self.integration().await?.map(|found| found.ingest());
        }
        Ok(cached.clone().unwrap_or_default())
    }
}
