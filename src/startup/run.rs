//! Runs one resync as the settings say.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::bitbucket::Transport;
use crate::catalog::{Blueprint, Catalog};
use crate::config::{EmptyListing, Product, Settings, UnmappedBlueprints};
use crate::mapping::Mapping;
use crate::state::State;
use crate::sync::{EmptyListings, FullComparison, Observer, Report, Resync, ResyncLimits, Scope, Unmapped};

use super::{OpenedState, StartupError, bitbucket, retry, wait_for_state};

/// Under which key of the state file the budget is kept.
const BUDGET: &str = "budget";

/// What a resync needs besides the settings.
pub struct Run {
    /// Where entities go.
    pub catalog: Arc<dyn Catalog>,
    /// Which objects become which entities.
    pub mapping: Mapping,
    /// Blueprints to create where they are missing.
    pub blueprints: Vec<Blueprint>,
    /// Which part of the mapping runs.
    pub scope: Scope,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
}

impl Run {
    /// Connects to Bitbucket, opens the state file, runs, and remembers what was spent of the budget. When `stop` is
    /// cancelled the resync is left where it is, and everything is put in order for the next run to go on.
    ///
    /// # Errors
    /// The sync cannot start or cannot come to its end, or was interrupted.
    pub async fn run(self, settings: &Settings, stop: &CancellationToken) -> Result<Report, StartupError> {
        let opening =
            wait_for_state(&settings.state_path, &*self.catalog, settings.endurance.state_wait, &*self.observer);
        let state = tokio::select! {
            opened = opening => opened?,
            () = stop.cancelled() => return Err(StartupError::Interrupted),
        };
        let ended = self.run_in(&state, settings, stop).await;
        within("closing the state file", async { Ok(state.file.close().await?) }).await;
        ended
    }

    /// The same with a state file that is open already and stays so.
    ///
    /// # Errors
    /// As [`Run::run`].
    pub async fn run_in(
        self,
        state: &OpenedState,
        settings: &Settings,
        stop: &CancellationToken,
    ) -> Result<Report, StartupError> {
        let (reader, transport) = bitbucket(settings)?;
        restore(&state.file, &transport).await;
        let catalog = Arc::clone(&self.catalog);
        let resync = Resync {
            source: reader,
            catalog: self.catalog,
            state: state.catalog.clone().about(&source(settings)),
            mapping: Arc::new(self.mapping),
            blueprints: self.blueprints,
            scope: self.scope,
            limits: limits(settings),
            observer: self.observer,
        };
        let ended = tokio::select! {
            // What is finished counts, even when a signal came with it.
            biased;
            ended = Box::pin(resync.run()) => ended.map_err(StartupError::from),
            () = stop.cancelled() => {
                within("writing out the catalog", async { catalog.flush().await.map_err(StartupError::from) }).await;
                Err(StartupError::Interrupted)
            }
            never = keep_remembering(&state.file, &transport) => never,
        };
        within("keeping the budget", async {
            remember(&state.file, &transport).await;
            Ok(())
        })
        .await;
        ended
    }
}

/// Longest time for one of the things that are done at the end.
const AT_THE_END: Duration = Duration::from_secs(3);

/// Time between two notes of the budget, so that a killed process leaves it nearly as it was.
const REMEMBER: Duration = Duration::from_secs(2);

/// Does something that the outcome does not hang on, for a bounded time.
async fn within(what: &str, work: impl Future<Output = Result<(), StartupError>>) {
    match tokio::time::timeout(AT_THE_END, work).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!("{what}: {error}"),
        Err(_) => tracing::warn!("{what}: it took too long and was left"),
    }
}

/// Where objects come from, for telling one source from another.
fn source(settings: &Settings) -> String {
    match &settings.product {
        Product::Cloud(config) => format!("{} {}", config.base_url.as_str(), config.workspace.as_str()),
        Product::DataCenter(config) => config.base_url.as_str().to_owned(),
    }
}

/// Notes again and again what was spent of the budget; never ends.
pub(super) async fn keep_remembering<T>(state: &State, transport: &Transport) -> T {
    let mut last = String::new();
    loop {
        tokio::time::sleep(REMEMBER).await;
        let text = budget_text(transport);
        if text != last && state.put(BUDGET, text.clone()).await.is_ok() {
            last = text;
        }
    }
}

fn budget_text(transport: &Transport) -> String {
    serde_json::to_string(&transport.budget().snapshot()).unwrap_or_default()
}

pub(super) fn limits(settings: &Settings) -> ResyncLimits {
    ResyncLimits {
        concurrency: settings.resync.concurrency,
        confirmations: usize::try_from(settings.deletion.confirm_limit).unwrap_or(usize::MAX),
        first_rewrite: retry::first_rewrite(settings.retry),
        deletions: settings.deletion.limit,
        empty_listings: match settings.deletion.empty_listing {
            EmptyListing::Doubted => EmptyListings::Doubted,
            EmptyListing::Believed => EmptyListings::Believed,
        },
        unmapped: match settings.deletion.unmapped {
            UnmappedBlueprints::Kept => Unmapped::Kept,
            UnmappedBlueprints::Pruned => Unmapped::Pruned,
        },
        full_comparison: match settings.resync.full_comparison {
            Duration::ZERO => FullComparison::Now,
            interval => FullComparison::After(interval),
        },
        as_of: None,
        resume_within: settings.endurance.resume_within,
    }
}

/// What earlier processes spent counts for this one. Without it the window begins empty, which Bitbucket corrects
/// with a 429, so a fault here stops nothing.
pub(super) async fn restore(state: &State, transport: &Transport) {
    match state.get(BUDGET).await {
        Ok(Some(text)) => match serde_json::from_str::<Vec<_>>(&text) {
            Ok(records) => transport.budget().restore(&records),
            Err(error) => tracing::warn!("what was spent of the request budget cannot be read: {error}"),
        },
        Ok(None) => {}
        Err(error) => tracing::warn!("what was spent of the request budget cannot be read: {error}"),
    }
}

pub(super) async fn remember(state: &State, transport: &Transport) {
    if let Err(error) = state.put(BUDGET, budget_text(transport)).await {
        tracing::warn!("what was spent of the request budget cannot be kept: {error}");
    }
}
