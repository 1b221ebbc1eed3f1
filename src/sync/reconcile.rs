//! Deletes owned entities whose object is certain to be gone.
//!
//! Nothing is deleted on doubt: a blueprint is left alone when something that feeds it was not read to its end,
//! when more than the threshold or the bound would go, or when no resource writes to it any more; a single entity
//! is left alone when the object that it came from, or that object's parent, could not be read, when the listing of
//! the whole workspace that it came from is empty, when a kept entity relates to it, or when its listing came in
//! several pages and its object still answers.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::catalog::{DeleteResult, Dependents, EntityId, Writes};
use crate::kinds::Kind;
use crate::mapping::FedBlueprints;
use crate::state::{SyncId, Trace};

use super::SyncError;
use super::confirm::Confirm;
use super::context::{Context, Gaps};
use super::diff::resource_name;
use super::event::SyncEvent;
use super::fate::{Fate, Gone};
use super::plan::SkippedResource;
use super::relations::Relations;
use super::rename::{self, Renamed};
use super::report::{DeletionReport, Tally};

/// Entities looked at, and deleted, at a time.
const PAGE: u32 = 100;

/// Why an entity stays that the catalog would not let go; the notices have the catalog's own reason.
const NOT_DELETED: &str = "the catalog did not delete it";

/// Finds and deletes what is gone; one row for each blueprint with missing entities.
pub(crate) async fn run(
    ctx: &Arc<Context>,
    sync: SyncId,
    relations: &Relations,
    bounds: Bounds,
) -> Result<Vec<DeletionReport>, SyncError> {
    ctx.emit(&SyncEvent::Reconciling);
    let mut reports = Vec::new();
    let mut confirm = Confirm::new(ctx, bounds.confirmations);
    let blueprints = ctx.state.owned_blueprints(sync).await?;
    let owned_in_all = blueprints.iter().map(|(_, owned)| owned).sum();
    let feedings: Vec<Feeding> =
        blueprints.iter().map(|(blueprint, _)| Feeding::of(ctx, blueprint, bounds.empty_listings)).collect();
    let mut spent = Spent { left: bounds.deletions, unmapped: 0 };
    let of = |blueprint: &str, owned| DeletionReport {
        blueprint: blueprint.to_owned(),
        owned,
        missing: 0,
        deleted: 0,
        protected: BTreeMap::new(),
        withheld: 0,
    };
    if bounds.unmapped == Unmapped::Pruned {
        // Before the first of them goes, it has to be known how many there are.
        for ((blueprint, owned), feeding) in blueprints.iter().zip(&feedings) {
            let report = of(blueprint, *owned);
            let spent = &mut spent;
            let mut reconciliation =
                Reconciliation { ctx, bounds, spent, owned_in_all, sync, relations, feeding, report };
            let candidates = reconciliation.count().await?;
            if reconciliation.mapping() == Mapping::Unmapped && reconciliation.unmapped().is_none() {
                reconciliation.spent.unmapped += candidates;
            }
        }
    }
    for ((blueprint, owned), feeding) in blueprints.iter().zip(&feedings) {
        let (report, spent) = (of(blueprint, *owned), &mut spent);
        let mut reconciliation = Reconciliation { ctx, bounds, spent, owned_in_all, sync, relations, feeding, report };
        reconciliation.blueprint(&mut confirm).await?;
        if reconciliation.report.missing > 0 {
            reports.push(reconciliation.report);
        }
    }
    let deleted = reports.iter().map(|report| report.deleted).sum();
    let withheld = reports.iter().map(|report| report.withheld).sum();
    ctx.emit(&SyncEvent::Reconciled { deleted, withheld });
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
    /// What becomes of blueprints that no resource writes to.
    pub(crate) unmapped: Unmapped,
}

/// What a listing of the whole workspace means that has no objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyListings {
    /// Something is wrong: what came from it, and from what hangs below it, is not deleted.
    Doubted,
    /// There are no objects.
    Believed,
}

/// What becomes of the entities of a blueprint that no resource of the mapping writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmapped {
    /// They stay.
    Kept,
    /// They go, if every resource could be used and they are no more than `entityDeletionThreshold` of all that is
    /// owned.
    Pruned,
}

/// What was spent of the bounds.
struct Spent {
    /// Entities that may still be deleted.
    left: Option<u64>,
    /// Entities of unmapped blueprints that would go, of all of these blueprints.
    unmapped: u64,
}

/// Why an entity stays.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stay {
    /// A rule or a setting says so.
    Rule(String),
    /// It may be gone, but that is not certain enough.
    Doubt(String),
}

