//! Deletes entities in bulks.

use std::collections::HashSet;

use futures::future::join_all;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::PortCatalog;
use super::failure::{catalog_error, write_failure};
use super::read::still_there;
use crate::catalog::{CatalogError, DeleteResult, Dependents, EntityId, Retry, WriteFailure, identifier_text};
use crate::port::{Call, PortError, segment};

/// Entities per call.
const BULK: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default, deserialize_with = "crate::port::or_default")]
    deleted_entities: Vec<Value>,
}

pub(super) async fn delete(
    catalog: &PortCatalog,
    blueprint: &str,
    identifiers: &[String],
    dependents: Dependents,
) -> Result<Vec<DeleteResult>, CatalogError> {
    let bulks: Vec<&[String]> = identifiers.chunks(BULK).collect();
    let alone = bulks.len() == 1;
    let answers = join_all(bulks.iter().map(|bulk| chunk(catalog, blueprint, bulk, dependents))).await;
    let mut results = Vec::with_capacity(identifiers.len());
    for (bulk, answer) in bulks.iter().zip(answers) {
        match answer {
            Ok(answer) => results.extend(answer),
            Err(error) if alone => return Err(catalog_error(&catalog.name, error)),
            Err(error) => results.extend(bulk.iter().map(|_| DeleteResult::Failed(write_failure(&error)))),
        }
    }
    Ok(results)
}

async fn chunk(
    catalog: &PortCatalog,
    blueprint: &str,
    bulk: &[String],
    dependents: Dependents,
) -> Result<Vec<DeleteResult>, PortError> {
    match once(catalog, blueprint, bulk, dependents).await {
        // One entity may be what Port refuses; the others need not stay for it.
        Err(error) if is_refusal(&error) && bulk.len() > 1 => {
            let singles = bulk.iter().map(|identifier| single(catalog, blueprint, identifier, dependents));
            Ok(join_all(singles).await)
        }
        Err(error) if is_refusal(&error) => Ok(bulk.iter().map(|_| refused(&error, dependents)).collect()),
        other => other,
    }
}

async fn single(catalog: &PortCatalog, blueprint: &str, identifier: &str, dependents: Dependents) -> DeleteResult {
    match once(catalog, blueprint, &[identifier.to_owned()], dependents).await {
        Ok(results) => results.into_iter().next().unwrap_or_else(|| gone(Vec::new())),
        Err(error) => refused(&error, dependents),
    }
}

async fn once(
    catalog: &PortCatalog,
    blueprint: &str,
    bulk: &[String],
    dependents: Dependents,
) -> Result<Vec<DeleteResult>, PortError> {
    let call = Call::post(format!("/blueprints/{}/bulk/entities/delete", segment(blueprint)))
        .json(&json!({ "entities": bulk }))?
        .query("delete_dependents", dependents == Dependents::Delete);
    let call = catalog.in_context(call.exporter().repeatable());
    let deleted = match catalog.client.send(&call).await {
        Ok(answer) => answer.json::<Answer>(&call.site())?.deleted_entities,
        // Neither the entities nor their blueprint are there, or something else answered in Port's place: Port is asked.
        Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Vec::new(),
        Err(error) => return Err(error),
    };
    settle(catalog, blueprint, bulk, &deleted).await
}

/// What the answer does not name is either gone already or still there; Port is asked which.
async fn settle(
    catalog: &PortCatalog,
    blueprint: &str,
    bulk: &[String],
    deleted: &[Value],
) -> Result<Vec<DeleteResult>, PortError> {
    let asked: HashSet<&str> = bulk.iter().map(String::as_str).collect();
    let mut named: HashSet<String> = HashSet::with_capacity(bulk.len());
    let mut others: Vec<EntityId> = Vec::new();
    for entity in deleted {
        match name(entity) {
            (of, Some(identifier)) if asked.contains(identifier.as_str()) && of.is_none_or(|of| of == blueprint) => {
                named.insert(identifier);
            }
            (Some(of), Some(identifier)) => others.push(EntityId { blueprint: of.to_owned(), identifier }),
            // A dependent of which Port does not say what it was; it is found gone by the next listing.
            _ => {}
        }
    }
    let unnamed: Vec<&str> =
        bulk.iter().map(String::as_str).filter(|identifier| !named.contains(*identifier)).collect();
    let left: HashSet<String> = still_there(catalog, blueprint, &unnamed).await?.into_iter().collect();
    // Which of them drew the others along is not said: they go with the first that is gone.
    let mut others = Some(others);
    let result = |identifier: &String| {
        if left.contains(identifier) {
            let reason = "Port still has it after the deletion".to_owned();
            return DeleteResult::Failed(WriteFailure { reason, retry: Retry::Later });
        }
        gone(others.take().unwrap_or_default())
    };
    Ok(bulk.iter().map(result).collect())
}

/// A deleted entity: its identifier, or an object that names its blueprint as well.
fn name(entity: &Value) -> (Option<&str>, Option<String>) {
    match entity {
        Value::Object(fields) => {
            (fields.get("blueprint").and_then(Value::as_str), fields.get("identifier").map(identifier_text))
        }
        Value::Null => (None, None),
        identifier => (None, Some(identifier_text(identifier))),
    }
}

fn gone(dependents: Vec<EntityId>) -> DeleteResult {
    DeleteResult::Deleted { dependents }
}

/// Whether Port understood the call and would not do it.
fn is_refusal(error: &PortError) -> bool {
    let statuses = [
        StatusCode::BAD_REQUEST,
        StatusCode::CONFLICT,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    error.status().is_some_and(|status| statuses.contains(&status))
}

/// Something that depends on the entity may go later in this sync, and then it can go too.
fn refused(error: &PortError, dependents: Dependents) -> DeleteResult {
    let failure = write_failure(error);
    let retry = if dependents == Dependents::Refuse { Retry::Later } else { failure.retry };
    DeleteResult::Failed(WriteFailure { retry, ..failure })
}
