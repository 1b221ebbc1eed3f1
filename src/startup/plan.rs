//! Runs a resync that writes nothing anywhere and says what it would do.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;
use tempfile::TempDir;

use crate::bitbucket::Transport;
use crate::catalog::port::{Origin, PortCatalog, ProvisionPlan, Provisioner, WhenMissing};
use crate::catalog::{Blueprint, Catalog, LocalCatalog};
use crate::config::Settings;
use crate::mapping::Mapping;
use crate::state::{CatalogState, State, StateError};
use crate::sync::{Changes, Forecast, NoticeLevel, Observer, Rehearsal, Report, Resync, Scope, SyncEvent, SyncOutcome};

use super::port::{compile_json, provision_request};
use super::run::{limits, restore};
use super::{CatalogPlace, MappingSource, StartupError, bitbucket, blueprints, mapping, port_client};

/// What is to be planned.
pub struct PlanRequest {
    /// The catalog to compare with.
    pub place: CatalogPlace,
    /// The mapping; by default the one that a resync would use.
    pub mapping: Option<MappingSource>,
    /// Blueprints that would be created where they are missing; by default the released ones. Port has its own way.
    pub blueprints: Option<PathBuf>,
    /// Which part of the mapping runs.
    pub scope: Scope,
    /// Requests to Bitbucket that may be sent; any number where `None`.
    pub most_requests: Option<u64>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
}

/// What a resync would do.
#[derive(Debug)]
pub struct Planned {
    /// What was read, deleted and left, as a resync would report it.
    pub report: Report,
    /// Every entity that would not stay as it is.
    pub changes: Changes,
    /// What would be set up at Port.
    pub setup: Option<Setup>,
    /// What a person should know of the plan itself.
    pub remarks: Vec<String>,
    /// Holds the changes.
    _folder: TempDir,
}

/// What a start would set up at Port.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Setup {
    /// Identifier of the integration.
    pub integration: String,
    /// Whether it would be created.
    pub would_create: bool,
    /// Where first blueprints and mapping come from.
    pub origin: &'static str,
    /// What of its registration would be changed.
    pub registration_changes: Vec<String>,
    /// Actions, scorecards and pages that would be created with the first blueprints.
    pub first_resources: Vec<String>,
}

impl Setup {
    fn of(identifier: &str, plan: &ProvisionPlan) -> Self {
        Self {
            integration: identifier.to_owned(),
            would_create: plan.would_create,
            origin: plan.origin.name(),
            registration_changes: plan.changes.iter().map(ToString::to_string).collect(),
            first_resources: plan.first_resources.clone(),
        }
    }

    /// Whether Port would be changed.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.would_create || !self.registration_changes.is_empty() || !self.first_resources.is_empty()
    }
}

impl Planned {
    /// Whether nothing was left unread, so that what is not shown would not happen.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let failed = self.report.notices.iter().any(|notice| notice.level == NoticeLevel::Error);
        self.report.outcome == SyncOutcome::Complete && !failed
    }

    /// Whether a resync, or the start before it, would write anything.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let setup = self.setup.as_ref().is_some_and(Setup::has_changes);
        setup || !self.report.blueprints_created.is_empty() || self.changes.has_any()
    }
}

/// Reads everything that a resync would read, and says what it would do. Nothing is written: neither to Port, nor to
/// the catalog, nor to the state file, which is not locked either.
///
/// # Errors
/// The plan cannot start or come to its end, or it needs more requests than are allowed.
pub async fn plan(settings: &Settings, request: PlanRequest) -> Result<Planned, StartupError> {
    let folder = tempfile::tempdir().map_err(StartupError::Temporary)?;
    let Target { catalog, mapping, blueprints, setup } = target(settings, &request, folder.path()).await?;
    let (reader, transport) = bitbucket(settings)?;
    let limit = Arc::new(Limit::new(transport.clone(), &request));
    let rehearsal = Rehearsal::new(Arc::clone(&catalog), Arc::clone(&limit) as Arc<dyn Observer>, folder.path());
    let rehearsal = Arc::new(rehearsal.map_err(StartupError::Temporary)?);
    let mut remarks = Vec::new();
    let (state, of_catalog) = state(&settings.state_path, &*catalog, folder.path(), &mut remarks).await?;
    restore(&state, &transport).await;
    let resync = Resync {
        source: reader,
        catalog: Arc::clone(&rehearsal) as Arc<dyn Catalog>,
        state: of_catalog,
        mapping: Arc::new(mapping),
        blueprints,
        scope: request.scope,
        limits: limits(settings),
        observer: Arc::clone(&rehearsal) as Arc<dyn Observer>,
    };
    let report = tokio::select! {
        biased;
        () = transport.limit_reached() => return Err(limit.error()),
        report = resync.run() => report?,
    };
    state.close().await?;
    let searched = rehearsal.searched();
    if searched > 0 {
        remarks.push(format!(
            "{searched} entities name others by a search query; what those find is known only when they are written"
        ));
    }
    let changes = match Arc::into_inner(rehearsal) {
        Some(rehearsal) => rehearsal.finish(),
        None => Err(std::io::Error::other("the sync still holds what it found")),
    };
    let changes = changes.map_err(StartupError::Temporary)?;
    Ok(Planned { report, changes, setup, remarks, _folder: folder })
}

