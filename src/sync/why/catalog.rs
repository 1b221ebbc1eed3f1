//! What a catalog has of an entity, and what a sync would do about it.

use crate::catalog::{Access, Catalog, CatalogError, Entity, Extent, Owner, Present};
use crate::state::{CatalogState, Known};
use crate::sync::compare::differing;

use super::{Entry, Verdict};

/// Compares an entity with the catalog. `origin` is the object's key.
pub(super) async fn entry(catalog: &dyn Catalog, state: Option<&CatalogState>, entity: &Entity, origin: &str) -> Entry {
    let unknown = |error: CatalogError| Entry {
        verdict: Verdict::Unknown { why: error.to_string() },
        owner: "not known".to_owned(),
        also_from: None,
    };
    let (verdict, owner) = match compare(catalog, entity).await {
        Ok(compared) => compared,
        Err(error) => return unknown(error),
    };
    let also_from = match state {
        Some(state) => known(state, entity).await.and_then(|known| other(&known, origin)),
        None => None,
    };
    Entry { verdict, owner, also_from }
}

/// What a sync would do, and whose the entity is.
async fn compare(catalog: &dyn Catalog, entity: &Entity) -> Result<(Verdict, String), CatalogError> {
    let unknown = || "not known".to_owned();
    if catalog.access() == Access::WriteOnly {
        let why = "the catalog is a log of changes and answers no questions".to_owned();
        return Ok((Verdict::Unknown { why }, unknown()));
    }
    if catalog.blueprint(&entity.blueprint).await?.is_none() {
        let why = format!("the catalog has no blueprint `{}`", entity.blueprint);
        return Ok((Verdict::WouldBeRefused { why }, "nobody: it does not exist yet".to_owned()));
    }
    if entity.identifier.is_object() {
        let why = "what a search finds is known only when it is written".to_owned();
        return Ok((Verdict::Unknown { why }, unknown()));
    }
    let present = catalog.present(&entity.blueprint, std::slice::from_ref(entity), Extent::Like).await?;
    let Some(Present { entity: there, owner }) = present.into_iter().next() else {
        return Ok((Verdict::WouldCreate, "nobody: it does not exist yet".to_owned()));
    };
    let mut differs = differing(&there, entity);
    if owner != Owner::Ours {
        differs.push("its owner".to_owned());
    }
    let verdict = if differs.is_empty() { Verdict::Unchanged } else { Verdict::WouldChange { differs } };
    Ok((verdict, words(&owner)))
}

fn words(owner: &Owner) -> String {
    match owner {
        Owner::Ours => "this integration".to_owned(),
        Owner::Other(name) => format!("{name}: a resync writes over it and never deletes it"),
        Owner::Unknown => "not known: the catalog does not say who".to_owned(),
    }
}

async fn known(state: &CatalogState, entity: &Entity) -> Option<Known> {
    let id = entity.id();
    let known = state.known(&id.blueprint, vec![id.identifier.clone()]).await;
    match known {
        Ok(mut known) => known.remove(&id.identifier),
        Err(error) => {
            tracing::warn!("the state file does not say where {id} came from: {error}");
            None
        }
    }
}

/// Where an entity came from last, if not from this object.
fn other(known: &Known, origin: &str) -> Option<String> {
    let source = known.trace.source_key.as_deref().filter(|source| *source != origin)?;
    let kind = known.trace.resource.as_deref().and_then(|name| name.split(':').nth(1)).unwrap_or("object");
    Some(format!("{kind} {source} wrote it last: two objects yield one entity, and the later in the mapping wins"))
}
