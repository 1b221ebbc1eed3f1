//! One resync into Port, reported to Port.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::catalog::port::PortCatalog;
use crate::config::Settings;
use crate::mapping::Mapping;
use crate::port::{PortClient, PortReporter, ResyncId, SyncState};
use crate::sqlite::SqliteError;
use crate::state::StateError;
use crate::sync::{Observer, Report, Scope};

use super::{PortObserver, Run, StartupError, port_mapping, reporter_settings};

/// Longest time for telling Port that a resync was aborted.
const FAREWELL: Duration = Duration::from_secs(6);

/// Resyncs into Port under the mapping given, or the one that Port has, until `stop` is cancelled. `beside` watches too.
///
/// # Errors
/// As [`Run::run`]; and Port has no mapping.
pub async fn resync_into_port(
    settings: &Settings,
    client: &PortClient,
    mapping: Option<Mapping>,
    scope: Scope,
    beside: Arc<dyn Observer>,
    stop: &CancellationToken,
) -> Result<Report, StartupError> {
    let resync = ResyncId::random();
    let reporter = PortReporter::start(client.clone(), resync, reporter_settings(settings));
    let observer = Arc::new(PortObserver::new(reporter, beside));
    let ended = run(settings, client, resync, mapping, scope, Arc::clone(&observer) as Arc<dyn Observer>, stop).await;
    match &ended {
        Err(StartupError::Interrupted) if observer.began() => {
            // Whoever stops the process does not wait for long.
            drop(tokio::time::timeout(FAREWELL, observer.finish(Some(SyncState::Aborted))).await);
        }
        // What Port says of the resync of the process that has the file must stay.
        Ok(_) | Err(StartupError::Interrupted | StartupError::State(StateError::File(SqliteError::InUse { .. }))) => {
            observer.finish(None).await;
        }
        Err(_) => observer.finish(Some(SyncState::Failed)).await,
    }
    ended
}

async fn run(
    settings: &Settings,
    client: &PortClient,
    resync: ResyncId,
    mapping: Option<Mapping>,
    scope: Scope,
    observer: Arc<dyn Observer>,
    stop: &CancellationToken,
) -> Result<Report, StartupError> {
    let mapping = if let Some(mapping) = mapping {
        mapping
    } else {
        tokio::select! {
            mapping = port_mapping(client, settings) => mapping?,
            () = stop.cancelled() => return Err(StartupError::Interrupted),
        }
    };
    let catalog = Arc::new(PortCatalog::new(client.clone(), Some(resync)));
    Run { catalog, mapping, blueprints: vec![], scope, observer }.run(settings, stop).await
}
