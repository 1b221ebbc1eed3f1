//! What every answer has: an id, the time it took, and a body even where the handler broke off.

use std::any::Any;
use std::time::Instant;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PROCESS_TIME: HeaderName = HeaderName::from_static("x-process-time");

/// Adds `x-request-id` (a new uuid) and `x-process-time` (seconds).
pub(super) async fn stamp(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = Uuid::new_v4().to_string();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut answer = next.run(request).await;
    let took = format!("{:.6}", began.elapsed().as_secs_f64());
    tracing::debug!(request_id = id, "{method} {path} answered {} in {took} s", answer.status().as_u16());
    for (name, value) in [(REQUEST_ID, id), (PROCESS_TIME, took)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

/// A refusal in the form that Port's runtime uses.
pub(super) fn detail(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

/// Plain text, as Port's runtime marks it.
pub(super) fn text(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

/// The answer of a handler that panicked; what it said is for the log alone.
#[expect(clippy::needless_pass_by_value, reason = "the layer that calls it hands the panic over")]
pub(super) fn broken(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!("an HTTP handler broke off; this is a fault of the program: {said}");
    text(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error".to_owned())
}
