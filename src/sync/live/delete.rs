//! Deletes what objects do not give any more, as far as bounds, owners and relations allow, and tries again what fails.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::catalog::{Access, CatalogError, DeleteResult, Dependents, Entity, EntityId, Extent, Owner, Present, Retry};
use crate::http::Clock;
use crate::sync::SyncError;
use crate::sync::context::Context;
use crate::sync::event::SyncEvent;
use crate::sync::fate::Fate;
use crate::sync::relations::Relations;
use crate::sync::rename::Renamed;
use crate::sync::rewrite::Rewriting;

use super::report::Became;
use super::stale::{Candidate, Decided};

/// Entities looked at, and deleted, at a time.
const GROUP: usize = 50;

/// Entities that a deletion may draw along and that are followed; beyond that it is refused.
const FOLLOWED: usize = 1_000;

/// What deleting needs.
pub(super) struct Deletion<'a> {
    pub(super) ctx: &'a Arc<Context>,
    pub(super) clock: &'a dyn Clock,
    pub(super) rewriting: Rewriting,
    /// Entities that may go.
    pub(super) most: Option<u64>,
    /// What the objects give now, of which all relations are known.
    pub(super) given: HashSet<EntityId>,
    pub(super) relations: &'a Relations,
}

/// The entities that are to go.
struct Goers<'a> {
    /// All of them.
    wanted: &'a HashSet<EntityId>,
    /// Those that went, or still may.
    going: &'a HashSet<EntityId>,
}

/// How one entity fared in one try.
enum Try {
    Done(Vec<(EntityId, Became)>),
    /// It may succeed later.
    Later(String),
}

/// What stands in the way of a deletion, or goes along.
enum Way {
    Free,
    /// Only entities of others go along, as the mapping wants it.
    Along,
    Kept(String),
    Withheld(String),
}

