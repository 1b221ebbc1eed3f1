//! What came back from Port.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::Site;
use super::error::{PortError, Refusal};

/// Longest answer that is read, in bytes: a listing of 5,000 entities with long texts stays far below.
const LONGEST: usize = 128 << 20;

/// Longest text of an answer that goes into a message.
const SHOWN: usize = 400;

/// A complete answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why a body could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the answer broke off")]
    Broken(#[source] reqwest::Error),
    #[error("the answer is longer than {LONGEST} bytes")]
    TooLong,
}

impl Answer {
    /// Reads an answer to its end.
    pub(crate) async fn read(mut response: reqwest::Response) -> Result<Self, BodyError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| BodyError::Broken(error.without_url()))? {
            if chunk.len() > LONGEST.saturating_sub(body.len()) {
                return Err(BodyError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status: response.status(), headers: response.headers().clone(), body: body.freeze() })
    }

    /// What is odd about an answer with success: no JSON, or JSON cut off. `None` if nothing is.
    pub(crate) fn oddity(&self) -> Option<String> {
        if self.body.is_empty() {
            return None;
        }
        match serde_json::from_slice::<serde::de::IgnoredAny>(&self.body) {
            Ok(_) => None,
            Err(error) if error.is_eof() => Some("JSON that breaks off".to_owned()),
            Err(_) if looks_like_page(&self.body) => Some("an HTML page instead of JSON".to_owned()),
            Err(error) => Some(format!("what is no JSON ({error})")),
        }
    }

    /// Whether Port itself says that it did not do what was asked for, whatever the status.
    pub(crate) fn says_no(&self) -> bool {
        serde_json::from_slice::<Words>(&self.body).is_ok_and(|words| words.ok == Some(Value::Bool(false)))
    }

    pub(crate) fn trace_id(&self) -> Option<String> {
        let value = self.headers.get("x-trace-id")?.to_str().ok()?;
        Some(one_line(value)).filter(|value| !value.is_empty())
    }

    /// The typed body.
    pub(crate) fn json<T: DeserializeOwned>(&self, site: &Site) -> Result<T, PortError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| self.unreadable(site, format!("JSON of another shape ({error})")))
    }

    pub(crate) fn unreadable(&self, site: &Site, what: String) -> PortError {
        PortError::Unreadable {
            method: site.method.to_string(),
            path: site.path.clone(),
            status: self.status,
            trace_id: self.trace_id(),
            what,
        }
    }

    /// The answer as an error.
    pub(crate) fn refusal(&self, site: &Site) -> PortError {
        let words = serde_json::from_slice::<Words>(&self.body).unwrap_or_default();
        let plain = || {
            if looks_like_page(&self.body) {
                return Some("an HTML page; a proxy may have answered in Port's place".to_owned());
            }
            Some(one_line(&String::from_utf8_lossy(self.body.get(..4 * SHOWN).unwrap_or(&self.body))))
        };
        let message = words.message.as_ref().and_then(text).or_else(|| words.is_empty().then(plain).flatten());
        PortError::Refused(Box::new(Refusal {
            method: site.method.to_string(),
            path: site.path.clone(),
            status: self.status,
            error: words.error.as_ref().and_then(text),
            message: message.filter(|message| !message.is_empty()),
            trace_id: self.trace_id(),
        }))
    }
}

/// What every body of Port's may say about itself.
#[derive(Debug, Default, Deserialize)]
struct Words {
    #[serde(default)]
    ok: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
    #[serde(default)]
    message: Option<Value>,
}

impl Words {
    fn is_empty(&self) -> bool {
        self.error.is_none() && self.message.is_none()
    }
}

/// A value as text for a message.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(one_line(text)),
        other => Some(one_line(&other.to_string())),
    }
}

fn looks_like_page(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// The text without line breaks and control characters, not longer than is shown.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// `Date` of an answer.
pub(crate) fn date(headers: &HeaderMap) -> Option<std::time::SystemTime> {
    httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
        Answer { status: StatusCode::from_u16(status).unwrap(), headers: HeaderMap::new(), body: body.into() }
    }

    fn site() -> Site {
        Site { method: http::Method::GET, path: "/v1/x".to_owned() }
    }

    #[test]
    fn refusals_say_what_port_said() {
        let mut refused = answer(422, r#"{"ok":false,"error":"invalid_request","message":"must have\nproperty"}"#);
        refused.headers.insert("x-trace-id", "abc".parse().unwrap());
        insta::assert_snapshot!(refused.refusal(&site()), @"GET /v1/x: 422 invalid_request: must have property (trace abc): what was sent does not fit the blueprint or the mapping; the message names the field");
        insta::assert_snapshot!(answer(403, "<html>no</html>").refusal(&site()), @"GET /v1/x: 403: an HTML page; a proxy may have answered in Port's place: the credentials may not do this; use those of a user or application with the permission");
        insta::assert_snapshot!(answer(418, "").refusal(&site()), @"GET /v1/x: 418");
    }

    proptest! {
        #[test]
        fn any_body_gives_an_error_of_one_short_line(body in prop::collection::vec(any::<u8>(), 0..3000)) {
            let answer = answer(400, body);
            answer.oddity();
            answer.says_no();
            let shown = answer.refusal(&site()).to_string();
            prop_assert!(shown.chars().count() < 3 * SHOWN && !shown.chars().any(char::is_control));
        }
    }
}
