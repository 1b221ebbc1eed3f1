//! What all stages of one sync share.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use bitbucket_port_jq::Limits;
use time::OffsetDateTime;

use crate::catalog::{Catalog, Dependents, Entity, EntityId, Existing, MissingRelated, WriteOptions};
use crate::kinds::{Kind, Listing};
use crate::mapping::{FedBlueprints, Flags, Mapping, Pool};
use crate::state::CatalogState;

use super::event::{Forecast, Observer, SyncEvent};
use super::feed::Owner;
use super::journal::{Journal, Written};
use super::ledger::Ledger;
use super::notices::Notices;
use super::nulls::Nulls;
use super::plan::Plan;
use super::recheck::Several;
use super::report::Tally;
use super::resume::Resumed;
use super::source::Reader;

/// Objects that selectors left out and that are remembered, to say why an entity goes.
const LEFT_OUT: usize = 100_000;

/// Entities that could not be written and are remembered by name; beyond that any may be one.
const REFUSED: usize = 10_000;

/// Failed parents that are remembered by name for one resource; beyond that the whole resource counts as failed.
const FAILED_PARENTS: usize = 10_000;

pub(crate) struct Context {
    pub(crate) source: Arc<dyn Reader>,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) state: CatalogState,
    pub(crate) pool: Pool,
    pub(crate) plan: Plan,
    pub(crate) flags: Flags,
    pub(crate) jq: Limits,
    pub(crate) concurrency: usize,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) notices: Notices,
    pub(crate) tallies: Vec<Tally>,
    pub(crate) nulls: Vec<Nulls>,
    pub(crate) ledger: Arc<Ledger>,
    /// Keeps what becomes of each entity, where that is asked for.
    pub(crate) journal: Option<Journal>,
    /// What was done before an interruption.
    pub(crate) resumed: OnceLock<Resumed>,
    progress: Vec<Mutex<Progress>>,
    /// Listings that came in several pages, between which objects can shift.
    several: Mutex<HashMap<ListingPlace, Several>>,
    /// Listings that gave an object, each of them once, whatever it belongs to.
    gave: Mutex<HashSet<Arc<Listing>>>,
    /// Fingerprints of the keys of the objects in those listings.
    met: Mutex<HashSet<i64>>,
    /// Fingerprints of the keys of objects that a selector left out, up to a bound.
    left_out: Mutex<HashSet<i64>>,
    /// Entities that could not be written.
    refused: Mutex<HashSet<EntityId>>,
}

/// A listing: its kind, and the key of the object that it belongs to.
pub(crate) type ListingPlace = (Kind, Option<Arc<str>>);

/// How far one resource came.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Why not all of its objects were listed; empty when all were.
    gaps: BTreeMap<String, u64>,
    /// Keys of the objects whose own listing failed.
    failed_parents: HashSet<Arc<str>>,
    /// More failed than are remembered, or the failure has no parent.
    failed_wholly: bool,
    started: Option<Instant>,
    ended: Option<Instant>,
}

/// Which objects of a resource may be missing although they exist.
#[derive(Debug, Clone)]
pub(crate) enum Gaps {
    /// None.
    None,
    /// Those of these parents.
    Parents(HashSet<Arc<str>>),
    /// Any.
    Any(String),
}

