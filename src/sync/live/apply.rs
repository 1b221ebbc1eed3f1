//! Brings a set of objects up to date.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalog::{Access, Catalog, EntityId, Writes};
use crate::http::Clock;
use crate::mapping::{Mapping, Pool};
use crate::state::{CatalogState, SyncId};
use crate::sync::context::Context;
use crate::sync::diff::{Diff, Trust};
use crate::sync::event::Observer;
use crate::sync::journal::{Journal, Written};
use crate::sync::plan::{Plan, Scope};
use crate::sync::reconcile::EmptyListings;
use crate::sync::relations::Relations;
use crate::sync::report::SyncOutcome;
use crate::sync::rewrite::Rewriting;
use crate::sync::write::Writer;
use crate::sync::{Reader, SyncError};

use super::certainty::Certainty;
use super::delete::Deletion;
use super::look::Looked;
use super::memory::Memory;
use super::report::{Became, EntityReport, Found, LiveReport, ObjectReport};
use super::stale::{self, Decided, Stale};
use super::survey::{Survey, Surveyed};
use super::{LiveKey, name};

/// What brings single objects up to date. One application, or resync, of one state file at a time: between processes
/// its lock sees to that, within one the caller does.
#[derive(Clone)]
pub struct Live {
    /// Where objects come from.
    pub source: Arc<dyn Reader>,
    /// Where entities go.
    pub catalog: Arc<dyn Catalog>,
    /// What is remembered of that catalog.
    pub state: CatalogState,
    /// Which objects become which entities.
    pub mapping: Arc<Mapping>,
    /// How much at once, and how much in all.
    pub limits: LiveLimits,
    /// By which time failed writes wait for their next try.
    pub clock: Arc<dyn Clock>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
}

/// Bounds of one application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveLimits {
    /// Objects that are asked for at a time.
    pub concurrency: usize,
    /// Objects that are looked at in all, those included that have to be for the sake of others.
    pub objects: usize,
    /// Entities that may be deleted; `None` for any number.
    pub deletions: Option<u64>,
    /// Whether a listing of the whole workspace that has no objects is believed.
    pub empty_listings: EmptyListings,
    /// How failed writes and deletions are tried again.
    pub rewriting: Rewriting,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            concurrency: 16,
            objects: 2_000,
            deletions: None,
            empty_listings: EmptyListings::Doubted,
            rewriting: Rewriting {
                rounds: 5,
                entities: 5_000,
                first_wait: Duration::from_millis(200),
                bytes: 16 << 20,
            },
        }
    }
}

impl Live {
    /// Fetches the objects as they are now and brings the catalog up to date about them.
    ///
    /// What an object gives is written where the catalog does not have it so. What it gave before, gives no longer, and
    /// is ours goes; an object that is certain to be gone takes all that it gave along, and what belonged to it. Where
    /// Bitbucket refuses (403), fails or cannot be reached, nothing of the object is deleted, and it stays to be done:
    /// [`ObjectReport::left`] says why.
    ///
    /// # Errors
    /// The state file or the catalog cannot be used at all; everything else is in the report.
    pub async fn apply(&self, due: Vec<LiveKey>) -> Result<LiveReport, SyncError> {
        let began = Instant::now();
        let ctx = self.context()?;
        let sync = ctx.state.present_sync().await?;
        let certainty = Certainty::new(&ctx, self.limits.empty_listings);
        let survey = Survey::new(&ctx, certainty, self.limits.objects.max(1));
        let Surveyed { mut looked, cut } = survey.run(due).await?;
        let relations = self.write(&ctx, sync, &mut looked).await?;
        let Stale { candidates, kept } = stale::sort(&ctx, &looked).await?;
        let deletion = Deletion {
            ctx: &ctx,
            clock: &*self.clock,
            rewriting: self.limits.rewriting,
            most: self.limits.deletions,
            given: written(&ctx, &looked),
            relations: &relations,
        };
        let mut decided = deletion.run(candidates).await?;
        decided.extend(kept);
        ctx.catalog.flush().await?;
        Ok(sum_up(&ctx, looked, decided, cut, began.elapsed()))
    }

    fn context(&self) -> Result<Arc<Context>, SyncError> {
        let plan = Plan::new(&self.mapping, self.source.kinds(), &Scope::default());
        let mut ctx = Context::new(
            Arc::new(Memory::new(Arc::clone(&self.source))),
            Arc::clone(&self.catalog),
            self.state.clone(),
            Pool::start().map_err(SyncError::Workers)?,
            plan,
            &self.mapping,
            self.limits.concurrency.max(1),
            Arc::clone(&self.observer),
        );
        ctx.journal = Some(Journal::default());
        Ok(Arc::new(ctx))
    }

