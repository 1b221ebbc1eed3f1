//! Which entities the entities of this sync relate to, kept as short fingerprints.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use futures::stream::{self, StreamExt};
use serde_json::Value;

use crate::catalog::{Blueprint, Catalog, Entity, EntityId};

/// Stands for the target of a relation whose blueprint is not known.
const ANY: &str = "*";

/// Blueprints that are asked for at a time.
const AT_ONCE: usize = 8;

/// The targets of all relations seen so far.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// Target blueprint by blueprint and relation.
    targets: HashMap<(String, String), String>,
    related: Mutex<HashSet<u64>>,
}

impl Relations {
    /// Learns from the catalog where the relations of these blueprints point.
    pub(crate) async fn learn(catalog: &dyn Catalog, blueprints: impl IntoIterator<Item = String>) -> Self {
        let asked: Vec<_> = blueprints.into_iter().map(|blueprint| ask(catalog, blueprint)).collect();
        let found: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        let mut targets = HashMap::new();
        for (blueprint, found) in found.into_iter().flatten() {
            for (name, relation) in found.relations {
                targets.insert((blueprint.clone(), name), relation.target);
            }
        }
        Self { targets, related: Mutex::default() }
    }

    /// Notes what an entity relates to.
    pub(crate) fn note(&self, entity: &Entity) {
        let Some(relations) = &entity.relations else { return };
        let mut related = self.related.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in relations {
            let target = self.targets.get(&(entity.blueprint.clone(), name.clone())).map_or(ANY, String::as_str);
            match value {
                Value::String(identifier) => drop(related.insert(short(target, identifier))),
                Value::Array(items) => {
                    related.extend(items.iter().filter_map(Value::as_str).map(|identifier| short(target, identifier)));
                }
                _ => {}
            }
        }
    }

    /// Whether an entity of this sync relates to that one.
    pub(crate) fn has(&self, id: &EntityId) -> bool {
        let related = self.related.lock().unwrap_or_else(PoisonError::into_inner);
        related.contains(&short(&id.blueprint, &id.identifier)) || related.contains(&short(ANY, &id.identifier))
    }
}

async fn ask(catalog: &dyn Catalog, blueprint: String) -> Option<(String, Blueprint)> {
    // Without the blueprint the target counts as any, which protects more, not less.
    let found = catalog.blueprint(&blueprint).await.ok().flatten()?;
    Some((blueprint, found))
}

fn short(blueprint: &str, identifier: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (blueprint, identifier).hash(&mut hasher);
    hasher.finish()
}
