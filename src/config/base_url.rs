//! Addresses that paths are appended to.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

/// Root of an HTTP service: `http` or `https`, a host, perhaps a path; no credentials, query or trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The address without a trailing slash, ready for a path that begins with one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The parsed address.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether what is sent can be read on the way: plain HTTP to anything but this machine.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        let here = match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => false,
        };
        self.0.scheme() == "http" && !here
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BaseUrl {
    /// What is wrong, as the end of a sentence; never quotes the text.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|error| {
            let hint = if text.contains("://") { "" } else { " (it must begin with https://)" };
            format!("expected an address such as https://host.example/path: {error}{hint}")
        })?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err("expected an address that begins with https:// (or http://) and a host".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address must not hold user name or password; give them in their own settings".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("the address must end with its path; remove what begins with ? or #".into());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}