impl Stay {
    /// Why an entity of that fate stays; `None` if it goes.
    fn of(fate: Fate) -> Option<Self> {
        match fate {
            Fate::Goes(_) => None,
            Fate::Stays(why) => Some(Self::Rule(why.into_owned())),
            Fate::Unsure(why) => Some(Self::Doubt(why.into_owned())),
        }
    }

    fn fate(self) -> Fate {
        match self {
            Self::Rule(why) => Fate::Stays(why.into()),
            Self::Doubt(why) => Fate::Unsure(why.into()),
        }
    }
}

/// What could have written a blueprint's entities.
struct Feeding {
    /// Why none of them may go; `None` if some may.
    protected: Option<Stay>,
    /// The gaps of each resource that feeds it, by the name that provenance has.
    gaps: BTreeMap<String, Gaps>,
    /// Those of them that depend on a listing of the whole workspace that was empty, with the kind listed.
    empty: BTreeMap<String, Kind>,
    /// Whether a resource names the blueprint, or at most computes it.
    is_named: bool,
}

impl Feeding {
    fn of(ctx: &Context, blueprint: &str, empty: EmptyListings) -> Self {
        let feeds = |fed: &FedBlueprints| match fed {
            FedBlueprints::Literal(literals) => Some(literals.iter().any(|literal| literal == blueprint)),
            FedBlueprints::Unknown => None,
        };
        let mut feeding = Self { protected: None, gaps: BTreeMap::new(), empty: BTreeMap::new(), is_named: false };
        if let Some(skipped) = ctx.plan.skipped.iter().find(|skipped| feeds(&skipped.blueprints) != Some(false)) {
            feeding.protected = Some(Stay::Doubt(left_out(skipped)));
        }
        for (number, planned) in ctx.plan.resources.iter().enumerate() {
            let named = feeds(&planned.resource.blueprints);
            if named == Some(false) {
                continue;
            }
            feeding.is_named |= named == Some(true);
            let gaps = ctx.gaps(number);
            let why = match &gaps {
                Gaps::Any(why) => Some(format!("{} is incomplete: {why}", planned.kind)),
                // What it would have written of this blueprint, nobody knows.
                Gaps::Parents(_) if named.is_none() => {
                    Some(format!("{}, which computes its blueprint, is incomplete", planned.kind))
                }
                Gaps::Parents(_) | Gaps::None => None,
            };
            if let Some(why) = why {
                feeding.protected.get_or_insert(Stay::Doubt(why));
            }
            if let Some(kind) = ctx.empty_root(number).filter(|_| empty == EmptyListings::Doubted) {
                feeding.empty.insert(resource_name(ctx, number), kind);
            }
            feeding.gaps.insert(resource_name(ctx, number), gaps);
        }
        feeding
    }

    /// Why one entity must stay, as far as the resources that feed its blueprint tell.
    fn protects(&self, trace: &Trace) -> Option<Stay> {
        self.doubted_as_empty(trace).or_else(|| self.gap_of(trace).map(|why| Stay::Doubt(why.to_owned())))
    }

    /// An entity says that its listing was not empty before.
    fn doubted_as_empty(&self, trace: &Trace) -> Option<Stay> {
        let any = self.empty.values().next()?;
        let kind = match trace.resource.as_ref().filter(|resource| self.gaps.contains_key(*resource)) {
            Some(resource) => self.empty.get(resource)?,
            None => any,
        };
        Some(Stay::Doubt(format!("the listing of {kind} is empty, which it was not before; --allow-empty believes it")))
    }

    fn gap_of(&self, trace: &Trace) -> Option<&'static str> {
        let gaps = || self.gaps.values().filter(|gaps| !matches!(gaps, Gaps::None));
        gaps().next()?;
        let Some(resource) = &trace.resource else { return Some("where it came from is not known") };
        // A mapping that was edited may number its resources anew; then any gap may be the one.
        let own = self.gaps.get(resource);
        match own {
            Some(Gaps::None | Gaps::Parents(_)) if self.is_below_a_gap(trace) => {
                Some("what belongs to its parent could not be listed")
            }
            Some(Gaps::Parents(_)) if trace.parent_key.is_none() => Some("where it came from is not known"),
            Some(Gaps::None | Gaps::Parents(_)) => None,
            Some(Gaps::Any(_)) | None => Some("its kind is incomplete"),
        }
    }

    /// Whether a listing of its parent failed, for whichever resource: the object may have passed from one to another.
    fn is_below_a_gap(&self, trace: &Trace) -> bool {
        let Some(parent) = &trace.parent_key else { return false };
        self.gaps.values().any(|gaps| matches!(gaps, Gaps::Parents(parents) if is_below(parent, parents)))
    }
}

