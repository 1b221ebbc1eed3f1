//! Objects that were renamed or moved, so that another entity stands for them now.
//!
//! The same resource met the object in this very sync and made another entity of it: then the old one is certain to go,
//! and nobody has to be asked.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{Access, Blueprint, CatalogError, Entity, EntityId, Extent, Present, Writes};
use crate::mapping::FedBlueprints;
use crate::state::{Sibling, SyncId, Trace};

use super::SyncError;
use super::context::Context;
use super::diff::resource_name;
use super::event::SyncEvent;
use super::fate::{Fate, Gone};
use super::rehearsal::{FieldChange, parts};

/// Old entities that are read at a time.
const READ: usize = 50;

/// Properties that a notice names of one entity.
const NAMED: usize = 5;

/// What is to be said of the entities that replace others.
const AFTER: &str = ": values that the mapping does not set do not come along; set them again on the new entities";

/// What became of the object of an entity that was not met; `None` where this sync did not meet it either, or not for
/// certain.
pub(crate) async fn fate(ctx: &Context, sync: SyncId, id: &EntityId, trace: &Trace) -> Result<Option<Fate>, SyncError> {
    if !was_read_in_full(ctx, trace) {
        return Ok(None);
    }
    let mut siblings = ctx.state.siblings(sync, trace).await?;
    siblings.retain(|sibling| sibling.entity.blueprint == id.blueprint);
    Ok(judge(ctx, &siblings))
}

fn judge(ctx: &Context, siblings: &[Sibling]) -> Option<Fate> {
    let (now, before): (Vec<&Sibling>, Vec<&Sibling>) = siblings.iter().partition(|sibling| sibling.met_now);
    now.first()?;
    // The only copy of what a person set must not go before the new entity is there.
    if let Some(unwritten) = now.iter().find(|sibling| ctx.was_refused(&sibling.entity)) {
        let name = &unwritten.entity.identifier;
        return Some(Fate::Unsure(format!("its object became {name:?}, which could not be written").into()));
    }
    let new: Vec<&EntityId> = now.iter().filter(|sibling| !sibling.owned_before).map(|of| &of.entity).collect();
    let old = before.iter().filter(|sibling| sibling.owned_before).count();
    Some(Fate::Goes(match new.as_slice() {
        [new] if old == 1 => Gone::Renamed((*new).clone()),
        _ => Gone::BecameAnother,
    }))
}

/// Whether nothing of what the resource lists is missing or was left out of the objects.
fn was_read_in_full(ctx: &Context, trace: &Trace) -> bool {
    let Some(name) = &trace.resource else { return false };
    let number = (0..ctx.plan.resources.len()).find(|number| resource_name(ctx, *number) == *name);
    number.is_some_and(|number| {
        let tally = &ctx.tallies[number];
        tally.failed.get() == 0 && tally.degraded.get() == 0
    })
}

/// Entities of one blueprint that others replace, and what they have that those will not.
#[derive(Debug, Default)]
pub(crate) struct Renamed(HashMap<EntityId, Replaced>);

#[derive(Debug)]
struct Replaced {
    by: EntityId,
    lost: Vec<FieldChange>,
}

impl Renamed {
    /// Looks at the entities of some fates that are replaced, and tells of each before it goes.
    pub(crate) async fn of(ctx: &Arc<Context>, blueprint: &str, fates: &[(EntityId, Fate)]) -> Self {
        let mut renamed = Self::default();
        for (id, fate) in fates {
            if let Fate::Goes(Gone::Renamed(by)) = fate {
                renamed.0.insert(id.clone(), Replaced { by: by.clone(), lost: vec![] });
            }
        }
        if renamed.0.is_empty() {
            return renamed;
        }
        if let Err(error) = renamed.look(ctx, blueprint).await {
            ctx.notices.warning(format!("what renamed entities of {blueprint} lose cannot be told: {error}"));
        }
        for (from, Replaced { by, lost }) in &renamed.0 {
            ctx.emit(&SyncEvent::Renamed { from: from.clone(), to: by.clone(), lost: lost.clone() });
        }
        renamed
    }

    async fn look(&mut self, ctx: &Context, blueprint: &str) -> Result<(), CatalogError> {
        if ctx.catalog.access() == Access::WriteOnly {
            return Ok(());
        }
        let definition = ctx.catalog.blueprint(blueprint).await?;
        let bare = |id: &EntityId| Entity {
            identifier: id.identifier.clone().into(),
            blueprint: id.blueprint.clone(),
            ..Entity::default()
        };
        let old: Vec<Entity> = self.0.keys().map(bare).collect();
        for group in old.chunks(READ) {
            for Present { entity, .. } in ctx.catalog.present(blueprint, group, Extent::Whole).await? {
                if let Some(replaced) = self.0.get_mut(&entity.id()) {
                    replaced.lost = parts(&entity);
                    replaced
                        .lost
                        .retain(|part| !is_set(ctx, blueprint, &part.field) && !is_default(part, definition.as_ref()));
                }
            }
        }
        Ok(())
    }

    /// Names, once they are gone, those that had something which is lost.
    pub(crate) fn tell<'a>(&self, ctx: &Context, gone: impl IntoIterator<Item = &'a EntityId>) {
        let before = match ctx.catalog.writes() {
            Writes::Kept => "renamed entities",
            Writes::Rehearsed => "entities to be renamed",
        };
        for from in gone {
            let Some(Replaced { by, lost }) = self.0.get(from).filter(|replaced| !replaced.lost.is_empty()) else {
                continue;
            };
            let mut fields: Vec<&str> = lost.iter().take(NAMED).map(|part| part.field.as_str()).collect();
            if lost.len() > NAMED {
                fields.push("…");
            }
            let name = format!("{:?} to {:?} ({})", from.identifier, by.identifier, fields.join(", "));
            ctx.notices.warning_about(format!("{before} of {}: ", from.blueprint), &name, AFTER);
        }
    }
}

/// Whether some resource gives entities of a blueprint this part.
fn is_set(ctx: &Context, blueprint: &str, field: &str) -> bool {
    ctx.plan.resources.iter().any(|planned| {
        let feeds = match &planned.resource.blueprints {
            FedBlueprints::Literal(literals) => literals.iter().any(|literal| literal == blueprint),
            FedBlueprints::Unknown => true,
        };
        feeds && planned.resource.sets(field)
    })
}

/// Whether the catalog itself gives a new entity the same.
fn is_default(part: &FieldChange, blueprint: Option<&Blueprint>) -> bool {
    let property = part.field.strip_prefix("properties.");
    let definition = property.and_then(|name| blueprint?.schema.properties.get(name));
    definition
        .and_then(|definition| definition.get("default"))
        .is_some_and(|default| Some(default) == part.old.as_ref())
}
