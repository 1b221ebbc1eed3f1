//! Where Bitbucket is, and whether a link leads there.

use std::fmt;

use url::Url;

use super::refusal::Refusal;

/// The public address of Bitbucket Cloud's API, which its answers name in links even behind a gateway.
const PUBLIC: &str = "https://api.bitbucket.org";
/// The path under which the public service has its API.
const PUBLIC_PATH: &str = "/2.0";

/// The address of the API that is spoken to, without a slash at its end: `https://api.bitbucket.org/2.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a base URL cannot be used. Never contains what might be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL at all.
    #[error("{0:?} is no URL: expected something like https://bitbucket.example.org")]
    NoUrl(String),
    /// Neither http nor https.
    #[error("the base URL begins with {0}: expected https:// (or http:// for a server without TLS)")]
    Scheme(String),
    /// Username or password inside.
    #[error("the base URL contains a username or password: set them as settings of their own")]
    UserInfo,
    /// A query or fragment at the end.
    #[error("the base URL must end with its path: remove the ? or # and what follows")]
    Query,
}

impl BaseUrl {
    /// Reads a base URL: http or https, with or without a path, without user, query or fragment.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim();
        // What cannot be read is shown only if no password can be in it.
        let unreadable =
            |_| if text.contains('@') { BaseUrlError::UserInfo } else { BaseUrlError::NoUrl(text.to_owned()) };
        let mut url = Url::parse(text).map_err(unreadable)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::UserInfo);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BaseUrlError::Scheme(url.scheme().to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::Query);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The URL as generated clients want it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Whether tokens would travel unencrypted; the caller warns.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// The URL to fetch for a link in an answer.
    ///
    /// A link to this origin is taken as it is, a relative one too; one to the service's public origin is moved onto
    /// this base, since a gateway passes answers on unchanged; any other is refused, so that no token goes there.
    pub fn resolve(&self, link: &str) -> Result<Url, Refusal> {
        let url = self.0.join(link).map_err(|_| Refusal::BrokenLink)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(self.foreign(&url));
        }
        if url.origin() == self.0.origin() {
            return Ok(url);
        }
        let public = Url::parse(PUBLIC).map_err(|_| Refusal::BrokenLink)?;
        if url.origin() == public.origin() { Ok(self.rebase(&url)) } else { Err(self.foreign(&url)) }
    }

    fn rebase(&self, url: &Url) -> Url {
        let path = url.path();
        let below =
            path.strip_prefix(PUBLIC_PATH).filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(path);
        let mut rebased = self.0.clone();
        rebased.set_path(&format!("{}{below}", self.0.path().trim_end_matches('/')));
        rebased.set_query(url.query());
        rebased
    }

    fn foreign(&self, url: &Url) -> Refusal {
        Refusal::ForeignLink {
            origin: url.origin().ascii_serialization(),
            expected: self.0.origin().ascii_serialization(),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://api.bitbucket.org/2.0/", "https://api.bitbucket.org/2.0")]
    #[case(" https://bitbucket.example.org/context/ ", "https://bitbucket.example.org/context")]
    #[case("http://localhost:7990", "http://localhost:7990")]
    fn usable(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(BaseUrl::parse(text).unwrap().as_str(), shown);
    }

    #[rstest]
    #[case("bitbucket.example.org", BaseUrlError::NoUrl("bitbucket.example.org".to_owned()))]
    #[case("ftp://example.org", BaseUrlError::Scheme("ftp".to_owned()))]
    #[case("https://me:hush@example.org", BaseUrlError::UserInfo)]
    #[case("https://me@example.org", BaseUrlError::UserInfo)]
    #[case("me:hush@[example", BaseUrlError::Scheme("me".to_owned()))]
    #[case("https://me:hush@exa mple", BaseUrlError::UserInfo)]
    #[case("https://example.org/?a=b", BaseUrlError::Query)]
    fn unusable(#[case] text: &str, #[case] error: BaseUrlError) {
        let found = BaseUrl::parse(text).unwrap_err();
        assert_eq!(found, error);
        assert!(!found.to_string().contains("hush"));
    }

    #[rstest]
    #[case::same(
        "https://api.bitbucket.org/2.0",
        "https://api.bitbucket.org/2.0/repositories/a?page=2&q=x%20y",
        "https://api.bitbucket.org/2.0/repositories/a?page=2&q=x%20y"
    )]
    #[case::same_in_other_words(
        "https://api.bitbucket.org/2.0",
        "https://API.bitbucket.org:443/2.0/a?page=2",
        "https://api.bitbucket.org/2.0/a?page=2"
    )]
    #[case::gateway(
        "http://gateway:8080/bitbucket",
        "https://api.bitbucket.org/2.0/a?page=2",
        "http://gateway:8080/bitbucket/a?page=2"
    )]
    #[case::gateway_with_version(
        "http://gateway/bb/2.0",
        "https://api.bitbucket.org/2.0/a?page=2",
        "http://gateway/bb/2.0/a?page=2"
    )]
    #[case::gateway_at_root("http://gateway", "https://api.bitbucket.org/2.0/a?ctx=z%3D", "http://gateway/a?ctx=z%3D")]
    #[case::other_version("http://gateway/2.0", "https://api.bitbucket.org/2.0beta/a", "http://gateway/2.0/2.0beta/a")]
    #[case::relative("http://gateway/2.0", "/2.0/a?page=3", "http://gateway/2.0/a?page=3")]
    fn links(#[case] base: &str, #[case] link: &str, #[case] wanted: &str) {
        assert_eq!(BaseUrl::parse(base).unwrap().resolve(link).unwrap().as_str(), wanted);
    }

    #[rstest]
    #[case("https://evil.example.org/2.0/a")]
    #[case("http://api.bitbucket.org/2.0/a")]
    #[case("https://api.bitbucket.org.evil.example.org/2.0")]
    #[case("https://api.bitbucket.org@evil.example.org/2.0")]
    #[case("https://me:hush@api.bitbucket.org/2.0")]
    #[case("//evil.example.org/2.0/a")]
    #[case("file:///etc/passwd")]
    #[case("javascript:alert(1)")]
    fn foreign_links_are_refused(#[case] link: &str) {
        for base in ["https://api.bitbucket.org/2.0", "http://gateway/2.0"] {
            let refusal = BaseUrl::parse(base).unwrap().resolve(link).unwrap_err();
            assert!(matches!(refusal, Refusal::ForeignLink { .. }), "{refusal:?}");
            assert!(!refusal.to_string().contains("hush"));
        }
    }

    proptest! {
        #[test]
        fn whatever_the_link_the_token_stays_at_home(link in "(https?:)?(//|\\\\\\\\|/)?[a-z.@:0-9/\\\\?#%\\[\\]é-]{0,60}") {
            let base = BaseUrl::parse("http://gateway:8080/bb").unwrap();
            if let Ok(url) = base.resolve(&link) {
                prop_assert_eq!(url.origin().ascii_serialization(), "http://gateway:8080");
                prop_assert!(url.username().is_empty());
            }
        }

        #[test]
        fn rebasing_keeps_path_and_query(path in "(/[a-z][a-zA-Z0-9%7B_.-]{0,10}){1,4}", query in "[a-z0-9=&%2C]{1,30}") {
            let public = BaseUrl::parse("https://api.bitbucket.org/2.0").unwrap();
            let link = format!("https://api.bitbucket.org/2.0{path}?{query}");
            let plain = public.resolve(&link).unwrap();
            let moved = BaseUrl::parse("http://gateway/x").unwrap().resolve(&link).unwrap();
            prop_assert_eq!(plain.query(), moved.query());
            prop_assert_eq!(plain.path().strip_prefix("/2.0"), moved.path().strip_prefix("/x"));
        }
    }
}
