//! What Port knows about this program: compared, and set right.

use std::fmt;

use serde_json::{Value, json};

use crate::port::{Identity, Integration, IntegrationPatch, NewIntegration};

use super::Origin;

/// How this program works: it maps and writes itself, and sends no raw objects for Port to map.
const PROCESSING_MODE: &str = "ocean-core";

/// A part of the registration that differs from what this program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationChange {
    /// How Port tells of changes: not at all, it is asked.
    ChangelogDestination,
    /// Type of the integration.
    IntegrationType,
    /// Version of the program.
    Version,
    /// Whether actions are run.
    ActionsProcessing,
    /// Whether incremental syncs run.
    IncrementalSync,
    /// Who maps: this program.
    ProcessingMode,
}

impl fmt::Display for RegistrationChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChangelogDestination => "changelogDestination",
            Self::IntegrationType => "installationAppType",
            Self::Version => "version",
            Self::ActionsProcessing => "actionsProcessingEnabled",
            Self::IncrementalSync => "incrementalSyncEnabled",
            Self::ProcessingMode => "processingMode",
        })
    }
}

/// How this program registers.
pub(super) struct Registration<'a> {
    identity: &'a Identity,
    changelog_destination: Value,
}

impl<'a> Registration<'a> {
    /// `resync_url`: where Port asks for a resync, if by HTTP.
    pub(super) fn of(identity: &'a Identity, resync_url: Option<&str>) -> Self {
        let changelog_destination =
            resync_url.map_or_else(|| json!({}), |url| json!({ "type": "WEBHOOK", "url": url }));
        Self { identity, changelog_destination }
    }

    pub(super) fn new_integration(&'a self, origin: Origin, config: &'a Value) -> NewIntegration<'a> {
        NewIntegration {
            installation_id: &self.identity.identifier,
            installation_app_type: &self.identity.integration_type,
            version: &self.identity.version,
            changelog_destination: &self.changelog_destination,
            config,
            actions_processing_enabled: false,
            incremental_sync_enabled: false,
            create_port_resources_origin: origin.name(),
        }
    }

    /// What Port has otherwise; a flag that it does not name is off.
    pub(super) fn changes(&self, integration: &Integration) -> Vec<RegistrationChange> {
        let differing = [
            (
                integration.changelog_destination().unwrap_or(&self.changelog_destination)
                    != &self.changelog_destination,
                RegistrationChange::ChangelogDestination,
            ),
            (
                integration.integration_type() != Some(self.identity.integration_type.as_str()),
                RegistrationChange::IntegrationType,
            ),
            (integration.version() != Some(self.identity.version.as_str()), RegistrationChange::Version),
            (integration.actions_processing().unwrap_or(false), RegistrationChange::ActionsProcessing),
            (integration.incremental_sync().unwrap_or(false), RegistrationChange::IncrementalSync),
            (integration.processing_mode() != Some(PROCESSING_MODE), RegistrationChange::ProcessingMode),
        ];
        differing.into_iter().filter(|(differs, _)| *differs).map(|(_, change)| change).collect()
    }

    /// Everything that is registered.
    pub(super) fn whole(&self) -> IntegrationPatch<'_> {
        IntegrationPatch {
            installation_app_type: Some(&self.identity.integration_type),
            actions_processing_enabled: Some(false),
            incremental_sync_enabled: Some(false),
            changelog_destination: Some(&self.changelog_destination),
            processing_mode: Some(PROCESSING_MODE),
            version: &self.identity.version,
            ..IntegrationPatch::default()
        }
    }

    /// First blueprints and mapping are dealt with, and perhaps this is the mapping.
    pub(super) fn initialized(&self, config: Option<&'a Value>) -> IntegrationPatch<'_> {
        IntegrationPatch {
            config,
            are_port_resources_initialized: Some(true),
            version: &self.identity.version,
            ..IntegrationPatch::default()
        }
    }
}
