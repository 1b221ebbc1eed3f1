//! Which objects a listing has, by its parameters.

use super::pull_request::{self, PullRequestState};
use super::refusal::Refusal;
use super::repository::Repository;
use super::world::{RepositoryRow, World};
use crate::http::Parameters;

/// The rows of `/repos`. Archived ones only where they are asked for, on servers that know the difference.
pub(super) fn repositories<'a>(world: &'a World, parameters: &Parameters) -> Result<Vec<&'a RepositoryRow>, Refusal> {
    let archived = archived(world, parameters)?;
    let public = match parameters.get("visibility") {
        None => None,
        Some("public") => Some(true),
        Some("private") => Some(false),
        Some(other) => return Err(Refusal::bad(format!("{other} is not a visibility."))),
    };
    let filters = [
        (parameters.get("name"), Filter::Name),
        (parameters.get("projectname"), Filter::ProjectName),
        (parameters.get("projectkey"), Filter::ProjectKey),
    ];
    let fits = |row: &&RepositoryRow| {
        let project = &world.project_of(row).project;
        filters.iter().all(|(wanted, filter)| {
            wanted.is_none_or(|wanted| match filter {
                Filter::Name => contains(&row.name(), wanted),
                Filter::ProjectName => contains(&project.name, wanted),
                Filter::ProjectKey => project.is_named(wanted.trim()),
            })
        }) && (archived.is_none() && public.is_none() || {
            let repository = Repository::of(world, row);
            archived.is_none_or(|wanted| repository.archived == wanted)
                && public.is_none_or(|wanted| repository.public == wanted)
        })
    };
    Ok(world.repositories.iter().filter(fits).collect())
}

#[derive(Clone, Copy)]
enum Filter {
    Name,
    ProjectName,
    ProjectKey,
}

fn contains(text: &str, wanted: &str) -> bool {
    text.to_lowercase().contains(&wanted.trim().to_lowercase())
}

/// Which repositories are wanted: archived ones, others, or both.
fn archived(world: &World, parameters: &Parameters) -> Result<Option<bool>, Refusal> {
    if !world.version.knows_archived() {
        return Ok(None);
    }
    match parameters.get("archived").unwrap_or("ACTIVE").to_ascii_uppercase().as_str() {
        "ACTIVE" => Ok(Some(false)),
        "ARCHIVED" => Ok(Some(true)),
        "ALL" => Ok(None),
        other => Err(Refusal::bad(format!("{other} is none of ACTIVE, ARCHIVED and ALL."))),
    }
}

/// The numbers of the pull requests to list; open ones where no state is named.
pub(super) fn pull_requests(repository: &Repository<'_>, parameters: &Parameters) -> Result<Vec<u64>, Refusal> {
    let wanted = match parameters.get("state") {
        None => Some(PullRequestState::Open),
        Some(all) if all.eq_ignore_ascii_case("ALL") => None,
        Some(text) => {
            let refusal = || Refusal::bad(format!("{text} is none of OPEN, MERGED, DECLINED and ALL."));
            Some(PullRequestState::parse(text).ok_or_else(refusal)?)
        }
    };
    let mut ids = ids(repository, wanted);
    if parameters.get("order").is_some_and(|order| order.eq_ignore_ascii_case("OLDEST")) {
        ids.reverse();
    }
    Ok(ids)
}

/// Newest first, in a state or in any.
pub(super) fn ids(repository: &Repository<'_>, wanted: Option<PullRequestState>) -> Vec<u64> {
    let fits = |id: &u64| {
        pull_request::state(repository, *id).is_some_and(|state| wanted.is_none_or(|wanted| wanted == state))
    };
    (1..=pull_request::last_id(repository)).rev().filter(fits).collect()
}
