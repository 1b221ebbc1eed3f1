//! What can go wrong with the state.

use crate::sqlite::SqliteError;

/// A failure of the state file.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StateError {
    /// The file itself failed.
    #[error(transparent)]
    File(#[from] SqliteError),
    /// The file is the catalog itself.
    #[error("{path} is a catalog, and the state needs a file of its own: give --state another path")]
    Catalog {
        /// The file.
        path: String,
    },
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
