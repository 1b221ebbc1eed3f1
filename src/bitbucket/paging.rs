//! Following the link to the next page.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use progenitor_client::ClientInfo;
use reqwest::{
    Method, Request,
    header::{ACCEPT, HeaderValue},
};
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    base_url::BaseUrl,
    call_error::CallError,
    call_info::{CallInfo, CallSite},
    refusal::Refusal,
    transport::Transport,
};

/// More pages than any listing of a workspace has.
const MAX_PAGES: usize = 100_000;

/// Fetches the page that a `next` link names, through the same machinery as the first one.
///
/// The link is followed as it stands after its origin was checked (see [`BaseUrl::resolve`]).
pub async fn follow<P, C>(client: &C, operation: &'static str, next: &str) -> Result<P, CallError>
where
    P: DeserializeOwned,
    C: ClientInfo<Transport>,
{
    let url = next_url(client, operation, next)?;
    let mut request = Request::new(Method::GET, url);
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    let sent = client.inner().execute(client.client(), request, operation).await;
    decode(sent.map_err(|error| CallError::Interrupted(error.without_url()))?).await
}

fn next_url<C: ClientInfo<Transport>>(client: &C, operation: &'static str, next: &str) -> Result<Url, CallError> {
    let base = BaseUrl::parse(client.baseurl()).map_err(|error| CallError::Invalid(error.to_string()))?;
    base.resolve(next).map_err(|reason| refused(operation, &base, reason))
}

fn refused(operation: &'static str, base: &BaseUrl, reason: Refusal) -> CallError {
    let call = CallSite { operation, method: Method::GET, path: format!("the next page at {base}") };
    CallError::Refused { call: Box::new(call), attempts: 0, waited: std::time::Duration::ZERO, reason }
}

async fn decode<P: DeserializeOwned>(response: reqwest::Response) -> Result<P, CallError> {
    if !response.status().is_success() {
        return Err(CallError::from_response(&response));
    }
    let info = response.extensions().get::<CallInfo>().map(|info| (info.site.clone(), info.request_id.clone()));
    let (site, request_id) = info.unzip();
    let body = response.bytes().await.map_err(|error| CallError::Interrupted(error.without_url()))?;
    serde_json::from_slice(&body).map_err(|error| CallError::undecodable(site, request_id.flatten(), body, error))
}

/// The links that one listing has followed: none twice, and not without end.
#[derive(Debug, Default)]
pub struct Trail {
    /// Hashes, so that a long listing with long links needs little memory.
    seen: HashSet<u64>,
}

impl Trail {
    /// Notes a link that is about to be followed; refused when it was followed before, or after far too many.
    pub fn step(&mut self, next: &str) -> Result<(), Refusal> {
        let pages = self.seen.len() + 1;
        if pages >= MAX_PAGES {
            return Err(Refusal::Endless { pages });
        }
        let mut hasher = DefaultHasher::new();
        next.hash(&mut hasher);
        if self.seen.insert(hasher.finish()) { Ok(()) } else { Err(Refusal::Circle { pages }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_once() {
        let mut trail = Trail::default();
        assert!(trail.step("a?page=2").is_ok() && trail.step("a?page=3").is_ok());
        assert!(matches!(trail.step("a?page=2"), Err(Refusal::Circle { pages: 3 })));
    }

    #[test]
    fn no_listing_goes_on_for_ever() {
        let mut trail = Trail::default();
        let stopped = (0..=MAX_PAGES).find_map(|page| trail.step(&page.to_string()).err());
        assert!(matches!(stopped, Some(Refusal::Endless { pages: MAX_PAGES })));
    }
}
