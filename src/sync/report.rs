//! What a resync did, counted by kind while it runs and summed up at its end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// Running counts of one resource; shared by all stages.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) listed: Count,
    pub(crate) mapped: Count,
    pub(crate) filtered: Count,
    pub(crate) skipped: Count,
    pub(crate) failed: Count,
    pub(crate) degraded: Count,
    pub(crate) unchanged: Count,
    pub(crate) created: Count,
    pub(crate) updated: Count,
    pub(crate) unmatched: Count,
    pub(crate) refused: Count,
    pub(crate) collided: Count,
    pub(crate) deleted: Count,
}

/// A counter that every stage may raise.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a resync did.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether everything was read and written.
    pub outcome: SyncOutcome,
    /// Name of the catalog.
    pub catalog: String,
    /// One row per resource of the mapping, in its order.
    pub resources: Vec<ResourceReport>,
    /// What was deleted or protected, by blueprint; blueprints with neither are absent.
    pub deletions: Vec<DeletionReport>,
    /// Blueprints that were created before writing.
    pub blueprints_created: Vec<String>,
    /// What a person should know: resources left out, objects and writes that failed (the first of each).
    pub notices: Vec<Notice>,
    /// Requests sent to Bitbucket, repeated attempts included.
    pub requests: u64,
    /// From start to end, in milliseconds.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// Whether a resync did all that its mapping asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncOutcome {
    /// All resources were listed to their end, all entities written, and none that may be gone was kept on doubt.
    Complete,
    /// Something was not read, not mapped, not written or not deleted; the notices say what.
    Incomplete,
}

/// One row of the closing table.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceReport {
    /// The resource's place in the mapping, from 0.
    pub index: usize,
    /// Its kind.
    pub kind: String,
    /// How its listing ended.
    pub listing: ListingReport,
    /// Objects that Bitbucket listed.
    pub listed: u64,
    /// Entities that they became.
    pub mapped: u64,
    /// Objects that the selector left out.
    pub filtered: u64,
    /// Objects without identifier or blueprint.
    pub skipped: u64,
    /// Objects that could not be mapped.
    pub failed: u64,
    /// Objects mapped without some property because an enrichment failed.
    pub degraded: u64,
    /// Entities that the catalog had already, so they were not sent.
    pub unchanged: u64,
    /// Entities that did not exist before.
    pub created: u64,
    /// Entities that were written over.
    pub updated: u64,
    /// Entities whose identifier is a search that finds nothing; nothing was to be written.
    pub unmatched: u64,
    /// Entities that the catalog refused.
    pub refused: u64,
    /// Entities that another object yields as well.
    pub collided: u64,
    /// Entities deleted because their object is gone.
    pub deleted: u64,
    /// Requests for this kind; several resources of one kind share them.
    pub requests: u64,
    /// From the first request to the last write, in milliseconds.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// How the listing of a resource ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "why")]
pub enum ListingReport {
    /// Every page arrived.
    Complete,
    /// Something is missing; nothing that it feeds is deleted.
    Partial(String),
    /// It was not listed at all.
    Skipped(String),
}

/// What became of a blueprint's entities that were not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeletionReport {
    /// The blueprint.
    pub blueprint: String,
    /// Entities that this integration owned before the sync.
    pub owned: u64,
    /// Entities that were not seen.
    pub missing: u64,
    /// Entities deleted, dependents included.
    pub deleted: u64,
    /// Why the others stayed, with their number.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub protected: BTreeMap<String, u64>,
    /// How many of those stayed on doubt: a bound was reached, a listing was empty, or something could not be read.
    /// A sync with such entities is incomplete; those that stay by rule leave it complete.
    pub withheld: u64,
}

/// One thing that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// How grave it is.
    pub level: NoticeLevel,
    /// What happened, to what, and what to do.
    pub message: String,
    /// How often it happened.
    pub count: u64,
    /// To what, where it happened to several; the message has the first few, the log has all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// How grave a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// Something was not done.
    Error,
    /// Something was done that is hardly meant.
    Warning,
    /// For information.
    Note,
}

impl Tally {
    pub(crate) fn report(&self, index: usize, kind: String, listing: ListingReport) -> ResourceReport {
        ResourceReport {
            index,
            kind,
            listing,
            listed: self.listed.get(),
            mapped: self.mapped.get(),
            filtered: self.filtered.get(),
            skipped: self.skipped.get(),
            failed: self.failed.get(),
            degraded: self.degraded.get(),
            unchanged: self.unchanged.get(),
            created: self.created.get(),
            updated: self.updated.get(),
            unmatched: self.unmatched.get(),
            refused: self.refused.get(),
            collided: self.collided.get(),
            deleted: self.deleted.get(),
            requests: 0,
            duration: Duration::ZERO,
        }
    }
}

impl ResourceReport {
    /// Whether everything of this resource was read, mapped and written.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.listing == ListingReport::Complete && self.failed == 0 && self.refused == 0 && self.degraded == 0
    }
}

pub(crate) fn milliseconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
