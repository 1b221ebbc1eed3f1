//! Port, as the settings name it: the client, the setup of the integration, its mapping, its reports.

use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::catalog::port::{
    Origin, ProvisionRequest, ProvisionResult, Provisioner, Runtime, WhenMissing, read_mapping,
};
use crate::config::{self, EventListener, ResourcesOrigin, Settings};
use crate::http::{HttpSettings, SystemClock, TlsSettings, Verification, http_client};
use crate::mapping::{Document, Mapping};
use crate::port::{Identity, Integration, Mask, PortClient, PortConnection, ReporterSettings, ResyncSchedule};

use super::StartupError;
use super::mapping::compiler;
use super::resources::first_resources;
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
    let result = Provisioner::new(client, provision_request(settings, when_missing)?).run().await?;
    if let Some(caution) = already_running(&result.integration, OffsetDateTime::now_utc()) {
        tracing::warn!("{caution}");
    }
    Ok(result)
}

/// How the settings want Port to be set up.
pub(super) fn provision_request(
    settings: &Settings,
    when_missing: WhenMissing,
) -> Result<ProvisionRequest, StartupError> {
    let mut request = ProvisionRequest::new(first_resources(settings)?);
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
    request.resync_url = match &settings.listener.kind {
        EventListener::Webhook { app_host } => Some(format!("{app_host}/resync")),
        _ => None,
    };
    request.when_missing = when_missing;
    Ok(request)
}

/// What Port says of a resync of this integration that runs already. One that began long ago ended without saying so.
fn already_running(integration: &Integration, now: OffsetDateTime) -> Option<String> {
    const RECENT: time::Duration = time::Duration::hours(24);
    let (Some("running"), since) = integration.resync_state() else { return None };
    let began = since.and_then(|since| OffsetDateTime::parse(since, &Rfc3339).ok());
    if began.is_some_and(|began| now - began > RECENT) {
        return None;
    }
    let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
    Some(format!(
        "Port says that a resync of this integration runs{since}: another process may be at work on the same entities, or \
         one was killed before it could say that it ended"
    ))
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

pub(super) fn compile_json(mapping: &Value, name: &str, settings: &Settings) -> Result<Mapping, StartupError> {
    // JSON is YAML, so one reader serves both and findings have their lines.
    let text = serde_json::to_string_pretty(mapping).unwrap_or_default();
    let document = Document::parse(&text).map_err(|source| StartupError::Mapping { name: name.to_owned(), source })?;
    Ok(Mapping::compile(document, &compiler(settings)))
}

/// How a sync is reported to Port. `since` is when the process began, from where scheduled resyncs are counted.
#[must_use]
pub fn reporter_settings(settings: &Settings, since: OffsetDateTime) -> ReporterSettings {
    ReporterSettings {
        installation_type: match settings.integration.runtime {
            config::Runtime::OnPrem => Runtime::OnPrem.name(),
            config::Runtime::Saas => Runtime::Saas.name(),
        },
        schedule: settings.resync.schedule.map(|interval| ResyncSchedule { since, interval }),
        sends_examples: settings.resync.sends_examples,
        mask: Mask::new(settings.sensitive_values()),
        heartbeat: settings.live.heartbeat,
        ..ReporterSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn with_state(state: &Value) -> Integration {
        Integration::new(json!({ "resyncState": state }).as_object().cloned().unwrap_or_default())
    }

    #[test]
    fn a_running_resync_is_named_unless_it_is_old() {
        let now = datetime!(2026-03-04 12:00 UTC);
        let said = |state: Value| already_running(&with_state(&state), now);
        let running = said(json!({ "status": "running", "updatedAt": "2026-03-04T11:30:00.000Z" })).unwrap();
        assert!(running.contains("runs since 2026-03-04T11:30:00.000Z: another process"), "{running}");
        assert!(said(json!({ "status": "running" })).is_some());
        assert_eq!(said(json!({ "status": "running", "updatedAt": "2026-03-02T11:30:00.000Z" })), None);
        assert_eq!(said(json!({ "status": "completed", "updatedAt": "2026-03-04T11:30:00.000Z" })), None);
        assert_eq!(said(json!(null)), None);
    }
}
