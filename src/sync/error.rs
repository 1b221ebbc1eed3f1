//! Why a sync could not run to its end.

use crate::catalog::CatalogError;
use crate::kinds::KeyError;
use crate::state::StateError;

/// A failure that stops the whole sync; what concerns one object, listing or write is in the report instead.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The state file cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The catalog cannot be prepared or flushed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A spooled parent cannot be read back.
    #[error("a spooled parent cannot be read back: {0}")]
    Spool(#[from] KeyError),
    /// Another stage ended first; its own error says why.
    #[error("the sync was stopped")]
    Stopped,
    /// The system refused a thread.
    #[error("cannot start the mapping workers")]
    Workers(#[source] std::io::Error),
}
