//! One request on the wire, from sending it to the last byte of its answer.

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Request, Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};

use super::treatment::BodyMode;

/// What came of one request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A complete answer.
    Whole(Answer),
    /// An answer with success whose body is still to be read by the caller.
    Open(Response),
    /// More than we read.
    TooLarge,
    /// The connection, the body or the request itself failed.
    Failed(reqwest::Error),
    /// The body ended before its content did.
    CutOff(CutOff),
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
}

/// What comes before the body.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) version: http::Version,
    pub(crate) headers: HeaderMap,
    pub(crate) url: reqwest::Url,
}

impl Head {
    pub(crate) fn of(response: &Response) -> Self {
        Self {
            status: response.status(),
            version: response.version(),
            headers: response.headers().clone(),
            url: response.url().clone(),
        }
    }
}

/// A body that ended too early without the connection saying so.
#[derive(Debug, thiserror::Error)]
#[error("the answer was cut off after {length} bytes")]
pub(crate) struct CutOff {
    length: usize,
}

impl Reply {
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.head().map(|(status, _)| status)
    }

    pub(crate) fn headers(&self) -> Option<&HeaderMap> {
        self.head().map(|(_, headers)| headers)
    }

    fn head(&self) -> Option<(StatusCode, &HeaderMap)> {
        match self {
            Self::Whole(answer) => Some((answer.head.status, &answer.head.headers)),
            Self::Open(response) => Some((response.status(), response.headers())),
            Self::TooLarge | Self::Failed(_) | Self::CutOff(_) => None,
        }
    }
}

/// Sends the request with this authorisation and reads the answer, up to `max_body` bytes of it.
pub(crate) async fn send(
    client: &Client,
    mut request: Request,
    authorization: Option<HeaderValue>,
    mode: BodyMode,
    max_body: usize,
) -> Reply {
    request.headers_mut().remove(header::AUTHORIZATION);
    if let Some(value) = authorization {
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    match client.execute(request).await {
        Err(error) => Reply::Failed(error.without_url()),
        Ok(response) if mode == BodyMode::Stream && response.status().is_success() => Reply::Open(response),
        Ok(response) => read(response, max_body).await,
    }
}

async fn read(mut response: Response, max_body: usize) -> Reply {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    if announced > max_body {
        return Reply::TooLarge;
    }
    let mut body = BytesMut::with_capacity(announced.min(1 << 20));
    loop {
        match response.chunk().await {
            Err(error) => return Reply::Failed(error.without_url()),
            Ok(None) => break,
            Ok(Some(chunk)) if chunk.len() > max_body.saturating_sub(body.len()) => return Reply::TooLarge,
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
        }
    }
    if ended_early(&response, &body) {
        return Reply::CutOff(CutOff { length: body.len() });
    }
    Reply::Whole(Answer { head: Head::of(&response), body: body.freeze() })
}

/// Whether JSON ended too early. HTTP itself notices, except where a proxy ends the body by closing the connection.
fn ended_early(response: &Response, body: &[u8]) -> bool {
    let headers = response.headers();
    let measured = headers.contains_key(header::CONTENT_LENGTH)
        || headers.contains_key(header::TRANSFER_ENCODING)
        || response.version() >= http::Version::HTTP_2;
    let is_json =
        headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if measured || !is_json || !response.status().is_success() {
        return false;
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err_and(|error| error.is_eof())
}
