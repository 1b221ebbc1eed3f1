//! Why a call to Port failed.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::call::Site;
use crate::http::network_advice;

/// A boxed cause.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A call to Port that came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortError {
    /// Port answered and said no.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// Port does not accept the client id and secret.
    #[error(
        "Port does not accept the credentials ({message}): check the client id and client secret, and that the base URL is that of your region"
    )]
    Credentials {
        /// What Port said.
        message: String,
    },
    /// No answer came, or it broke off, however often it was tried.
    #[error("{method} {path}: Port cannot be reached: {}", reach(source.as_ref()))]
    Unreachable {
        /// Method of the call.
        method: String,
        /// Path of the call.
        path: String,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// The call did not end within its time.
    #[error("{method} {path}: gave up after {} seconds{}", within.as_secs(), reason(last.as_deref()))]
    Late {
        /// Method of the call.
        method: String,
        /// Path of the call.
        path: String,
        /// The time that it had.
        within: Duration,
        /// What kept it from ending.
        last: Option<String>,
    },
    /// The answer is not what Port sends: an HTML page, broken JSON, JSON of another shape.
    #[error("{method} {path}: {status} with {what}{}: check that the base URL is Port's and that no proxy answers in its place", trace(trace_id.as_deref()))]
    Unreadable {
        /// Method of the call.
        method: String,
        /// Path of the call.
        path: String,
        /// Status of the answer.
        status: StatusCode,
        /// Port's id of the request.
        trace_id: Option<String>,
        /// What came instead.
        what: String,
    },
    /// The request cannot be built or is too big to be read.
    #[error("{method} {path}: cannot be sent")]
    Unsendable {
        /// Method of the call.
        method: String,
        /// Path of the call.
        path: String,
        /// The cause.
        #[source]
        source: Cause,
    },
}

fn reach(source: &(dyn std::error::Error + Send + Sync + 'static)) -> &'static str {
    network_advice(source).unwrap_or("check the base URL, the network and the proxy settings")
}

/// An answer of Port's that says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Method of the call.
    pub method: String,
    /// Path of the call.
    pub path: String,
    /// Status of the answer.
    pub status: StatusCode,
    /// `error` of the answer, for example `not_found`.
    pub error: Option<String>,
    /// `message` of the answer.
    pub message: Option<String>,
    /// `x-trace-id` of the answer: what Port's support asks for.
    pub trace_id: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.method, self.path, self.status.as_u16())?;
        if let Some(error) = &self.error {
            write!(f, " {error}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        write!(f, "{}", trace(self.trace_id.as_deref()))?;
        match self.remedy() {
            Some(remedy) => write!(f, ": {remedy}"),
            None => Ok(()),
        }
    }
}

impl Refusal {
    /// What to do about it, where the status tells.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self.status.as_u16() {
            401 => "Port does not accept the access token; check that the credentials were not replaced or revoked",
            403 => "the credentials may not do this; use those of a user or application with the permission",
            404 => "check the integration's identifier and that the blueprint exists",
            409 => "something of this name exists already, or changed meanwhile",
            413 => "what was sent is larger than Port takes; map less text into it",
            422 => "what was sent does not fit the blueprint or the mapping; the message names the field",
            429 => "Port is asked too often; wait, or run fewer integrations at a time",
            500.. => "Port has a fault at present; try again later and give the trace id to its support",
            _ => return None,
        })
    }
}

impl PortError {
    pub(crate) fn unsendable(site: &Site, source: impl Into<Cause>) -> Self {
        Self::Unsendable { method: site.method.to_string(), path: site.path.clone(), source: source.into() }
    }

    pub(crate) fn unreachable(site: &Site, source: impl Into<Cause>) -> Self {
        Self::Unreachable { method: site.method.to_string(), path: site.path.clone(), source: source.into() }
    }

    pub(crate) fn late(site: &Site, within: Duration, last: Option<String>) -> Self {
        Self::Late { method: site.method.to_string(), path: site.path.clone(), within, last }
    }

    /// Status of Port's answer, if it gave a proper one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// Whether the same call may succeed later without anyone changing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused(refusal) => crate::http::is_retryable_status(refusal.status),
            Self::Unreachable { .. } | Self::Late { .. } | Self::Unreadable { .. } => true,
            Self::Credentials { .. } | Self::Unsendable { .. } => false,
        }
    }

    /// Whether the call may have had its effect all the same.
    pub(crate) fn may_have_worked(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.status.is_server_error() || refusal.status == StatusCode::REQUEST_TIMEOUT,
            Self::Unreachable { .. } | Self::Late { .. } | Self::Unreadable { .. } => true,
            Self::Credentials { .. } | Self::Unsendable { .. } => false,
        }
    }

    /// The error with all its causes in one line.
    #[must_use]
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        text
    }
}

fn trace(id: Option<&str>) -> String {
    id.map(|id| format!(" (trace {id})")).unwrap_or_default()
}

fn reason(last: Option<&str>) -> String {
    last.map(|last| format!("; {last}")).unwrap_or_default()
}
