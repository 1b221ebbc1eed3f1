//! Deletes owned entities whose object is certain to be gone.
//!
//! Nothing is deleted on doubt: a blueprint is left alone when something that feeds it was not read to its end,
//! when more than the threshold would go, or when no resource writes to it any more; a single entity is left
//! alone when the object that it came from, or that object's parent, could not be read, when a kept entity
//! relates to it, or when its listing came in several pages and its object still answers.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::catalog::{DeleteResult, Dependents, EntityId};
use crate::mapping::FedBlueprints;
use crate::state::{SyncId, Trace};

use super::SyncError;
use super::confirm::{Confirm, Verdict};
use super::context::{Context, Gaps};
use super::diff::resource_name;
use super::event::SyncEvent;
use super::relations::Relations;
use super::report::{DeletionReport, Tally};

/// Entities looked at, and deleted, at a time.
const PAGE: u32 = 100;

/// Finds and deletes what is gone; one row for each blueprint with missing entities.
pub(crate) async fn run(
    ctx: &Arc<Context>,
    sync: SyncId,
    relations: &Relations,
    mut bounds: Bounds,
) -> Result<Vec<DeletionReport>, SyncError> {
    let mut reports = Vec::new();
    let mut confirm = Confirm::new(ctx, bounds.confirmations);
    for (blueprint, owned) in ctx.state.owned_blueprints(sync).await? {
        let feeding = Feeding::of(ctx, &blueprint, bounds.empty_listings);
        let mut reconciliation = Reconciliation {
            ctx,
            bounds: &mut bounds,
            sync,
            relations,
            feeding: &feeding,
            report: DeletionReport { blueprint, owned, missing: 0, deleted: 0, protected: BTreeMap::new() },
        };
        reconciliation.blueprint(&mut confirm).await?;
        if reconciliation.report.missing > 0 {
            reports.push(reconciliation.report);
        }
    }
    Ok(reports)
}

/// What a sync may spend and do at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Requests for confirming that an object is gone.
    pub(crate) confirmations: usize,
    /// Entities that may be deleted in all; `None` for any number.
    pub(crate) deletions: Option<u64>,
    /// Whether a root listing without objects is believed.
    pub(crate) empty_listings: EmptyListings,
}

/// What a listing of the whole workspace means that has no objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyListings {
    /// Something is wrong: what it feeds is not deleted.
    Doubted,
    /// There are no objects.
    Believed,
}

/// What could have written a blueprint's entities.
struct Feeding {
    /// Why none of them may go; `None` if some may.
    protected: Option<String>,
    /// The gaps of each resource that feeds it, by the kind that provenance names.
    gaps: BTreeMap<String, Gaps>,
}

impl Feeding {
    fn of(ctx: &Context, blueprint: &str, empty: EmptyListings) -> Self {
        let feeds = |fed: &FedBlueprints| match fed {
            FedBlueprints::Literal(literals) => literals.iter().any(|literal| literal == blueprint),
            FedBlueprints::Unknown => true,
        };
        let mut feeding = Self { protected: None, gaps: BTreeMap::new() };
        if let Some(skipped) = ctx.plan.skipped.iter().find(|skipped| feeds(&skipped.blueprints)) {
            feeding.protected = Some(format!("resource {} ({}) was left out", skipped.index, skipped.kind));
        }
        for (number, planned) in ctx.plan.resources.iter().enumerate() {
            if !feeds(&planned.resource.blueprints) {
                continue;
            }
            let gaps = ctx.gaps(number);
            let nothing = planned.kind.each().is_none() && ctx.tallies[number].listed.get() == 0;
            if nothing && empty == EmptyListings::Doubted {
                feeding.protected.get_or_insert_with(|| format!("the listing of {} is empty", planned.kind));
            }
            if let Gaps::Any(why) = &gaps {
                feeding.protected.get_or_insert_with(|| format!("{} is incomplete: {why}", planned.kind));
            }
            feeding.gaps.insert(resource_name(ctx, number), gaps);
        }
        if feeding.gaps.is_empty() && feeding.protected.is_none() {
            feeding.protected = Some("no resource of the mapping writes to this blueprint".to_owned());
        }
        feeding
    }