fn left_out(skipped: &SkippedResource) -> String {
    format!("resource {} ({}) was left out", skipped.index, skipped.kind)
}

/// Whether the listing of an object, or of one that its key begins with, failed: that of the project `A` hides what
/// belongs to the repository `A/b`.
fn is_below(parent: &str, failed: &HashSet<Arc<str>>) -> bool {
    let ends = parent.match_indices('/').map(|(at, _)| at).chain([parent.len()]);
    ends.into_iter().any(|end| failed.contains(&parent[..end]))
}

struct Reconciliation<'a> {
    ctx: &'a Arc<Context>,
    bounds: Bounds,
    spent: &'a mut Spent,
    /// Entities of all blueprints that were owned before the sync.
    owned_in_all: u64,
    sync: SyncId,
    relations: &'a Relations,
    feeding: &'a Feeding,
    report: DeletionReport,
}

/// Whether the entities of a blueprint have to be looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mapping {
    /// Resources write to it.
    Fed,
    /// None does: whether an object still exists is no question.
    Unmapped,
}

impl Reconciliation<'_> {
    async fn blueprint(&mut self, confirm: &mut Confirm<'_>) -> Result<(), SyncError> {
        let candidates = self.count().await?;
        let mapping = self.mapping();
        match self.whole_blueprint(mapping, candidates) {
            Some(stay) => self.all_stay(&stay).await?,
            None if candidates > 0 => self.delete_certain(mapping, confirm).await?,
            None => self.protect_all().await?,
        }
        // A plan shows what stays and why by itself.
        if self.ctx.catalog.writes() == Writes::Kept {
            for (why, count) in &self.report.protected {
                self.ctx.notices.warning(format!("{count} missing entities of {} stay: {why}", self.report.blueprint));
            }
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

    /// A blueprint that resources compute but did not give to a single owned entity is one that none writes to.
    fn mapping(&self) -> Mapping {
        let none_seen = self.report.missing == self.report.owned;
        let fed = self.feeding.is_named || (!self.feeding.gaps.is_empty() && !none_seen);
        if fed { Mapping::Fed } else { Mapping::Unmapped }
    }

    fn whole_blueprint(&mut self, mapping: Mapping, candidates: u64) -> Option<Stay> {
        let by_mapping = match mapping {
            Mapping::Fed => self.feeding.protected.clone(),
            Mapping::Unmapped => self.unmapped(),
        };
        by_mapping.or_else(|| self.too_many(mapping, candidates))
    }

    fn unmapped(&self) -> Option<Stay> {
        if let Some(stay) = &self.feeding.protected {
            return Some(stay.clone());
        }
        if self.bounds.unmapped == Unmapped::Kept {
            let why = "no resource of the mapping writes to this blueprint; --prune-unmapped deletes them";
            return Some(Stay::Rule(why.to_owned()));
        }
        self.ctx.plan.skipped.first().map(|skipped| Stay::Doubt(left_out(skipped)))
    }

    fn too_many(&mut self, mapping: Mapping, candidates: u64) -> Option<Stay> {
        if candidates == 0 {
            return None;
        }
        if self.bounds.deletions == Some(0) {
            return Some(Stay::Rule("nothing may be deleted (--no-delete, or --max-deletes 0)".to_owned()));
        }
        if let Some(left) = self.spent.left.filter(|left| candidates > *left) {
            let most = self.bounds.deletions.unwrap_or_default();
            let why = format!("{candidates} would go, more than the {left} left of --max-deletes {most}");
            return Some(Stay::Doubt(why));
        }
        let (would_go, of) = match mapping {
            Mapping::Fed => (candidates, self.report.owned),
            // All of such a blueprint goes, so its share of everything counts, together with others of its sort.
            Mapping::Unmapped => (self.spent.unmapped.max(candidates), self.owned_in_all),
        };
        let threshold = self.ctx.flags.entity_deletion_threshold;
        let ratio = would_go as f64 / of.max(1) as f64;
        (ratio > threshold).then(|| {
            Stay::Doubt(format!("{would_go} of {of} would go, more than entityDeletionThreshold {threshold} allows"))
        })
    }

    fn protects(&self, id: &EntityId, trace: &Trace) -> Option<Stay> {
        // It may be there only because something relates to it that was not read this time.
        if trace.resource.is_none() && !self.all_was_read() {
            return Some(Stay::Doubt("where it came from is not known, and not everything was read".to_owned()));
        }
        self.feeding.protects(trace).or_else(|| {
            let related = self.ctx.flags.create_missing_related_entities && self.relations.has(id);
            related.then(|| Stay::Rule("an entity that stays relates to it".to_owned()))
        })
    }

    /// A plan names each of them; a sync does not read them once more for that.
    async fn all_stay(&mut self, stay: &Stay) -> Result<(), SyncError> {
        self.stays(stay, self.report.missing);
        if self.ctx.catalog.writes() == Writes::Kept {
            return Ok(());
        }
        let mut after: Option<String> = None;
        loop {
            let page = self.page(after.as_deref()).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.identifier.clone());
            for (entity, _) in page {
                self.ctx.emit(&SyncEvent::Judged { entity, fate: stay.clone().fate() });
            }
        }
    }

    async fn protect_all(&mut self) -> Result<(), SyncError> {
        let mut after: Option<String> = None;
        loop {
            let page = self.page(after.as_deref()).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.identifier.clone());
            for (id, trace) in page {
                let Some(stay) = self.protects(&id, &trace) else { continue };
                self.stays(&stay, 1);
                self.ctx.emit(&SyncEvent::Judged { entity: id, fate: stay.fate() });
            }
        }
    }

    async fn delete_certain(&mut self, mapping: Mapping, confirm: &mut Confirm<'_>) -> Result<(), SyncError> {
        let mut after: Option<String> = None;
        loop {
            let page = self.page(after.as_deref()).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.identifier.clone());
            let mut fates = Vec::with_capacity(page.len());
            for (id, trace) in page {
                let fate = self.fate(mapping, confirm, &id, &trace).await?;
                fates.push((id, fate));
            }
            let renamed = Renamed::of(self.ctx, &self.report.blueprint, &fates).await;
            let mut certain = Vec::with_capacity(fates.len());
            for (id, fate) in fates {
                self.ctx.emit(&SyncEvent::Judged { entity: id.clone(), fate: fate.clone() });
                match Stay::of(fate) {
                    None => certain.push(id),
                    Some(stay) => self.stays(&stay, 1),
                }
            }
            self.delete(certain, &renamed).await?;
        }
    }

    async fn fate(
        &self,
        mapping: Mapping,
        confirm: &mut Confirm<'_>,
        id: &EntityId,
        trace: &Trace,
    ) -> Result<Fate, SyncError> {
        if let Some(stay) = self.protects(id, trace) {
            return Ok(stay.fate());
        }
        if mapping == Mapping::Unmapped {
            return Ok(Fate::Goes(Gone::Unmapped));
        }
        match rename::fate(self.ctx, self.sync, id, trace).await? {
            Some(fate) => Ok(fate),
            None => Ok(confirm.fate(id, trace).await),
        }
    }

    fn stays(&mut self, stay: &Stay, entities: u64) {
        if entities == 0 {
            return;
        }
        let (Stay::Rule(why) | Stay::Doubt(why)) = stay;
        *self.report.protected.entry(why.clone()).or_default() += entities;
        if matches!(stay, Stay::Doubt(_)) {
            self.report.withheld += entities;
        }
    }

    async fn delete(&mut self, certain: Vec<EntityId>, renamed: &Renamed) -> Result<(), SyncError> {
        if certain.is_empty() {
            return Ok(());
        }
        let blueprint = self.report.blueprint.clone();
        let identifiers: Vec<String> = certain.iter().map(|id| id.identifier.clone()).collect();
        let results = match self.ctx.catalog.delete(&blueprint, &identifiers, self.dependents()).await {
            Ok(results) => results,
            Err(error) => {
                self.ctx.notices.error(format!("{} entities of {blueprint} were not deleted: {error}", certain.len()));
                self.stays(&Stay::Doubt(NOT_DELETED.to_owned()), certain.len() as u64);
                return Ok(());
            }
        };
        let (mut gone, mut failed) = (Vec::with_capacity(certain.len()), 0);
        for (id, result) in certain.into_iter().zip(results) {
            match result {
                DeleteResult::Deleted { dependents } => {
                    gone.push(id);
                    gone.extend(dependents);
                }
                DeleteResult::Failed(failure) => {
                    failed += 1;
                    let after = format!(" was not deleted: {}", failure.reason);
                    self.ctx.notices.error_about(format!("{} ", id.blueprint), &format!("{:?}", id.identifier), after);
                }
            }
        }
        renamed.tell(self.ctx, &gone);
        self.report.deleted += gone.len() as u64;
        self.spent.left = self.spent.left.map(|left| left.saturating_sub(gone.len() as u64));
        self.ctx.emit(&SyncEvent::Deleted { blueprint, entities: gone.len() });
        self.stays(&Stay::Doubt(NOT_DELETED.to_owned()), failed);
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
