//! Which entities the entities of this sync relate to, kept as short fingerprints.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use futures::stream::{self, StreamExt};
use serde_json::Value;

use crate::catalog::{Blueprint, Catalog, Entity, EntityId};
use crate::state::short_fingerprint;

/// Stands for the target of a relation whose blueprint is not known.
const ANY: &str = "*";

/// Blueprints that are asked for at a time.
const AT_ONCE: usize = 8;

/// The targets of all relations seen so far.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// Target blueprint by blueprint and relation.
    targets: HashMap<(String, String), String>,
    related: Mutex<Related>,
}

#[derive(Debug, Default)]
struct Related {
    all: HashSet<i64>,
    /// Those that the state file does not know yet.
    new: Vec<i64>,
}

impl Related {
    fn insert(&mut self, target: i64) {
        if self.all.insert(target) {
            self.new.push(target);
        }
    }
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

    /// Puts blueprints into an order in which those that others relate to come first; a circle in any.
    pub(crate) fn in_order<'a>(&self, blueprints: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let mut left: Vec<&str> = blueprints.into_iter().collect();
        left.sort_unstable();
        let mut ordered = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let waits = |of: &str| {
                let targets = self.targets.iter().filter(|((source, _), target)| source == of && *target != of);
                targets.into_iter().any(|(_, target)| left.contains(&target.as_str()))
            };
            let next = left.iter().position(|of| !waits(of)).unwrap_or_default();
            ordered.push(left.remove(next));
        }
        ordered
    }

    /// Takes over what the first part of an interrupted sync noted.
    pub(crate) fn restore(&self, related: impl IntoIterator<Item = i64>) {
        self.related.lock().unwrap_or_else(PoisonError::into_inner).all.extend(related);
    }

    /// What was noted since the last time.
    pub(crate) fn take_new(&self) -> Vec<i64> {
        std::mem::take(&mut self.related.lock().unwrap_or_else(PoisonError::into_inner).new)
    }

    /// Notes what an entity relates to.
    pub(crate) fn note(&self, entity: &Entity) {
        let Some(relations) = &entity.relations else { return };
        let mut related = self.related.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in relations {
            let target = self.targets.get(&(entity.blueprint.clone(), name.clone())).map_or(ANY, String::as_str);
            match value {
                Value::String(identifier) => related.insert(short_fingerprint(target, identifier)),
                Value::Array(items) => {
                    for identifier in items.iter().filter_map(Value::as_str) {
                        related.insert(short_fingerprint(target, identifier));
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether an entity of this sync relates to that one.
    pub(crate) fn has(&self, id: &EntityId) -> bool {
        let related = self.related.lock().unwrap_or_else(PoisonError::into_inner);
        related.all.contains(&short_fingerprint(&id.blueprint, &id.identifier))
            || related.all.contains(&short_fingerprint(ANY, &id.identifier))
    }
}

async fn ask(catalog: &dyn Catalog, blueprint: String) -> Option<(String, Blueprint)> {
    // Without the blueprint the target counts as any, which protects more, not less.
    let found = catalog.blueprint(&blueprint).await.ok().flatten()?;
    Some((blueprint, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_related_to_comes_first() {
        let target = |of: &str, to: &str| ((of.to_owned(), format!("to {to}")), to.to_owned());
        let relations = Relations {
            targets: HashMap::from([
                target("a", "b"),
                target("b", "c"),
                target("b", "b"),
                target("c", "elsewhere"),
                target("x", "y"),
                target("y", "x"),
            ]),
            related: Mutex::default(),
        };
        assert_eq!(relations.in_order(["a", "b", "c"]), ["c", "b", "a"]);
        assert_eq!(relations.in_order(["x", "y"]), ["x", "y"]);
    }
}
