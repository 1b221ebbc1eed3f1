//! Sets Port up for an integration, in the order in which Port's own runtime does it.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::provision::{Presence, create, documents, identifier, look};
use super::further;
use super::mapping::{empty_mapping, runtime_form};
use super::registration::Registration;
use super::{Origin, ProvisionError, ProvisionPlan, ProvisionRequest, ProvisionResult, WhenMissing};
use crate::port::{Integration, PortClient};

/// The flag of organisations for which Port brings blueprints and mappings itself.
const PROVISIONED_DEFAULTS: &str = "USE_PROVISIONED_DEFAULTS";

/// First wait for Port to bring blueprints and mapping; grows by half each time up to [`LONGEST_POLL`].
const FIRST_POLL: Duration = Duration::from_secs(3);

/// Longest wait between two looks.
const LONGEST_POLL: Duration = Duration::from_secs(20);

/// Sets Port up for an integration.
#[derive(Debug)]
pub struct Provisioner<'a> {
    client: &'a PortClient,
    request: ProvisionRequest,
}

/// What Port says before anything is changed.
struct Findings {
    integration: Option<Integration>,
    origin: Origin,
}

/// The default blueprints.
struct Defaults {
    /// Those to create or to complete, with what Port has of each.
    left: Vec<(Value, Presence)>,
    /// Those that keep all from being created.
    found: Vec<String>,
}

impl Defaults {
    /// As by Port's own runtime, nothing is created where one of them exists. But where an earlier start of this
    /// integration ended in the middle, what it had made is completed.
    fn of(documents: Vec<(Value, Presence)>, is_new: bool) -> Self {
        let any = |presence| documents.iter().any(|(_, there)| *there == presence);
        let unfinished = any(Presence::Begun) || (any(Presence::Absent) && any(Presence::Whole));
        let goes_on = !is_new && unfinished && !any(Presence::Other);
        let there = documents.iter().filter(|(_, there)| *there != Presence::Absent);
        let found: Vec<String> = there.map(|(document, _)| identifier(document).to_owned()).collect();
        if goes_on || found.is_empty() { Self { left: documents, found: vec![] } } else { Self { left: vec![], found } }
    }

    fn names(&self) -> Vec<String> {
        self.left.iter().map(|(document, _)| identifier(document).to_owned()).collect()
    }
}

impl<'a> Provisioner<'a> {
    /// A provisioner that speaks through this client.
    #[must_use]
    pub fn new(client: &'a PortClient, request: ProvisionRequest) -> Self {
        Self { client, request }
    }

    /// Registers the integration, and sees to first mapping and blueprints.
    ///
    /// # Errors
    /// A call failed for good, the integration is missing or belongs to another installation, Port did not bring
    /// what it should, or a blueprint could not be created (then those created are taken back).
    pub async fn run(&self) -> Result<ProvisionResult, ProvisionError> {
        let Findings { integration, origin } = self.look().await?;
        let is_new = integration.is_none();
        let registration = Registration::of(self.client.identity(), self.request.resync_url.as_deref());
        let mut integration = match integration {
            Some(integration) => integration,
            None => self.create(&registration, origin).await?,
        };
        let changes = registration.changes(&integration);
        if !changes.is_empty() {
            let patched = self.client.patch_integration(&registration.whole()).await?;
            integration = merged(integration, &patched);
        }
        let mut result = ProvisionResult {
            integration,
            is_new,
            origin,
            mapping: None,
            changes,
            blueprints_created: Vec::new(),
            blueprints_found: Vec::new(),
        };
        if !result.integration.is_initialized() {
            self.set_up(&registration, &mut result).await?;
        }
        result.mapping = result.integration.mapping().cloned();
        Ok(result)
    }

