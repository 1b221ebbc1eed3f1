//! Brings single objects up to date as the settings say.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::bitbucket::Transport;
use crate::catalog::port::PortCatalog;
use crate::catalog::{Catalog, LocalCatalog};
use crate::config::{Settings, WriteMode};
use crate::http::SystemClock;
use crate::state::{CatalogState, State};
use crate::sync::{Live, LiveKey, LiveLimits, LiveReport, Observer, Rehearsal, Rewriting, WhyError};

use super::run::{keep_remembering, limits, remember, restore};
use super::{CatalogPlace, MappingSource, StartupError, bitbucket, mapping, port_client, wait_for_state};

/// What is to be brought up to date.
pub struct RefreshRequest {
    /// The catalog.
    pub place: CatalogPlace,
    /// The mapping; by default the one that a resync would use.
    pub mapping: Option<MappingSource>,
    /// The kind of the objects.
    pub kind: String,
    /// Their names.
    pub names: Vec<String>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
}

/// Why nothing could be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// A part of it cannot be had.
    #[error(transparent)]
    Startup(#[from] StartupError),
    /// A name leads nowhere, or Bitbucket cannot be asked about it.
    #[error(transparent)]
    Name(#[from] WhyError),
}

/// Fetches objects as they are now and brings the catalog up to date about them. Where the settings want everything
/// rehearsed, nothing is written, and the report says what would be.
///
/// # Errors
/// The work cannot begin or come to its end, or was interrupted; what concerns one object is in the report.
pub async fn refresh(
    settings: &Settings,
    request: RefreshRequest,
    stop: &CancellationToken,
) -> Result<LiveReport, RefreshError> {
    let (reader, transport) = bitbucket(settings)?;
    let mapping = Arc::new(mapping(&source(settings, &request), settings).await?);
    let target = match settings.resync.mode {
        WriteMode::DryRun => rehearsed(settings, &request).await?,
        WriteMode::Write => kept(settings, &request, stop).await?,
    };
    restore(&target.file, &transport).await;
    let of = limits(settings);
    let live = Live {
        source: reader,
        catalog: target.catalog,
        state: target.state,
        mapping,
        limits: LiveLimits {
            concurrency: of.concurrency,
            deletions: of.deletions,
            empty_listings: of.empty_listings,
            rewriting: Rewriting { first_wait: of.first_rewrite, ..LiveLimits::default().rewriting },
            ..LiveLimits::default()
        },
        clock: Arc::new(SystemClock::new()),
        observer: request.observer,
    };
    let ended = run(&live, &request.kind, &request.names, &target.file, &transport, stop).await;
    remember(&target.file, &transport).await;
    if let Err(error) = target.file.close().await {
        tracing::warn!("the state file cannot be closed: {error}");
    }
    ended
}

async fn run(
    live: &Live,
    kind: &str,
    names: &[String],
    file: &State,
    transport: &Transport,
    stop: &CancellationToken,
) -> Result<LiveReport, RefreshError> {
    let work = async {
        let mut due: Vec<LiveKey> = vec![];
        for name in names {
            due.extend(live.named(kind, name).await?);
        }
        live.apply(due).await.map_err(|error| RefreshError::Startup(error.into()))
    };
    tokio::select! {
        biased;
        ended = Box::pin(work) => ended,
        () = stop.cancelled() => Err(StartupError::Interrupted.into()),
        never = keep_remembering(file, transport) => never,
    }
}

fn source(settings: &Settings, request: &RefreshRequest) -> MappingSource {
    match (&request.mapping, &request.place) {
        (Some(source), _) => source.clone(),
        (None, CatalogPlace::Port) => MappingSource::Port(settings.integration.identifier.as_str().to_owned()),
        (None, _) => MappingSource::Released,
    }
}

/// Where entities go, and what is remembered of it.
struct Target {
    catalog: Arc<dyn Catalog>,
    file: State,
    state: CatalogState,
    /// Holds copies.
    _folder: Option<TempDir>,
}

async fn kept(settings: &Settings, request: &RefreshRequest, stop: &CancellationToken) -> Result<Target, StartupError> {
    let catalog: Arc<dyn Catalog> = match &request.place {
        // This is no resync, and Port is told of none.
        CatalogPlace::Port => Arc::new(PortCatalog::new(port_client(settings)?, None)),
        place => super::catalog(place, settings).await?,
    };
    let opening = wait_for_state(&settings.state_path, &*catalog, settings.endurance.state_wait, &*request.observer);
    let opened = tokio::select! {
        opened = opening => opened?,
        () = stop.cancelled() => return Err(StartupError::Interrupted),
    };
    Ok(Target { catalog, file: opened.file, state: opened.catalog, _folder: None })
}

/// The catalog as one that is only read, and a copy of the state file.
async fn rehearsed(settings: &Settings, request: &RefreshRequest) -> Result<Target, StartupError> {
    let folder = tempfile::tempdir().map_err(StartupError::Temporary)?;
    let catalog: Arc<dyn Catalog> = match &request.place {
        CatalogPlace::Jsonl(_) => return Err(StartupError::NotReadable),
        CatalogPlace::Port => Arc::new(PortCatalog::new(port_client(settings)?, None)),
        CatalogPlace::Sqlite(path) => {
            let owner = settings.integration.identifier.as_str();
            Arc::new(LocalCatalog::open_copy(path, owner, folder.path()).await?)
        }
    };
    let (file, state) = copy(&settings.state_path, &*catalog, folder.path()).await?;
    let rehearsal = Rehearsal::new(catalog, Arc::clone(&request.observer), folder.path());
    let catalog = Arc::new(rehearsal.map_err(StartupError::Temporary)?);
    Ok(Target { catalog, file, state, _folder: Some(folder) })
}

async fn copy(path: &Path, catalog: &dyn Catalog, folder: &Path) -> Result<(State, CatalogState), StartupError> {
    let file = match State::copy(path, folder).await? {
        Some(copy) => copy,
        None => State::in_memory().await?,
    };
    let state = file.catalog(catalog.name()).await?;
    Ok((file, state))
}
