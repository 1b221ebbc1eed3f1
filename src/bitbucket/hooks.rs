//! How generated clients send their requests through the transport.
//!
//! Generated code expects each client to implement [`progenitor_client::ClientHooks`]; its `pre` calls [`prepare`], its
//! `exec` calls [`exec`].

use progenitor_client::{ClientInfo, OperationInfo};
use reqwest::{Request, Response, header::HeaderName};

use super::transport::Transport;

/// The header that generated clients add and Bitbucket has no use for.
const API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// Prepares a request of a generated client: no `api-version` header, and the slashes of a file's path as slashes.
pub(crate) fn prepare(request: &mut Request) {
    request.headers_mut().remove(API_VERSION);
    if let Some(path) = with_file_slashes(request.url().path()) {
        request.url_mut().set_path(&path);
    }
}

/// The path with `%2F` as `/` in the part that names a file: generated clients encode each parameter as one
/// segment, and the file's path is one parameter. `None` where nothing changes.
///
/// Only paths of the form `…/repositories/{workspace}/{repo_slug}/src/{commit}/{path}` (or `filehistory`) and, for
/// Data Center, `…/repos/{slug}/{raw,browse,files}/{path}` name files. A branch such as `feature%2Fx` stays one segment.
fn with_file_slashes(path: &str) -> Option<String> {
    let start = file_path_start(path)?;
    let (before, file) = path.split_at_checked(start)?;
    if !file.contains("%2F") && !file.contains("%2f") {
        return None;
    }
    Some(format!("{before}{}", file.replace("%2F", "/").replace("%2f", "/")))
}

/// Where the path of a file begins in a request's path.
fn file_path_start(path: &str) -> Option<usize> {
    let mut ends = Vec::new();
    let mut segments = Vec::new();
    let mut position = 0;
    for segment in path.split('/') {
        position += segment.len() + 1;
        segments.push(segment);
        ends.push(position);
    }
    let find = |name: &str, offset: usize, markers: &[&str], fixed: usize| {
        let base = segments.iter().position(|segment| *segment == name)?;
        let marker = base + offset;
        let is_marked = segments.get(marker).is_some_and(|segment| markers.contains(segment));
        if is_marked { ends.get(marker + fixed).copied() } else { None }
    };
    let start = find("repositories", 3, &["src", "filehistory"], 1)
        .or_else(|| find("repos", 2, &["raw", "browse", "files"], 0))?;
    (start < path.len()).then_some(start)
}

/// Sends a request of a generated client: what its `exec` hook does.
pub(crate) async fn exec<C: ClientInfo<Transport>>(
    client: &C,
    request: Request,
    info: &OperationInfo,
) -> reqwest::Result<Response> {
    client.inner().execute(client.client(), request, info.operation_id).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::file(
        "/2.0/repositories/acme/shop/src/main/docs%2Fguide%2Fintro.md",
        Some("/2.0/repositories/acme/shop/src/main/docs/guide/intro.md")
    )]
    #[case::branch_stays(
        "/2.0/repositories/acme/shop/src/feature%2Fx/a%2fb",
        Some("/2.0/repositories/acme/shop/src/feature%2Fx/a/b")
    )]
    #[case::no_slash("/2.0/repositories/acme/shop/src/main/README.md", None)]
    #[case::root("/2.0/repositories/acme/shop/src/main/", None)]
    #[case::no_file("/2.0/repositories/acme/shop/src", None)]
    #[case::elsewhere("/2.0/repositories/acme/shop/refs/branches/feature%2Fx", None)]
    #[case::a_repository_called_src("/2.0/repositories/acme/src/refs/a%2Fb/c", None)]
    #[case::gateway(
        "/gateway/repositories/acme/shop/src/main/a%2Fb",
        Some("/gateway/repositories/acme/shop/src/main/a/b")
    )]
    #[case::data_center(
        "/rest/api/latest/projects/A/repos/shop/raw/a%2Fb.md",
        Some("/rest/api/latest/projects/A/repos/shop/raw/a/b.md")
    )]
    #[case::data_center_branch("/rest/api/latest/projects/A/repos/shop/branches/a%2Fb", None)]
    #[case::other_escapes(
        "/2.0/repositories/acme/shop/src/main/a%20b%2Fc%25",
        Some("/2.0/repositories/acme/shop/src/main/a%20b/c%25")
    )]
    fn file_paths(#[case] path: &str, #[case] wanted: Option<&str>) {
        assert_eq!(with_file_slashes(path).as_deref(), wanted);
    }

    #[test]
    fn the_version_header_goes_and_the_rest_stays() {
        let url = "http://localhost/2.0/repositories/a/b/src/c/d%2Fe?at=x%2Fy".parse().unwrap();
        let mut request = Request::new(reqwest::Method::GET, url);
        request.headers_mut().insert("api-version", "1".parse().unwrap());
        request.headers_mut().insert("accept", "text/plain".parse().unwrap());
        prepare(&mut request);
        assert_eq!(request.url().as_str(), "http://localhost/2.0/repositories/a/b/src/c/d/e?at=x%2Fy");
        assert_eq!(request.headers().keys().collect::<Vec<_>>(), ["accept"]);
    }

    proptest! {
        #[test]
        fn any_path_is_taken(path in "(/[a-z%2F.]{0,8}|/src|/repositories|/repos|/raw|é){0,12}") {
            if let Some(changed) = with_file_slashes(&path) {
                prop_assert_eq!(changed.replace('/', ""), path.replace("%2F", "/").replace("%2f", "/").replace('/', "").clone());
            }
        }
    }
}