    /// Says what [`Provisioner::run`] would do; only reads.
    ///
    /// # Errors
    /// As for `run`, as far as reading tells.
    pub async fn plan(&self) -> Result<ProvisionPlan, ProvisionError> {
        let Findings { integration, origin } = self.look().await?;
        let registration = Registration::of(self.client.identity(), self.request.resync_url.as_deref());
        let changes = integration.as_ref().map(|integration| registration.changes(integration)).unwrap_or_default();
        let present = integration.as_ref().and_then(Integration::mapping).cloned();
        let initialized = integration.as_ref().is_some_and(Integration::is_initialized);
        let creates_defaults = !initialized && self.request.initialize && origin == Origin::Default;
        let defaults = if creates_defaults { Some(self.defaults(integration.is_none()).await?) } else { None };
        let brought = match origin {
            _ if initialized => None,
            Origin::Default if integration.is_none() || self.request.initialize => {
                Some(runtime_form(&self.request.first.mapping))
            }
            Origin::Empty => {
                return Ok(self.planned(integration.is_none(), origin, Some(empty_mapping()), changes, defaults));
            }
            Origin::Default | Origin::Port => None,
        };
        Ok(self.planned(integration.is_none(), origin, present.or(brought), changes, defaults))
    }

    /// Reads what decides about everything else. The order is that of Port's own runtime.
    async fn look(&self) -> Result<Findings, ProvisionError> {
        let integration = self.client.integration().await?;
        self.check_runtime(integration.as_ref())?;
        let enabled = self.client.provision_enabled().await?;
        let organization = self.client.organization().await?;
        let integration = self.client.integration().await?;
        if integration.is_none() && self.request.when_missing == WhenMissing::Refuse {
            return Err(ProvisionError::NoIntegration { identifier: self.identifier() });
        }
        let by_port =
            enabled.contains(&self.client.identity().integration_type) && organization.has(PROVISIONED_DEFAULTS);
        let stored = integration.as_ref().and_then(Integration::resources_origin).and_then(Origin::named);
        let origin = match stored.or(self.request.origin) {
            Some(Origin::Port) | None if by_port => Origin::Port,
            Some(Origin::Port) if stored.is_some() => Origin::Port,
            Some(Origin::Empty) => Origin::Empty,
            _ => Origin::Default,
        };
        Ok(Findings { integration, origin })
    }

    fn check_runtime(&self, integration: Option<&Integration>) -> Result<(), ProvisionError> {
        let runtime = self.request.runtime;
        match integration.and_then(Integration::installation_type) {
            Some(found) if !found.eq_ignore_ascii_case(runtime.name()) => {
                Err(ProvisionError::RuntimeMismatch { identifier: self.identifier(), found: found.to_owned(), runtime })
            }
            _ => Ok(()),
        }
    }

    fn identifier(&self) -> String {
        self.client.identity().identifier.clone()
    }

    /// Creates the integration. Where the answer leaves open whether it worked, Port is asked.
    async fn create(&self, registration: &Registration<'_>, origin: Origin) -> Result<Integration, ProvisionError> {
        const TRIES: u32 = 3;
        let config = match origin {
            Origin::Default => runtime_form(&self.request.first.mapping),
            Origin::Empty => empty_mapping(),
            Origin::Port => json!({}),
        };
        let new = registration.new_integration(origin, &config);
        let mut tries = 1;
        let created = loop {
            match self.client.create_integration(&new, origin == Origin::Port).await {
                Err(error) if error.may_have_worked() && tries < TRIES => {
                    if let Some(created) = self.client.integration().await? {
                        break created;
                    }
                    tries += 1;
                }
                other => break other?,
            }
        };
        if origin == Origin::Port { self.wait_for_port().await } else { Ok(created) }
    }

    /// Waits until Port has brought the mapping.
    async fn wait_for_port(&self) -> Result<Integration, ProvisionError> {
        let clock = self.client.clock();
        let started = clock.now();
        let mut wait = FIRST_POLL;
        loop {
            if let Some(integration) = self.client.integration().await?
                && integration.mapping().is_some()
            {
                return Ok(integration);
            }
            let waited = clock.now().since(started);
            if waited + wait > self.request.port_origin_wait {
                return Err(ProvisionError::NotProvisioned { identifier: self.identifier(), waited });
            }
            clock.sleep(wait).await;
            wait = (wait * 3 / 2).min(LONGEST_POLL);
        }
    }

