//! What a catalog has of an entity, and what a sync would do about it.

use crate::catalog::{Access, Catalog, CatalogError, Entity, Holder};
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
    let verdict = match verdict(catalog, entity).await {
        Ok(verdict) => verdict,
        Err(error) => return unknown(error),
    };
    let holder = match catalog.holder(entity).await {
        Ok(holder) => holder,
        Err(error) => return unknown(error),
    };
    let also_from = match state {
        Some(state) => known(state, entity).await.and_then(|known| other(&known, origin)),
        None => None,
    };
    Entry { verdict, owner: words(&holder), also_from }
}

async fn verdict(catalog: &dyn Catalog, entity: &Entity) -> Result<Verdict, CatalogError> {
    if catalog.access() == Access::WriteOnly {
        return Ok(Verdict::Unknown { why: "the catalog is a log of changes and answers no questions".to_owned() });
    }
    if catalog.blueprint(&entity.blueprint).await?.is_none() {
        let why = format!("the catalog has no blueprint `{}`", entity.blueprint);
        return Ok(Verdict::WouldBeRefused { why });
    }
    let present = catalog.read(&entity.blueprint, std::slice::from_ref(entity)).await?;
    Ok(match present.first() {
        None if catalog.holder(entity).await? == Holder::Nobody => Verdict::WouldCreate,
        None => Verdict::WouldChange { differs: vec!["its owner".to_owned()] },
        Some(present) => {
            let differs = differing(present, entity);
            if differs.is_empty() { Verdict::Unchanged } else { Verdict::WouldChange { differs } }
        }
    })
}

fn words(holder: &Holder) -> String {
    match holder {
        Holder::Nobody => "nobody: it does not exist yet".to_owned(),
        Holder::Ours => "this integration".to_owned(),
        Holder::Other(Some(name)) => format!("{name}: a resync writes over it and never deletes it"),
        Holder::Other(None) => "somebody else: a resync writes over it and never deletes it".to_owned(),
        Holder::Unknown => "not known".to_owned(),
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
