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
        if there == Presence::Absent {
            provisioned.created.push(identifier);
            absent.push((document, there));
        } else {
            provisioned.existing.push(identifier);
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

/// What Port has of a blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Nothing.
    Absent,
    /// What the first or the second pass makes of it: creating it was begun.
    Begun,
    /// The whole.
    Whole,
    /// Another one of that name.
    Other,
}

impl Presence {
    /// What a blueprint of that name is, compared with the document.
    fn of(found: &Value, document: &Value) -> Self {
        let empty = serde_json::Map::new();
        let fields = document.as_object().unwrap_or(&empty);
        let is_later = |name: &&String| AFTER_ALL.contains(&name.as_str());
        let own = fields.iter().filter(|(name, _)| !is_later(name));
        if !own.into_iter().all(|(name, value)| covers(found.get(name), value))
            || properties(found) != properties(document)
        {
            return Self::Other;
        }
        let mut presence = Self::Whole;
        for name in AFTER_ALL {
            match (found.get(*name), fields.get(*name)) {
                (there, Some(value)) if covers(there, value) => {}
                (there, None) if is_nothing(there) => {}
                (there, Some(_)) if is_nothing(there) => presence = Self::Begun,
                _ => return Self::Other,
            }
        }
        presence
    }
}

/// How many properties a blueprint has.
fn properties(blueprint: &Value) -> usize {
    blueprint.pointer("/schema/properties").and_then(Value::as_object).map_or(0, serde_json::Map::len)
}

fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

/// Whether Port has a value; it may add fields of its own to objects.
fn covers(there: Option<&Value>, value: &Value) -> bool {
    match (there, value) {
        (Some(Value::Object(there)), Value::Object(fields)) => {
            fields.iter().all(|(name, value)| covers(there.get(name), value))
        }
        (Some(there), value) => there == value || (is_nothing(Some(there)) && is_nothing(Some(value))),
        (None, value) => is_nothing(Some(value)),
    }
}

/// Asks Port which of the blueprints it has; they stay in order.
pub(super) async fn look(client: &PortClient, documents: Vec<Value>) -> Result<Vec<(Value, Presence)>, PortError> {
    let asked: Vec<_> = documents.into_iter().map(|document| look_for(client, document)).collect();
    stream::iter(asked).buffered(AT_ONCE).try_collect().await
}

async fn look_for(client: &PortClient, document: Value) -> Result<(Value, Presence), PortError> {
    let found = client.blueprint(identifier(&document)).await?;
    let presence = found.map_or(Presence::Absent, |found| Presence::of(&found, &document));
    Ok((document, presence))
}

/// Creates the blueprints that are absent and completes the others; takes those that it created back if one fails.
pub(super) async fn create(client: &PortClient, documents: &[(Value, Presence)]) -> Result<(), PortError> {
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
async fn bare<'a>(client: &PortClient, documents: &'a [(Value, Presence)]) -> (Vec<&'a str>, Result<(), PortError>) {
    let absent = || documents.iter().filter(|(_, there)| *there == Presence::Absent).map(|(document, _)| document);
    let calls: Vec<_> = absent().map(|document| create_one(client, document)).collect();
    let results: Vec<_> = stream::iter(calls).buffered(AT_ONCE).collect().await;
    let (mut created, mut failed) = (Vec::with_capacity(documents.len()), Ok(()));
    for (document, result) in absent().zip(results) {
        match result {
            Ok(()) => created.push(identifier(document)),
            Err(error) => failed = failed.and(Err(error)),
        }
    }
    (created, failed)
}

/// The second and the third pass, each once the one before is through.
async fn complete(client: &PortClient, documents: &[(Value, Presence)]) -> Result<(), PortError> {
    for left_out in [AFTER_RELATIONS, &[]] {
        let calls: Vec<_> = documents.iter().map(|(document, _)| patch(client, document, left_out)).collect();
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
