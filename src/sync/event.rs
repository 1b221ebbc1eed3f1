//! What happens during a sync, for whoever watches: the terminal, logs, metrics, a page.

use std::time::Duration;

/// Something that happened. Listeners must return at once; they run between the steps of the sync.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SyncEvent {
    /// The plan stands: the kinds that will be read, in order.
    Planned {
        /// Names of the kinds.
        kinds: Vec<&'static str>,
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
    /// Entities of a resource's kind were found unchanged.
    Unchanged {
        /// The kind.
        kind: &'static str,
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
    },
}

/// Watches a sync.
pub trait Observer: Send + Sync {
    /// Takes note of an event; must not block.
    fn on(&self, event: &SyncEvent);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _: &SyncEvent) {}
}
