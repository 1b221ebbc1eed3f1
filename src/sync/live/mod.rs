//! Single objects between two resyncs: each is fetched as it is now and what it became is brought up to date.
//!
//! A key is a hint, not data: whatever made it due, the object is asked for, enriched, selected, mapped, compared and
//! written with the code of a resync. What it gave before and gives no longer goes, as the state file remembers it;
//! what an object gave that is gone goes whether a selector would let it through or not.
//!
//! One process works on one state file at a time, which its lock sees to. Within a process the caller runs one
//! application or resync at a time.

mod apply;
mod below;
mod certainty;
mod delete;
mod key;
mod look;
mod memory;
mod name;
mod report;
mod stale;
mod survey;

pub use apply::{Live, LiveLimits};
pub use key::LiveKey;
pub use report::{Became, EntityReport, Found, LiveReport, ObjectReport};
