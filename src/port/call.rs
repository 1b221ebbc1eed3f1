//! One call to Port's API, described before it is sent.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::error::PortError;
use super::identity::Agent;

/// What a path segment cannot hold as it is.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'\\')
    .add(b'^')
    .add(b'|')
    .add(b'[')
    .add(b']');

/// What form encoding leaves as it is, besides letters and digits.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');

/// Whether a call may be sent again when it is not known whether it had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Sending it twice has the effect of sending it once.
    Freely,
    /// Only if it certainly had no effect: it was not sent, or refused with 429.
    IfWithoutEffect,
}

/// Which bound on calls in flight holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// That of all calls.
    Any,
    /// That of bulk writes, and of all calls.
    Bulk,
    /// None: calls that others wait for.
    Free,
}

/// Whether a call carries the access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authorization {
    Token,
    None,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A path below `/v1`, beginning with a slash, encoded.
    Api(String),
    /// An absolute address that Port gave us, encoded.
    Ingest(String),
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Bytes>,
    pub(crate) agent: Agent,
    pub(crate) repeat: Repeat,
    pub(crate) lane: Lane,
    pub(crate) authorization: Authorization,
    /// Overrides the time within which the call must end, waits and repetitions included.
    pub(crate) within: Option<Duration>,
}

impl Call {
    /// A call to a path below `/v1`; reading, replacing and deleting may be repeated, the rest not.
    pub(crate) fn new(method: Method, path: String) -> Self {
        let repeat = if method.is_idempotent() { Repeat::Freely } else { Repeat::IfWithoutEffect };
        Self {
            method,
            target: Target::Api(path),
            query: Vec::new(),
            body: None,
            agent: Agent::Plain,
            repeat,
            lane: Lane::Any,
            authorization: Authorization::Token,
            within: None,
        }
    }

    pub(crate) fn get(path: String) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: String) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn patch(path: String) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// A call to an address that Port gave us.
    pub(crate) fn ingest(method: Method, address: String) -> Self {
        Self { target: Target::Ingest(address), ..Self::new(method, String::new()) }
    }

    /// The same with this body.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, PortError> {
        let text = serde_json::to_vec(body).map_err(|source| PortError::unsendable(&self.site(), source))?;
        self.body = Some(text.into());
        Ok(self)
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(crate) fn exporter(self) -> Self {
        Self { agent: Agent::Exporter, ..self }
    }

    pub(crate) fn repeatable(self) -> Self {
        Self { repeat: Repeat::Freely, ..self }
    }

    pub(crate) fn bulk(self) -> Self {
        Self { lane: Lane::Bulk, ..self }
    }

    pub(crate) fn within(self, time: Duration) -> Self {
        Self { within: Some(time), ..self }
    }

    pub(crate) fn site(&self) -> Site {
        let path = match &self.target {
            Target::Api(path) => format!("/v1{path}"),
            Target::Ingest(address) => address.clone(),
        };
        Site { method: self.method.clone(), path }
    }

    /// The whole address.
    pub(crate) fn address(&self, base: &str) -> String {
        let mut address = match &self.target {
            Target::Api(path) => format!("{base}/v1{path}"),
            Target::Ingest(address) => address.clone(),
        };
        for (nth, (name, value)) in self.query.iter().enumerate() {
            let separator = if nth == 0 { '?' } else { '&' };
            let _ = write!(address, "{separator}{name}={}", form(value));
        }
        address
    }
}

/// Which call an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) method: Method,
    pub(crate) path: String,
}

/// A path segment: only what would end it or cannot stand in an address is encoded.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A path segment or query value as forms are encoded, with `+` for a blank.
pub(crate) fn form(text: &str) -> String {
    utf8_percent_encode(text, FORM).to_string().replace("%20", "+")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_put_together() {
        let call = Call::get(format!("/integration/{}", segment("my id"))).query("a", true).query("b", "x y&z");
        assert_eq!(call.address("https://api.example"), "https://api.example/v1/integration/my%20id?a=true&b=x+y%26z");
        assert_eq!(form("pull-request~1/{2}"), "pull-request~1%2F%7B2%7D");
        assert_eq!(segment("bitbucketProject"), "bitbucketProject");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_segment(text in "\\PC{0,30}") {
            let address = Call::get(format!("/blueprints/{}/entities", segment(&text))).address("http://host");
            let url = url::Url::parse(&address).unwrap();
            prop_assert!(url.query().is_none() && url.fragment().is_none());
            let dots = matches!(text.as_str(), "." | "..");
            prop_assert!(dots || url.path_segments().unwrap().count() == 4);
        }
    }
}
