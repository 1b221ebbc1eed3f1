//! A tiny Port for tests: answers by a function, remembers what was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::{Identity, PortClient, PortConnection};
use crate::http::{Clock, HttpSettings, ManualClock, Moment, SystemClock, TlsSettings, Verification, http_client};

/// Sat, 04 May 2024 10:00:00 GMT, the time at the stub.
pub(crate) const DATE: &str = "Sat, 04 May 2024 10:00:00 GMT";

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) agent: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

impl Seen {
    pub(crate) fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    cut: bool,
    delay: Duration,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self { status, headers: vec![], body: body.to_owned(), cut: false, delay: Duration::ZERO }
    }

    pub(crate) fn ok() -> Self {
        Self::json(200, &json!({ "ok": true }))
    }

    pub(crate) fn status(status: u16) -> Self {
        let body = json!({ "ok": false, "error": "fault", "message": "said no" });
        Self::json(status, &body).header("x-trace-id", "trace-1")
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same, but the connection breaks before the body ends.
    pub(crate) fn cut(self) -> Self {
        Self { cut: true, ..self }
    }

    /// The same after a moment, so that others can arrive meanwhile.
    pub(crate) fn slowly(self) -> Self {
        Self { delay: Duration::from_millis(20), ..self }
    }

    fn response(self) -> Response {
        let mut response = Response::builder().status(StatusCode::from_u16(self.status).unwrap());
        let has = |name: &str| self.headers.iter().any(|(set, _)| *set == name);
        if !has("date") {
            response = response.header("date", DATE);
        }
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        let body = if self.cut {
            let half = Bytes::from(self.body[..self.body.len() / 2].to_owned());
            let parts = [Ok(half), Err(std::io::Error::other("cut"))];
            Body::from_stream(futures::stream::iter(parts))
        } else {
            Body::from(self.body)
        };
        response.body(body).unwrap()
    }
}

type Answers = dyn Fn(&Seen) -> Option<Reply> + Send + Sync;

/// The server.
pub(crate) struct Stub {
    url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A token that lives as long as told; each has another number.
pub(crate) fn token(nth: usize, seconds: u64) -> Reply {
    let body =
        json!({ "ok": true, "accessToken": format!("token-{nth}"), "expiresIn": seconds, "tokenType": "Bearer" });
    Reply::json(200, &body)
}

impl Stub {
    /// A server that answers by this function; where it has no answer, tokens are given and all else is not found.
    pub(crate) async fn start(answers: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answers): (_, Arc<Answers>) = (Arc::clone(&seen), Arc::new(answers));
        let handle = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let (log, answers) = (Arc::clone(&log), Arc::clone(&answers));
            async move { answer(&log, &*answers, &method, &uri, &headers, &body).await }
        };
        let app = axum::Router::new().fallback(handle);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    /// A server that gives these answers in turn to all but requests for tokens.
    pub(crate) async fn in_turn(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        Self::start(
            move |seen| {
                if seen.path == "/v1/auth/access_token" { None } else { replies.lock().unwrap().pop_front() }
            },
        )
        .await
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// What arrived so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// What arrived so far besides requests for tokens.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.path != "/v1/auth/access_token").collect()
    }

    /// Methods and paths of what arrived so far.
    pub(crate) fn routes(&self) -> Vec<String> {
        self.seen().iter().map(Seen::route).collect()
    }

    /// A client whose waits take no time.
    pub(crate) fn client(&self) -> PortClient {
        self.client_by(jumping())
    }

    /// A client in real time.
    pub(crate) fn real_client(&self) -> PortClient {
        self.client_by(Arc::new(SystemClock::new()))
    }

    pub(crate) fn client_by(&self, clock: Arc<dyn Clock>) -> PortClient {
        client(self.url.clone(), "client-id", clock)
    }
}

/// A client for plain HTTP: without reading the system's certificates, which takes longer than a test.
pub(crate) fn plain_http() -> reqwest::Client {
    let tls = TlsSettings { verification: Verification::Skip, ..TlsSettings::default() };
    http_client(&HttpSettings { tls, ..HttpSettings::default() }).unwrap()
}

pub(crate) fn jumping() -> Arc<ManualClock> {
    Arc::new(ManualClock::jumping(Moment::from_millis(1_000_000)))
}

pub(crate) fn client(url: Url, id: &str, clock: Arc<dyn Clock>) -> PortClient {
    let identity = Identity {
        integration_type: "bitbucket-cloud".to_owned(),
        version: "9.8.7".to_owned(),
        identifier: "my-bitbucket".to_owned(),
    };
    let connection = PortConnection::new(url, SecretString::from(id), SecretString::from("client-secret"), identity);
    PortClient::new(connection, plain_http(), clock)
}

async fn answer(
    log: &Mutex<Vec<Seen>>,
    answers: &Answers,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let seen = Seen {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        agent: header("user-agent").unwrap_or_default(),
        authorization: header("authorization"),
        body: serde_json::from_slice(body).unwrap_or_default(),
    };
    log.lock().unwrap().push(seen.clone());
    let reply = answers(&seen).unwrap_or_else(|| match seen.path.as_str() {
        "/v1/auth/access_token" => token(1, 10_800),
        _ => Reply::status(404),
    });
    tokio::time::sleep(reply.delay).await;
    reply.response()
}
