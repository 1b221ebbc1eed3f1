//! Entities over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::refusal::Refused;
use super::route::{Answer, agent, answered, ok, parsed};
use super::search::Query;
use super::server::Shared;
use super::upsert::{Existing, Mode, UNKNOWN, Writer, is_well_formed};
use crate::clock::iso;

/// Entities in one bulk upsert, identifiers in one bulk deletion, entities in one page of owned ones.
const BULK: usize = 20;
const BULK_DELETE: usize = 100;
const OWNED_PAGE: usize = 5_000;

/// The parameters of a query string.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(query: Option<&str>) -> Self {
        Self(url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    fn flag(&self, name: &str) -> bool {
        self.0.iter().any(|(key, value)| key == name && value == "true")
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    fn mode(&self) -> Mode {
        let existing = match (self.flag("upsert"), self.flag("merge")) {
            (false, _) => Existing::Refuse,
            (true, false) => Existing::Replace,
            (true, true) => Existing::Merge,
        };
        Mode {
            existing,
            create_missing: self.flag("create_missing_related_entities"),
            validation_only: self.flag("validation_only"),
        }
    }
}

pub(super) async fn bulk(
    State(shared): State<Arc<Shared>>,
    Path(blueprint): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answered(bulk_answer(&shared, &blueprint, Parameters::of(query.as_deref()).mode(), agent(&headers), &body))
}

fn bulk_answer(shared: &Shared, blueprint: &str, mode: Mode, datasource: &str, body: &Bytes) -> Answer {
    let body = parsed(body)?;
    let entities = body["entities"].as_array().filter(|_| body.as_object().is_some_and(|body| body.len() == 1));
    let entities =
        entities.ok_or_else(|| Refused::invalid("body must have required property 'entities' and no other"))?;
    if entities.is_empty() || entities.len() > BULK {
        return Err(Refused::invalid(format!("body/entities must have 1 to {BULK} items")));
    }
    let mut world = shared.world();
    world.existing_blueprint(blueprint)?;
    if world.refuse_whole_bulks
        && let Some(index) = entities.iter().position(|entity| !is_well_formed(entity))
    {
        return Err(Refused::invalid(format!("body/entities/{index} does not match the schema")));
    }
    let (mut written, mut errors) = (Vec::new(), Vec::new());
    for (index, sent) in entities.iter().enumerate() {
        match world.write(blueprint, sent, mode, Writer { datasource, now: shared.clock.now() }) {
            Ok(one) => written.push(json!({"identifier": one.identifier, "index": index, "created": one.created})),
            Err(refusal) => errors.push(json!({
                "identifier": sent["identifier"].as_str().unwrap_or(UNKNOWN),
                "index": index,
                "statusCode": refusal.status,
                "error": refusal.error,
                "message": refusal.message,
            })),
        }
    }
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    Ok(ok(status, json!({"entities": written, "errors": errors})))
}

pub(super) async fn upsert(
    State(shared): State<Arc<Shared>>,
    Path(blueprint): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answered(parsed(&body).and_then(|sent| {
        let mode = Parameters::of(query.as_deref()).mode();
        let mut world = shared.world();
        let writer = Writer { datasource: agent(&headers), now: shared.clock.now() };
        let written = world.write(&blueprint, &sent, mode, writer)?;
        let entity = world.entity(&blueprint, &written.identifier).map(super::Entity::to_json);
        let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
        Ok(ok(status, json!({"entity": entity, "identifier": written.identifier})))
    }))
}

pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    Path((blueprint, entity)): Path<(String, String)>,
) -> Response {
    let world = shared.world();
    let found = world.entity(&blueprint, &entity).map(super::Entity::to_json);
    answered(found.map(|entity| ok(StatusCode::OK, json!({"entity": entity}))).ok_or_else(|| missing(&entity)))
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Path(blueprint): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let include = Parameters::of(query.as_deref()).all("include");
    let world = shared.world();
    answered(world.existing_blueprint(&blueprint).map(|_| {
        let entities: Vec<Value> = world.entities(&blueprint).map(|entity| entity.projected(&include)).collect();
        ok(StatusCode::OK, json!({"entities": entities}))
    }))
}

pub(super) async fn count(State(shared): State<Arc<Shared>>, Path(blueprint): Path<String>) -> Response {
    let world = shared.world();
    answered(
        world
            .existing_blueprint(&blueprint)
            .map(|_| ok(StatusCode::OK, json!({"count": world.entities(&blueprint).count()}))),
    )
}

