//! The routes, as Port's runtime has them.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::port::CORE_VERSION;

use super::answer::{broken, detail, stamp, text};
use super::health::Health;
use super::metrics::Metrics;
use super::turns::{Asked, Turns};

/// Most bytes of a request's body: Bitbucket Cloud sends at most 256 KiB, Data Center may send more.
const LONGEST_BODY: usize = 4 << 20;
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What the routes show; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// For the probes.
    pub health: Health,
    /// For `/metrics`.
    pub metrics: Metrics,
    /// Where resyncs are asked for.
    pub turns: Turns,
    /// Whether they can be asked for by HTTP.
    pub resync_route: ResyncRoute,
}

/// Whether there is a route that asks for a resync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResyncRoute {
    /// There is none.
    #[default]
    Absent,
    /// `POST /resync`, without prefix and open to everybody, as Port calls it.
    Open,
}

/// All routes, under `prefix` (empty or `/segment…`, as `refusals` checks it) where Port's runtime puts them there.
pub fn router(prefix: &str, site: Site) -> Router {
    let own = Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/metrics/", get(metrics))
        .route("/integration/webhook", post(webhook));
    let under_prefix = if prefix.is_empty() { own } else { Router::new().nest(prefix, own) };
    let under_root = match site.resync_route {
        ResyncRoute::Absent => under_prefix,
        ResyncRoute::Open => under_prefix.route("/resync", post(resync)),
    };
    under_root
        .route("/docs", get(docs))
        .route("/redoc", get(docs))
        .route("/openapi.json", get(openapi))
        .fallback(|| async { detail(StatusCode::NOT_FOUND, "Not Found") })
        .method_not_allowed_fallback(|| async { detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed") })
        .with_state(site)
        .layer(RequestBodyLimitLayer::new(LONGEST_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(CatchPanicLayer::custom(broken))
        .layer(middleware::from_fn(stamp))
}

async fn live(State(site): State<Site>) -> Response {
    probe("live", site.health.stuck(Instant::now()).as_deref())
}

async fn ready(State(site): State<Site>) -> Response {
    probe("ready", site.health.unready().as_deref())
}

fn probe(check: &str, trouble: Option<&str>) -> Response {
    match trouble {
        None => Json(json!({ "status": "healthy", "check": check, "core_version": CORE_VERSION })).into_response(),
        Some(trouble) => {
            let body =
                json!({ "status": "unhealthy", "check": check, "core_version": CORE_VERSION, "reason": trouble });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn metrics(State(site): State<Site>) -> Response {
    text(StatusCode::OK, site.metrics.render())
}

async fn webhook() -> Response {
    let message = "live events are not built yet; the next resync brings the change";
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "error", "message": message }))).into_response()
}

/// Answers at once, and does not read what was sent. However many ask, one resync runs and one more follows it.
async fn resync(State(site): State<Site>) -> Response {
    if site.health.is_stopping() {
        return detail(StatusCode::SERVICE_UNAVAILABLE, "the process is stopping; ask the next one");
    }
    let status = match site.turns.ask() {
        Asked::Starts => "started",
        Asked::Queued => "queued",
        Asked::AlreadyQueued => "already_queued",
    };
    if status == "already_queued" {
        tracing::debug!("a resync was asked for by HTTP: {status}");
    } else {
        tracing::info!("a resync was asked for by HTTP: {status}");
    }
    (StatusCode::ACCEPTED, Json(json!({ "status": status }))).into_response()
}

const DOCS: &str = "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>bitbucket-port</title></head><body>
<h1>bitbucket-port</h1>
<ul>
<li><code>GET health/live</code>: whether the process works</li>
<li><code>GET health/ready</code>: whether it is provisioned</li>
<li><code>GET metrics</code>: counts and times of the current or last resync</li>
<li><code>POST integration/webhook</code>: events of Bitbucket</li>
<li><code>POST /resync</code>: asks for a resync; only with the listener WEBHOOK</li>
</ul>
</body></html>
";

async fn docs() -> Html<&'static str> {
    Html(DOCS)
}

fn paths(document: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    document.get_mut("paths").and_then(Value::as_object_mut)
}

async fn openapi(State(site): State<Site>) -> Json<Value> {
    let get = |summary: &str| json!({ "get": { "summary": summary, "responses": { "200": { "description": "OK" } } } });
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": "bitbucket-port", "version": env!("CARGO_PKG_VERSION") },
        "paths": {
            "/health/live": get("Whether the process works"),
            "/health/ready": get("Whether it is provisioned"),
            "/metrics": get("Counts and times of the current or last resync"),
            "/integration/webhook": {
                "post": { "summary": "Events of Bitbucket", "responses": { "503": { "description": "Not built yet" } } },
            },
        },
    });
    if let (ResyncRoute::Open, Some(paths)) = (site.resync_route, paths(&mut document)) {
        let post = json!({ "summary": "Asks for a resync", "responses": { "202": { "description": "Taken" } } });
        paths.insert("/resync".to_owned(), json!({ "post": post }));
    }
    Json(document)
}
