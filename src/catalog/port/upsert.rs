//! Writes entities in bulks.

use std::collections::HashMap;

use futures::future::join_all;
use http::StatusCode;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::PortCatalog;
use super::bulk::BulkAnswer;
use super::failure::{catalog_error, write_failure};
use crate::catalog::{
    BulkLimits, Catalog as _, CatalogError, Entity, Existing, MissingRelated, Retry, UpsertResult, WriteFailure,
    WriteOptions, identifier_text,
};
use crate::port::{Answer, Call, PortError, segment};

/// An entity on its way, written as JSON once.
struct Prepared<'a> {
    entity: &'a Entity,
    text: Box<RawValue>,
}

#[derive(Serialize)]
struct Body<'a> {
    entities: Vec<&'a RawValue>,
}

/// Sends each entity once, the last where several have one identifier, and gives all of those its result.
pub(super) async fn upsert(
    catalog: &PortCatalog,
    blueprint: &str,
    entities: &[Entity],
    options: WriteOptions,
) -> Result<Vec<UpsertResult>, CatalogError> {
    let (sent, of) = without_doubles(entities);
    let prepared = sent.into_iter().map(prepare).collect::<Result<Vec<_>, _>>();
    let prepared = prepared.map_err(|error| CatalogError::Refused {
        catalog: catalog.name.clone(),
        message: format!("an entity cannot be written as JSON: {error}"),
    })?;
    let chunks = chunks(catalog.bulk_limits(), &prepared);
    let alone = chunks.len() == 1;
    let answers = join_all(chunks.iter().map(|chunk| bulk(catalog, blueprint, chunk, options))).await;
    let mut results = Vec::with_capacity(prepared.len());
    for (chunk, answer) in chunks.iter().zip(answers) {
        match answer {
            Ok(answer) => results.extend(answer),
            Err(error) if alone => return Err(whole(catalog, blueprint, error).await),
            // The other bulks stand: this one's entities have failed, each with the reason.
            Err(error) => results.extend(chunk.iter().map(|_| UpsertResult::Failed(write_failure(&error)))),
        }
    }
    Ok(of.into_iter().map(|place| results.get(place).cloned().unwrap_or_else(lost)).collect())
}

fn prepare(entity: &Entity) -> Result<Prepared<'_>, serde_json::Error> {
    Ok(Prepared { entity, text: to_raw_value(entity)? })
}

/// The entities to send, and for each given one the place of that which is sent for it.
fn without_doubles(entities: &[Entity]) -> (Vec<&Entity>, Vec<usize>) {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(entities.len());
    let mut sent: Vec<&Entity> = Vec::with_capacity(entities.len());
    let mut of = Vec::with_capacity(entities.len());
    for entity in entities {
        let place = *places.entry(identifier_text(&entity.identifier)).or_insert(sent.len());
        match sent.get_mut(place) {
            Some(earlier) => *earlier = entity,
            None => sent.push(entity),
        }
        of.push(place);
    }
    (sent, of)
}

/// Cuts what is to be sent into bulks that Port takes.
fn chunks<'a, 'b>(limits: BulkLimits, sent: &'b [Prepared<'a>]) -> Vec<&'b [Prepared<'a>]> {
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (nth, prepared) in sent.iter().enumerate() {
        let size = prepared.text.get().len() + 1;
        if nth > start && (nth - start >= limits.entities || bytes + size > limits.bytes) {
            chunks.extend(sent.get(start..nth));
            (start, bytes) = (nth, 0);
        }
        bytes += size;
    }
    chunks.extend(sent.get(start..).filter(|rest| !rest.is_empty()));
    chunks
}

async fn bulk(
    catalog: &PortCatalog,
    blueprint: &str,
    chunk: &[Prepared<'_>],
    options: WriteOptions,
) -> Result<Vec<UpsertResult>, PortError> {
    let path = format!("/blueprints/{}/entities/bulk", segment(blueprint));
    let body = Body { entities: chunk.iter().map(|prepared| &*prepared.text).collect() };
    let call = write(catalog, Call::post(path).json(&body)?.bulk(), options);
    let answer = match catalog.client.send(&call).await {
        Ok(answer) => answer,
        Err(error) if error.status() == Some(StatusCode::PAYLOAD_TOO_LARGE) => {
            let singles = chunk.iter().map(|prepared| single(catalog, blueprint, prepared, options));
            return Ok(join_all(singles).await);
        }
        Err(error) => return Err(error),
    };
    let read: BulkAnswer = answer.json(&call.site())?;
    if read.ok == Some(false) && read.is_silent() {
        return Err(answer.refusal(&call.site()));
    }
    Ok(read.results(&chunk.iter().map(|prepared| prepared.entity).collect::<Vec<_>>()))
}

/// Sends one entity alone.
async fn single(
    catalog: &PortCatalog,
    blueprint: &str,
    prepared: &Prepared<'_>,
    options: WriteOptions,
) -> UpsertResult {
    let call = Call::post(format!("/blueprints/{}/entities", segment(blueprint))).json(&prepared.text);
    let answer = match call {
        Ok(call) => catalog.client.send(&write(catalog, call, options)).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(Answer { status: StatusCode::CREATED, .. }) => UpsertResult::Created,
        Ok(_) => UpsertResult::Updated,
        Err(error) => UpsertResult::Failed(write_failure(&error)),
    }
}

/// An upsert can be repeated: it says what shall be, not what shall change.
fn write(catalog: &PortCatalog, call: Call, options: WriteOptions) -> Call {
    let call = call
        .query("upsert", true)
        .query("merge", options.existing == Existing::Merge)
        .query("create_missing_related_entities", options.missing_related == MissingRelated::Create)
        .query("validation_only", false);
    catalog.in_context(call.exporter().repeatable())
}

/// A bulk that is answered with 404 lacks its blueprint, if Port says so when asked for it; something between us and
/// Port may answer with 404 as well.
async fn whole(catalog: &PortCatalog, blueprint: &str, error: PortError) -> CatalogError {
    if error.status() == Some(StatusCode::NOT_FOUND) && matches!(catalog.client.blueprint(blueprint).await, Ok(None)) {
        return CatalogError::MissingBlueprint { catalog: catalog.name.clone(), blueprint: blueprint.to_owned() };
    }
    catalog_error(&catalog.name, error)
}

fn lost() -> UpsertResult {
    UpsertResult::Failed(WriteFailure { reason: "it was not sent".to_owned(), retry: Retry::Later })
}
