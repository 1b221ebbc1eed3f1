//! Files and folders of a repository: `raw`, `browse`, `files`.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::commit;
use super::files;
use super::page::Paging;
use super::refusal::Refusal;
use super::repository::Repository;
use crate::http::{self, Parameters};
use crate::json::{self, Object};

/// The most lines, or entries of a folder, on one page of `browse`.
const BROWSED: usize = 5_000;

/// One file of a repository as it is, whatever it contains.
pub(super) fn raw(repository: &Repository<'_>, path: &str, parameters: &Parameters) -> Result<Response, Refusal> {
    let revision = revision(repository, parameters)?;
    let text = files::tree(repository).remove(path).ok_or_else(|| Refusal::no_path(path, &revision))?;
    let mut answer = Response::new(Body::from(text));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    Ok(http::with_header(answer, "x-content-type-options", "nosniff"))
}

/// A file line by line, or what lies in a folder.
pub(super) fn browse(repository: &Repository<'_>, path: &str, parameters: &Parameters) -> Result<Response, Refusal> {
    let revision = revision(repository, parameters)?;
    let path = path.trim_matches('/');
    let tree = files::tree(repository);
    let paging = Paging::read(parameters, BROWSED)?;
    let body = match tree.get(path) {
        Some(text) => lines(text, paging),
        None => folder(&tree, path, &revision, paging).ok_or_else(|| Refusal::no_path(path, &revision))?,
    };
    Ok(http::json(StatusCode::OK, body))
}

/// The paths of all files below a folder, relative to it.
pub(super) fn paths(
    repository: &Repository<'_>,
    path: &str,
    parameters: &Parameters,
    granted: usize,
) -> Result<Response, Refusal> {
    let revision = revision(repository, parameters)?;
    let tree = files::tree(repository);
    let prefix = prefix(path.trim_matches('/'));
    let found: Vec<&str> = tree.keys().filter_map(|file| file.strip_prefix(&prefix)).collect();
    if found.is_empty() {
        return Err(Refusal::no_path(path, &revision));
    }
    let paging = Paging::read(parameters, granted)?;
    let body = paging.write(&found, |_| true, |path, values| json::string(values.item(), path));
    Ok(http::json(StatusCode::OK, body))
}

/// The revision asked for, the default branch where none is; refused where the repository has no such.
fn revision(repository: &Repository<'_>, parameters: &Parameters) -> Result<String, Refusal> {
    match parameters.get("at") {
        Some(at) if commit::resolve(repository, at).is_some() => Ok(at.to_owned()),
        Some(at) => Err(Refusal::no_commit(at, &repository.slug)),
        None if repository.is_empty => Err(Refusal::no_default_branch(&repository.slug, &repository.default_branch)),
        None => Ok(format!("refs/heads/{}", repository.default_branch)),
    }
}

fn prefix(folder: &str) -> String {
    if folder.is_empty() { String::new() } else { format!("{folder}/") }
}

fn lines(text: &str, paging: Paging) -> Vec<u8> {
    let lines: Vec<&str> = text.lines().collect();
    let write = |line: &&str, values: &mut json::Array<'_>| values.object(|object| object.text("text", line));
    paging.write_as("lines", &lines, |_| true, write)
}

fn folder(tree: &BTreeMap<String, String>, path: &str, revision: &str, paging: Paging) -> Option<Vec<u8>> {
    let prefix = prefix(path);
    // Name to size, which a folder has none of.
    let mut entries: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for (file, text) in tree {
        let Some(rest) = file.strip_prefix(&prefix) else { continue };
        match rest.split_once('/') {
            Some((name, _)) => entries.insert(name, None),
            None => entries.insert(rest, Some(text.len())),
        };
    }
    if entries.is_empty() {
        return None;
    }
    let entries: Vec<(&str, Option<usize>)> = entries.into_iter().collect();
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        body.object("path", |object| write_path(path, object));
        body.text("revision", revision);
        let page = paging.write(
            &entries,
            |_| true,
            |entry, values| {
                values.object(|object| {
                    object.object("path", |path| write_path(entry.0, path));
                    match entry.1 {
                        Some(size) => {
                            object.text("type", "FILE");
                            object.number("size", size as u64);
                        }
                        None => object.text("type", "DIRECTORY"),
                    }
                });
            },
        );
        body.key("children").extend_from_slice(&page);
    });
    Some(out)
}

fn write_path(path: &str, object: &mut Object<'_>) {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    object.array("components", |components| {
        for component in path.split('/').filter(|component| !component.is_empty()) {
            json::string(components.item(), component);
        }
    });
    object.text("parent", parent);
    object.text("name", name);
    if let Some((_, extension)) = name.rsplit_once('.') {
        object.text("extension", extension);
    }
    object.text("toString", path);
}
