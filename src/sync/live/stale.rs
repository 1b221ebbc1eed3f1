//! Which entities objects gave before and give no longer.

use std::collections::HashSet;
use std::sync::Arc;

use bitbucket_port_jq::Input;

use crate::catalog::{Entity, EntityId};
use crate::kinds::Kind;
use crate::mapping::FedBlueprints;
use crate::state::{Provenance, Trace};
use crate::sync::SyncError;
use crate::sync::context::Context;
use crate::sync::fate::Gone;
use crate::sync::journal::Written;

use super::look::Looked;
use super::report::{Became, Found};

/// An entity that is to go.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) id: EntityId,
    pub(super) gone: Gone,
    /// The object that gave it, by its number.
    pub(super) object: usize,
    /// How many kinds its object hangs below: what hangs below goes first.
    pub(super) depth: usize,
}

/// What became of an entity of an object, by the object's number.
pub(super) type Decided = (usize, EntityId, Became);

/// What some objects do not give any more.
#[derive(Debug, Default)]
pub(super) struct Stale {
    pub(super) candidates: Vec<Candidate>,
    /// What stays all the same.
    pub(super) kept: Vec<Decided>,
}

/// Sorts what was remembered of some objects after what they give now was written.
pub(super) async fn sort(ctx: &Arc<Context>, looked: &[Looked]) -> Result<Stale, SyncError> {
    let given: HashSet<&EntityId> = looked.iter().flat_map(|looked| &looked.yields).collect();
    let mut stale = Stale::default();
    // What one object may still give is not taken from it because another one does not.
    let doubtful = looked.iter().filter(|looked| looked.doubt.is_some() || matches!(looked.found, Found::Unknown(_)));
    let held: HashSet<&EntityId> = doubtful.flat_map(|looked| &looked.remembered).map(|row| &row.entity).collect();
    let shared = shared(ctx, looked).await?;
    let mut met = HashSet::new();
    for (object, looked) in looked.iter().enumerate() {
        let rows =
            looked.remembered.iter().filter(|row| !given.contains(&row.entity) && met.insert(row.entity.clone()));
        for row in rows {
            let id = row.entity.clone();
            if shared.contains(&id) {
                stale.kept.push((object, id, Became::Kept(SHARED.to_owned())));
                continue;
            }
            match fate(ctx, looked, row, held.contains(&id)) {
                Ok(gone) => stale.candidates.push(Candidate { id, gone, object, depth: depth(looked.key.kind) }),
                Err(became) => stale.kept.push((object, id, became)),
            }
        }
        if looked.found == Found::Gone && looked.remembered.is_empty() {
            for id in from_last_known(ctx, looked) {
                if given.contains(&id) || !met.insert(id.clone()) {
                    continue;
                }
                match elsewhere(ctx, looked, &id).await? {
                    None => stale.candidates.push(Candidate {
                        id,
                        gone: Gone::Object,
                        object,
                        depth: depth(looked.key.kind),
                    }),
                    Some(source) => {
                        let why = format!("it came from {source} since");
                        stale.kept.push((object, id, Became::Kept(why)));
                    }
                }
            }
        }
    }
    Ok(stale)
}

/// Why an entity stays that the other objects that gave it may still give.
const SHARED: &str = "other objects gave it as well; the next resync tells whether it goes";

/// Those of the remembered entities that other objects gave as well.
async fn shared(ctx: &Context, looked: &[Looked]) -> Result<HashSet<EntityId>, SyncError> {
    let remembered = looked.iter().flat_map(|looked| &looked.remembered).map(|row| row.entity.clone());
    Ok(ctx.state.shared(remembered.collect()).await?)
}

fn depth(kind: Kind) -> usize {
    std::iter::successors(Some(kind), |kind| kind.each().or(kind.info().within)).count()
}

/// Why an entity goes that its object does not give any more, or what it stays as.
fn fate(ctx: &Context, looked: &Looked, row: &Provenance, held: bool) -> Result<Gone, Became> {
    let withheld = |why: &str| Err(Became::Withheld(why.to_owned()));
    match (&looked.found, &looked.doubt) {
        (Found::Unknown(_), _) => return withheld("its object cannot be read"),
        (_, Some(why)) => return withheld(why),
        (Found::Gone, None) => return Ok(Gone::Object),
        (Found::There, None) => {}
    }
    if held {
        return withheld("another object may still give it");
    }
    let kind = looked.key.kind;
    if let Some(skipped) = ctx.plan.skipped.iter().find(|skipped| skipped.kind == kind.name() || skipped.kind == "?") {
        return withheld(&format!("resource {} ({}) was left out", skipped.index, skipped.kind));
    }
    let blueprint = &row.entity.blueprint;
    let feeds = |fed: &FedBlueprints| match fed {
        FedBlueprints::Literal(literals) => literals.contains(blueprint),
        FedBlueprints::Unknown => true,
    };
    if !ctx.plan.resources.iter().any(|planned| planned.kind == kind && feeds(&planned.resource.blueprints)) {
        let why = format!(
            "no resource of the kind {kind} writes to its blueprint any more; a resync with --prune-unmapped may delete it"
        );
        return Err(Became::Kept(why));
    }
    let written = |id: &EntityId| ctx.journal.as_ref().and_then(|journal| journal.of(id));
    if looked.yields.iter().any(|id| matches!(written(id), Some(Written::Refused(_)) | None)) {
        // The only copy of what a person set must not go before the new entity is there.
        return withheld("what its object became could not be written");
    }
    Ok(became(looked, row))
}

/// Why an entity goes whose object exists.
fn became(looked: &Looked, row: &Provenance) -> Gone {
    if looked.yields.is_empty() {
        return Gone::FilteredOut;
    }
    let blueprint = &row.entity.blueprint;
    let remembered = |id: &EntityId| looked.remembered.iter().any(|row| row.entity == *id);
    let old = looked
        .remembered
        .iter()
        .map(|row| &row.entity)
        .filter(|id| id.blueprint == *blueprint && !looked.yields.contains(id));
    let new: Vec<&EntityId> = looked.yields.iter().filter(|id| id.blueprint == *blueprint && !remembered(id)).collect();
    match (new.as_slice(), old.count()) {
        ([new], 1) => Gone::Renamed((*new).clone()),
        _ => Gone::BecameAnother,
    }
}

/// The entities of an object that is gone, as the mapping names them after its last known version: whether the selector
/// would let it through does not matter.
fn from_last_known(ctx: &Context, looked: &Looked) -> Vec<EntityId> {
    let Some(raw) = &looked.key.last_known else { return vec![] };
    let Ok(input) = Input::parse(raw.get(), &ctx.jq) else { return vec![] };
    let resources = ctx.plan.resources.iter().filter(|planned| planned.kind == looked.key.kind);
    let entities = resources.flat_map(|planned| planned.resource.map_unselected(input.clone()));
    // What a search would find is not certain to be this object's.
    entities.filter(|entity| !entity.identifier.is_object()).map(|entity| Entity::id(&entity)).collect()
}

/// The other object that an entity came from, if the state file knows of one.
async fn elsewhere(ctx: &Context, looked: &Looked, id: &EntityId) -> Result<Option<String>, SyncError> {
    let mut known = ctx.state.known(&id.blueprint, vec![id.identifier.clone()]).await?;
    let Some(Trace { source_key: Some(source), .. }) = known.remove(&id.identifier).map(|known| known.trace) else {
        return Ok(None);
    };
    Ok((source != looked.key.key.as_str()).then_some(source))
}
