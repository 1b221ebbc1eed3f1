//! A sync that writes nothing: what it would change is recorded instead.
//!
//! [`Rehearsal`] stands between a sync and its catalog, so that the sync itself is the very one that writes.

mod catalog;
mod change;
mod changes;
mod difference;
mod ledger;

pub use catalog::Rehearsal;
pub use change::{Action, Change, FieldChange, Totals};
pub use changes::Changes;
pub(crate) use difference::parts;
