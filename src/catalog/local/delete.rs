//! Deleting entities, and what depends on them.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::blueprints;
use super::rows::from_json;
use crate::catalog::{Blueprint, DeleteResult, Dependent, Dependents, EntityId, Retry, WriteFailure};

/// Deletes entities of one blueprint, one result each, in order.
pub(super) fn bulk(
    connection: &Connection,
    blueprint: &str,
    identifiers: &[String],
    dependents: Dependents,
    at: &str,
) -> rusqlite::Result<Vec<DeleteResult>> {
    let mut deletion = Deletion { connection, at, blueprints: HashMap::new() };
    let refused = match dependents {
        Dependents::Delete => HashMap::new(),
        Dependents::Refuse => deletion.refused(blueprint, identifiers)?,
    };
    let asked: HashSet<&String> = identifiers.iter().collect();
    identifiers
        .iter()
        .map(|identifier| {
            if let Some(reason) = refused.get(identifier.as_str()) {
                return Ok(DeleteResult::Failed(WriteFailure { reason: reason.clone(), retry: Retry::Later }));
            }
            let mut gone = deletion.cascade(blueprint, identifier)?;
            gone.retain(|entity| entity.blueprint != blueprint || !asked.contains(&entity.identifier));
            Ok(DeleteResult::Deleted { dependents: gone })
        })
        .collect()
}

/// What cannot be without one of these entities once all of them are gone.
pub(super) fn dependents(
    connection: &Connection,
    blueprint: &str,
    identifiers: &[String],
) -> rusqlite::Result<Vec<Dependent>> {
    let mut deletion = Deletion { connection, at: "", blueprints: HashMap::new() };
    let going: HashSet<String> = identifiers.iter().cloned().collect();
    let mut dependents = Vec::new();
    for of in identifiers {
        let needing = deletion.needing(blueprint, of, &going)?;
        dependents.extend(needing.into_iter().map(|entity| Dependent { of: of.clone(), entity }));
    }
    Ok(dependents)
}

/// What points at one of these entities.
pub(super) fn relating(
    connection: &Connection,
    blueprint: &str,
    identifiers: &[String],
) -> rusqlite::Result<Vec<Dependent>> {
    let deletion = Deletion { connection, at: "", blueprints: HashMap::new() };
    let mut relating = Vec::new();
    for of in identifiers {
        let target = EntityId { blueprint: blueprint.to_owned(), identifier: of.clone() };
        let pointers = deletion.pointers(&target)?.into_iter();
        relating.extend(pointers.map(|pointer| Dependent { of: of.clone(), entity: pointer.entity }));
    }
    Ok(relating)
}

struct Deletion<'a> {
    connection: &'a Connection,
    at: &'a str,
    /// Those met so far; `None` for one that does not exist.
    blueprints: HashMap<String, Option<Blueprint>>,
}

/// An entity that points at another one.
struct Pointer {
    id: i64,
    entity: EntityId,
    relation: String,
}

/// How a pointer needs its target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// It can do without.
    Optional,
    /// It needs this one.
    Single,
    /// It needs one of several.
    OneOfMany,
}

