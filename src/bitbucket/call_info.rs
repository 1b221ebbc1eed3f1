//! What is known of a call once it ended, attached to its response.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, header::HeaderMap};

use super::credential::CredentialKind;

/// Which Bitbucket is spoken to. Decides on advice, not on behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Product {
    /// bitbucket.org.
    #[default]
    Cloud,
    /// Data Center and Server.
    DataCenter,
}

/// The call that an error belongs to. The query is left out: it may be long or private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// The operation's name in the API description.
    pub operation: &'static str,
    /// The method.
    pub method: Method,
    /// The path, as it was sent.
    pub path: String,
}

/// How a call ended, attached as an extension to the response that the generated client gets.
#[derive(Debug, Clone)]
pub(crate) struct CallInfo {
    pub(crate) site: CallSite,
    pub(crate) product: Product,
    pub(crate) credential: CredentialKind,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) waited: Duration,
    /// The body, unless it was handed on as a stream.
    pub(crate) body: Bytes,
}

/// Longest request id that is shown.
const MAX_REQUEST_ID: usize = 128;

/// The id under which Bitbucket's support finds a request.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "x-request-uuid", "x-arequestid"].iter().find_map(|name| {
        let text = headers.get(*name)?.to_str().ok()?.trim();
        let shown: String = text.chars().filter(char::is_ascii_graphic).take(MAX_REQUEST_ID).collect();
        (!shown.is_empty()).then_some(shown)
    })
}