pub(super) async fn search(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    answered(parsed(&body).and_then(|body| {
        let include = Parameters::of(query.as_deref()).all("include");
        let query = Query::parse(&body)?;
        let world = shared.world();
        let found = world.search(&query);
        let mut blueprints: Vec<&str> = found.iter().map(|entity| entity.blueprint.as_str()).collect();
        blueprints.dedup();
        let entities: Vec<Value> = found.iter().map(|entity| entity.projected(&include)).collect();
        Ok(ok(StatusCode::OK, json!({"entities": entities, "matchingBlueprints": blueprints})))
    }))
}

/// One page of the entities whose `$datasource` begins and ends in a given way and that nobody wrote after `before`.
pub(super) async fn owned(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    answered(parsed(&body).and_then(|body| owned_page(&shared, &body)))
}

fn owned_page(shared: &Shared, body: &Value) -> Answer {
    let text = |name: &str| {
        body[name].as_str().ok_or_else(|| Refused::invalid(format!("body must have required property '{name}'")))
    };
    let (prefix, suffix) = (text("datasource_prefix")?, text("datasource_suffix")?);
    let before = match body.get("before").filter(|before| !before.is_null()) {
        Some(before) => Some(time_of(before)?),
        None => None,
    };
    let limit = body
        .get("limit")
        .map_or(Some(OWNED_PAGE), |limit| limit.as_u64().and_then(|limit| usize::try_from(limit).ok()));
    let limit = limit.filter(|limit| (1..=OWNED_PAGE).contains(limit));
    let limit = limit.ok_or_else(|| Refused::invalid(format!("body/limit must be 1 to {OWNED_PAGE}")))?;
    let from = body["from"].as_str().and_then(|cursor| cursor.split_once('\n'));
    let world = shared.world();
    let matching = world
        .entities
        .values()
        .flat_map(BTreeMap::values)
        .filter(|entity| entity.datasource.starts_with(prefix) && entity.datasource.ends_with(suffix))
        .filter(|entity| before.is_none_or(|before| entity.updated <= before))
        .filter(|entity| from.is_none_or(|from| (entity.blueprint.as_str(), entity.identifier.as_str()) > from));
    let mut page: Vec<&super::Entity> = matching.take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map(|last| format!("{}\n{}", last.blueprint, last.identifier));
    let entities: Vec<Value> = page
        .iter()
        .map(|entity| json!({"identifier": entity.identifier, "blueprint": entity.blueprint, "updatedAt": iso(entity.updated)}))
        .collect();
    let mut fields = json!({"entities": entities});
    if let Some(next) = next {
        fields["next"] = Value::from(next);
    }
    Ok(ok(StatusCode::OK, fields))
}

fn time_of(value: &Value) -> Result<OffsetDateTime, Refused> {
    let time = value.as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    time.ok_or_else(|| Refused::invalid("body/before must match format \"date-time\""))
}

pub(super) async fn bulk_delete(
    State(shared): State<Arc<Shared>>,
    Path(blueprint): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    answered(parsed(&body).and_then(|body| {
        let names: Option<Vec<String>> = serde_json::from_value(body["entities"].clone()).ok();
        let names = names.filter(|names| (1..=BULK_DELETE).contains(&names.len()));
        let names =
            names.ok_or_else(|| Refused::invalid(format!("body/entities must have 1 to {BULK_DELETE} identifiers")))?;
        let dependents = Parameters::of(query.as_deref()).flag("delete_dependents");
        let deleted = shared.world().delete(&blueprint, &names, dependents)?;
        Ok(ok(StatusCode::OK, json!({"deletedEntities": deleted})))
    }))
}

pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Path((blueprint, entity)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let dependents = Parameters::of(query.as_deref()).flag("delete_dependents");
    let deleted = shared.world().delete(&blueprint, std::slice::from_ref(&entity), dependents);
    answered(
        deleted.and_then(
            |deleted| if deleted.is_empty() { Err(missing(&entity)) } else { Ok(ok(StatusCode::OK, json!({}))) },
        ),
    )
}

pub(super) async fn delete_all(
    State(shared): State<Arc<Shared>>,
    Path(blueprint): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let and_blueprint = Parameters::of(query.as_deref()).flag("delete_blueprint");
    let deleted = shared.world().delete_all(&blueprint, and_blueprint);
    answered(deleted.map(|()| ok(StatusCode::OK, json!({"migrationId": format!("migration_{blueprint}")}))))
}

fn missing(entity: &str) -> Refused {
    Refused::missing(format!("Entity with identifier \"{entity}\" was not found"))
}
