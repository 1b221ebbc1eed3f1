//! Writing entities.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use super::content::Content;
use super::query::Query;
use super::rows::{self, StoredRow, Writing};
use super::{blueprints, validate};
use crate::catalog::{Blueprint, Entity, MissingRelated, Retry, UpsertResult, WriteFailure, WriteOptions};

/// Most entities that a search query may find.
const MOST_MATCHES: usize = 10_000;

/// Writes entities of one blueprint, one result each, in order; `None` when there is no such blueprint. Of several with
/// one name the last is written, and its result stands for all of them.
pub(super) fn bulk(
    connection: &Connection,
    blueprint: &str,
    entities: &[Entity],
    options: WriteOptions,
    writing: &Writing,
) -> rusqlite::Result<Option<Vec<UpsertResult>>> {
    let Some(blueprint) = blueprints::load(connection, blueprint)? else { return Ok(None) };
    let bulk = Bulk { connection, blueprint: &blueprint, options, writing };
    let ids: Vec<_> = entities.iter().map(Entity::id).collect();
    let last: HashMap<_, _> = ids.iter().zip(0_usize..).collect();
    let mut by_position: HashMap<usize, UpsertResult> = HashMap::with_capacity(last.len());
    for (position, (entity, id)) in entities.iter().zip(&ids).enumerate() {
        if last.get(id) == Some(&position) {
            by_position.insert(position, bulk.write(entity)?);
        }
    }
    Ok(Some(ids.iter().filter_map(|id| by_position.get(last.get(id)?).cloned()).collect()))
}

/// Why an entity is not written: its search finds none, it is refused, or the file failed.
enum Stop {
    Unmatched,
    Refused(WriteFailure),
    File(rusqlite::Error),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error)
    }
}

fn refused(retry: Retry) -> impl Fn(String) -> Stop {
    move |reason| Stop::Refused(WriteFailure { reason, retry })
}

struct Bulk<'a> {
    connection: &'a Connection,
    blueprint: &'a Blueprint,
    options: WriteOptions,
    writing: &'a Writing,
}

/// An entity that does not exist yet and that a relation names.
struct Placeholder<'a> {
    blueprint: &'a str,
    identifier: &'a str,
}

