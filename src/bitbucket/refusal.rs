//! Calls that we ended ourselves.
//!
//! A hook can return only a response, so a refusal travels as a synthetic one, with the reason as an extension.

use std::{error::Error, sync::Arc, time::Duration};

use reqwest::{Response, StatusCode};

use super::{call_info::CallSite, lane::WaitReason};

/// A status that no service sends; only marks synthetic responses, which are recognised by their extension.
const SYNTHETIC: u16 = 599;

/// Why we ended a call ourselves.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// Waiting for leave to send would take longer than a call may last.
    #[error("{}", wait_text(*wait, *reason))]
    Wait {
        /// How long one would have had to wait.
        wait: Duration,
        /// For what.
        reason: WaitReason,
    },
    /// The call took longer than a call may last.
    #[error("the call did not end within {}", duration_text(*deadline))]
    Deadline {
        /// How long a call may last.
        deadline: Duration,
    },
    /// Every credential was refused.
    #[error("Bitbucket refuses every credential ({}): renew them", labels.join(", "))]
    Credentials {
        /// Their names.
        labels: Vec<String>,
    },
    /// More requests were not wanted.
    #[error("the limit of {limit} requests is reached")]
    Limit {
        /// The most that may be sent.
        limit: u64,
    },
    /// The answer is larger than we read.
    #[error("the answer is larger than {limit} bytes, which is as much as is read of one answer")]
    TooLarge {
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// A `next` link leads somewhere we do not send credentials.
    #[error("the link to the next page leads to {origin}, not to {expected}: credentials are not sent there")]
    ForeignLink {
        /// Where it leads.
        origin: String,
        /// Where it should lead.
        expected: String,
    },
    /// A `next` link is no URL.
    #[error("the link to the next page is no usable URL")]
    BrokenLink,
    /// A `next` link leads back to a page that was read already.
    #[error("the links to next pages run in a circle after {pages} pages")]
    Circle {
        /// Pages read so far.
        pages: usize,
    },
    /// More pages than any listing has.
    #[error("the listing did not end after {pages} pages")]
    Endless {
        /// Pages read so far.
        pages: usize,
    },
}

/// A call that ended without a usable response.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) site: CallSite,
    pub(crate) attempts: u32,
    pub(crate) waited: Duration,
    pub(crate) cause: FailureCause,
}

#[derive(Debug, Clone)]
pub(crate) enum FailureCause {
    /// The network or the service failed below HTTP.
    Unreachable(Arc<dyn Error + Send + Sync>),
    /// We ended it.
    Refused(Refusal),
}

impl Failure {
    pub(crate) fn into_response(self) -> Response {
        let mut response = http::Response::new(reqwest::Body::default());
        *response.status_mut() = StatusCode::from_u16(SYNTHETIC).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.extensions_mut().insert(self);
        response.into()
    }
}

fn wait_text(wait: Duration, reason: WaitReason) -> String {
    let wait = duration_text(wait);
    match reason {
        WaitReason::Service => format!("Bitbucket asks to wait {wait}, which is longer than a call may last"),
        WaitReason::Budget { limit } => {
            format!("the budget of {limit} requests is spent, and the next is free only in {wait}")
        }
    }
}

/// A duration as people say it: `2h 5m`, `3m 20s`, `1.5s`.
pub(crate) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (0, 0, _) => format!("{:.1}s", duration.as_secs_f64()),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, _) => format!("{hours}h {minutes}m"),
    }
}