impl Context {
    #[expect(clippy::too_many_arguments, reason = "gathers what the stages share, once")]
    pub(crate) fn new(
        source: Arc<dyn Reader>,
        catalog: Arc<dyn Catalog>,
        state: CatalogState,
        pool: Pool,
        plan: Plan,
        mapping: &Mapping,
        concurrency: usize,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let tallies = plan.resources.iter().map(|_| Tally::default()).collect();
        let nulls = plan.resources.iter().map(|planned| Nulls::of(&planned.resource)).collect();
        let progress = plan.resources.iter().map(|_| Mutex::default()).collect();
        Self {
            source,
            catalog,
            state,
            pool,
            plan,
            flags: mapping.flags,
            jq: mapping.limits,
            concurrency,
            observer,
            notices: Notices::default(),
            tallies,
            nulls,
            ledger: Ledger::new(),
            journal: None,
            resumed: OnceLock::new(),
            progress,
            several: Mutex::default(),
            gave: Mutex::default(),
            met: Mutex::default(),
            left_out: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    /// Notes that a listing comes in several pages.
    pub(crate) fn several_pages(&self, listing: &Arc<Listing>, owner: Option<&Owner>) {
        let place = (listing.kind(), owner.map(|owner| Arc::clone(&owner.key)));
        let several = Several { listing: Arc::clone(listing), parent: owner.map(|owner| owner.parent.clone()) };
        lock(&self.several).insert(place, several);
    }

    /// What the first part of an interrupted sync knew of listings that came in several pages.
    pub(crate) fn restore(&self, several: impl IntoIterator<Item = (ListingPlace, Several)>, met: Vec<i64>) {
        lock(&self.several).extend(several);
        lock(&self.met).extend(met);
    }

    /// Whether a listing came as one page: then it is a snapshot, and what it lacks does not exist.
    pub(crate) fn is_snapshot(&self, kind: Kind, parent: Option<&str>) -> bool {
        let place = (kind, parent.map(Arc::from));
        !lock(&self.several).contains_key(&place)
    }

    /// Whether all listings of a kind came as one page each.
    pub(crate) fn are_snapshots(&self, kind: Kind) -> bool {
        !lock(&self.several).keys().any(|(several, _)| *several == kind)
    }

    /// The listings that came in several pages.
    pub(crate) fn several(&self) -> Vec<Several> {
        lock(&self.several).values().cloned().collect()
    }

    /// Notes that a listing gave objects.
    pub(crate) fn gave(&self, listing: &Arc<Listing>) {
        let mut gave = lock(&self.gave);
        if !gave.contains(listing) {
            gave.insert(Arc::clone(listing));
        }
    }

    /// Whether a listing gave nothing at all, over all objects that it was made for.
    pub(crate) fn gave_nothing(&self, listing: &Arc<Listing>) -> bool {
        let before = self.resumed.get().and_then(|first| first.root(&listing.to_string()));
        before.is_none_or(|root| root.listed == 0) && !lock(&self.gave).contains(listing)
    }

    /// The kind of the whole workspace's listing, of those that a resource depends on, that gave nothing.
    pub(crate) fn empty_root(&self, resource: usize) -> Option<Kind> {
        let listing = self.plan.resources.get(resource).map(|planned| &planned.listing);
        let mut chain = std::iter::successors(listing, |listing| listing.each());
        // That a repository has no pull requests is nothing odd, unlike a workspace without repositories.
        let empty = chain.find(|listing| listing.kind().each().is_none() && self.gave_nothing(listing));
        empty.map(|listing| listing.kind())
    }

    /// Notes the keys of objects of a listing of several pages.
    pub(crate) fn met(&self, keys: &[i64]) {
        lock(&self.met).extend(keys);
        self.ledger.met(keys);
    }

    /// Whether an object was met in a listing of several pages.
    pub(crate) fn was_met(&self, key: i64) -> bool {
        lock(&self.met).contains(&key)
    }

    /// Notes that a selector left an object out.
    pub(crate) fn leave_out(&self, key: i64) {
        let mut left_out = lock(&self.left_out);
        if left_out.len() < LEFT_OUT {
            left_out.insert(key);
        }
    }

    /// Whether a selector left an object out, as far as that is remembered.
    pub(crate) fn left_out(&self, key: i64) -> bool {
        lock(&self.left_out).contains(&key)
    }

    /// Notes that an entity could not be written.
    pub(crate) fn refuse(&self, id: EntityId) {
        let mut refused = lock(&self.refused);
        if refused.len() < REFUSED {
            refused.insert(id);
        }
    }

    /// Whether an entity could not be written, or may be among those that were too many to remember.
    pub(crate) fn was_refused(&self, id: &EntityId) -> bool {
        let refused = lock(&self.refused);
        refused.len() >= REFUSED || refused.contains(id)
    }

    /// The blueprints that the resources of this sync name literally.
    pub(crate) fn literal_blueprints(&self) -> BTreeSet<String> {
        let fed = self.plan.resources.iter().filter_map(|planned| match &planned.resource.blueprints {
            FedBlueprints::Literal(literals) => Some(literals.clone()),
            FedBlueprints::Unknown => None,
        });
        fed.flatten().collect()
    }

    /// Notes what became of an entity, if somebody wants to know.
    pub(crate) fn journal(&self, entity: &Entity, written: impl FnOnce() -> Written) {
        if let Some(journal) = &self.journal {
            journal.note(&entity.id(), written());
        }
    }

    pub(crate) fn emit(&self, event: &SyncEvent) {
        self.observer.on(event);
    }

    /// Tells how many requests are to be expected, and how long the sync will take if they do not fit into what is left
    /// of the budget.
    pub(crate) fn foretell(&self, requests: u64, by: Forecast) {
        self.emit(&SyncEvent::Foretold { requests, by });
        match self.source.estimate(requests) {
            Some(wait) if wait.is_zero() => {}
            Some(wait) => {
                let minutes = wait.as_secs().div_ceil(60);
                let end = clock_time(OffsetDateTime::now_utc().saturating_add(wait.try_into().unwrap_or_default()));
                let message = format!(
                    "about {requests} requests do not fit into what is left of the hourly budget: this sync will take \
                     about {minutes} minutes longer, until about {end} UTC; more access tokens (comma-separated) or a narrower selector make \
                     it faster"
                );
                self.emit(&SyncEvent::Delayed { message: message.clone() });
                self.notices.warning(message);
            }
            None => self.notices.warning("no credential may send requests at present: the sync waits"),
        }
    }

    pub(crate) fn kind_name(&self, resource: usize) -> &'static str {
        self.plan.resources[resource].kind.name()
    }

    pub(crate) fn write_options(&self) -> WriteOptions {
        WriteOptions { existing: self.existing(), missing_related: self.missing_related() }
    }

    pub(crate) fn existing(&self) -> Existing {
        if self.flags.enable_merge_entity { Existing::Merge } else { Existing::Replace }
    }

    fn missing_related(&self) -> MissingRelated {
        if self.flags.create_missing_related_entities { MissingRelated::Create } else { MissingRelated::Fail }
    }

    pub(crate) fn dependents(&self) -> Dependents {
        if self.flags.delete_dependent_entities { Dependents::Delete } else { Dependents::Refuse }
    }

    /// Notes work on a resource, for its time in the report.
    pub(crate) fn touch(&self, resource: usize) {
        let now = Instant::now();
        let is_first = {
            let mut progress = self.lock(resource);
            progress.ended = Some(now);
            let is_first = progress.started.is_none();
            progress.started.get_or_insert(now);
            is_first
        };
        if is_first {
            self.emit(&SyncEvent::Started { resource });
        }
    }

    /// Notes that objects of a resource are missing: those of one parent, or any.
    pub(crate) fn gap(&self, resource: usize, parent: Option<&Arc<str>>, why: &str) {
        let mut progress = self.lock(resource);
        *progress.gaps.entry(why.to_owned()).or_default() += 1;
        match parent {
            Some(parent) if progress.failed_parents.len() < FAILED_PARENTS => {
                progress.failed_parents.insert(Arc::clone(parent));
            }
            _ => progress.failed_wholly = true,
        }
    }

    pub(crate) fn gaps(&self, resource: usize) -> Gaps {
        let progress = self.lock(resource);
        if progress.failed_wholly {
            Gaps::Any(Self::why(&progress))
        } else if progress.failed_parents.is_empty() {
            Gaps::None
        } else {
            Gaps::Parents(progress.failed_parents.clone())
        }
    }

    /// Why a resource's listing is incomplete; `None` when it is not.
    pub(crate) fn incomplete(&self, resource: usize) -> Option<String> {
        let progress = self.lock(resource);
        (!progress.gaps.is_empty()).then(|| Self::why(&progress))
    }

    pub(crate) fn duration(&self, resource: usize) -> std::time::Duration {
        let progress = self.lock(resource);
        match (progress.started, progress.ended) {
            (Some(started), Some(ended)) => ended.duration_since(started),
            _ => std::time::Duration::ZERO,
        }
    }

    fn why(progress: &Progress) -> String {
        let mut gaps = progress.gaps.iter();
        let Some((first, count)) = gaps.next() else { return "unknown".to_owned() };
        let others = progress.gaps.values().sum::<u64>() - count;
        match (count, others) {
            (1, 0) => first.clone(),
            (count, 0) => format!("{first} ({count} times)"),
            (_, others) => format!("{first}, and {others} more"),
        }
    }

    fn lock(&self, resource: usize) -> MutexGuard<'_, Progress> {
        lock(&self.progress[resource])
    }
}

/// The date and the minute.
pub(crate) fn clock_time(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute())
}

/// A lock whose holder panicked guards plain counts and sets, which stay valid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
