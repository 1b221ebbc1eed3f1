//! Webhooks, of projects and of repositories.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::refusal::Refusal;
use super::route::{Answer, Asked, object};
use super::server::Shared;
use super::webhook::Webhook;
use super::world::World;

/// Where a webhook is: in a project, or in a repository where there is a slug.
#[derive(Debug, Deserialize)]
pub(super) struct Scope {
    key: String,
    slug: Option<String>,
    id: Option<String>,
}

impl Scope {
    /// Refuses those without the right, and what older servers do not have.
    fn check(&self, world: &World, asked: &Asked) -> Result<(), Refusal> {
        if let Some(slug) = &self.slug {
            asked.repository(world, &self.key, slug)?;
        } else {
            asked.project(world, &self.key)?;
            if !world.version.has_project_webhooks() {
                return Err(Refusal::no_resource(format!("projects/{}/webhooks", self.key)));
            }
        }
        asked.require(|rights| rights.webhooks)
    }

    fn hooks<'a>(&self, world: &'a World) -> &'a [Webhook] {
        world.webhooks(&self.key, self.slug.as_deref()).unwrap_or_default()
    }

    fn find<'a>(&self, world: &'a World, id: u64) -> Result<&'a Webhook, Refusal> {
        let found = self.hooks(world).iter().find(|hook| hook.id == id);
        found.ok_or_else(|| Refusal::no_webhook(&id.to_string()))
    }

    fn id(&self) -> u64 {
        self.id.as_deref().and_then(|id| id.parse().ok()).unwrap_or(0)
    }

    fn name(&self) -> &'static str {
        if self.slug.is_some() { "repository" } else { "project" }
    }
}

pub(super) async fn list(State(shared): State<Arc<Shared>>, Path(scope): Path<Scope>, asked: Asked) -> Answer {
    let world = shared.world();
    scope.check(&world, &asked)?;
    asked.page(scope.hooks(&world), |_| true, |hook, object| hook.write(scope.name(), object))
}

pub(super) async fn one(State(shared): State<Arc<Shared>>, Path(scope): Path<Scope>, asked: Asked) -> Answer {
    let world = shared.world();
    scope.check(&world, &asked)?;
    let hook = scope.find(&world, scope.id())?;
    Ok(object(StatusCode::OK, |object| hook.write(scope.name(), object)))
}

pub(super) async fn add(
    State(shared): State<Arc<Shared>>,
    Path(scope): Path<Scope>,
    asked: Asked,
    body: Bytes,
) -> Answer {
    shared.change(|world| {
        scope.check(world, &asked)?;
        let added = world.add_webhook(&scope.key, scope.slug.as_deref(), read(&body)?);
        let id = added.map_err(|missing| Refusal::no_webhook(&missing.0))?;
        let hook = scope.find(world, id)?;
        Ok(object(StatusCode::CREATED, |object| hook.write(scope.name(), object)))
    })
}

pub(super) async fn replace(
    State(shared): State<Arc<Shared>>,
    Path(scope): Path<Scope>,
    asked: Asked,
    body: Bytes,
) -> Answer {
    shared.change(|world| {
        scope.check(world, &asked)?;
        let id = scope.id();
        let replaced = world.replace_webhook(&scope.key, scope.slug.as_deref(), id, read(&body)?);
        replaced.map_err(|_| Refusal::no_webhook(&id.to_string()))?;
        let hook = scope.find(world, id)?;
        Ok(object(StatusCode::OK, |object| hook.write(scope.name(), object)))
    })
}

pub(super) async fn remove(State(shared): State<Arc<Shared>>, Path(scope): Path<Scope>, asked: Asked) -> Answer {
    shared.change(|world| {
        scope.check(world, &asked)?;
        let id = scope.id();
        let removed = world.remove_webhook(&scope.key, scope.slug.as_deref(), id);
        removed.map_err(|_| Refusal::no_webhook(&id.to_string()))?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
}

fn read(body: &Bytes) -> Result<Webhook, Refusal> {
    let body = serde_json::from_slice(body).map_err(|error| Refusal::bad(format!("The body is no JSON: {error}")))?;
    Webhook::read(&body).ok_or_else(|| Refusal::bad("A webhook needs a name, an address and events."))
}
