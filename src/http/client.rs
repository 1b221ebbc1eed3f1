//! The one way to build an HTTP client.

use std::time::Duration;

use super::tls::{TlsError, TlsSettings, tls_config};

/// How to reach services.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Whom to trust.
    pub tls: TlsSettings,
    /// Value of the `User-Agent` header.
    pub user_agent: String,
    /// Longest time to come to a connection.
    pub connect_timeout: Duration,
    /// Longest silence while an answer is read.
    pub read_timeout: Duration,
    /// Longest time for one attempt, from connecting to the last byte. Streams are exempt where the caller says so.
    pub total_timeout: Duration,
    /// Connections kept open for reuse, per host.
    pub idle_connections: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            tls: TlsSettings::default(),
            user_agent: concat!("bitbucket-port/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(60),
            idle_connections: 32,
        }
    }
}

/// Why no HTTP client could be built.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Another setting cannot be used.
    #[error("no HTTP client can be built from the settings; check the proxy variables and the user agent")]
    Build(#[source] reqwest::Error),
}

/// A client that follows the environment's proxies (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), takes
/// gzip, reuses connections and follows no redirects: a redirect could carry a token to another host.
pub fn http_client(settings: &HttpSettings) -> Result<reqwest::Client, HttpClientError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(&settings.tls)?)
        .user_agent(&settings.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        // Repetitions are decided in one place, by the callers' own policy.
        .retry(reqwest::retry::never())
        .gzip(true)
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .timeout(settings.total_timeout)
        .pool_max_idle_per_host(settings.idle_connections)
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_keepalive(Duration::from_secs(30))
        .tcp_nodelay(true)
        .build()
        .map_err(HttpClientError::Build)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_built_without_a_provider_for_the_process() {
        assert!(http_client(&HttpSettings::default()).is_ok());
    }

    #[test]
    fn a_user_agent_that_is_no_header_value_is_an_error() {
        let settings = HttpSettings { user_agent: "two\nlines".to_owned(), ..HttpSettings::default() };
        assert!(matches!(http_client(&settings), Err(HttpClientError::Build(_))));
    }
}
