//! What any call to Bitbucket that fails ends in.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{Response, StatusCode};

use super::{
    call_info::{CallInfo, CallSite, request_id},
    error_text::{error_text, one_line},
    refusal::{Failure, FailureCause, Refusal, duration_text},
    remedy::remedy,
};
use crate::http::{innermost, is_retryable_status, network_advice};

/// Bytes shown of a body that cannot be understood.
const EXCERPT: usize = 160;

/// Why a call failed. The text names the call, the cause, what to do, and Bitbucket's request id.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Bitbucket answered, with a status that is no success.
    #[error("{0}")]
    Status(Box<StatusError>),
    /// Bitbucket answered with success, but not with what is expected.
    #[error("{0}")]
    Undecodable(Box<UndecodableError>),
    /// Bitbucket could not be reached, or broke off every time.
    #[error("{call}: Bitbucket did not answer{}{}", tried(*attempts, *waited), network_hint(source.as_ref()))]
    Unreachable {
        /// The call.
        call: Box<CallSite>,
        /// Requests that were tried.
        attempts: u32,
        /// Time spent waiting between them.
        waited: Duration,
        /// The last cause.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// We ended the call ourselves.
    #[error("{call}: {reason}{}", tried(*attempts, *waited))]
    Refused {
        /// The call.
        call: Box<CallSite>,
        /// Requests that were sent before.
        attempts: u32,
        /// Time spent waiting.
        waited: Duration,
        /// Why.
        reason: Refusal,
    },
    /// The answer broke off while it was read as a stream.
    #[error("the answer of Bitbucket broke off while it was read")]
    Interrupted(#[source] reqwest::Error),
    /// The request could not be built.
    #[error("the request to Bitbucket cannot be built: {0}")]
    Invalid(String),
}

/// An answer with a status that is no success.
#[derive(Debug, Clone)]
pub struct StatusError {
    /// The call, where it is known.
    pub call: Option<CallSite>,
    /// The status.
    pub status: StatusCode,
    /// What Bitbucket says about it, in one line.
    pub message: Option<String>,
    /// The id under which Bitbucket's support finds the request.
    pub request_id: Option<String>,
    /// What to do about it.
    pub remedy: Option<&'static str>,
    /// Requests that were sent.
    pub attempts: u32,
    /// Time spent waiting between them.
    pub waited: Duration,
}

/// An answer that is not what is expected.
#[derive(Debug)]
pub struct UndecodableError {
    /// The call, where it is known.
    pub call: Option<CallSite>,
    /// The id under which Bitbucket's support finds the request.
    pub request_id: Option<String>,
    /// The whole answer.
    pub body: Bytes,
    /// Where and why it cannot be understood.
    pub source: serde_json::Error,
}

impl CallError {
    /// The status that Bitbucket answered with, if it did and the status is the fault.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(error) => Some(error.status),
            _ => None,
        }
    }

    /// Whether Bitbucket says that the object is not there (404, 410).
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.status().is_some_and(|status| matches!(status.as_u16(), 404 | 410))
    }

    /// Whether the same call may succeed later without anything being changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Status(error) => is_retryable_status(error.status),
            Self::Unreachable { .. } | Self::Interrupted(_) => true,
            Self::Refused { reason, .. } => matches!(reason, Refusal::Wait { .. } | Refusal::Deadline { .. }),
            Self::Undecodable(_) | Self::Invalid(_) => false,
        }
    }

    /// The cause and the remedy without the call, its attempts and its id: the same text for every call that fails in
    /// the same way.
    #[must_use]
    pub fn in_brief(&self) -> String {
        match self {
            Self::Status(error) => match error.remedy {
                Some(remedy) => format!("Bitbucket answered {}; {remedy}", error.status),
                None => format!("Bitbucket answered {}", error.status),
            },
            Self::Undecodable(_) => "the answer is not what is expected".to_owned(),
            Self::Unreachable { .. } => "Bitbucket did not answer".to_owned(),
            Self::Refused { reason, .. } => reason.to_string(),
            Self::Interrupted(_) | Self::Invalid(_) => self.to_string(),
        }
    }

    /// Bitbucket's id of the request, for its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Status(error) => error.request_id.as_deref(),
            Self::Undecodable(error) => error.request_id.as_deref(),
            _ => None,
        }
    }

    /// The call, where it is known.
    #[must_use]
    pub fn call(&self) -> Option<&CallSite> {
        match self {
            Self::Status(error) => error.call.as_ref(),
            Self::Undecodable(error) => error.call.as_ref(),
            Self::Unreachable { call, .. } | Self::Refused { call, .. } => Some(call),
            Self::Interrupted(_) | Self::Invalid(_) => None,
        }
    }

    /// Names the call where the error itself does not know it: a generated client loses it when an answer cannot be
    /// decoded.
    #[must_use]
    pub fn at(mut self, site: CallSite) -> Self {
        match &mut self {
            Self::Status(error) if error.call.is_none() => error.call = Some(site),
            Self::Undecodable(error) if error.call.is_none() => error.call = Some(site),
            _ => {}
        }
        self
    }

    /// The error that a response with any status but success stands for.
    pub(crate) fn from_response(response: &Response) -> Self {
        if let Some(failure) = response.extensions().get::<Failure>() {
            return failure.clone().into();
        }
        let status = response.status();
        let Some(info) = response.extensions().get::<CallInfo>() else {
            return Self::from_status(status, request_id(response.headers()));
        };
        Self::Status(Box::new(StatusError {
            call: Some(info.site.clone()),
            status,
            message: error_text(&info.body),
            request_id: info.request_id.clone(),
            remedy: remedy(status, info.product, info.credential),
            attempts: info.attempts,
            waited: info.waited,
        }))
    }

    fn from_status(status: StatusCode, request_id: Option<String>) -> Self {
        Self::Status(Box::new(StatusError {
            call: None,
            status,
            message: None,
            request_id,
            remedy: None,
            attempts: 1,
            waited: Duration::ZERO,
        }))
    }

    pub(crate) fn undecodable(
        call: Option<CallSite>,
        request_id: Option<String>,
        body: Bytes,
        source: serde_json::Error,
    ) -> Self {
        Self::Undecodable(Box::new(UndecodableError { call, request_id, body, source }))
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        let Failure { site, attempts, waited, cause } = failure;
        let call = Box::new(site);
        match cause {
            FailureCause::Unreachable(source) => Self::Unreachable { call, attempts, waited, source },
            FailureCause::Refused(reason) => Self::Refused { call, attempts, waited, reason },
        }
    }
}

