//! Bringing a catalog up to date: plan, listings, comparison, writing, reconciliation, report.

mod compare;
mod confirm;
mod context;
mod diff;
mod enrich;
mod error;
mod event;
mod fate;
mod feed;
mod full;
mod journal;
mod ledger;
mod live;
mod notices;
mod nulls;
mod plan;
mod recheck;
mod reconcile;
mod rehearsal;
mod relations;
mod rename;
mod report;
mod resume;
mod resync;
mod rewrite;
mod source;
mod takeover;
mod transform;
mod why;
mod write;

pub use error::SyncError;
pub use event::{Forecast, Observer, PlannedKind, Silent, SyncEvent};
pub use fate::{Fate, Gone};
pub use live::{Became, EntityReport, Found, Live, LiveKey, LiveLimits, LiveReport, ObjectReport};
pub use plan::Scope;
pub use reconcile::{EmptyListings, Unmapped};
pub use rehearsal::{Action, Change, Changes, FieldChange, Rehearsal, Totals};
pub use report::{DeletionReport, ListingReport, Notice, NoticeLevel, Report, ResourceReport, SyncOutcome};
pub use resync::{FullComparison, Resync, ResyncLimits};
pub use rewrite::Rewriting;
pub use source::{Bitbucket, Reader};
pub use why::{
    Added, AddedState, Becomes, Entry, Inquiry, LeftOut, Listed, Remembered, ResourceAnswer, Verdict, Why, WhyError,
};
