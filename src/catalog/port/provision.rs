//! Creates blueprints at Port, in passes, because they may point at one another.

use futures::stream::{self, StreamExt, TryStreamExt};
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

/// Blueprints that are asked for or written at a time.
const AT_ONCE: usize = 8;

/// Creates the blueprints that are missing and leaves the others alone.
pub(super) async fn missing(catalog: &PortCatalog, blueprints: &[Blueprint]) -> Result<Provisioned, CatalogError> {
    let failed = |error| catalog_error(&catalog.name, error);
    let documents = documents(blueprints).map_err(|error| CatalogError::Refused {
        catalog: catalog.name.clone(),
        message: format!("a blueprint cannot be written as JSON: {error}"),
    })?;
    let mut provisioned = Provisioned::default();
    let mut absent = Vec::new();
    for (document, there) in look(&catalog.client, documents).await.map_err(failed)? {
        let identifier = identifier(&document).to_owned();
        match there {
            Presence::Found => provisioned.existing.push(identifier),
            Presence::Absent => {
                provisioned.created.push(identifier);
                absent.push(document);
            }
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

/// Whether Port has a blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Found,
    Absent,
}

/// Asks Port which of the blueprints it has; they stay in order.
pub(super) async fn look(client: &PortClient, documents: Vec<Value>) -> Result<Vec<(Value, Presence)>, PortError> {
    let asked: Vec<_> = documents.into_iter().map(|document| look_for(client, document)).collect();
    stream::iter(asked).buffered(AT_ONCE).try_collect().await
}

async fn look_for(client: &PortClient, document: Value) -> Result<(Value, Presence), PortError> {
    let found = client.blueprint(identifier(&document)).await?;
    Ok((document, if found.is_some() { Presence::Found } else { Presence::Absent }))
}

/// Creates blueprints that are not there; takes all of them back if one fails.
pub(super) async fn create(client: &PortClient, documents: &[Value]) -> Result<(), PortError> {
    let (created, first) = bare(client, documents).await;
    let result = match first {
        Ok(()) => complete(client, documents).await,
        failed => failed,
    };
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

/// The first pass: which were created, and the first failure.
async fn bare<'a>(client: &PortClient, documents: &'a [Value]) -> (Vec<&'a str>, Result<(), PortError>) {
    let calls: Vec<_> = documents.iter().map(|document| create_one(client, document)).collect();
    let results: Vec<_> = stream::iter(calls).buffered(AT_ONCE).collect().await;
    let (mut created, mut failed) = (Vec::with_capacity(documents.len()), Ok(()));
    for (document, result) in documents.iter().zip(results) {
        match result {
            Ok(()) => created.push(identifier(document)),
            Err(error) => failed = failed.and(Err(error)),
        }
    }
    (created, failed)
}

/// The second and the third pass, each once the one before is through.
async fn complete(client: &PortClient, documents: &[Value]) -> Result<(), PortError> {
    for left_out in [AFTER_RELATIONS, &[]] {
        let calls: Vec<_> = documents.iter().map(|document| patch(client, document, left_out)).collect();
        stream::iter(calls).buffered(AT_ONCE).try_collect::<()>().await?;
    }
    Ok(())
}

async fn patch(client: &PortClient, document: &Value, left_out: &[&str]) -> Result<(), PortError> {
    client.patch_blueprint(identifier(document), &without(document, left_out)).await
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