impl<E> From<progenitor_client::Error<E>> for CallError {
    fn from(error: progenitor_client::Error<E>) -> Self {
        use progenitor_client::Error as Generated;
        match error {
            Generated::UnexpectedResponse(response) => Self::from_response(&response),
            Generated::ErrorResponse(value) => Self::from_status(value.status(), request_id(value.headers())),
            Generated::InvalidResponsePayload(body, source) => Self::undecodable(None, None, body, source),
            Generated::CommunicationError(error)
            | Generated::InvalidUpgrade(error)
            | Generated::ResponseBodyError(error) => Self::Interrupted(error.without_url()),
            Generated::InvalidRequest(message) | Generated::Custom(message) => Self::Invalid(one_line(&message)),
        }
    }
}

impl UndecodableError {
    /// The beginning of the answer in one line, for a person to recognise it.
    #[must_use]
    pub fn excerpt(&self) -> String {
        let start = self.body.get(..self.body.len().min(EXCERPT)).unwrap_or_default();
        one_line(&String::from_utf8_lossy(start))
    }
}

impl fmt::Display for CallSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_call(f, self.call.as_ref())?;
        write!(f, "Bitbucket answered {}", self.status)?;
        if self.attempts > 1 {
            f.write_str(&tried(self.attempts, self.waited))?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        write_request_id(f, self.request_id.as_deref())?;
        match self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for UndecodableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_call(f, self.call.as_ref())?;
        write!(f, "the answer of {} bytes is not what is expected: {}", self.body.len(), self.source)?;
        write_request_id(f, self.request_id.as_deref())?;
        write!(f, "; it begins with {:?}", self.excerpt())
    }
}

