//! The state file of a sync.

use std::path::Path;

use crate::catalog::Catalog;
use crate::state::{CatalogState, Origin, State};

use super::StartupError;

/// A state file and its part for one catalog.
#[derive(Debug)]
pub struct OpenedState {
    /// The file, to be closed at the end.
    pub file: State,
    /// The catalog's part.
    pub catalog: CatalogState,
}

/// Opens the state file; a damaged or foreign one is set aside, which makes the next sync a full comparison.
///
/// # Errors
/// The file is in use, was written by a newer version, or cannot be written.
pub async fn open_state(path: &Path, catalog: &dyn Catalog) -> Result<OpenedState, StartupError> {
    let opened = State::open(path).await?;
    match &opened.origin {
        Origin::Existing => {}
        Origin::Fresh => tracing::info!(path = %path.display(), "no state file yet: everything is compared"),
        Origin::Replaced { reason, kept_as } => tracing::warn!(
            "the state file {} cannot be used ({reason}): it was kept as {}, and everything is compared",
            path.display(),
            kept_as.display()
        ),
    }
    let catalog = opened.state.catalog(catalog.name()).await?;
    Ok(OpenedState { file: opened.state, catalog })
}