    /// Why one entity must stay, as far as the resources that feed its blueprint tell.
    fn protects(&self, trace: &Trace) -> Option<&'static str> {
        let gaps = || self.gaps.values().filter(|gaps| !matches!(gaps, Gaps::None));
        gaps().next()?;
        let Some(resource) = &trace.resource else { return Some("where it came from is not known") };
        // A mapping that was edited may number its resources anew; then any gap may be the one.
        let own = self.gaps.get(resource);
        match own {
            Some(Gaps::None) => None,
            Some(Gaps::Parents(parents)) => match &trace.parent_key {
                Some(parent) if !is_below(parent, parents) => None,
                Some(_) => Some("what belongs to its parent could not be listed"),
                None => Some("where it came from is not known"),
            },
            Some(Gaps::Any(_)) | None => Some("its kind is incomplete"),
        }
    }
}

/// Whether the listing of an object, or of one that its key begins with, failed: that of the project `A` hides what
/// belongs to the repository `A/b`.
fn is_below(parent: &str, failed: &HashSet<Arc<str>>) -> bool {
    let ends = parent.match_indices('/').map(|(at, _)| at).chain([parent.len()]);
    ends.into_iter().any(|end| failed.contains(&parent[..end]))
}

struct Reconciliation<'a> {
    ctx: &'a Arc<Context>,
    bounds: &'a mut Bounds,
    sync: SyncId,
    relations: &'a Relations,
    feeding: &'a Feeding,
    report: DeletionReport,
}

