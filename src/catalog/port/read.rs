//! Reads the present versions of entities.

use std::collections::HashMap;

use indexmap::IndexSet;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::PortCatalog;
use super::failure::catalog_error;
use crate::catalog::{CatalogError, Entity, Holder, identifier_text};
use crate::port::{Call, PortError};

/// Entities per search.
const GROUP: usize = 50;

#[derive(Deserialize)]
struct Found {
    entities: Vec<Map<String, Value>>,
}

/// The present versions with the sections and keys that `like` has. An identifier that is no string or number
/// cannot be searched for; such an entity counts as absent.
pub(super) async fn present(
    catalog: &PortCatalog,
    blueprint: &str,
    like: &[Entity],
) -> Result<Vec<Entity>, CatalogError> {
    let named: Vec<&Entity> =
        like.iter().filter(|entity| entity.identifier.is_string() || entity.identifier.is_number()).collect();
    let mut present = Vec::with_capacity(named.len());
    for group in named.chunks(GROUP) {
        present.extend(search(catalog, blueprint, group).await.map_err(|error| catalog_error(&catalog.name, error))?);
    }
    Ok(present)
}

async fn search(catalog: &PortCatalog, blueprint: &str, group: &[&Entity]) -> Result<Vec<Entity>, PortError> {
    let identifiers: Vec<&Value> = group.iter().map(|entity| &entity.identifier).collect();
    let call = query(catalog, blueprint, &json!(identifiers), &includes(group))?;
    let mut found: HashMap<String, Map<String, Value>> = catalog
        .client
        .send(&call)
        .await?
        .json::<Found>(&call.site())?
        .entities
        .into_iter()
        .filter_map(|entity| Some((identifier_text(entity.get("identifier")?), entity)))
        .collect();
    let version = |like: &&Entity| {
        let found = found.remove(&identifier_text(&like.identifier))?;
        Some(project(found, like))
    };
    Ok(group.iter().filter_map(version).collect())
}

/// Which of these identifiers Port still has as ours.
pub(super) async fn still_there(
    catalog: &PortCatalog,
    blueprint: &str,
    identifiers: &[&str],
) -> Result<Vec<String>, PortError> {
    let mut there = Vec::new();
    for group in identifiers.chunks(GROUP) {
        let include = IndexSet::from(["blueprint".to_owned(), "identifier".to_owned()]);
        let call = query(catalog, blueprint, &json!(group), &include)?;
        let found: Found = catalog.client.send(&call).await?.json(&call.site())?;
        there.extend(found.entities.iter().filter_map(|entity| entity.get("identifier")).map(identifier_text));
    }
    Ok(there)
}

/// Whose an entity is: found as ours, found at all, or not there.
pub(super) async fn holder(catalog: &PortCatalog, entity: &Entity) -> Result<Holder, CatalogError> {
    if !entity.identifier.is_string() && !entity.identifier.is_number() {
        return Ok(Holder::Unknown);
    }
    let name =
        Entity { identifier: entity.identifier.clone(), blueprint: entity.blueprint.clone(), ..Entity::default() };
    if !present(catalog, &entity.blueprint, &[name]).await?.is_empty() {
        return Ok(Holder::Ours);
    }
    let exists = exists(catalog, entity).await.map_err(|error| catalog_error(&catalog.name, error))?;
    Ok(if exists { Holder::Other(None) } else { Holder::Nobody })
}

async fn exists(catalog: &PortCatalog, entity: &Entity) -> Result<bool, PortError> {
    let rules = named(&entity.blueprint, &json!([entity.identifier]));
    let include = IndexSet::from(["blueprint".to_owned(), "identifier".to_owned()]);
    let call = search_call(&rules, &include)?;
    let found: Found = catalog.client.send(&call).await?.json(&call.site())?;
    Ok(!found.entities.is_empty())
}

fn query(
    catalog: &PortCatalog,
    blueprint: &str,
    identifiers: &Value,
    include: &IndexSet<String>,
) -> Result<Call, PortError> {
    let identity = catalog.client.identity();
    let mut rules = named(blueprint, identifiers);
    for part in [identity.source_prefix(), identity.source_suffix()] {
        rules.push(json!({ "property": "$datasource", "operator": "contains", "value": part }));
    }
    search_call(&rules, include)
}

fn named(blueprint: &str, identifiers: &Value) -> Vec<Value> {
    vec![
        json!({ "property": "$identifier", "operator": "in", "value": identifiers }),
        json!({ "property": "$blueprint", "operator": "=", "value": blueprint }),
    ]
}

fn search_call(rules: &[Value], include: &IndexSet<String>) -> Result<Call, PortError> {
    let body = json!({ "combinator": "and", "rules": rules });
    let mut call = Call::post("/entities/search".to_owned()).json(&body)?.exporter().repeatable();
    call = call.query("exclude_calculated_properties", true);
    for name in include {
        call = call.query("include", name);
    }
    Ok(call)
}

/// What the versions have to hold.
fn includes(group: &[&Entity]) -> IndexSet<String> {
    let mut include = IndexSet::from(["blueprint".to_owned(), "identifier".to_owned()]);
    let mut add = |wanted: bool, name: &str| {
        if wanted {
            include.insert(name.to_owned());
        }
    };
    add(group.iter().any(|entity| entity.title.is_some()), "title");
    add(group.iter().any(|entity| entity.team.is_some()), "team");
    add(group.iter().any(|entity| entity.icon.is_some()), "icon");
    for name in group.iter().filter_map(|entity| entity.properties.as_ref()).flat_map(Map::keys) {
        include.insert(format!("properties.{name}"));
    }
    for name in group.iter().filter_map(|entity| entity.relations.as_ref()).flat_map(Map::keys) {
        include.insert(format!("relations.{name}"));
    }
    include
}

/// A version as Port has it, cut to what `like` has.
fn project(mut found: Map<String, Value>, like: &Entity) -> Entity {
    let mut value = |name: &str, wanted: bool| found.remove(name).filter(|_| wanted);
    let icon = value("icon", like.icon.is_some());
    let title = value("title", like.title.is_some());
    let team = value("team", like.team.is_some());
    let properties = value("properties", like.properties.is_some());
    let relations = value("relations", like.relations.is_some());
    Entity {
        identifier: like.identifier.clone(),
        icon,
        blueprint: like.blueprint.clone(),
        title,
        team,
        properties: like.properties.as_ref().map(|keys| only(properties, keys)),
        relations: like.relations.as_ref().map(|keys| only(relations, keys)),
    }
}

fn only(section: Option<Value>, keys: &Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Object(mut section)) = section else { return Map::new() };
    section.retain(|name, _| keys.contains_key(name));
    section
}
