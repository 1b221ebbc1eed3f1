//! Filtered, ordered listings of what the world holds.

use std::cmp::Ordering;

use super::facts::{Facts, Lookup};
use super::page::Refusal;
use super::project::Project;
use super::pull_request::{self, PullRequest, PullRequestState};
use super::query::{Filter, Scalar, compare_scalars};
use super::repository::Repository;
use super::world::{RepositoryRow, World};
use crate::http::Parameters;

/// What the caller may do with a repository; each includes the ones after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Member,
    Contributor,
    Admin,
    Owner,
}

impl Role {
    fn read(parameters: &Parameters) -> Result<Option<Self>, Refusal> {
        parameters
            .get("role")
            .map(|role| match role {
                "member" => Ok(Self::Member),
                "contributor" => Ok(Self::Contributor),
                "admin" => Ok(Self::Admin),
                "owner" => Ok(Self::Owner),
                other => Err(Refusal::bad(format!("{other}: invalid role"))),
            })
            .transpose()
    }

    /// A nested share of all repositories: nine in ten are readable, one in ten is owned.
    fn covers(self, repository: &Repository<'_>) -> bool {
        repository.standing
            < match self {
                Self::Member => 90,
                Self::Contributor => 60,
                Self::Admin => 30,
                Self::Owner => 10,
            }
    }
}

/// A filter and an order, as asked for.
struct Selection {
    filter: Option<Filter>,
    sort: Option<(String, bool)>,
}

impl Selection {
    fn read<T: Facts>(parameters: &Parameters) -> Result<Self, Refusal> {
        let filter = parameters.get("q").map(|query| Filter::parse(query, T::FIELDS)).transpose();
        let filter = filter.map_err(|error| Refusal::bad(error.to_string()))?;
        let sort = parameters.get("sort").map(|sort| match sort.strip_prefix('-') {
            Some(field) => (field.to_owned(), true),
            None => (sort.to_owned(), false),
        });
        if let Some((field, _)) = &sort
            && !T::FIELDS.contains(&field.split('.').next().unwrap_or_default())
        {
            return Err(Refusal::bad(format!("Invalid sort field: {field}")));
        }
        Ok(Self { filter, sort })
    }

    fn is_plain(&self) -> bool {
        self.filter.is_none() && self.sort.is_none()
    }

    fn accepts<T: Facts>(&self, object: &T) -> bool {
        self.filter.as_ref().is_none_or(|filter| {
            let lookup = Lookup::new(object);
            filter.accepts(&|field| lookup.values(field))
        })
    }

    fn key<T: Facts>(&self, object: &T) -> Scalar<'static> {
        let Some((field, _)) = &self.sort else { return Scalar::Null };
        let lookup = Lookup::new(object);
        match lookup.values(field).into_iter().next() {
            Some(Scalar::Text(text)) => Scalar::Text(text.into_owned().into()),
            Some(Scalar::Number(number)) => Scalar::Number(number),
            Some(Scalar::Flag(flag)) => Scalar::Flag(flag),
            Some(Scalar::Null) | None => Scalar::Null,
        }
    }

    /// Puts what was selected in order; equal keys stay in the order of the listing.
    fn ordered<I>(&self, mut selected: Vec<(Scalar<'static>, I)>) -> Vec<I> {
        if let Some((_, descending)) = &self.sort {
            let order = |left: &Scalar<'_>, right: &Scalar<'_>| -> Ordering {
                if *descending { compare_scalars(right, left) } else { compare_scalars(left, right) }
            };
            selected.sort_by(|left, right| order(&left.0, &right.0));
        }
        selected.into_iter().map(|(_, item)| item).collect()
    }
}

/// Repositories by role, filter and order.
pub(super) fn repositories<'a>(world: &'a World, parameters: &Parameters) -> Result<Vec<&'a RepositoryRow>, Refusal> {
    let role = Role::read(parameters)?;
    let selection = Selection::read::<Repository<'_>>(parameters)?;
    if role.is_none() && selection.is_plain() {
        return Ok(world.repositories.iter().collect());
    }
    let selected = world.repositories.iter().filter_map(|row| {
        let repository = Repository::of(world, row);
        let wanted = role.is_none_or(|role| role.covers(&repository)) && selection.accepts(&repository);
        wanted.then(|| (selection.key(&repository), row))
    });
    Ok(selection.ordered(selected.collect()))
}

/// Projects by filter and order.
pub(super) fn projects<'a>(world: &'a World, parameters: &Parameters) -> Result<Vec<&'a Project>, Refusal> {
    let selection = Selection::read::<(&Project, &super::people::Workspace)>(parameters)?;
    let selected = world.projects.iter().filter_map(|project| {
        let object = (project, &world.workspace);
        selection.accepts(&object).then(|| (selection.key(&object), project))
    });
    Ok(selection.ordered(selected.collect()))
}

/// The numbers of pull requests by state, filter and order; newest first where no order is asked for. Without a
/// state and without a filter only the open ones are listed.
pub(super) fn pull_requests(repository: &Repository<'_>, parameters: &Parameters) -> Result<Vec<u64>, Refusal> {
    let selection = Selection::read::<PullRequest<'_>>(parameters)?;
    let mut states = Vec::new();
    for text in parameters.all("state") {
        let state = PullRequestState::parse(text);
        states.push(state.ok_or_else(|| Refusal::bad(format!("Invalid state: {text}")))?);
    }
    if states.is_empty() && parameters.get("q").is_none() {
        states.push(PullRequestState::Open);
    }
    let in_state =
        |id: u64| pull_request::state(repository, id).is_some_and(|state| states.is_empty() || states.contains(&state));
    let ids = (1..=pull_request::last_id(repository)).rev().filter(|id| in_state(*id));
    if selection.is_plain() {
        return Ok(ids.collect());
    }
    let selected = ids.filter_map(|id| {
        let request = PullRequest::of(repository, id)?;
        selection.accepts(&request).then(|| (selection.key(&request), id))
    });
    Ok(selection.ordered(selected.collect()))
}
