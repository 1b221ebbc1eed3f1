//! Finds what a deletion would take along.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::PortCatalog;
use super::failure::catalog_error;
use crate::catalog::{CatalogError, Dependent, EntityId, identifier_text};
use crate::port::{Call, PortError};

/// Targets asked for at a time.
const GROUP: usize = 50;

#[derive(Deserialize)]
struct Blueprints {
    blueprints: Vec<Definition>,
}

#[derive(Deserialize)]
struct Definition {
    identifier: String,
    #[serde(default, deserialize_with = "crate::port::or_default")]
    relations: Map<String, Value>,
}

#[derive(Deserialize)]
struct Found {
    entities: Vec<Pointing>,
}

#[derive(Deserialize)]
struct Pointing {
    identifier: Value,
    #[serde(default, deserialize_with = "crate::port::or_default")]
    relations: Map<String, Value>,
}

/// Everything with a relation to one of these entities: that is what Port deletes with them.
pub(super) async fn dependents(
    catalog: &PortCatalog,
    blueprint: &str,
    identifiers: &[String],
) -> Result<Vec<Dependent>, CatalogError> {
    all(catalog, blueprint, identifiers).await.map_err(|error| catalog_error(&catalog.name, error))
}

async fn all(catalog: &PortCatalog, blueprint: &str, identifiers: &[String]) -> Result<Vec<Dependent>, PortError> {
    let mut dependents = Vec::new();
    for Definition { identifier: source, relations } in definitions(catalog).await? {
        let pointing = relations.into_iter().filter(|(_, relation)| relation["target"] == *blueprint);
        let names: Vec<String> = pointing.map(|(name, _)| name).collect();
        if names.is_empty() {
            continue;
        }
        for group in identifiers.chunks(GROUP) {
            for entity in related(catalog, &source, blueprint, &names, group).await? {
                dependents.extend(needs(&source, blueprint, &names, group, &entity));
            }
        }
    }
    Ok(dependents)
}

async fn definitions(catalog: &PortCatalog) -> Result<Vec<Definition>, PortError> {
    let call = Call::get("/blueprints".to_owned());
    Ok(catalog.client.send(&call).await?.json::<Blueprints>(&call.site())?.blueprints)
}

/// Entities of a blueprint that are related to some targets, in whatever way: the caller looks closer.
async fn related(
    catalog: &PortCatalog,
    source: &str,
    target: &str,
    relations: &[String],
    identifiers: &[String],
) -> Result<Vec<Pointing>, PortError> {
    let body = json!({ "combinator": "and", "rules": [
        { "property": "$blueprint", "operator": "=", "value": source },
        { "operator": "relatedTo", "blueprint": target, "value": identifiers },
    ] });
    let mut call = Call::post("/entities/search".to_owned()).json(&body)?.exporter().repeatable();
    call = call.query("exclude_calculated_properties", true).query("include", "identifier");
    for relation in relations {
        call = call.query("include", format!("relations.{relation}"));
    }
    Ok(catalog.client.send(&call).await?.json::<Found>(&call.site())?.entities)
}

/// The targets that an entity points at itself.
fn needs(
    source: &str,
    target: &str,
    relations: &[String],
    identifiers: &[String],
    entity: &Pointing,
) -> Vec<Dependent> {
    let identifier = identifier_text(&entity.identifier);
    let values = relations.iter().filter_map(|relation| entity.relations.get(relation));
    let named: HashSet<&str> = values
        .flat_map(|value| {
            value.as_str().into_iter().chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
        })
        .collect();
    let is_itself = |of: &str| source == target && of == identifier;
    let pointed_at = identifiers.iter().filter(|of| named.contains(of.as_str()) && !is_itself(of));
    pointed_at
        .map(|of| Dependent {
            of: of.clone(),
            entity: EntityId { blueprint: source.to_owned(), identifier: identifier.clone() },
        })
        .collect()
}
