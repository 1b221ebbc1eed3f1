//! The server itself, its people, projects and all repositories.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::listing;
use super::person::Person;
use super::refusal::Refusal;
use super::repository::Repository;
use super::route::{Answer, Asked, object};
use super::server::Shared;
use super::world::World;

pub(super) async fn properties(State(shared): State<Arc<Shared>>) -> Response {
    let version = shared.world().version;
    object(StatusCode::OK, |properties| version.write(properties))
}

pub(super) async fn users(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    asked.require(|rights| rights.users)?;
    let world = shared.world();
    asked.page(&people(&world, &asked), |_| true, |person, object| person.write(object, &world.spec.base_url))
}

pub(super) async fn users_for_admin(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    asked.require(|rights| rights.admin)?;
    let world = shared.world();
    asked.page(&people(&world, &asked), |_| true, |person, object| person.write_for_admin(object, &world.spec.base_url))
}

fn people<'a>(world: &'a World, asked: &Asked) -> Vec<&'a Person> {
    let filter = asked.parameters.get("filter");
    world.people.iter().filter(|person| filter.is_none_or(|filter| person.matches(filter))).collect()
}

pub(super) async fn user(State(shared): State<Arc<Shared>>, Path(slug): Path<String>, asked: Asked) -> Answer {
    asked.require(|_| true)?;
    let world = shared.world();
    let person = world.people.iter().chain([&world.service]).find(|person| person.slug == slug);
    let person = person.ok_or_else(|| Refusal::no_user(&slug))?;
    Ok(object(StatusCode::OK, |user| person.write(user, &world.spec.base_url)))
}

pub(super) async fn projects(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let world = shared.world();
    let name = asked.parameters.get("name").map(str::to_lowercase);
    let rows: Vec<_> = world
        .projects
        .iter()
        .filter(|row| name.as_deref().is_none_or(|name| row.project.name.to_lowercase().contains(name)))
        .collect();
    asked.page(&rows, |row| asked.sees_project(row), |row, object| row.project.write(object, &world.spec.base_url))
}

pub(super) async fn project(State(shared): State<Arc<Shared>>, Path(key): Path<String>, asked: Asked) -> Answer {
    let world = shared.world();
    let (_, row) = asked.project(&world, &key)?;
    Ok(object(StatusCode::OK, |project| row.project.write(project, &world.spec.base_url)))
}

pub(super) async fn repositories(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let world = shared.world();
    let rows = listing::repositories(&world, &asked.parameters)?;
    asked.page(&rows, |row| asked.sees(&world, row), |row, object| Repository::of(&world, row).write(object))
}

pub(super) async fn repositories_of_project(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
    asked: Asked,
) -> Answer {
    let world = shared.world();
    let (position, _) = asked.project(&world, &key)?;
    let rows: Vec<_> = world.repositories.iter().filter(|row| row.project == position).collect();
    asked.page(&rows, |row| asked.sees(&world, row), |row, object| Repository::of(&world, row).write(object))
}
