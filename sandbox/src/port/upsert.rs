//! Writing entities.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::blueprint::relations;
use super::check;
use super::entity::Entity;
use super::refusal::Refused;
use super::search::Query;
use super::world::World;

/// What happens to an entity that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// It stays, the write is refused.
    Refuse,
    /// It is replaced: what is not sent is gone.
    Replace,
    /// What is sent is put over it.
    Merge,
}

/// How entities are to be written, by the query of the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub(super) existing: Existing,
    pub(super) create_missing: bool,
    pub(super) validation_only: bool,
}

/// Who writes, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer<'a> {
    pub(super) datasource: &'a str,
    pub(super) now: OffsetDateTime,
}

/// What became of one entity.
#[derive(Debug, PartialEq)]
pub(super) struct Written {
    pub(super) identifier: String,
    pub(super) created: bool,
}

/// An entity that was checked and may be written.
struct Checked {
    identifier: String,
    exists: bool,
    relations: Map<String, Value>,
    /// Entities that are pointed at and are not there: blueprint and identifier.
    missing: Vec<(String, String)>,
}

/// The identifier given for an entity whose own is a search that matched nothing.
pub(super) const UNKNOWN: &str = "unknown";

impl World {
    /// Writes one entity.
    pub(super) fn write(
        &mut self,
        blueprint: &str,
        sent: &Value,
        mode: Mode,
        writer: Writer<'_>,
    ) -> Result<Written, Refused> {
        let checked = self.check_entity(blueprint, sent, mode)?;
        let written = Written { identifier: checked.identifier.clone(), created: !checked.exists };
        if mode.validation_only {
            return Ok(written);
        }
        for (target, identifier) in &checked.missing {
            self.put_entity(Entity::new(target, identifier, writer.datasource, writer.now));
        }
        let entities = self.entities.entry(blueprint.to_owned()).or_default();
        let blank = || Entity::new(blueprint, &checked.identifier, writer.datasource, writer.now);
        let entity = entities.entry(checked.identifier.clone()).or_insert_with(blank);
        if mode.existing != Existing::Merge {
            *entity = Entity { created: entity.created, ..blank() };
        }
        let section = |name: &str| sent.get(name).cloned();
        entity.title = section("title").or(entity.title.take());
        entity.icon = section("icon").or(entity.icon.take());
        entity.team = section("team").or(entity.team.take());
        entity.properties.extend(object(sent, "properties").unwrap_or_default());
        entity.relations.extend(checked.relations);
        writer.datasource.clone_into(&mut entity.datasource);
        entity.updated = writer.now;
        Ok(written)
    }

    fn check_entity(&self, blueprint: &str, sent: &Value, mode: Mode) -> Result<Checked, Refused> {
        let definition = self.existing_blueprint(blueprint)?;
        let identifier = self.identifier(blueprint, sent)?;
        let exists = self.entity(blueprint, &identifier).is_some();
        if exists && mode.existing == Existing::Refuse {
            return Err(Refused::taken(format!("Entity with identifier \"{identifier}\" already exists")));
        }
        for section in ["title", "icon"] {
            if sent.get(section).is_some_and(|value| !(value.is_string() || value.is_null())) {
                return Err(Refused::invalid(format!("{section} must be string")));
            }
        }
        check_team(sent)?;
        let complete = !(exists && mode.existing == Existing::Merge);
        check::properties(definition, &object(sent, "properties")?, complete).map_err(Refused::invalid)?;
        let mut missing = Vec::new();
        let relations = self.relations(definition, &object(sent, "relations")?, &identifier, &mut missing)?;
        if let (false, Some((target, identifier))) = (mode.create_missing, missing.first()) {
            return Err(Refused::missing(format!(
                "Entity with identifier \"{identifier}\" of blueprint \"{target}\" was not found"
            )));
        }
        check_required_relations(definition, &relations, complete)?;
        Ok(Checked { identifier, exists, relations, missing })
    }

