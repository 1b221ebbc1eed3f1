//! A Bitbucket Data Center: which root of the API it has, and its version.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::call_error::CallError;
use super::datacenter::Client;
use super::server_version::ServerVersion;
use super::transport::Transport;

/// The roots of the API, the preferred one first. Older servers only know the second.
const ROOTS: [&str; 2] = ["/rest/api/latest", "/rest/api/1.0"];

/// A server at an address. Its first use finds out which root of the API it has; clones share what was found.
#[derive(Debug, Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Without a slash at its end.
    base: String,
    http: reqwest::Client,
    transport: Transport,
    found: OnceCell<Found>,
}

#[derive(Debug)]
struct Found {
    client: Client,
    version: Option<ServerVersion>,
}

impl Server {
    /// The server at `base` (context path included), asked through `http` and `transport`. Nothing is sent yet.
    #[must_use]
    pub fn new(base: &str, http: reqwest::Client, transport: Transport) -> Self {
        Self { shared: Arc::new(Shared { base: without_api(base), http, transport, found: OnceCell::new() }) }
    }

    /// The client for the root of the API that the server has.
    ///
    /// # Errors
    /// The server does not answer, refuses, or is no Bitbucket.
    pub async fn client(&self) -> Result<&Client, CallError> {
        Ok(&self.found().await?.client)
    }

    /// The version that the server tells; `None` when it tells none that can be read.
    ///
    /// # Errors
    /// The server does not answer, refuses, or is no Bitbucket.
    pub async fn version(&self) -> Result<Option<&ServerVersion>, CallError> {
        Ok(self.found().await?.version.as_ref())
    }

    async fn found(&self) -> Result<&Found, CallError> {
        self.shared.found.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<Found, CallError> {
        let [latest, old] = ROOTS;
        match self.ask(latest).await {
            Err(error) if error.is_gone() => self.ask(old).await,
            found => found,
        }
    }

    async fn ask(&self, root: &str) -> Result<Found, CallError> {
        let Shared { base, http, transport, .. } = &*self.shared;
        let client = Client::new_with_client(&format!("{base}{root}"), http.clone(), transport.clone());
        let properties = client.get_application_properties().send().await?.into_inner();
        let told = properties.version.unwrap_or_default();
        let version = told.parse::<ServerVersion>();
        match &version {
            Ok(version) => tracing::debug!("{base} is Bitbucket {version}, asked at {root}"),
            Err(error) => tracing::warn!("the server at {base} does not tell its version: {error}"),
        }
        Ok(Found { client, version: version.ok() })
    }
}

/// The address without the path of the API, which some give along.
fn without_api(base: &str) -> String {
    let mut base = base.trim_end_matches('/');
    for tail in [ROOTS[0], ROOTS[1], "/rest/api", "/rest"] {
        base = base.strip_suffix(tail).unwrap_or(base);
    }
    base.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_hold_the_path_of_the_api() {
        for given in ["https://a/b", "https://a/b/", "https://a/b/rest", "https://a/b/rest/api/1.0/"] {
            assert_eq!(without_api(given), "https://a/b", "{given}");
        }
    }
}
