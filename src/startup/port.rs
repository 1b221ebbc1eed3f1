//! Port, as the settings name it: the client, the setup of the integration, its mapping, its reports.

use std::sync::Arc;

use serde_json::Value;

use crate::catalog::port::{
    Origin, ProvisionRequest, ProvisionResult, Provisioner, Runtime, WhenMissing, read_mapping,
};
use crate::config::{self, ResourcesOrigin, Settings};
use crate::http::{HttpSettings, SystemClock, TlsSettings, Verification, http_client};
use crate::mapping::{Document, Mapping};
use crate::port::{Identity, Mask, PortClient, PortConnection, ReporterSettings, ResyncSchedule};

use super::StartupError;
use super::mapping::{compiler, default};
use super::retry;

/// A client of the Port that the settings name. Nothing is sent yet.
///
/// # Errors
/// Credentials are missing, or no HTTP client can be built.
pub fn port_client(settings: &Settings) -> Result<PortClient, StartupError> {
    port_client_of(settings, settings.integration.identifier.as_str())
}

/// The same, for the integration of another identifier.
pub(super) fn port_client_of(settings: &Settings, identifier: &str) -> Result<PortClient, StartupError> {
    let port = settings.require_port()?;
    let identity = Identity {
        integration_type: settings.product.kind().integration_type().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        identifier: identifier.to_owned(),
    };
    let mut connection = PortConnection::new(
        port.base_url.url().clone(),
        port.client_id.clone().into_inner(),
        port.client_secret.clone().into_inner(),
        identity,
    );
    connection.flags_cache = port.feature_flags_cache;
    connection.retry = retry::policy(settings.retry, &connection.retry);
    let skip = settings.tls.port == config::Verification::Off;
    if skip {
        tracing::warn!("certificates of Port are not verified: whoever answers gets the credentials");
    }
    let http = http_client(&HttpSettings {
        tls: TlsSettings {
            extra_authorities: settings.tls.ca_files.clone(),
            verification: if skip { Verification::Skip } else { Verification::Full },
        },
        ..HttpSettings::default()
    })?;
    Ok(PortClient::new(connection, http, Arc::new(SystemClock::new())))
}

/// Registers the integration and creates first blueprints and mapping where Port has none.
///
/// # Errors
/// Port refuses, cannot be reached, or the integration must exist and does not.
pub async fn provision(
    client: &PortClient,
    settings: &Settings,
    when_missing: WhenMissing,
) -> Result<ProvisionResult, StartupError> {
    let released = default(settings);
    let refused = |message| StartupError::Blueprints { name: "the released blueprints".to_owned(), message };
    let document = crate::mapping::Node::parse(released.mapping).map_err(|error| StartupError::Blueprints {
        name: "the released mapping".to_owned(),
        message: error.to_string(),
    })?;
    let mut request = ProvisionRequest::new(document.to_json(), released.blueprints().map_err(refused)?);
    request.initialize = settings.provisioning.initialize;
    request.origin = settings.provisioning.origin.map(|origin| match origin {
        ResourcesOrigin::Empty => Origin::Empty,
        ResourcesOrigin::Default => Origin::Default,
        ResourcesOrigin::Port => Origin::Port,
    });
    request.runtime = match settings.integration.runtime {
        config::Runtime::OnPrem => Runtime::OnPrem,
        config::Runtime::Saas => Runtime::Saas,
    };
    request.when_missing = when_missing;
    Ok(Provisioner::new(client, request).run().await?)
}

/// The mapping that Port has for the integration, compiled.
///
/// # Errors
/// Port cannot be reached, has no such integration or no mapping for it, or the mapping is none.
pub async fn port_mapping(client: &PortClient, settings: &Settings) -> Result<Mapping, StartupError> {
    let found = read_mapping(client).await?;
    let identifier = &client.identity().identifier;
    let mapping = found.filter(|mapping| mapping.as_object().is_some_and(|map| !map.is_empty()));
    let mapping = mapping.ok_or_else(|| StartupError::NoMapping { identifier: identifier.clone() })?;
    compile_json(&mapping, &format!("the mapping of {identifier} at Port"), settings)
}

fn compile_json(mapping: &Value, name: &str, settings: &Settings) -> Result<Mapping, StartupError> {
    // JSON is YAML, so one reader serves both and findings have their lines.
    let text = serde_json::to_string_pretty(mapping).unwrap_or_default();
    let document = Document::parse(&text).map_err(|source| StartupError::Mapping { name: name.to_owned(), source })?;
    Ok(Mapping::compile(document, &compiler(settings)))
}

/// How a sync is reported to Port.
#[must_use]
pub fn reporter_settings(settings: &Settings) -> ReporterSettings {
    ReporterSettings {
        installation_type: match settings.integration.runtime {
            config::Runtime::OnPrem => Runtime::OnPrem.name(),
            config::Runtime::Saas => Runtime::Saas.name(),
        },
        schedule: settings
            .resync
            .schedule
            .map(|interval| ResyncSchedule { since: time::OffsetDateTime::now_utc(), interval }),
        sends_examples: settings.resync.sends_examples,
        mask: Mask::new(settings.sensitive_values()),
        heartbeat: settings.live.heartbeat,
        ..ReporterSettings::default()
    }
}
