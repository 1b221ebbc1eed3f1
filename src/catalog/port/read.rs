//! Reads the present versions of entities.

use std::collections::{HashMap, HashSet};

use indexmap::IndexSet;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::PortCatalog;
use super::failure::catalog_error;
use crate::catalog::{CatalogError, Entity, Extent, Owner, Present, identifier_text};
use crate::port::{Call, PortError, segment};

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
    let call = query(catalog, blueprint, &json!(identifiers), &includes(group), Whose::Ours)?;
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

/// The present versions, whoever owns them. One search tells what there is; only where it finds something, a second
/// one tells what of it is ours, because answers need not name the owner.
pub(super) async fn whoevers(
    catalog: &PortCatalog,
    blueprint: &str,
    like: &[Entity],
    extent: Extent,
) -> Result<Vec<Present>, CatalogError> {
    let named: Vec<&Entity> =
        like.iter().filter(|entity| entity.identifier.is_string() || entity.identifier.is_number()).collect();
    let mut present = Vec::new();
    for group in named.chunks(GROUP) {
        let found = search_all(catalog, blueprint, group, extent).await;
        present.extend(found.map_err(|error| catalog_error(&catalog.name, error))?);
    }
    Ok(present)
}

async fn search_all(
    catalog: &PortCatalog,
    blueprint: &str,
    group: &[&Entity],
    extent: Extent,
) -> Result<Vec<Present>, PortError> {
    let identifiers: Vec<&Value> = group.iter().map(|entity| &entity.identifier).collect();
    // Whole entities: only they can tell who wrote them.
    let call = query(catalog, blueprint, &json!(identifiers), &IndexSet::new(), Whose::Anyones)?;
    let answer: Found = catalog.client.send(&call).await?.json(&call.site())?;
    let mut found: HashMap<String, Map<String, Value>> = answer
        .entities
        .into_iter()
        .filter_map(|entity| Some((identifier_text(entity.get("identifier")?), entity)))
        .collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let ours: HashSet<String> = still_there(catalog, blueprint, &names).await?.into_iter().collect();
    let version = |like: &&Entity| {
        let name = identifier_text(&like.identifier);
        let found = found.remove(&name)?;
        let owner = if ours.contains(&name) { Owner::Ours } else { writer(&found) };
        let entity = match extent {
            Extent::Like => project(found, like),
            Extent::Whole => whole(found, like),
        };
        Some(Present { entity, owner })
    };
    Ok(group.iter().filter_map(version).collect())
}

/// Whether Port has no entity of a blueprint.
pub(super) async fn is_empty(catalog: &PortCatalog, blueprint: &str) -> Result<bool, CatalogError> {
    #[derive(Deserialize)]
    struct Counted {
        count: Option<f64>,
    }
    let call = Call::get(format!("/blueprints/{}/entities-count", segment(blueprint)));
    let counted = match catalog.client.send(&call).await {
        Ok(answer) => answer.json::<Counted>(&call.site()),
        Err(error) if error.status() == Some(http::StatusCode::NOT_FOUND) => return Ok(true),
        Err(error) => Err(error),
    };
    counted.map(|counted| counted.count == Some(0.0)).map_err(|error| catalog_error(&catalog.name, error))
}

/// Who wrote an entity that is not ours, as far as it says so.
fn writer(found: &Map<String, Value>) -> Owner {
    let named = ["$datasource", "datasource", "updatedBy", "createdBy"];
    let source = named.iter().find_map(|name| found.get(*name)?.as_str().filter(|text| !text.is_empty()));
    let Some(source) = source else { return Owner::Unknown };
    // `port-ocean/TYPE/VERSION/IDENTIFIER/exporter` is how integrations sign.
    let parts: Vec<&str> = source.split('/').collect();
    Owner::Other(match parts.as_slice() {
        ["port-ocean", kind, _, identifier, ..] => format!("{identifier} ({kind})"),
        _ => source.to_owned(),
    })
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
        let call = query(catalog, blueprint, &json!(group), &include, Whose::Ours)?;
        let found: Found = catalog.client.send(&call).await?.json(&call.site())?;
        there.extend(found.entities.iter().filter_map(|entity| entity.get("identifier")).map(identifier_text));
    }
    Ok(there)
}

fn query(
    catalog: &PortCatalog,
    blueprint: &str,
    identifiers: &Value,
    include: &IndexSet<String>,
    whose: Whose,
) -> Result<Call, PortError> {
    let identity = catalog.client.identity();
    let mut rules = vec![
        json!({ "property": "$identifier", "operator": "in", "value": identifiers }),
        json!({ "property": "$blueprint", "operator": "=", "value": blueprint }),
    ];
    if whose == Whose::Ours {
        rules.extend([
            json!({ "property": "$datasource", "operator": "contains", "value": identity.source_prefix() }),
            json!({ "property": "$datasource", "operator": "contains", "value": identity.source_suffix() }),
        ]);
    }
    let body = json!({ "combinator": "and", "rules": rules });
    let mut call = Call::post("/entities/search".to_owned()).json(&body)?.exporter().repeatable();
    call = call.query("exclude_calculated_properties", true);
    for name in include {
        call = call.query("include", name);
    }
    Ok(call)
}

/// Whose entities a search finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Anyones,
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

/// A version as Port has it, with everything of it that can be written.
fn whole(mut found: Map<String, Value>, like: &Entity) -> Entity {
    let mut value = |name: &str| found.remove(name).filter(|value| !value.is_null());
    let (icon, title, team) = (value("icon"), value("title"), value("team"));
    let mut section = |name: &str| match value(name) {
        Some(Value::Object(section)) => Some(section),
        _ => Some(Map::new()),
    };
    Entity {
        identifier: like.identifier.clone(),
        icon,
        blueprint: like.blueprint.clone(),
        title,
        team,
        properties: section("properties"),
        relations: section("relations"),
    }
}

fn only(section: Option<Value>, keys: &Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Object(mut section)) = section else { return Map::new() };
    section.retain(|name, _| keys.contains_key(name));
    section
}
