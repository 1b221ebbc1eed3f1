//! One repository: itself, its pull requests, commits, branches and files.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::commit as history;
use super::listing;
use super::pull_request::PullRequest;
use super::refusal::Refusal;
use super::repository::Repository;
use super::route::{Answer, Asked, object};
use super::server::Shared;
use super::source;
use crate::json::Object;

type Place = Path<(String, String)>;
type Within = Path<(String, String, String)>;
/// Of paths whose last part may be missing.
type Parts = Path<HashMap<String, String>>;

pub(super) async fn repository(State(shared): State<Arc<Shared>>, Path((key, slug)): Place, asked: Asked) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, &key, &slug)?;
    Ok(object(StatusCode::OK, |object| repository.write(object)))
}

pub(super) async fn pull_requests(State(shared): State<Arc<Shared>>, Path((key, slug)): Place, asked: Asked) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, &key, &slug)?;
    let ids = listing::pull_requests(&repository, &asked.parameters)?;
    asked.page(
        &ids,
        |_| true,
        |id, object| {
            if let Some(request) = PullRequest::of(&repository, *id) {
                request.write(object);
            }
        },
    )
}

pub(super) async fn pull_request(
    State(shared): State<Arc<Shared>>,
    Path((key, slug, id)): Within,
    asked: Asked,
) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, &key, &slug)?;
    let request = id.parse().ok().and_then(|id| PullRequest::of(&repository, id));
    let request = request.ok_or_else(|| Refusal::no_pull_request(&id, &key, &slug))?;
    Ok(object(StatusCode::OK, |object| request.write(object)))
}

pub(super) async fn commits(State(shared): State<Arc<Shared>>, Path((key, slug)): Place, asked: Asked) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, &key, &slug)?;
    let last = match asked.parameters.get("until") {
        Some(until) => {
            history::resolve(&repository, until).ok_or_else(|| Refusal::no_commit(until, &repository.slug))?
        }
        None if repository.is_empty => return Err(no_branch(&repository)),
        None => history::count(&repository),
    };
    let first = asked.parameters.get("since").and_then(|since| history::resolve(&repository, since)).unwrap_or(0);
    let numbers: Vec<u64> = (first + 1..=last).rev().collect();
    asked.page(&numbers, |_| true, |number, object| history::write(&repository, *number, object))
}

pub(super) async fn commit(
    State(shared): State<Arc<Shared>>,
    Path((key, slug, revision)): Within,
    asked: Asked,
) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, &key, &slug)?;
    let number = history::resolve(&repository, &revision);
    let number = number.ok_or_else(|| Refusal::no_commit(&revision, &repository.slug))?;
    Ok(object(StatusCode::OK, |object| history::write(&repository, number, object)))
}

/// The default branch with its latest commit; refused where it does not exist.
pub(super) async fn default_branch(
    State(shared): State<Arc<Shared>>,
    Path((key, slug)): Place,
    asked: Asked,
) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, &key, &slug)?;
    if repository.is_empty {
        return Err(no_branch(&repository));
    }
    Ok(object(StatusCode::OK, |branch| {
        write_branch(&repository, branch);
        let head = history::head(&repository);
        branch.text("latestCommit", &head);
        branch.text("latestChangeset", &head);
        branch.flag("isDefault", true);
    }))
}

/// The configured default branch, whether or not it exists.
pub(super) async fn configured_branch(
    State(shared): State<Arc<Shared>>,
    Path((key, slug)): Place,
    asked: Asked,
) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, &key, &slug)?;
    if !world.version.has_default_branch() {
        return Err(Refusal::no_resource(format!("projects/{key}/repos/{slug}/default-branch")));
    }
    Ok(object(StatusCode::OK, |branch| write_branch(&repository, branch)))
}

fn write_branch(repository: &Repository<'_>, branch: &mut Object<'_>) {
    branch.format("id", format_args!("refs/heads/{}", repository.default_branch));
    branch.text("displayId", &repository.default_branch);
    branch.text("type", "BRANCH");
}

fn no_branch(repository: &Repository<'_>) -> Refusal {
    Refusal::no_default_branch(&repository.slug, &repository.default_branch)
}

pub(super) async fn raw(State(shared): State<Arc<Shared>>, Path((key, slug, path)): Within, asked: Asked) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, &key, &slug)?;
    source::raw(&repository, &path, &asked.parameters)
}

pub(super) async fn browse(State(shared): State<Arc<Shared>>, Path(parts): Parts, asked: Asked) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, part(&parts, "key"), part(&parts, "slug"))?;
    source::browse(&repository, part(&parts, "path"), &asked.parameters)
}

pub(super) async fn files(State(shared): State<Arc<Shared>>, Path(parts): Parts, asked: Asked) -> Answer {
    let world = shared.world();
    let repository = asked.repository(&world, part(&parts, "key"), part(&parts, "slug"))?;
    source::paths(&repository, part(&parts, "path"), &asked.parameters, asked.granted)
}

fn part<'a>(parts: &'a HashMap<String, String>, name: &str) -> &'a str {
    parts.get(name).map_or("", String::as_str)
}