impl Deletion<'_> {
    /// Deletes, what hangs below first; what became of each.
    pub(super) async fn run(&self, candidates: Vec<Candidate>) -> Result<Vec<Decided>, SyncError> {
        let mut decided = vec![];
        let wanted: HashSet<EntityId> = candidates.iter().map(|candidate| candidate.id.clone()).collect();
        let mut waiting = self.within_bounds(candidates, &mut decided);
        let mut going: HashSet<EntityId> = waiting.iter().map(|candidate| candidate.id.clone()).collect();
        for round in 0..=self.rewriting.rounds {
            if waiting.is_empty() {
                return Ok(decided);
            }
            if round > 0 {
                self.clock.sleep(self.rewriting.wait(round - 1)).await;
            }
            let mut again = vec![];
            for group in groups(std::mem::take(&mut waiting)) {
                for (candidate, tried) in self.group(group, &Goers { wanted: &wanted, going: &going }).await? {
                    match tried {
                        Try::Later(reason) if round < self.rewriting.rounds => {
                            tracing::debug!(entity = %candidate.id, reason, "will be deleted later");
                            again.push(candidate);
                        }
                        Try::Later(reason) => {
                            self.failed(&candidate.id, &reason);
                            decided.push((candidate.object, candidate.id, Became::Withheld(reason)));
                        }
                        Try::Done(became) => {
                            for (id, became) in became {
                                if !matches!(became, Became::Deleted(_)) {
                                    going.remove(&id);
                                }
                                decided.push((candidate.object, id, became));
                            }
                        }
                    }
                }
            }
            waiting = again;
        }
        Ok(decided)
    }

    fn failed(&self, id: &EntityId, reason: &str) {
        let after = format!(" was not deleted: {reason}");
        self.ctx.notices.error_about(format!("{} ", id.blueprint), &format!("{:?}", id.identifier), after);
    }

    /// A blueprint of which more would go than may keeps them all, as in a resync.
    fn within_bounds(&self, candidates: Vec<Candidate>, decided: &mut Vec<Decided>) -> Vec<Candidate> {
        let Some(most) = self.most else { return candidates };
        let mut by_blueprint: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
        for candidate in candidates {
            by_blueprint.entry(candidate.id.blueprint.clone()).or_default().push(candidate);
        }
        let (mut left, mut allowed) = (most, vec![]);
        for of in by_blueprint.into_values() {
            let count = of.len() as u64;
            if count <= left {
                left -= count;
                allowed.extend(of);
                continue;
            }
            let became = if most == 0 {
                Became::Kept("nothing may be deleted (--no-delete, or --max-deletes 0)".to_owned())
            } else {
                Became::Withheld(format!("{count} would go, more than the {left} left of --max-deletes {most}"))
            };
            decided.extend(of.into_iter().map(|candidate| (candidate.object, candidate.id, became.clone())));
        }
        allowed
    }

    async fn group(&self, group: Vec<Candidate>, goers: &Goers<'_>) -> Result<Vec<(Candidate, Try)>, SyncError> {
        let Some(blueprint) = group.first().map(|candidate| candidate.id.blueprint.clone()) else { return Ok(vec![]) };
        let (mut tried, ours) = match self.owned(&blueprint, group).await {
            Ok(sorted) => sorted,
            Err((group, error)) => return Ok(all_later(group, &error)),
        };
        let (mut free, mut along) = (vec![], vec![]);
        match self.ways(&blueprint, &ours, goers).await? {
            Err(error) => tried.extend(all_later(ours, &error)),
            Ok(ways) => {
                for (candidate, way) in ours.into_iter().zip(ways) {
                    let stays = |became| (candidate.id.clone(), became);
                    match way {
                        Way::Free => free.push(candidate),
                        Way::Along => along.push(candidate),
                        Way::Kept(why) => {
                            let done = Try::Done(vec![stays(Became::Kept(why))]);
                            tried.push((candidate, done));
                        }
                        Way::Withheld(why) => {
                            let done = Try::Done(vec![stays(Became::Withheld(why))]);
                            tried.push((candidate, done));
                        }
                    }
                }
            }
        }
        // Where nothing is known to hang on them, nothing may go along that came meanwhile.
        for (candidates, dependents) in [(free, Dependents::Refuse), (along, Dependents::Delete)] {
            tried.extend(self.delete(&blueprint, candidates, dependents).await?);
        }
        Ok(tried)
    }

    /// Leaves out what is not ours, or not there any more.
    async fn owned(
        &self,
        blueprint: &str,
        group: Vec<Candidate>,
    ) -> Result<(Vec<(Candidate, Try)>, Vec<Candidate>), (Vec<Candidate>, CatalogError)> {
        if self.ctx.catalog.access() == Access::WriteOnly {
            return Ok((vec![], group));
        }
        let bare = |candidate: &Candidate| Entity {
            identifier: candidate.id.identifier.clone().into(),
            blueprint: blueprint.to_owned(),
            ..Entity::default()
        };
        let like: Vec<Entity> = group.iter().map(bare).collect();
        let present = match self.ctx.catalog.present(blueprint, &like, Extent::Like).await {
            Ok(present) => present,
            Err(error) => return Err((group, error)),
        };
        let owners: HashMap<String, Owner> =
            present.into_iter().map(|Present { entity, owner }| (entity.id().identifier, owner)).collect();
        let (mut tried, mut ours) = (vec![], vec![]);
        for candidate in group {
            let became = match owners.get(&candidate.id.identifier) {
                Some(Owner::Ours) => {
                    ours.push(candidate);
                    continue;
                }
                Some(Owner::Other(name)) => Became::Kept(format!("it belongs to {name}")),
                Some(Owner::Unknown) => Became::Kept("the catalog does not say whose it is".to_owned()),
                None => Became::Deleted(format!("{}; the catalog did not have it any more", candidate.gone)),
            };
            let done = Try::Done(vec![(candidate.id.clone(), became)]);
            tried.push((candidate, done));
        }
        Ok((tried, ours))
    }

    /// What stands in the way of each, in order.
    async fn ways(
        &self,
        blueprint: &str,
        candidates: &[Candidate],
        goers: &Goers<'_>,
    ) -> Result<Result<Vec<Way>, CatalogError>, SyncError> {
        if self.ctx.catalog.access() == Access::WriteOnly || candidates.is_empty() {
            return Ok(Ok(candidates.iter().map(|_| Way::Free).collect()));
        }
        let identifiers: Vec<String> = candidates.iter().map(|candidate| candidate.id.identifier.clone()).collect();
        let mut relating: HashMap<String, Vec<EntityId>> = HashMap::new();
        match self.ctx.catalog.relating(blueprint, &identifiers).await {
            Err(error) => return Ok(Err(error)),
            Ok(found) => {
                // What the objects give now relates to what they say now, whatever the catalog had of it.
                for found in found
                    .into_iter()
                    .filter(|found| !goers.going.contains(&found.entity) && !self.given.contains(&found.entity))
                {
                    relating.entry(found.of).or_default().push(found.entity);
                }
            }
        }
        let mut ways = vec![];
        for candidate in candidates {
            let others = relating.remove(&candidate.id.identifier).unwrap_or_default();
            ways.push(self.way(&candidate.id, others, goers).await?);
        }
        Ok(Ok(ways))
    }

    async fn way(&self, id: &EntityId, others: Vec<EntityId>, goers: &Goers<'_>) -> Result<Way, SyncError> {
        let flags = &self.ctx.flags;
        let ours = self.first_of_ours(&others).await?;
        if self.relations.has(id) || ours.is_some() {
            return Ok(match ours {
                Some(other) if goers.wanted.contains(&other) => {
                    Way::Withheld(format!("{other}, which is to go as well, stays and relates to it"))
                }
                _ if flags.create_missing_related_entities => {
                    Way::Kept("an entity that stays relates to it".to_owned())
                }
                _ if flags.delete_dependent_entities => {
                    let other = ours.map_or_else(|| "an entity that stays".to_owned(), |other| other.to_string());
                    Way::Withheld(format!("{other} relates to it and would go along"))
                }
                _ => Way::Free,
            });
        }
        if others.is_empty() || !flags.delete_dependent_entities {
            return Ok(Way::Free);
        }
        Ok(match self.drawn_along(others, goers).await? {
            Ok(None) => Way::Along,
            Ok(Some(other)) => Way::Withheld(format!("{other} would go along")),
            Err(error) => Way::Withheld(format!("what would go along cannot be told: {error}")),
        })
    }

    /// The first of our entities that would go along, at the end of whatever chain.
    async fn drawn_along(
        &self,
        others: Vec<EntityId>,
        goers: &Goers<'_>,
    ) -> Result<Result<Option<EntityId>, CatalogError>, SyncError> {
        let mut met: HashSet<EntityId> = others.iter().cloned().collect();
        let mut waiting = others;
        while let Some(EntityId { blueprint, identifier }) = waiting.pop() {
            let found = match self.ctx.catalog.dependents(&blueprint, &[identifier]).await {
                Ok(found) => found,
                Err(error) => return Ok(Err(error)),
            };
            let new: Vec<EntityId> = found
                .into_iter()
                .map(|found| found.entity)
                .filter(|entity| !goers.going.contains(entity) && met.insert(entity.clone()))
                .collect();
            let ours = self.first_of_ours(&new).await?;
            if ours.is_some() || met.len() > FOLLOWED {
                return Ok(Ok(ours.or_else(|| new.into_iter().next())));
            }
            waiting.extend(new);
        }
        Ok(Ok(None))
    }

    /// The first that came from an object, as far as the state file knows.
    async fn first_of_ours(&self, entities: &[EntityId]) -> Result<Option<EntityId>, SyncError> {
        for id in entities {
            let known = self.ctx.state.known(&id.blueprint, vec![id.identifier.clone()]).await?;
            if self.given.contains(id) || known.values().any(|known| known.trace.source_key.is_some() || known.owned) {
                return Ok(Some(id.clone()));
            }
        }
        Ok(None)
    }

    async fn delete(
        &self,
        blueprint: &str,
        candidates: Vec<Candidate>,
        dependents: Dependents,
    ) -> Result<Vec<(Candidate, Try)>, SyncError> {
        if candidates.is_empty() {
            return Ok(vec![]);
        }
        let fates: Vec<(EntityId, Fate)> =
            candidates.iter().map(|candidate| (candidate.id.clone(), Fate::Goes(candidate.gone.clone()))).collect();
        for (entity, fate) in &fates {
            self.ctx.emit(&SyncEvent::Judged { entity: entity.clone(), fate: fate.clone() });
        }
        let renamed = Renamed::of(self.ctx, blueprint, &fates).await;
        let identifiers: Vec<String> = fates.into_iter().map(|(id, _)| id.identifier).collect();
        let results = match self.ctx.catalog.delete(blueprint, &identifiers, dependents).await {
            Ok(results) => results,
            Err(error) => return Ok(all_later(candidates, &error)),
        };
        let (mut tried, mut gone) = (vec![], vec![]);
        for (candidate, result) in candidates.into_iter().zip(results) {
            let done = match result {
                DeleteResult::Deleted { dependents } => {
                    gone.push(candidate.id.clone());
                    gone.extend(dependents.iter().cloned());
                    let along = Became::Deleted(format!("it depended on {}", candidate.id));
                    let itself = (candidate.id.clone(), Became::Deleted(candidate.gone.to_string()));
                    Try::Done(
                        std::iter::once(itself).chain(dependents.into_iter().map(|id| (id, along.clone()))).collect(),
                    )
                }
                DeleteResult::Failed(failure) if failure.retry == Retry::Later => Try::Later(failure.reason),
                DeleteResult::Failed(failure) => {
                    self.failed(&candidate.id, &failure.reason);
                    Try::Done(vec![(candidate.id.clone(), Became::Withheld(failure.reason))])
                }
            };
            tried.push((candidate, done));
        }
        renamed.tell(self.ctx, &gone);
        self.ctx.emit(&SyncEvent::Deleted { blueprint: blueprint.to_owned(), entities: gone.len() });
        self.ctx.state.forget(gone).await?;
        Ok(tried)
    }
}

fn all_later(candidates: Vec<Candidate>, error: &CatalogError) -> Vec<(Candidate, Try)> {
    candidates.into_iter().map(|candidate| (candidate, Try::Later(error.to_string()))).collect()
}

/// By depth and blueprint, the deepest first, not too many at a time.
fn groups(candidates: Vec<Candidate>) -> Vec<Vec<Candidate>> {
    let mut sorted: BTreeMap<(std::cmp::Reverse<usize>, String), Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        let place = (std::cmp::Reverse(candidate.depth), candidate.id.blueprint.clone());
        sorted.entry(place).or_default().push(candidate);
    }
    let mut groups = vec![];
    for of in sorted.into_values() {
        let mut rest = of.into_iter().peekable();
        while rest.peek().is_some() {
            groups.push(rest.by_ref().take(GROUP).collect());
        }
    }
    groups
}
