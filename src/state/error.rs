//! What can go wrong with the state.

use crate::sqlite::SqliteError;

/// A failure of the state file.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StateError {
    /// The file itself failed.
    #[error("state file: {0}")]
    File(#[from] SqliteError),
    /// The owned entities were asked for before their listing had ended, so an answer could be wrong.
    #[error("state file: the listing of owned entities did not end in sync {sync}, so nothing can be said about them")]
    NotListed {
        /// The sync that asked.
        sync: i64,
    },
    /// A spooled row no longer holds what was put there.
    #[error("state file: a spooled row of listing {listing:?} is damaged; the listing has to be read again")]
    DamagedSpool {
        /// Name of the listing.
        listing: String,
    },
}
