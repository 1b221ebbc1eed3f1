//! What happens around every request: faults, compression, identifiers, the record.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::{Request as Received, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};

use super::{BreakConnection, Fault, Faults, Record, Request};
use crate::clock::{Clock, http_date};
use crate::dice::Dice;

/// Bodies larger than this are refused before they are read.
const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// Answers smaller than this are never compressed.
const WORTH_COMPRESSING: usize = 1_024;

/// What a server has in common with the others.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) faults: Faults,
    pub(crate) record: Record,
    pub(crate) compress: bool,
    pub(crate) keep_bodies: bool,
    /// The body of an error, in the service's own form.
    pub(crate) error: fn(u16, &str) -> Vec<u8>,
    /// The headers that carry an identifier of the request.
    pub(crate) id_headers: &'static [&'static str],
    pub(crate) served: AtomicU64,
    /// Whose time the `Date` header shows; the machine's own where `None`.
    pub(crate) clock: Option<Arc<Clock>>,
}

/// Who sent a request, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Credential(pub(crate) String);

impl Credential {
    fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return Self("anonymous".to_owned());
        };
        match value.split_once(' ') {
            Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
                let decoded = BASE64_STANDARD.decode(pair.trim()).unwrap_or_default();
                Self(format!("basic {}", String::from_utf8_lossy(&decoded)))
            }
            Some((scheme, token)) => Self(format!("{} {}", scheme.to_ascii_lowercase(), token.trim())),
            None => Self(value.to_owned()),
        }
    }
}

/// Lets a request through to its route, with the faults of the moment.
pub(crate) async fn guard(State(gate): State<Arc<Gate>>, mut request: Received, next: Next) -> Response {
    let _in_flight = gate.record.enter();
    let compressed = gate.compress && accepts_gzip(request.headers());
    let credential = Credential::of(request.headers());
    let mut entry = Request {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        status: 0,
        user_agent: text_of(request.headers(), header::USER_AGENT),
        headers: telling(request.headers()),
        credential: credential.0.clone(),
        body: Bytes::new(),
    };
    if gate.keep_bodies {
        let (head, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
            return refusal(&gate, 413, None);
        };
        entry.body = body.clone();
        request = Received::from_parts(head, Body::from(body));
    }
    request.extensions_mut().insert(credential);
    let (delay, fault) = gate.faults.strike(&entry.method, &entry.path, &entry.query);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut answer = answer(&gate, fault, request, next, compressed).await;
    stamp(&gate, &mut answer);
    if answer.extensions().get::<BreakConnection>().is_none() {
        entry.status = answer.status().as_u16();
    }
    gate.record.push(entry);
    answer
}

async fn answer(gate: &Gate, fault: Option<Fault>, request: Received, next: Next, compressed: bool) -> Response {
    match fault {
        Some(Fault::BreakBeforeHeaders) => broken(),
        Some(Fault::Status { status, retry_after }) => refusal(gate, status, retry_after.as_deref()),
        Some(Fault::Html { status }) => html(status),
        Some(Fault::BreakAfterEffect) => {
            next.run(request).await;
            broken()
        }
        other => {
            let (mut head, body) = next.run(request).await.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            // Half of a text file is a text file: nobody could tell.
            let malformed = other == Some(Fault::MalformedJson) && is_json(&head.headers);
            let body = if malformed { body.slice(..body.len() / 2) } else { body };
            let body = if compressed && body.len() >= WORTH_COMPRESSING {
                head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                gzip(&body)
            } else {
                body
            };
            head.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(head, delivered(body, other.as_ref()))
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    text_of(headers, header::CONTENT_TYPE).contains("json")
}

/// The body as a fault lets it arrive.
fn delivered(body: Bytes, fault: Option<&Fault>) -> Body {
    let cut = || Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionAborted));
    match fault {
        // The pause lets the part before it leave the machine: what breaks at once may take it along.
        Some(Fault::Truncate { keep }) => {
            let part = body.slice(..(*keep).min(body.len().saturating_sub(1)));
            Body::from_stream(stream::iter([Ok(part)]).chain(stream::once(async move {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                cut()
            })))
        }
        Some(Fault::BreakAfterHeaders) => Body::from_stream(stream::once(async move {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            cut()
        })),
        Some(Fault::SlowBody { pause }) => {
            let pause = *pause;
            let pieces: Vec<Bytes> = body.chunks(1_024).map(Bytes::copy_from_slice).collect();
            Body::from_stream(stream::iter(pieces).then(move |piece| async move {
                tokio::time::sleep(pause).await;
                Ok::<_, std::io::Error>(piece)
            }))
        }
        _ => Body::from(body),
    }
}

fn broken() -> Response {
    let mut answer = Response::new(Body::empty());
    answer.extensions_mut().insert(BreakConnection);
    answer
}

fn refusal(gate: &Gate, status: u16, retry_after: Option<&str>) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = super::json(code, (gate.error)(status, code.canonical_reason().unwrap_or("Error")));
    match retry_after {
        Some(wait) => super::with_header(answer, "retry-after", wait),
        None => answer,
    }
}

fn html(status: u16) -> Response {
    let page = "<!DOCTYPE html><html><head><title>Something went wrong</title></head><body><h1>The gateway did not \
                get an answer.</h1></body></html>";
    let mut answer = Response::new(Body::from(page));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer
}

/// An identifier of the request, in every header of the service's own.
fn stamp(gate: &Gate, answer: &mut Response) {
    let id = Dice::new(0x1D, &[gate.served.fetch_add(1, Ordering::Relaxed)]).uuid().simple().to_string();
    if let Ok(value) = HeaderValue::from_str(&id) {
        for name in gate.id_headers {
            answer.headers_mut().insert(*name, value.clone());
        }
    }
    let date = gate.clock.as_deref().and_then(|clock| HeaderValue::from_str(&http_date(clock.now())).ok());
    if let Some(date) = date {
        answer.headers_mut().insert(header::DATE, date);
    }
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::fast());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().map(Bytes::from).unwrap_or_default()
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    text_of(headers, header::ACCEPT_ENCODING).contains("gzip")
}

fn telling(headers: &HeaderMap) -> Vec<(String, String)> {
    let tells = |name: &str| name.starts_with("x-") || name == "content-type" || name == "api-version";
    let told = headers.iter().filter(|(name, _)| tells(name.as_str()));
    told.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