impl Bulk<'_> {
    fn write(&self, sent: &Entity) -> rusqlite::Result<UpsertResult> {
        match self.try_write(sent) {
            Ok(result) => Ok(result),
            Err(Stop::Unmatched) => Ok(UpsertResult::Unmatched),
            Err(Stop::Refused(failure)) => Ok(UpsertResult::Failed(failure)),
            Err(Stop::File(error)) => Err(error),
        }
    }

    /// Checks everything before it writes anything, so that a refused entity leaves no trace.
    fn try_write(&self, sent: &Entity) -> Result<UpsertResult, Stop> {
        if sent.blueprint != self.blueprint.identifier {
            return Err(refused(Retry::Never)(format!("it is of blueprint {:?}, not of this one", sent.blueprint)));
        }
        let identifier = self.identifier(sent)?;
        let sent = &Entity { relations: self.resolved(sent.relations.as_ref())?, ..sent.clone() };
        let stored = rows::load(self.connection, &self.blueprint.identifier, &identifier)?;
        let before = stored.as_ref().map(|row| row.content.clone()).unwrap_or_default();
        let content = before.written_over(sent, self.options.existing).map_err(refused(Retry::Never))?;
        let faults = validate::faults(self.blueprint, sent, &content);
        if !faults.is_empty() {
            return Err(refused(Retry::Never)(faults.join("; ")));
        }
        for placeholder in self.missing_related(sent, &identifier)? {
            self.create(&placeholder)?;
        }
        Ok(self.store(&identifier, stored.as_ref(), &content)?)
    }

    fn identifier(&self, sent: &Entity) -> Result<String, Stop> {
        match &sent.identifier {
            Value::String(text) if !text.is_empty() => Ok(text.clone()),
            query @ Value::Object(_) => {
                let mut found = self.search(&self.blueprint.identifier, query)?;
                match (found.pop(), found.is_empty()) {
                    (Some(identifier), true) => Ok(identifier),
                    (None, _) => Err(Stop::Unmatched),
                    (Some(_), false) => Err(refused(Retry::Never)("several entities fit its search query".to_owned())),
                }
            }
            other => {
                Err(refused(Retry::Never)(format!("its identifier must be a text that is not empty, not {other}")))
            }
        }
    }

    /// The sent relations, each search query replaced by the identifiers that it finds.
    fn resolved(&self, relations: Option<&Map<String, Value>>) -> Result<Option<Map<String, Value>>, Stop> {
        let Some(relations) = relations else { return Ok(None) };
        let mut resolved = Map::new();
        for (name, value) in relations {
            let value = match (value, self.blueprint.relations.get(name)) {
                (Value::Object(_), Some(relation)) => {
                    let found = self.search(&relation.target, value)?;
                    if relation.many { Value::from(found) } else { single(name, found)? }
                }
                _ => value.clone(),
            };
            resolved.insert(name.clone(), value);
        }
        Ok(Some(resolved))
    }

    fn search(&self, blueprint: &str, query: &Value) -> Result<Vec<String>, Stop> {
        let query = Query::parse(query).map_err(refused(Retry::Never))?;
        let among = query.identifiers().map(Value::from).map(|list| list.to_string());
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {} FROM entities WHERE blueprint = ?1
               AND (?2 IS NULL OR identifier IN (SELECT value FROM json_each(?2)))
             ORDER BY identifier",
            rows::COLUMNS
        ))?;
        let mut found = Vec::new();
        let mut rows = statement.query((blueprint, among))?;
        while let Some(row) = rows.next()? {
            let row = rows::stored(row)?;
            if !query.fits(blueprint, &row) {
                continue;
            }
            if found.len() == MOST_MATCHES {
                return Err(refused(Retry::Never)(format!("more than {MOST_MATCHES} entities fit a search query")));
            }
            found.push(row.identifier);
        }
        Ok(found)
    }

    /// The entities to create because the sent relations name them.
    fn missing_related<'e>(&'e self, sent: &'e Entity, identifier: &str) -> Result<Vec<Placeholder<'e>>, Stop> {
        let mut missing = Vec::new();
        for (name, value) in sent.relations.iter().flatten() {
            let Some(relation) = self.blueprint.relations.get(name) else { continue };
            for target in targets(value) {
                let itself = relation.target == self.blueprint.identifier && target == identifier;
                if itself || rows::exists(self.connection, &relation.target, target)? {
                    continue;
                }
                if self.options.missing_related == MissingRelated::Fail {
                    let reason =
                        format!("relation {name:?} names {} {target:?}, which does not exist", relation.target);
                    return Err(refused(Retry::Later)(reason));
                }
                if !blueprints::exists(self.connection, &relation.target)? {
                    let reason =
                        format!("relation {name:?} needs blueprint {:?}, which does not exist", relation.target);
                    return Err(refused(Retry::Never)(reason));
                }
                missing.push(Placeholder { blueprint: &relation.target, identifier: target });
            }
        }
        Ok(missing)
    }

    /// It belongs to whoever writes the relation, as at Port: once nothing relates to it, that one deletes it.
    fn create(&self, placeholder: &Placeholder<'_>) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO entities (blueprint, identifier, owner, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute((placeholder.blueprint, placeholder.identifier, &self.writing.owner, &self.writing.at))?;
        Ok(())
    }

    fn store(&self, identifier: &str, stored: Option<&StoredRow>, content: &Content) -> rusqlite::Result<UpsertResult> {
        let team = (!content.team.is_null()).then(|| content.team.to_string());
        let (properties, relations) = (json(&content.properties)?, json(&content.relations)?);
        let id: i64 = self
            .connection
            .prepare_cached(
                "INSERT INTO entities
                   (blueprint, identifier, title, icon, team, properties, relations, owner, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
                 ON CONFLICT (blueprint, identifier) DO UPDATE SET
                   title = excluded.title, icon = excluded.icon, team = excluded.team, owner = excluded.owner,
                   properties = excluded.properties, relations = excluded.relations, updated_at = excluded.updated_at
                 RETURNING id",
            )?
            .query_row(
                params![
                    self.blueprint.identifier,
                    identifier,
                    content.title,
                    content.icon,
                    team,
                    properties,
                    relations,
                    self.writing.owner,
                    self.writing.at
                ],
                |row| row.get(0),
            )?;
        if stored.is_none_or(|row| row.content.relations != content.relations) {
            self.index_relations(id, &content.relations)?;
        }
        Ok(if stored.is_some() { UpsertResult::Updated } else { UpsertResult::Created })
    }

    fn index_relations(&self, id: i64, relations: &Map<String, Value>) -> rusqlite::Result<()> {
        self.connection.prepare_cached("DELETE FROM relation_targets WHERE entity = ?1")?.execute([id])?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO relation_targets (entity, relation, target_blueprint, target) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?;
        for (name, value) in relations {
            let Some(relation) = self.blueprint.relations.get(name) else { continue };
            for target in targets(value) {
                insert.execute((id, name, &relation.target, target))?;
            }
        }
        Ok(())
    }
}

/// What a search query found, for a relation that holds a single entity.
fn single(relation: &str, mut found: Vec<String>) -> Result<Value, Stop> {
    match (found.pop(), found.is_empty()) {
        (None, _) => Ok(Value::Null),
        (Some(identifier), true) => Ok(identifier.into()),
        (Some(_), false) => Err(refused(Retry::Never)(format!(
            "several entities fit the search query of relation {relation:?}, which holds a single one"
        ))),
    }
}

/// The identifiers that a relation's value names.
fn targets(value: &Value) -> impl Iterator<Item = &str> {
    let (one, many) = (value.as_str(), value.as_array());
    one.into_iter().chain(many.into_iter().flatten().filter_map(Value::as_str))
}

fn json(section: &Map<String, Value>) -> rusqlite::Result<String> {
    serde_json::to_string(section).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
