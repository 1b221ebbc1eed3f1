//! What happens during a sync, for whoever watches: the terminal, logs, metrics, a page.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::catalog::EntityId;

use super::fate::Fate;
use super::rehearsal::FieldChange;
use super::report::{ResourceReport, SyncOutcome};

/// Something that happened. Listeners must return at once; they run between the steps of the sync.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SyncEvent {
    /// The plan stands: the resources that will be read, in the order of the mapping.
    Planned {
        /// The resources.
        resources: Vec<PlannedKind>,
    },
    /// A sync that was interrupted is gone on with.
    Resumed {
        /// Listings that are done.
        done: u64,
        /// Listings that are known and left.
        left: u64,
    },
    /// The request budget will make the sync wait.
    Delayed {
        /// How long, and until when.
        message: String,
    },
    /// Another process has what is needed; nothing goes on until it lets go.
    Waiting {
        /// Who has it, and since when.
        holder: String,
    },
    /// The first page of a resource arrived.
    Started {
        /// The resource's place in the plan.
        resource: usize,
    },
    /// Everything that was listed is mapped and written.
    Streamed {
        /// One row per resource of the plan, in order.
        resources: Vec<ResourceReport>,
    },
    /// The search for entities whose object is gone ended.
    Reconciled {
        /// Entities deleted.
        deleted: u64,
        /// Entities that may be gone and stay on doubt.
        withheld: u64,
    },
    /// The catalog's owned entities are being listed.
    Owned {
        /// How many so far.
        entities: u64,
    },
    /// A page of objects of a kind arrived.
    Listed {
        /// The kind.
        kind: &'static str,
        /// Objects on the page.
        objects: usize,
    },
    /// Listings per object of a kind were planned or ended.
    Children {
        /// The kind that is listed per object.
        kind: &'static str,
        /// Listings known so far.
        known: u64,
        /// Listings ended so far.
        ended: u64,
    },
    /// How many requests are to be expected.
    Foretold {
        /// Requests still to come.
        requests: u64,
        /// What tells so.
        by: Forecast,
    },
    /// Entities of a resource's kind were found unchanged.
    Unchanged {
        /// The kind.
        kind: &'static str,
        /// Their blueprint.
        blueprint: String,
        /// How many.
        entities: usize,
    },
    /// Entities were written.
    Written {
        /// The kind.
        kind: &'static str,
        /// How many.
        entities: usize,
    },
    /// The search for entities whose object is gone began.
    Reconciling,
    /// It was decided whether an entity that was not met goes.
    Judged {
        /// The entity.
        entity: EntityId,
        /// Whether it goes, and why.
        fate: Fate,
    },
    /// An entity that is about to go is replaced by another, because its object was renamed or moved.
    Renamed {
        /// The one that goes.
        from: EntityId,
        /// The one that replaces it.
        to: EntityId,
        /// What the first has, the mapping does not set, and the second will not have.
        lost: Vec<FieldChange>,
    },
    /// Entities were deleted.
    Deleted {
        /// The blueprint.
        blueprint: String,
        /// How many.
        entities: usize,
    },
    /// The sync ended.
    Ended {
        /// After this time.
        duration: Duration,
        /// Whether everything was done.
        outcome: SyncOutcome,
    },
}

/// What a forecast of requests rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// What the last sync took in all.
    LastSync,
    /// The listings that are known now, about one request each.
    Listings,
}

/// A resource as the plan has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedKind {
    /// Its kind.
    pub kind: &'static str,
    /// The expression that gives its blueprint, as the mapping writes it; of several the first.
    pub blueprint: String,
}

/// Watches a sync.
pub trait Observer: Send + Sync {
    /// Takes note of an event; must not block.
    fn on(&self, event: &SyncEvent);

    /// How many raw objects of a resource are still wanted as examples.
    fn examples_wanted(&self, resource: usize) -> usize {
        let _ = resource;
        0
    }

    /// Takes raw objects of a resource, as many as were wanted; must not block.
    fn examples(&self, resource: usize, kind: &'static str, objects: &[Box<RawValue>]) {
        let _ = (resource, kind, objects);
    }
}

impl<O: Observer + ?Sized> Observer for std::sync::Arc<O> {
    fn on(&self, event: &SyncEvent) {
        (**self).on(event);
    }

    fn examples_wanted(&self, resource: usize) -> usize {
        (**self).examples_wanted(resource)
    }

    fn examples(&self, resource: usize, kind: &'static str, objects: &[Box<RawValue>]) {
        (**self).examples(resource, kind, objects);
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _: &SyncEvent) {}
}
