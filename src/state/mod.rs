//! What the program remembers between runs: what it wrote and from where, cursors, budget windows.
//!
//! All of it can be lost at any time: it saves work, and a missing or damaged file only means that the next
//! sync compares everything.

mod catalog;
mod checkpoint;
mod copy;
mod error;
mod fingerprint;
mod object;
mod open;
mod owned;
mod provenance;
mod schema;
mod shared;
mod spool;
mod syncs;
mod values;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;

pub use catalog::CatalogState;
pub use checkpoint::{Checkpoint, Interrupted, RootDone, SeveralDone};
pub use error::StateError;
pub use fingerprint::Fingerprint;
pub(crate) use fingerprint::short_fingerprint;
pub use open::{Opened, Origin, State};
pub use owned::Unseen;
pub use provenance::{Known, Provenance, Sibling, Trace};
pub use spool::{Pages, Spool, SpoolItem};
pub use syncs::{SyncId, SyncRecord};
