//! Integrations and the organization over HTTP.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::integration::presented;
use super::refusal::Refused;
use super::route::{answered, ok, origin, parsed};
use super::server::Shared;

fn shown(status: StatusCode, document: Value, headers: &HeaderMap) -> Response {
    ok(status, json!({"integration": presented(document, &origin(headers))}))
}

pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let provisioned = query.unwrap_or_default().split('&').any(|pair| pair == "integration_modes=create_resources");
    answered(parsed(&body).and_then(|body| {
        let document = shared.world().create_integration(body, provisioned, shared.clock.now())?;
        Ok(shown(StatusCode::CREATED, document, &headers))
    }))
}

pub(super) async fn one(State(shared): State<Arc<Shared>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let document = shared.world().read_integration(&name);
    answered(document.map(|document| shown(StatusCode::OK, document, &headers)))
}

/// Changes an integration, or its mapping alone.
pub(super) async fn change(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answered(parsed(&body).and_then(|body| {
        let document = shared.world().patch_integration(&name, body, shared.clock.now())?;
        Ok(shown(StatusCode::OK, document, &headers))
    }))
}

pub(super) async fn resync_state(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answered(parsed(&body).and_then(|body| {
        let document = shared.world().patch_resync_state(&name, body, shared.clock.now())?;
        Ok(shown(StatusCode::OK, document, &headers))
    }))
}

pub(super) async fn resync_request(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let world = shared.world();
    if world.integration(&name).is_none() {
        return answered(Err(Refused::missing(format!("Integration with installationId \"{name}\" was not found"))));
    }
    let request = world.resync_requests.get(&name).map(|updated| json!({"updatedAt": updated}));
    ok(StatusCode::OK, json!({"request": request}))
}

pub(super) async fn delete(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let deleted = shared.world().delete_integration(&name);
    answered(deleted.map(|()| ok(StatusCode::OK, json!({}))))
}

pub(super) async fn provision_enabled(State(shared): State<Arc<Shared>>) -> Response {
    let types = shared.world().provisioned_types.clone();
    ok(StatusCode::OK, json!({"integrations": types}))
}

pub(super) async fn organization(State(shared): State<Arc<Shared>>) -> Response {
    let organization = shared.world().organization();
    ok(StatusCode::OK, json!({"organization": organization}))
}

pub(super) async fn kafka_credentials() -> Response {
    ok(StatusCode::OK, json!({"credentials": {"username": "sandbox", "password": "sandbox"}}))
}
