//! Files and folders of a repository: `src/{commit}/{path}`.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::files;
use super::page::{Address, Paging, Refusal};
use super::people::{API, SITE};
use super::repository::Repository;
use crate::http;
use crate::http::Parameters;
use crate::json::{self, Object};

const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// One file or folder.
enum Entry {
    File { path: String, size: usize },
    Folder { path: String },
}

/// Answers for a path at a commit: a raw file, a folder, or `format=meta` of either.
pub(super) fn answer(
    repository: &Repository<'_>,
    commit: &str,
    path: &str,
    parameters: &Parameters,
    address: &Address<'_>,
) -> Result<Response, Refusal> {
    let head = resolve(repository, commit)?;
    let path = path.trim_end_matches('/');
    let wants_meta = parameters.get("format") == Some("meta");
    if let Some(text) = files::file(repository, path) {
        if wants_meta {
            let entry = Entry::File { path: path.to_owned(), size: text.len() };
            return Ok(http::json(StatusCode::OK, written(repository, &head, &entry)));
        }
        return Ok(raw(path, text));
    }
    let tree = files::tree(repository);
    let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
    if !tree.keys().any(|file| file.starts_with(&folder)) {
        return Err(Refusal::missing(format!("No such file or directory: {path}")));
    }
    if wants_meta {
        let entry = Entry::Folder { path: path.to_owned() };
        return Ok(http::json(StatusCode::OK, written(repository, &head, &entry)));
    }
    listing(repository, &head, &entries(&tree, &folder, depth(parameters)?), parameters, address)
}

/// The commit that a branch or a (shortened) hash stands for.
fn resolve(repository: &Repository<'_>, commit: &str) -> Result<String, Refusal> {
    let head = repository.head();
    let is_hash = commit.len() >= 7 && head.starts_with(commit);
    if repository.main_branch.is_some()
        && (repository.main_branch.as_deref() == Some(commit) || is_hash || commit == "HEAD")
    {
        Ok(head)
    } else {
        Err(Refusal::missing(format!("Commit not found: {commit}")))
    }
}

fn depth(parameters: &Parameters) -> Result<usize, Refusal> {
    let depth = parameters.get("max_depth").map_or(Ok(1), str::parse);
    depth.ok().filter(|depth| *depth > 0).ok_or_else(|| Refusal::bad("Invalid max_depth"))
}

/// What lies in a folder, level by level down to the depth.
fn entries(tree: &BTreeMap<String, String>, folder: &str, depth: usize) -> Vec<Entry> {
    let mut found = BTreeSet::new();
    for (path, text) in tree {
        let Some(rest) = path.strip_prefix(folder) else { continue };
        let levels = rest.split('/').count();
        if levels <= depth {
            found.insert((levels, path.clone(), Some(text.len())));
        }
        for (position, _) in rest.match_indices('/').take(depth) {
            let level = rest[..position].split('/').count();
            found.insert((level, path[..folder.len() + position].to_owned(), None));
        }
    }
    found
        .into_iter()
        .map(|(_, path, size)| match size {
            Some(size) => Entry::File { path, size },
            None => Entry::Folder { path },
        })
        .collect()
}

fn listing(
    repository: &Repository<'_>,
    head: &str,
    entries: &[Entry],
    parameters: &Parameters,
    address: &Address<'_>,
) -> Result<Response, Refusal> {
    // Pages of this listing have names; the first one has none.
    let start = match parameters.get("page") {
        None | Some("1") => 0,
        Some(name) => {
            position_of(name).filter(|start| *start < entries.len()).ok_or_else(|| Refusal::bad("Invalid page"))?
        }
    };
    let without_page =
        Parameters::parse(parameters.get("pagelen").map(|length| format!("pagelen={length}")).as_deref());
    let paging = Paging::read(&without_page, 100)?;
    let end = start.saturating_add(paging.length()).min(entries.len());
    let next = (end < entries.len()).then(|| name_of(end));
    let body = paging.write_unnumbered(next.as_deref(), address, |values| {
        for entry in &entries[start..end] {
            values.object(|object| write(repository, head, entry, object));
        }
    });
    Ok(http::json(StatusCode::OK, body))
}

fn name_of(position: usize) -> String {
    format!("p{:x}", position * 7919)
}

fn position_of(name: &str) -> Option<usize> {
    let number = usize::from_str_radix(name.strip_prefix('p')?, 16).ok()?;
    number.is_multiple_of(7919).then_some(number / 7919)
}

fn written(repository: &Repository<'_>, head: &str, entry: &Entry) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |object| write(repository, head, entry, object));
    out
}

fn write(repository: &Repository<'_>, head: &str, entry: &Entry, object: &mut Object<'_>) {
    let (owner, slug) = (&repository.world.workspace.slug, &repository.slug);
    let (path, slash) = match entry {
        Entry::File { path, .. } => (path, ""),
        Entry::Folder { path } => (path, "/"),
    };
    let escaped = utf8_percent_encode(path, IN_PATHS);
    object.text("path", path);
    object.object("commit", |commit| {
        commit.text("hash", head);
        commit.object("links", |links| {
            links.link("self", format_args!("{API}/repositories/{owner}/{slug}/commit/{head}"));
            links.link("html", format_args!("{SITE}/{owner}/{slug}/commits/{head}"));
        });
        commit.text("type", "commit");
    });
    match entry {
        Entry::File { size, .. } => {
            object.text("type", "commit_file");
            object.array("attributes", |_| {});
            object.format("escaped_path", format_args!("{escaped}"));
            object.number("size", *size as u64);
            object.text("mimetype", mime(path));
        }
        Entry::Folder { .. } => object.text("type", "commit_directory"),
    }
    object.object("links", |links| {
        links.link("self", format_args!("{API}/repositories/{owner}/{slug}/src/{head}/{escaped}{slash}"));
        links.link("meta", format_args!("{API}/repositories/{owner}/{slug}/src/{head}/{escaped}{slash}?format=meta"));
        if matches!(entry, Entry::File { .. }) {
            links.link("history", format_args!("{API}/repositories/{owner}/{slug}/filehistory/{head}/{escaped}"));
        }
    });
}

fn raw(path: &str, text: String) -> Response {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let mut answer = Response::new(Body::from(text));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(mime(path)));
    let answer = http::with_header(answer, "etag", &tag);
    http::with_header(answer, "content-disposition", "attachment")
}

fn mime(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("md") => "text/markdown",
        Some("yaml" | "yml") => "application/x-yaml",
        Some("json") => "application/json",
        _ => "text/plain",
    }
}