/// What the plan compares with, and by which rules.
struct Target {
    catalog: Arc<dyn Catalog>,
    mapping: Mapping,
    blueprints: Vec<Blueprint>,
    setup: Option<Setup>,
}

async fn target(settings: &Settings, request: &PlanRequest, folder: &Path) -> Result<Target, StartupError> {
    match &request.place {
        CatalogPlace::Jsonl(_) => Err(StartupError::NotReadable),
        CatalogPlace::Port => port(settings, request).await,
        CatalogPlace::Sqlite(path) => {
            let owner = settings.integration.identifier.as_str();
            Ok(Target {
                mapping: mapping(request.mapping.as_ref().unwrap_or(&MappingSource::Released), settings).await?,
                blueprints: blueprints(request.blueprints.as_deref(), settings)?,
                catalog: Arc::new(LocalCatalog::open_copy(path, owner, folder).await?),
                setup: None,
            })
        }
    }
}

async fn port(settings: &Settings, request: &PlanRequest) -> Result<Target, StartupError> {
    let client = port_client(settings)?;
    let identifier = client.identity().identifier.clone();
    let provisioning = provision_request(settings, WhenMissing::Create)?;
    let defaults = provisioning.first.blueprints.clone();
    let found = Provisioner::new(&client, provisioning).plan().await?;
    let mapping = match (&request.mapping, &found.mapping) {
        (Some(source), _) => mapping(source, settings).await?,
        (None, Some(json)) => compile_json(json, &format!("the mapping of {identifier} at Port"), settings)?,
        // Port itself brings the mapping once the integration is created; until then nobody knows it.
        (None, None) if found.origin == Origin::Port => mapping(&MappingSource::Released, settings).await?,
        (None, None) => return Err(StartupError::NoMapping { identifier }),
    };
    let created = |blueprint: &Blueprint| found.blueprints_to_create.contains(&blueprint.identifier);
    Ok(Target {
        catalog: Arc::new(PortCatalog::new(client, None)),
        mapping,
        blueprints: defaults.into_iter().filter(created).collect(),
        setup: Some(Setup::of(&identifier, &found)),
    })
}

/// The copy of the state file; where it cannot be used the plan goes on without, and says so.
async fn state(
    path: &Path,
    catalog: &dyn Catalog,
    folder: &Path,
    remarks: &mut Vec<String>,
) -> Result<(State, CatalogState), StartupError> {
    let copied = async {
        let Some(state) = State::copy(path, folder).await? else { return Ok(None) };
        let of_catalog = state.catalog(catalog.name()).await?;
        Ok::<_, StateError>(Some((state, of_catalog)))
    };
    match copied.await {
        Ok(Some(copy)) => return Ok(copy),
        Ok(None) => {}
        Err(error) => remarks.push(format!(
            "the plan goes on without the state file, so where entities come from is not known: {error}"
        )),
    }
    let state = State::in_memory().await?;
    let of_catalog = state.catalog(catalog.name()).await?;
    Ok((state, of_catalog))
}

/// Stops a plan that would take too many requests.
struct Limit {
    transport: Transport,
    most: Option<u64>,
    /// Whether the last sync tells what this plan takes.
    whole: bool,
    expected: Mutex<Option<u64>>,
    beside: Arc<dyn Observer>,
}

impl Limit {
    fn new(transport: Transport, request: &PlanRequest) -> Self {
        if let Some(most) = request.most_requests {
            transport.limit_requests(most);
        }
        Self {
            transport,
            most: request.most_requests,
            whole: !request.scope.is_narrowed(),
            expected: Mutex::default(),
            beside: Arc::clone(&request.observer),
        }
    }

    fn foretold(&self, requests: u64, by: Forecast) {
        let total = match by {
            Forecast::LastSync if self.whole => requests,
            Forecast::LastSync => return,
            Forecast::Listings => requests + self.transport.usage().total.requests,
        };
        if self.most.is_some_and(|most| total > most) {
            *self.expected.lock().unwrap_or_else(PoisonError::into_inner) = Some(total);
            self.transport.limit_requests(0);
        }
    }

    fn error(&self) -> StartupError {
        let expected = *self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        StartupError::TooManyRequests { most: self.most.unwrap_or_default(), expected }
    }
}

impl Observer for Limit {
    fn on(&self, event: &SyncEvent) {
        self.beside.on(event);
        if let SyncEvent::Foretold { requests, by } = event {
            self.foretold(*requests, *by);
        }
    }

    fn examples_wanted(&self, resource: usize) -> usize {
        self.beside.examples_wanted(resource)
    }

    fn examples(&self, resource: usize, kind: &'static str, objects: &[Box<RawValue>]) {
        self.beside.examples(resource, kind, objects);
    }
}
