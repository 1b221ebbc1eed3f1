//! Runs one resync as the settings say.

use std::sync::Arc;

use crate::bitbucket::Transport;
use crate::catalog::{Blueprint, Catalog};
use crate::config::{EmptyListing, Settings};
use crate::mapping::Mapping;
use crate::state::State;
use crate::sync::{EmptyListings, Observer, Report, Resync, ResyncLimits, Scope};

use super::{StartupError, bitbucket, open_state, retry};

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
    /// Connects to Bitbucket, opens the state file, runs, and remembers what was spent of the budget.
    ///
    /// # Errors
    /// The sync cannot start or cannot come to its end.
    pub async fn run(self, settings: &Settings) -> Result<Report, StartupError> {
        let (reader, transport) = bitbucket(settings)?;
        let state = open_state(&settings.state_path, &*self.catalog).await?;
        restore(&state.file, &transport).await;
        let ended = Resync {
            source: reader,
            catalog: self.catalog,
            state: state.catalog,
            mapping: Arc::new(self.mapping),
            blueprints: self.blueprints,
            scope: self.scope,
            limits: limits(settings),
            observer: self.observer,
        }
        .run()
        .await;
        remember(&state.file, &transport).await;
        state.file.close().await?;
        Ok(ended?)
    }
}

fn limits(settings: &Settings) -> ResyncLimits {
    ResyncLimits {
        concurrency: settings.resync.concurrency,
        confirmations: usize::try_from(settings.deletion.confirm_limit).unwrap_or(usize::MAX),
        first_rewrite: retry::first_rewrite(settings.retry),
        deletions: settings.deletion.limit,
        empty_listings: match settings.deletion.empty_listing {
            EmptyListing::Doubted => EmptyListings::Doubted,
            EmptyListing::Believed => EmptyListings::Believed,
        },
    }
}

/// What earlier processes spent counts for this one. Without it the window begins empty, which Bitbucket corrects
/// with a 429, so a fault here stops nothing.
async fn restore(state: &State, transport: &Transport) {
    match state.get(BUDGET).await {
        Ok(Some(text)) => match serde_json::from_str::<Vec<_>>(&text) {
            Ok(records) => transport.budget().restore(&records),
            Err(error) => tracing::warn!("what was spent of the request budget cannot be read: {error}"),
        },
        Ok(None) => {}
        Err(error) => tracing::warn!("what was spent of the request budget cannot be read: {error}"),
    }
}

async fn remember(state: &State, transport: &Transport) {
    let text = serde_json::to_string(&transport.budget().snapshot()).unwrap_or_default();
    if let Err(error) = state.put(BUDGET, text).await {
        tracing::warn!("what was spent of the request budget cannot be kept: {error}");
    }
}
