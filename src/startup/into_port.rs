//! One resync into Port, reported to Port.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::catalog::port::PortCatalog;
use crate::config::Settings;
use crate::mapping::Mapping;
use crate::port::{PortClient, PortReporter, ResyncId, SyncState};
use crate::sqlite::SqliteError;
use crate::state::StateError;
use crate::sync::{Observer, Report, Scope, SyncError};

use super::{KeptState, PortObserver, Run, StartupError, port_mapping, reporter_settings};

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
    IntoPort { settings, client, stop, kept: None, since: OffsetDateTime::now_utc() }.run(mapping, scope, beside).await
}

/// One of many resyncs of a process into Port.
#[derive(Clone, Copy, Debug)]
pub struct IntoPort<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// Port.
    pub client: &'a PortClient,
    /// Ends the resync in order.
    pub stop: &'a CancellationToken,
    /// The state file, where it outlasts the resync.
    pub kept: Option<&'a KeptState>,
    /// When the process began.
    pub since: OffsetDateTime,
}

impl IntoPort<'_> {
    /// Resyncs under the mapping given, or the one that Port has now. `beside` watches too.
    ///
    /// # Errors
    /// As [`Run::run`]; and Port has no mapping.
    pub async fn run(
        self,
        mapping: Option<Mapping>,
        scope: Scope,
        beside: Arc<dyn Observer>,
    ) -> Result<Report, StartupError> {
        let resync = ResyncId::random();
        let reporter = PortReporter::start(self.client.clone(), resync, reporter_settings(self.settings, self.since));
        let observer = Arc::new(PortObserver::new(reporter, beside));
        let ended = self.resync(resync, mapping, scope, Arc::clone(&observer) as Arc<dyn Observer>).await;
        match &ended {
            Err(StartupError::Interrupted) if observer.began() => {
                // Whoever stops the process does not wait for long.
                drop(tokio::time::timeout(FAREWELL, observer.finish(Some(SyncState::Aborted))).await);
            }
            // What Port says of the resync of the process that has the file must stay.
            Ok(_)
            | Err(StartupError::Interrupted | StartupError::State(StateError::File(SqliteError::InUse { .. }))) => {
                observer.finish(None).await;
            }
            Err(_) => observer.finish(Some(SyncState::Failed)).await,
        }
        ended
    }

    async fn resync(
        self,
        resync: ResyncId,
        mapping: Option<Mapping>,
        scope: Scope,
        observer: Arc<dyn Observer>,
    ) -> Result<Report, StartupError> {
        let interrupted = || Err(StartupError::Interrupted);
        let mapping = if let Some(mapping) = mapping {
            mapping
        } else {
            tokio::select! {
                mapping = port_mapping(self.client, self.settings) => mapping?,
                () = self.stop.cancelled() => return interrupted(),
            }
        };
        let catalog = Arc::new(PortCatalog::new(self.client.clone(), Some(resync)));
        let run =
            Run { catalog: Arc::clone(&catalog) as _, mapping, blueprints: vec![], scope, observer: observer.clone() };
        let Some(kept) = self.kept else { return run.run(self.settings, self.stop).await };
        let state = tokio::select! {
            state = kept.get(self.settings, &*catalog, &*observer) => state?,
            () = self.stop.cancelled() => return interrupted(),
        };
        let ended = run.run_in(&state, self.settings, self.stop).await;
        if matches!(ended, Err(StartupError::State(_) | StartupError::Sync(SyncError::State(_)))) {
            // A file that became unusable is set aside when it is opened again.
            if let Err(error) = kept.close().await {
                tracing::warn!("closing the state file: {error}");
            }
        }
        ended
    }
}
