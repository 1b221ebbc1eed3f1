//! Creates blueprints at Port, in passes, because they may point at one another.

use serde_json::Value;

use super::PortCatalog;
use super::failure::catalog_error;
use crate::catalog::{Blueprint, CatalogError, Provisioned};
use crate::port::{PortClient, PortError};

/// What the first pass leaves out: it can only be set once all blueprints are there.
const AFTER_ALL: &[&str] = &[
    "calculationProperties",
    "mirrorProperties",
    "aggregationProperties",
    "teamInheritance",
    "ownership",
    "relations",
];

/// What the second pass leaves out: it needs the relations.
const AFTER_RELATIONS: &[&str] = &["calculationProperties", "mirrorProperties", "aggregationProperties"];

/// Creates the blueprints that are missing and leaves the others alone.
pub(super) async fn missing(catalog: &PortCatalog, blueprints: &[Blueprint]) -> Result<Provisioned, CatalogError> {
    let failed = |error| catalog_error(&catalog.name, error);
    let documents = documents(blueprints).map_err(|error| CatalogError::Refused {
        catalog: catalog.name.clone(),
        message: format!("a blueprint cannot be written as JSON: {error}"),
    })?;
    let mut provisioned = Provisioned::default();
    let mut absent = Vec::new();
    for document in documents {
        let identifier = identifier(&document).to_owned();
        if catalog.client.blueprint(&identifier).await.map_err(failed)?.is_some() {
            provisioned.existing.push(identifier);
        } else {
            provisioned.created.push(identifier);
            absent.push(document);
        }
    }
    create(&catalog.client, &absent).await.map_err(failed)?;
    Ok(provisioned)
}

/// The blueprints as the documents that Port takes.
pub(super) fn documents(blueprints: &[Blueprint]) -> Result<Vec<Value>, serde_json::Error> {
    blueprints.iter().map(serde_json::to_value).collect()
}

pub(super) fn identifier(document: &Value) -> &str {
    document.get("identifier").and_then(Value::as_str).unwrap_or_default()
}

/// Creates blueprints that are not there; takes all of them back if one fails.
pub(super) async fn create(client: &PortClient, documents: &[Value]) -> Result<(), PortError> {
    let mut created = Vec::with_capacity(documents.len());
    let result = passes(client, documents, &mut created).await;
    if result.is_err() {
        for identifier in created.iter().rev() {
            if let Err(error) = client.delete_blueprint(identifier).await {
                tracing::warn!(
                    identifier,
                    error = error.in_full(),
                    "a blueprint could not be taken back; delete it by hand"
                );
            }
        }
    }
    result
}

async fn passes(client: &PortClient, documents: &[Value], created: &mut Vec<String>) -> Result<(), PortError> {
    for document in documents {
        create_one(client, document).await?;
        created.push(identifier(document).to_owned());
    }
    for document in documents {
        client.patch_blueprint(identifier(document), &without(document, AFTER_RELATIONS)).await?;
    }
    for document in documents {
        client.patch_blueprint(identifier(document), document).await?;
    }
    Ok(())
}

/// Creates one blueprint bare. Where the answer leaves open whether it worked, Port is asked.
async fn create_one(client: &PortClient, document: &Value) -> Result<(), PortError> {
    const TRIES: u32 = 3;
    let bare = without(document, AFTER_ALL);
    let mut tries = 1;
    loop {
        match client.create_blueprint(&bare).await {
            Err(error) if error.may_have_worked() && tries < TRIES => {
                if client.blueprint(identifier(document)).await?.is_some() {
                    return Ok(());
                }
                tries += 1;
            }
            other => return other,
        }
    }
}

fn without(document: &Value, keys: &[&str]) -> Value {
    let mut document = document.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.retain(|name, _| !keys.contains(&name.as_str()));
    }
    document
}