    async fn set_up(
        &self,
        registration: &Registration<'_>,
        result: &mut ProvisionResult,
    ) -> Result<(), ProvisionError> {
        match result.origin {
            Origin::Empty => {
                let mapping = empty_mapping();
                let patched = self.client.patch_integration(&registration.initialized(Some(&mapping))).await?;
                result.integration = merged(with_mapping(&result.integration, &mapping), &patched);
            }
            Origin::Port if result.integration.mapping().is_none() => result.integration = self.wait_for_port().await?,
            Origin::Default if self.request.initialize => self.create_defaults(registration, result).await?,
            Origin::Port | Origin::Default => {}
        }
        Ok(())
    }

    async fn create_defaults(
        &self,
        registration: &Registration<'_>,
        result: &mut ProvisionResult,
    ) -> Result<(), ProvisionError> {
        if result.integration.mapping().is_none() {
            let mapping = runtime_form(&self.request.first.mapping);
            let patched = self.client.put_mapping(&mapping).await?;
            result.integration = merged(with_mapping(&result.integration, &mapping), &patched);
        }
        let created = self.create_blueprints(result).await;
        if created.as_ref().is_err_and(|error| !stands(error)) {
            // The next start tries again.
            return created;
        }
        // Marked as done even if Port refused, as by Port's own runtime: the next start would be refused as well.
        let patched = self.client.patch_integration(&registration.initialized(None)).await;
        created?;
        result.integration = merged(result.integration.clone(), &patched?);
        Ok(())
    }

    async fn create_blueprints(&self, result: &mut ProvisionResult) -> Result<(), ProvisionError> {
        let defaults = self.defaults(result.is_new).await?;
        if defaults.found.is_empty() {
            create(self.client, &defaults.left).await.map_err(ProvisionError::Blueprints)?;
            further::create(self.client, &self.request.first).await;
            result.blueprints_created = defaults.names();
        }
        result.blueprints_found = defaults.found;
        Ok(())
    }

    fn planned(
        &self,
        would_create: bool,
        origin: Origin,
        mapping: Option<Value>,
        changes: Vec<super::RegistrationChange>,
        defaults: Option<Defaults>,
    ) -> ProvisionPlan {
        // Where no defaults are created, nothing that goes with them is.
        let begins = defaults.as_ref().is_some_and(|defaults| defaults.found.is_empty());
        let (blueprints_to_create, blueprints_found) =
            defaults.map(|defaults| (defaults.names(), defaults.found)).unwrap_or_default();
        let first_resources = if begins { further::names(&self.request.first) } else { Vec::new() };
        ProvisionPlan {
            would_create,
            origin,
            mapping,
            changes,
            blueprints_to_create,
            first_resources,
            blueprints_found,
        }
    }

    async fn defaults(&self, is_new: bool) -> Result<Defaults, ProvisionError> {
        let documents = documents(&self.request.first.blueprints).map_err(ProvisionError::Document)?;
        Ok(Defaults::of(look(self.client, documents).await?, is_new))
    }
}

/// Whether Port refused the blueprints themselves; a fault of the moment, or an answer that something in between may have
/// given, says nothing about the next start.
fn stands(error: &ProvisionError) -> bool {
    let status = match error {
        ProvisionError::Blueprints(error) => error.status(),
        _ => return matches!(error, ProvisionError::Document(_)),
    };
    status.is_some_and(|status| matches!(status.as_u16(), 400 | 403 | 409 | 413 | 422))
}

/// What an answer names replaces what was known before: an answer to a change need not hold the whole document.
fn merged(known: Integration, answer: &Integration) -> Integration {
    let mut document = known.into_document();
    document.extend(answer.document().clone());
    Integration::new(document)
}

fn with_mapping(integration: &Integration, mapping: &Value) -> Integration {
    let mut document = integration.document().clone();
    document.insert("config".to_owned(), mapping.clone());
    Integration::new(document)
}
