//! What an integration reports: metrics, logs, examples, raw data; and resources that are only kept.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::refusal::Refused;
use super::route::{answered, ok, parsed};
use super::server::Shared;

/// The states that a kind may be reported in.
const STATES: [&str; 5] = ["pending", "syncing", "completed", "failed", "aborted"];

/// Keeps a document as it was sent.
pub(super) async fn report(State(shared): State<Arc<Shared>>, uri: Uri, body: Bytes) -> Response {
    answered(parsed(&body).map(|body| keep(&shared, &uri, body)))
}

/// Keeps the metrics of several kinds: `{"syncKindsMetrics": […]}`.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>, uri: Uri, body: Bytes) -> Response {
    answered(parsed(&body).and_then(|body| {
        let documents = body["syncKindsMetrics"].as_array();
        let documents =
            documents.ok_or_else(|| Refused::invalid("body must have required property 'syncKindsMetrics'"))?;
        documents.iter().try_for_each(check)?;
        Ok(keep(&shared, &uri, body))
    }))
}

/// Keeps the metrics of one kind: `{"syncKindMetrics": {…}}`.
pub(super) async fn kind_metrics(State(shared): State<Arc<Shared>>, uri: Uri, body: Bytes) -> Response {
    answered(parsed(&body).and_then(|body| {
        check(&body["syncKindMetrics"])?;
        Ok(keep(&shared, &uri, body))
    }))
}

/// Creates an action, a scorecard or a page.
pub(super) async fn resource(State(shared): State<Arc<Shared>>, uri: Uri, body: Bytes) -> Response {
    answered(parsed(&body).map(|body| {
        shared.world().resources.push((uri.path().to_owned(), body));
        ok(StatusCode::CREATED, json!({}))
    }))
}

fn keep(shared: &Shared, uri: &Uri, body: Value) -> Response {
    shared.world().report(uri.path(), body);
    ok(StatusCode::OK, json!({}))
}

fn check(document: &Value) -> Result<(), Refused> {
    for name in ["integrationType", "integrationIdentifier", "kindIdentifier", "kind", "eventId"] {
        if !document[name].is_string() {
            return Err(Refused::invalid(format!("metrics must have required property '{name}'")));
        }
    }
    if document["syncState"].as_str().is_some_and(|state| STATES.contains(&state)) {
        Ok(())
    } else {
        Err(Refused::invalid("syncState must be equal to one of the allowed values"))
    }
}