    /// Compares and writes what the objects give, all in one batch; what that relates to.
    async fn write(
        &self,
        ctx: &Arc<Context>,
        sync: SyncId,
        looked: &mut [Looked],
    ) -> Result<Arc<Relations>, SyncError> {
        let batch: Vec<_> = looked.iter_mut().flat_map(|looked| std::mem::take(&mut looked.mapped)).collect();
        let entities = || batch.iter().flat_map(|mapped| &mapped.entities);
        let blueprints: BTreeSet<String> = entities().map(|ready| ready.entity.blueprint.clone()).collect();
        // Which of the catalog's own listings stand behind the fingerprints, nobody knows: everything is compared.
        let (relations, trust) = match ctx.catalog.access() {
            Access::ReadWrite => (Relations::learn(&*ctx.catalog, blueprints).await, Trust::Nothing),
            Access::WriteOnly => (Relations::default(), Trust::StateAlone),
        };
        let relations = Arc::new(relations);
        let writer = Writer::new(Arc::clone(ctx), sync, self.limits.rewriting, Arc::clone(&self.clock));
        Diff::new(Arc::clone(ctx), sync, writer, trust, Arc::clone(&relations)).once(batch).await?;
        Ok(relations)
    }
}

/// The entities that the catalog has just as the objects give them.
fn written(ctx: &Context, looked: &[Looked]) -> HashSet<EntityId> {
    let is_written = |id: &&EntityId| {
        let written = ctx.journal.as_ref().and_then(|journal| journal.of(id));
        matches!(written, Some(Written::Created | Written::Updated | Written::Unchanged))
    };
    looked.iter().flat_map(|looked| &looked.yields).filter(is_written).cloned().collect()
}

fn sum_up(ctx: &Context, looked: Vec<Looked>, decided: Vec<Decided>, cut: u64, duration: Duration) -> LiveReport {
    let mut rows: Vec<Vec<EntityReport>> = looked.iter().map(|looked| given(ctx, looked)).collect();
    for (object, entity, became) in decided {
        if let Some(rows) = rows.get_mut(object) {
            rows.push(EntityReport { entity, became });
        }
    }
    let objects: Vec<ObjectReport> = looked.into_iter().zip(rows).map(|(looked, rows)| object(looked, rows)).collect();
    for object in objects.iter().filter(|object| object.left.as_deref() == Some(name::UNKNOWN)) {
        let called = object.called.as_deref().unwrap_or(&object.key);
        ctx.notices.error(format!("{} {called}: {}", object.kind, name::UNKNOWN));
    }
    let complete = cut == 0 && objects.iter().all(|object| object.left.is_none());
    LiveReport {
        outcome: if complete { SyncOutcome::Complete } else { SyncOutcome::Incomplete },
        catalog: ctx.catalog.name().to_owned(),
        rehearsed: ctx.catalog.writes() == Writes::Rehearsed,
        objects,
        notices: ctx.notices.take(),
        requests: ctx.source.requests(),
        duration,
    }
}

/// What became of the entities that an object gives.
fn given(ctx: &Context, looked: &Looked) -> Vec<EntityReport> {
    let mut met = HashSet::new();
    let distinct = looked.yields.iter().filter(|id| met.insert((*id).clone()));
    let report = |id: &EntityId| {
        let became = match ctx.journal.as_ref().and_then(|journal| journal.of(id)) {
            Some(Written::Created) => Became::Created,
            Some(Written::Updated) => Became::Changed,
            Some(Written::Unchanged) => Became::Unchanged,
            Some(Written::Unmatched) => Became::Unmatched,
            Some(Written::Refused(why)) => Became::Refused(why),
            None => Became::Refused("another object may give it as well".to_owned()),
        };
        EntityReport { entity: id.clone(), became }
    };
    distinct.map(report).collect()
}

fn object(looked: Looked, entities: Vec<EntityReport>) -> ObjectReport {
    let LiveKey { kind, key, called, .. } = looked.key;
    let by_itself = match &looked.found {
        Found::Unknown(why) => Some(why.clone()),
        Found::There | Found::Gone => looked.doubt,
    };
    let of_entities = || {
        let open = entities.iter().find_map(|of| Some((&of.entity, of.became.open()?)));
        open.map(|(entity, why)| format!("{entity}: {why}"))
    };
    let left = by_itself.or_else(of_entities);
    ObjectReport {
        kind: kind.name(),
        key: key.to_string(),
        called,
        because: looked.because,
        found: looked.found,
        entities,
        left,
    }
}