fn write_call(f: &mut fmt::Formatter<'_>, call: Option<&CallSite>) -> fmt::Result {
    call.map_or(Ok(()), |call| write!(f, "{call}: "))
}

fn write_request_id(f: &mut fmt::Formatter<'_>, request_id: Option<&str>) -> fmt::Result {
    request_id.map_or(Ok(()), |id| write!(f, " [request id {id}]"))
}

fn tried(attempts: u32, waited: Duration) -> String {
    match (attempts, waited.is_zero()) {
        (0, true) => String::new(),
        (0, false) => format!(" (waited {})", duration_text(waited)),
        (1, true) => " (1 attempt)".to_owned(),
        (attempts, true) => format!(" ({attempts} attempts)"),
        (1, false) => format!(" (1 attempt, waited {})", duration_text(waited)),
        (attempts, false) => format!(" ({attempts} attempts, waited {})", duration_text(waited)),
    }
}

/// The innermost cause, which says most, and what to do where it is a well-known one.
fn network_hint(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let cause = one_line(&innermost(error).to_string());
    let advice = network_advice(error).map(|advice| format!("; {advice}")).unwrap_or_default();
    format!(": {cause}{advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> CallSite {
        CallSite {
            operation: "listRepositories",
            method: reqwest::Method::GET,
            path: "/2.0/repositories/acme".to_owned(),
        }
    }

    #[test]
    fn errors_are_whole_sentences() {
        let forbidden = StatusError {
            call: Some(site()),
            status: StatusCode::BAD_GATEWAY,
            message: Some("Sorry. (Busy)".to_owned()),
            request_id: Some("3f1c".to_owned()),
            remedy: Some("try again later"),
            attempts: 7,
            waited: Duration::from_secs(47),
        };
        let broken = serde_json::from_str::<Vec<u8>>("<html>").unwrap_err();
        let texts = [
            CallError::Status(Box::new(forbidden)),
            CallError::undecodable(Some(site()), None, Bytes::from_static(b"<html>"), broken),
            CallError::Unreachable {
                call: Box::new(site()),
                attempts: 7,
                waited: Duration::from_secs(61),
                source: Arc::new(std::io::Error::other("dns error: no such host")),
            },
            CallError::Refused {
                call: Box::new(site()),
                attempts: 1,
                waited: Duration::ZERO,
                reason: Refusal::Wait { wait: Duration::from_secs(86_400), reason: super::super::WaitReason::Service },
            },
        ]
        .map(|error| error.to_string());
        insta::assert_snapshot!(texts.join("\n"), @r#"
        GET /2.0/repositories/acme: Bitbucket answered 502 Bad Gateway (7 attempts, waited 47.0s): Sorry. (Busy) [request id 3f1c]; try again later
        GET /2.0/repositories/acme: the answer of 6 bytes is not what is expected: expected value at line 1 column 1; it begins with "<html>"
        GET /2.0/repositories/acme: Bitbucket did not answer (7 attempts, waited 1m 1s): dns error: no such host; check the host name and, behind a proxy, HTTPS_PROXY
        GET /2.0/repositories/acme: Bitbucket asks to wait 24h 0m, which is longer than a call may last (1 attempt)
        "#);
    }

    #[test]
    fn only_404_and_410_mean_gone() {
        for (status, gone) in [(404, true), (410, true), (403, false), (500, false)] {
            let error = CallError::from_status(StatusCode::from_u16(status).unwrap(), None);
            assert_eq!(error.is_gone(), gone, "{status}");
        }
    }
}