    /// The identifier as sent, or of the one entity that a search in its place finds.
    fn identifier(&self, blueprint: &str, sent: &Value) -> Result<String, Refused> {
        match &sent["identifier"] {
            Value::String(identifier) if check::is_name(identifier) => Ok(identifier.clone()),
            query @ Value::Object(_) => match self.found(blueprint, query)?.as_slice() {
                [] => Err(Refused::missing("no entity matches the search in place of the identifier")),
                [only] => Ok(only.clone()),
                _ => Err(Refused::invalid("several entities match the search in place of the identifier")),
            },
            other => Err(Refused::invalid(format!("identifier must be a valid string, not {other}"))),
        }
    }

    fn found(&self, blueprint: &str, query: &Value) -> Result<Vec<String>, Refused> {
        let query = Query::parse(query)?;
        let accepted = self.entities(blueprint).filter(|entity| query.accepts(entity));
        Ok(accepted.map(|entity| entity.identifier.clone()).collect())
    }

    /// The relations as kept: searches are replaced by what they find.
    fn relations(
        &self,
        definition: &Value,
        sent: &Map<String, Value>,
        identifier: &str,
        missing: &mut Vec<(String, String)>,
    ) -> Result<Map<String, Value>, Refused> {
        let mut kept = Map::new();
        for (name, value) in sent {
            let relation = relations(definition).find(|(known, _)| *known == name).map(|(_, relation)| relation);
            let relation = relation.ok_or_else(|| {
                Refused::invalid(format!("relations must NOT have additional properties: \"{name}\""))
            })?;
            let target = relation["target"].as_str().unwrap_or_default();
            let value = self.relation(name, value, target, relation["many"] == true)?;
            let names = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
            for related in names.iter().filter_map(Value::as_str) {
                let is_itself = related == identifier && definition["identifier"] == target;
                if !is_itself && self.entity(target, related).is_none() {
                    missing.push((target.to_owned(), related.to_owned()));
                }
            }
            kept.insert(name.clone(), value);
        }
        Ok(kept)
    }

    fn relation(&self, name: &str, value: &Value, target: &str, many: bool) -> Result<Value, Refused> {
        let is_valid = |value: &Value| value.as_str().is_some_and(check::is_name);
        match value {
            Value::Null => Ok(Value::Null),
            Value::Object(_) if many => Ok(json!(self.found(target, value)?)),
            Value::Object(_) => Ok(self.found(target, value)?.into_iter().next().map_or(Value::Null, Value::from)),
            Value::Array(items) if many && items.iter().all(is_valid) => Ok(value.clone()),
            Value::String(_) if !many && is_valid(value) => Ok(value.clone()),
            _ => Err(Refused::invalid(format!(
                "relations/{name} must be {}",
                if many { "array of identifiers" } else { "an identifier" }
            ))),
        }
    }
}

fn check_required_relations(definition: &Value, kept: &Map<String, Value>, complete: bool) -> Result<(), Refused> {
    for (name, _) in relations(definition).filter(|(_, relation)| relation["required"] == true) {
        let is_lacking = match kept.get(name) {
            None => complete,
            Some(value) => value.is_null() || value.as_array().is_some_and(Vec::is_empty),
        };
        if is_lacking {
            return Err(Refused::invalid(format!("relations must have required relation '{name}'")));
        }
    }
    Ok(())
}

/// Whether an entity is of the form that the API describes; what is not may refuse its whole bulk.
pub(super) fn is_well_formed(sent: &Value) -> bool {
    let is_text = |name: &str| sent.get(name).is_none_or(|value| value.is_string() || value.is_null());
    let identifier = &sent["identifier"];
    sent.is_object()
        && (identifier.is_object() || identifier.as_str().is_some_and(check::is_name))
        && is_text("title")
        && is_text("icon")
}

fn object(sent: &Value, section: &str) -> Result<Map<String, Value>, Refused> {
    match sent.get(section) {
        None => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object.clone()),
        Some(_) => Err(Refused::invalid(format!("{section} must be object"))),
    }
}

fn check_team(sent: &Value) -> Result<(), Refused> {
    match sent.get("team") {
        None | Some(Value::Null | Value::String(_) | Value::Object(_)) => Ok(()),
        Some(Value::Array(teams)) if teams.iter().all(Value::is_string) => Ok(()),
        Some(_) => Err(Refused::invalid("team must be string or array of strings")),
    }
}
