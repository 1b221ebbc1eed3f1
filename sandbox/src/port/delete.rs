//! Deleting entities with what depends on them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::blueprint::relations;
use super::refusal::Refused;
use super::world::World;

/// Identifiers by blueprint.
type Victims = BTreeMap<String, BTreeSet<String>>;

impl World {
    /// Deletes entities of one blueprint and gives those of them that were there. With `dependents`, everything that
    /// points at them goes too; without, nothing may.
    pub(super) fn delete(
        &mut self,
        blueprint: &str,
        identifiers: &[String],
        dependents: bool,
    ) -> Result<Vec<String>, Refused> {
        self.existing_blueprint(blueprint)?;
        let there = |identifier: &&String| self.entity(blueprint, identifier).is_some();
        let deleted: Vec<String> = identifiers.iter().filter(there).cloned().collect();
        let mut victims = Victims::from([(blueprint.to_owned(), deleted.iter().cloned().collect())]);
        loop {
            let more = self.dependents(&victims);
            if more.is_empty() {
                break;
            }
            if !dependents {
                let named: Vec<&String> = more.values().flatten().take(3).collect();
                return Err(Refused::has_dependents(format!("the entities have dependents: {named:?}")));
            }
            for (blueprint, identifiers) in more {
                victims.entry(blueprint).or_default().extend(identifiers);
            }
        }
        for (blueprint, identifiers) in &victims {
            if let Some(entities) = self.entities.get_mut(blueprint) {
                entities.retain(|identifier, _| !identifiers.contains(identifier));
            }
        }
        Ok(deleted)
    }

    /// Deletes every entity of a blueprint, with dependents, and the blueprint too where asked for.
    pub(super) fn delete_all(&mut self, blueprint: &str, and_blueprint: bool) -> Result<(), Refused> {
        let all: Vec<String> = self.entities(blueprint).map(|entity| entity.identifier.clone()).collect();
        self.delete(blueprint, &all, true)?;
        if and_blueprint { self.delete_blueprint(blueprint) } else { Ok(()) }
    }

    /// What points at the victims and is no victim yet.
    fn dependents(&self, victims: &Victims) -> Victims {
        let mut found = Victims::new();
        for (blueprint, definition) in &self.blueprints {
            for (name, relation) in relations(definition) {
                let Some(targets) = relation["target"].as_str().and_then(|target| victims.get(target)) else {
                    continue;
                };
                let points_at_one = |value: &Value| match value {
                    Value::String(related) => targets.contains(related),
                    Value::Array(all) => {
                        all.iter().any(|related| related.as_str().is_some_and(|related| targets.contains(related)))
                    }
                    _ => false,
                };
                let doomed = victims.get(blueprint);
                let pointing = self
                    .entities(blueprint)
                    .filter(|entity| entity.relations.get(name).is_some_and(points_at_one))
                    .filter(|entity| doomed.is_none_or(|doomed| !doomed.contains(&entity.identifier)));
                for entity in pointing {
                    found.entry(blueprint.clone()).or_default().insert(entity.identifier.clone());
                }
            }
        }
        found
    }
}
