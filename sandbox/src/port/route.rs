//! Which path is answered by what.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use axum::{Router, middleware};
use serde_json::{Value, json};

use super::refusal::Refused;
use super::server::Shared;
use super::{entity_route, ingest_route, integration_route};
use crate::http::{self, Credential};

/// Larger bodies are refused with 413.
const LARGEST_BODY: usize = 1024 * 1024;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let open = Router::new().route("/v1/auth/access_token", post(access_token));
    let guarded = Router::new()
        .merge(blueprint_routes())
        .merge(entity_routes())
        .merge(integration_routes())
        .merge(ingest_routes())
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), authorize));
    open.merge(guarded)
        .fallback(|| async { refused(&Refused::missing("Route not found")) })
        .method_not_allowed_fallback(|| async { refused(&Refused::missing("Route not found")) })
        .layer(middleware::from_fn(limit_body))
        .with_state(shared)
}

fn blueprint_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/blueprints", get(blueprints).post(create_blueprint))
        .route("/v1/blueprints/{blueprint}", get(blueprint).patch(patch_blueprint).delete(delete_blueprint))
        .route("/v1/blueprints/{blueprint}/all-entities", delete(entity_route::delete_all))
        .route("/v1/blueprints/{blueprint}/scorecards", post(ingest_route::resource))
        .route("/v1/actions", post(ingest_route::resource))
        .route("/v1/pages", post(ingest_route::resource))
        .route("/v1/migrations/{migration}", get(migration))
}

fn entity_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/blueprints/{blueprint}/entities", get(entity_route::list).post(entity_route::upsert))
        .route("/v1/blueprints/{blueprint}/entities/bulk", post(entity_route::bulk))
        .route("/v1/blueprints/{blueprint}/entities/{entity}", get(entity_route::one).delete(entity_route::delete))
        .route("/v1/blueprints/{blueprint}/bulk/entities/delete", post(entity_route::bulk_delete))
        .route("/v1/blueprints/{blueprint}/entities-count", get(entity_route::count))
        .route("/v1/blueprints/entities/datasource-entities", post(entity_route::owned))
        .route("/v1/entities/search", post(entity_route::search))
}

fn integration_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/integration", post(integration_route::create))
        .route("/v1/integration/provision-enabled", get(integration_route::provision_enabled))
        .route(
            "/v1/integration/{integration}",
            get(integration_route::one).patch(integration_route::change).delete(integration_route::delete),
        )
        .route("/v1/integration/{integration}/config", patch(integration_route::change))
        .route("/v1/integration/{integration}/resync-state", patch(integration_route::resync_state))
        .route("/v1/integration/{integration}/resync-request", get(integration_route::resync_request))
        .route("/v1/integration/{integration}/kinds/{kind}/examples", post(ingest_route::report))
        .route("/v1/organization", get(integration_route::organization))
        .route("/v1/kafka-credentials", get(integration_route::kafka_credentials))
}

fn ingest_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/ingest/logs/{integration}", post(ingest_route::report))
        .route("/ingest/metrics/{integration}/heartbeat", post(ingest_route::report))
        .route("/ingest/metrics/{integration}/syncMetrics", post(ingest_route::metrics))
        .route("/ingest/metrics/{integration}/syncMetrics/resync/{event}/kind/{kind}", put(ingest_route::kind_metrics))
        .route("/ingest/raw/{integration}/lake/write/{*rest}", post(ingest_route::report))
}

pub(super) type Answer = Result<Response, Refused>;

/// An answer of Port's form: the fields of an object and `ok`.
pub(super) fn ok(status: StatusCode, fields: Value) -> Response {
    let mut body = json!({"ok": true});
    if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
        body.extend(fields);
    }
    http::json(status, body.to_string().into_bytes())
}

pub(super) fn refused(refusal: &Refused) -> Response {
    http::json(refusal.code(), refusal.body().to_string().into_bytes())
}

pub(super) fn answered(answer: Answer) -> Response {
    answer.unwrap_or_else(|refusal| refused(&refusal))
}

/// The body of a request as JSON.
pub(super) fn parsed(body: &Bytes) -> Result<Value, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused {
        status: 400,
        error: "bad_request",
        message: error.to_string(),
    })
}

/// The `User-Agent`, by which Port knows who writes.
pub(super) fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("API")
}

/// `http://HOST`, as the caller reached this server.
pub(super) fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

async fn limit_body(request: Request, next: middleware::Next) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return refused(&Refused {
            status: 413,
            error: "payload_too_large",
            message: "Request body is too large".to_owned(),
        });
    };
    next.run(Request::from_parts(head, Body::from(body))).await
}

async fn authorize(
    State(shared): State<Arc<Shared>>,
    Extension(credential): Extension<Credential>,
    request: Request,
    next: middleware::Next,
) -> Response {
    let token = credential.0.strip_prefix("bearer ").unwrap_or_default();
    if !shared.tokens.is_valid(token, shared.clock.now()) {
        return refused(&Refused::unauthorized("The access token is invalid or has expired"));
    }
    next.run(request).await
}

async fn access_token(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    answered(parsed(&body).and_then(|body| {
        let text = |name: &str| {
            body[name].as_str().ok_or_else(|| Refused::invalid(format!("body must have required property '{name}'")))
        };
        let (id, secret) = (text("clientId")?, text("clientSecret")?);
        if (id, secret) != (shared.client.0.as_str(), shared.client.1.as_str()) {
            return Err(Refused {
                error: "invalid_credentials",
                ..Refused::unauthorized("Invalid client id or secret")
            });
        }
        let (token, seconds) = shared.tokens.issue(id, shared.clock.now());
        Ok(ok(StatusCode::OK, json!({"accessToken": token, "expiresIn": seconds, "tokenType": "Bearer"})))
    }))
}

async fn blueprints(State(shared): State<Arc<Shared>>) -> Response {
    let all: Vec<Value> = shared.world().blueprints.values().cloned().collect();
    ok(StatusCode::OK, json!({"blueprints": all}))
}

async fn blueprint(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let world = shared.world();
    answered(world.existing_blueprint(&name).map(|blueprint| ok(StatusCode::OK, json!({"blueprint": blueprint}))))
}

async fn create_blueprint(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    answered(parsed(&body).and_then(|body| {
        shared.world().create_blueprint(body.clone())?;
        Ok(ok(StatusCode::CREATED, json!({"blueprint": body})))
    }))
}

async fn patch_blueprint(State(shared): State<Arc<Shared>>, Path(name): Path<String>, body: Bytes) -> Response {
    answered(parsed(&body).and_then(|body| {
        let mut world = shared.world();
        world.patch_blueprint(&name, body)?;
        Ok(ok(StatusCode::OK, json!({"blueprint": world.blueprint(&name)})))
    }))
}

async fn delete_blueprint(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let deleted = shared.world().delete_blueprint(&name);
    answered(deleted.map(|()| ok(StatusCode::OK, json!({}))))
}

/// Deletions are done by the time they are answered, so every migration is complete.
async fn migration(Path(migration): Path<String>) -> Response {
    ok(StatusCode::OK, json!({"migration": {"id": migration, "status": "COMPLETED"}}))
}
