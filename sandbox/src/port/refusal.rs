//! Refusals in Port's form.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {error}: {message}")]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The machine-readable name, such as `not_found`.
    pub error: &'static str,
    /// What a person reads.
    pub message: String,
}

impl Refused {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { status: 422, error: "invalid_request", message: message.into() }
    }

    pub(super) fn missing(message: impl Into<String>) -> Self {
        Self { status: 404, error: "not_found", message: message.into() }
    }

    pub(super) fn taken(message: impl Into<String>) -> Self {
        Self { status: 409, error: "identifier_taken", message: message.into() }
    }

    pub(super) fn has_dependents(message: impl Into<String>) -> Self {
        Self { status: 409, error: "has_dependents", message: message.into() }
    }

    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Self { status: 401, error: "unauthorized", message: message.into() }
    }

    pub(super) fn code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(super) fn body(&self) -> Value {
        json!({"ok": false, "error": self.error, "message": self.message})
    }
}

/// The body of an error that a fault makes up.
pub(super) fn error_body(status: u16, message: &str) -> Vec<u8> {
    let error = if status == 429 { "too_many_requests" } else { "internal_error" };
    json!({"ok": false, "error": error, "message": message}).to_string().into_bytes()
}