impl Reconciliation<'_> {
    async fn blueprint(&mut self, confirm: &mut Confirm<'_>) -> Result<(), SyncError> {
        let candidates = self.count().await?;
        if let Some(why) = self.whole_blueprint(candidates) {
            self.report.protected = BTreeMap::from([(why.clone(), self.report.missing)]);
            if self.report.missing > 0 {
                let DeletionReport { blueprint, missing, .. } = &self.report;
                self.ctx.notices.warning(format!("{missing} missing entities of {blueprint} stay: {why}"));
            }
            return Ok(());
        }
        if candidates > 0 {
            self.delete_certain(confirm).await?;
        }
        for (why, count) in &self.report.protected {
            self.ctx.notices.warning(format!("{count} missing entities of {} stay: {why}", self.report.blueprint));
        }
        Ok(())
    }

    /// Counts the missing entities and, of them, those that nothing known so far protects.
    async fn count(&mut self) -> Result<u64, SyncError> {
        let (mut candidates, mut after) = (0, None);
        loop {
            let page = self.page(after.as_deref()).await?;
            let Some((last, _)) = page.last() else { return Ok(candidates) };
            after = Some(last.identifier.clone());
            self.report.missing += page.len() as u64;
            candidates += page.iter().filter(|(id, trace)| self.protects(id, trace).is_none()).count() as u64;
        }
    }

    fn whole_blueprint(&self, candidates: u64) -> Option<String> {
        if let Some(why) = &self.feeding.protected {
            return Some(why.clone());
        }
        if let Some(allowed) = self.bounds.deletions.filter(|allowed| candidates > *allowed) {
            return Some(format!("{candidates} would go, more than the {allowed} that may still be deleted"));
        }
        let threshold = self.ctx.flags.entity_deletion_threshold;
        let ratio = candidates as f64 / (self.report.owned.max(1)) as f64;
        (ratio > threshold).then(|| {
            format!(
                "{candidates} of {} would go, more than entityDeletionThreshold {threshold} allows",
                self.report.owned
            )
        })
    }

    fn protects(&self, id: &EntityId, trace: &Trace) -> Option<&'static str> {
        // It may be there only because something relates to it that was not read this time.
        if trace.resource.is_none() && !self.all_was_read() {
            return Some("where it came from is not known, and not everything was read");
        }
        self.feeding.protects(trace).or_else(|| {
            let related = self.ctx.flags.create_missing_related_entities && self.relations.has(id);
            related.then_some("an entity that stays relates to it")
        })
    }

    async fn delete_certain(&mut self, confirm: &mut Confirm<'_>) -> Result<(), SyncError> {
        let mut after: Option<String> = None;
        loop {
            let page = self.page(after.as_deref()).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.identifier.clone());
            let mut certain = Vec::with_capacity(page.len());
            for (id, trace) in page {
                match self.protects(&id, &trace) {
                    Some(why) => self.protect(why),
                    None => match confirm.is_gone(&id, &trace).await {
                        Verdict::Gone => certain.push(id),
                        Verdict::Stays(why) => self.protect(why),
                    },
                }
            }
            self.delete(certain).await?;
        }
    }

    fn protect(&mut self, why: &str) {
        *self.report.protected.entry(why.to_owned()).or_default() += 1;
    }

    async fn delete(&mut self, certain: Vec<EntityId>) -> Result<(), SyncError> {
        if certain.is_empty() {
            return Ok(());
        }
        let blueprint = &self.report.blueprint;
        let identifiers: Vec<String> = certain.iter().map(|id| id.identifier.clone()).collect();
        let results = match self.ctx.catalog.delete(blueprint, &identifiers, self.dependents()).await {
            Ok(results) => results,
            Err(error) => {
                self.ctx.notices.error(format!("{} entities of {blueprint} were not deleted: {error}", certain.len()));
                return Ok(());
            }
        };
        let mut gone = Vec::with_capacity(certain.len());
        for (id, result) in certain.into_iter().zip(results) {
            match result {
                DeleteResult::Deleted { dependents } => {
                    gone.push(id);
                    gone.extend(dependents);
                }
                DeleteResult::Failed(failure) => {
                    self.ctx.notices.error(format!("{id} was not deleted: {}", failure.reason));
                }
            }
        }
        self.report.deleted += gone.len() as u64;
        self.bounds.deletions = self.bounds.deletions.map(|allowed| allowed.saturating_sub(gone.len() as u64));
        self.ctx.emit(&SyncEvent::Deleted { blueprint: blueprint.clone(), entities: gone.len() });
        self.count_by_resource(gone.len());
        self.ctx.state.forget(gone).await?;
        Ok(())
    }

    /// What to do with entities that depend on a deleted one. Where something was not read, entities stay whose relations
    /// are not known: they must not go along with what they point at.
    fn dependents(&self) -> Dependents {
        if self.all_was_read() { self.ctx.dependents() } else { Dependents::Refuse }
    }

    fn all_was_read(&self) -> bool {
        let all_read = |(number, tally): (usize, &Tally)| {
            self.ctx.incomplete(number).is_none() && tally.failed.get() == 0 && tally.degraded.get() == 0
        };
        self.ctx.plan.skipped.is_empty() && self.ctx.tallies.iter().enumerate().all(all_read)
    }

    /// Puts deletions in the row of the first resource that feeds the blueprint.
    fn count_by_resource(&self, deleted: usize) {
        let first = self.feeding.gaps.keys().next();
        let number = (0..self.ctx.plan.resources.len()).find(|number| Some(&resource_name(self.ctx, *number)) == first);
        if let Some(number) = number {
            self.ctx.tallies[number].deleted.add(deleted);
        }
    }

    async fn page(&self, after: Option<&str>) -> Result<Vec<(EntityId, Trace)>, SyncError> {
        Ok(self.ctx.state.unseen(self.sync, &self.report.blueprint, after, PAGE).await?)
    }
}