impl Deletion<'_> {
    /// Deletes an entity and what cannot be without it; gives all that went, itself among them. Relations that are not
    /// required lose the target.
    fn cascade(&mut self, blueprint: &str, identifier: &str) -> rusqlite::Result<Vec<EntityId>> {
        let mut waiting = vec![EntityId { blueprint: blueprint.to_owned(), identifier: identifier.to_owned() }];
        let mut gone = Vec::new();
        while let Some(entity) = waiting.pop() {
            let pointers = self.pointers(&entity)?;
            let deleted = self
                .connection
                .prepare_cached("DELETE FROM entities WHERE blueprint = ?1 AND identifier = ?2")?
                .execute((&entity.blueprint, &entity.identifier))?;
            if deleted == 0 {
                continue;
            }
            for pointer in pointers {
                let need = self.need(&pointer)?;
                let left = if need == Need::Single { false } else { self.clear(&pointer, &entity.identifier)? };
                if need != Need::Optional && !left {
                    waiting.push(pointer.entity);
                }
            }
            gone.push(entity);
        }
        Ok(gone)
    }

    /// Those of the asked that something outside of them needs, with the reason. What needs a refused one is refused
    /// itself, so this goes on until nothing changes.
    fn refused(&mut self, blueprint: &str, identifiers: &[String]) -> rusqlite::Result<HashMap<String, String>> {
        let mut going: HashSet<String> = identifiers.iter().cloned().collect();
        let mut refused = HashMap::new();
        loop {
            let mut stays = Vec::new();
            for identifier in &going {
                let needing = self.needing(blueprint, identifier, &going)?;
                if let Some(first) = needing.first() {
                    stays.push((identifier.clone(), reason(needing.len(), first)));
                }
            }
            if stays.is_empty() {
                return Ok(refused);
            }
            for (identifier, reason) in stays {
                going.remove(&identifier);
                refused.insert(identifier, reason);
            }
        }
    }

    /// The entities that stay while `going` goes and cannot be without `identifier`.
    fn needing(
        &mut self,
        blueprint: &str,
        identifier: &str,
        going: &HashSet<String>,
    ) -> rusqlite::Result<Vec<EntityId>> {
        let target = EntityId { blueprint: blueprint.to_owned(), identifier: identifier.to_owned() };
        let mut needing = Vec::new();
        for pointer in self.pointers(&target)? {
            let goes = pointer.entity.blueprint == blueprint && going.contains(&pointer.entity.identifier);
            let needs = match self.need(&pointer)? {
                Need::Optional => false,
                Need::Single => true,
                Need::OneOfMany => self.targets(&pointer)?.iter().all(|target| going.contains(target)),
            };
            if needs && !goes {
                needing.push(pointer.entity);
            }
        }
        Ok(needing)
    }

    /// The other entities that point at one.
    fn pointers(&self, target: &EntityId) -> rusqlite::Result<Vec<Pointer>> {
        self.connection
            .prepare_cached(
                "SELECT e.id, e.blueprint, e.identifier, t.relation
                 FROM relation_targets t JOIN entities e ON e.id = t.entity
                 WHERE t.target_blueprint = ?1 AND t.target = ?2 AND NOT (e.blueprint = ?1 AND e.identifier = ?2)
                 ORDER BY e.id",
            )?
            .query_map((&target.blueprint, &target.identifier), |row| {
                let entity = EntityId { blueprint: row.get(1)?, identifier: row.get(2)? };
                Ok(Pointer { id: row.get(0)?, entity, relation: row.get(3)? })
            })?
            .collect()
    }

    fn targets(&self, pointer: &Pointer) -> rusqlite::Result<Vec<String>> {
        self.connection
            .prepare_cached("SELECT target FROM relation_targets WHERE entity = ?1 AND relation = ?2")?
            .query_map((pointer.id, &pointer.relation), |row| row.get(0))?
            .collect()
    }

    fn need(&mut self, pointer: &Pointer) -> rusqlite::Result<Need> {
        let name = &pointer.entity.blueprint;
        if !self.blueprints.contains_key(name) {
            self.blueprints.insert(name.clone(), blueprints::load(self.connection, name)?);
        }
        let blueprint = self.blueprints.get(name).and_then(Option::as_ref);
        let relation = blueprint.and_then(|blueprint| blueprint.relations.get(&pointer.relation));
        Ok(match relation {
            Some(relation) if relation.required && relation.many => Need::OneOfMany,
            Some(relation) if relation.required => Need::Single,
            _ => Need::Optional,
        })
    }

    /// Takes a target out of a relation; whether another target is left in it.
    fn clear(&self, pointer: &Pointer, target: &str) -> rusqlite::Result<bool> {
        let mut relations: Map<String, Value> = self
            .connection
            .prepare_cached("SELECT relations FROM entities WHERE id = ?1")?
            .query_row([pointer.id], |row| from_json(row, 0))?;
        let mut left = false;
        if let Some(value) = relations.get_mut(&pointer.relation) {
            match value {
                Value::Array(targets) => {
                    targets.retain(|name| name.as_str() != Some(target));
                    left = !targets.is_empty();
                }
                other => *other = Value::Null,
            }
        }
        self.connection
            .prepare_cached("UPDATE entities SET relations = ?2, updated_at = ?3 WHERE id = ?1")?
            .execute((pointer.id, Value::Object(relations).to_string(), self.at))?;
        self.connection
            .prepare_cached("DELETE FROM relation_targets WHERE entity = ?1 AND relation = ?2 AND target = ?3")?
            .execute((pointer.id, &pointer.relation, target))?;
        Ok(left)
    }
}

fn reason(count: usize, first: &EntityId) -> String {
    match count {
        1 => format!("{first} requires it and would have to be deleted first"),
        _ => format!("{count} entities require it and would have to be deleted first, for example {first}"),
    }
}
