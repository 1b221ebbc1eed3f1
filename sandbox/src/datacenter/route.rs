//! Which path is answered by what, and who is let through.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};

use super::page::Paging;
use super::refusal::Refusal;
use super::repository::Repository;
use super::rights::Rights;
use super::server::{ApiVersions, Shared};
use super::world::{ProjectRow, RepositoryRow, Sight, World};
use super::{repository_route, server_route, webhook_route};
use crate::http::{self, Access, Credential, Parameters};
use crate::json::{self, Object};

const NUMBERED: &str = "1.0";
const LATEST: &str = "latest";

pub(super) fn router(shared: &Arc<Shared>, context_path: &str, versions: ApiVersions) -> Router {
    let api = api();
    let names: &[&str] = match versions {
        ApiVersions::LatestAndNumbered => &[LATEST, NUMBERED],
        ApiVersions::Numbered => &[NUMBERED],
    };
    let nested = names
        .iter()
        .fold(Router::new(), |router, name| router.nest(&format!("{context_path}/rest/api/{name}"), api.clone()));
    nested
        .fallback(unknown)
        .layer(middleware::from_fn_with_state(Arc::clone(shared), admit))
        .with_state(Arc::clone(shared))
}

fn api() -> Router<Arc<Shared>> {
    let in_repository = |rest: &str| format!("/projects/{{key}}/repos/{{slug}}{rest}");
    Router::new()
        .route("/application-properties", get(server_route::properties))
        .route("/users", get(server_route::users))
        .route("/users/{slug}", get(server_route::user))
        .route("/admin/users", get(server_route::users_for_admin))
        .route("/projects", get(server_route::projects))
        .route("/projects/{key}", get(server_route::project))
        .route("/repos", get(server_route::repositories))
        .route("/projects/{key}/repos", get(server_route::repositories_of_project))
        .route("/projects/{key}/webhooks", get(webhook_route::list).post(webhook_route::add))
        .route(
            "/projects/{key}/webhooks/{id}",
            get(webhook_route::one).put(webhook_route::replace).delete(webhook_route::remove),
        )
        .route(&in_repository(""), get(repository_route::repository))
        .route(&in_repository("/pull-requests"), get(repository_route::pull_requests))
        .route(&in_repository("/pull-requests/{id}"), get(repository_route::pull_request))
        .route(&in_repository("/commits"), get(repository_route::commits))
        .route(&in_repository("/commits/{commit}"), get(repository_route::commit))
        .route(&in_repository("/branches/default"), get(repository_route::default_branch))
        .route(&in_repository("/default-branch"), get(repository_route::configured_branch))
        .route(&in_repository("/raw/{*path}"), get(repository_route::raw))
        .route(&in_repository("/browse"), get(repository_route::browse))
        .route(&in_repository("/browse/{*path}"), get(repository_route::browse))
        .route(&in_repository("/files"), get(repository_route::files))
        .route(&in_repository("/files/{*path}"), get(repository_route::files))
        .route(&in_repository("/webhooks"), get(webhook_route::list).post(webhook_route::add))
        .route(
            &in_repository("/webhooks/{id}"),
            get(webhook_route::one).put(webhook_route::replace).delete(webhook_route::remove),
        )
        .fallback(unknown)
        .method_not_allowed_fallback(|| async { Refusal::forbidden(405) })
}

async fn unknown(uri: Uri) -> Refusal {
    Refusal::no_resource(uri.to_string())
}

/// Checks the credential and what is left of its tokens.
async fn admit(State(shared): State<Arc<Shared>>, mut request: Request, next: middleware::Next) -> Response {
    let who = request.extensions().get::<Credential>().cloned().unwrap_or(Credential("anonymous".to_owned()));
    let access = shared.access();
    if !access.admits(&who) {
        let refusal = if who.0 == "anonymous" { Refusal::forbidden(401) } else { Refusal::wrong_credentials() };
        return http::with_header(refusal.response(), "www-authenticate", "Basic realm=\"Atlassian Bitbucket\"");
    }
    // The servlet container turns encoded slashes away before the product sees them.
    if request.uri().path().to_ascii_lowercase().contains("%2f") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let is_public_only = who.0 == "anonymous" && access != Access::Anyone;
    let audience = if is_public_only { Audience::Public } else { Audience::Account(shared.rights()) };
    request.extensions_mut().insert(audience);
    let Some(limit) = shared.throttle() else { return next.run(request).await };
    let verdict = shared.buckets.take(&who, limit, Instant::now());
    let mut answer = match verdict.wait {
        None => next.run(request).await,
        Some(wait) => {
            let seconds = wait.as_millis().div_ceil(1_000).max(1);
            http::with_header(Refusal::too_many().response(), "retry-after", &seconds.to_string())
        }
    };
    for (name, number) in [
        ("x-ratelimit-limit", u64::from(limit.capacity)),
        ("x-ratelimit-remaining", u64::from(verdict.remaining)),
        ("x-ratelimit-interval-seconds", limit.interval.as_secs().max(1)),
        ("x-ratelimit-fillrate", u64::from(limit.fill)),
    ] {
        answer = http::with_header(answer, name, &number.to_string());
    }
    answer
}

/// On whose behalf a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    Account(Rights),
    /// Nobody in particular: sees what is public.
    Public,
}

/// What an answer depends on beside its path.
pub(super) struct Asked {
    pub(super) parameters: Parameters,
    pub(super) granted: usize,
    audience: Audience,
}

pub(super) type Answer = Result<Response, Refusal>;

impl FromRequestParts<Arc<Shared>> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Self::Rejection> {
        Ok(Self {
            parameters: Parameters::parse(parts.uri.query()),
            granted: shared.largest_page(),
            audience: parts.extensions.get().copied().unwrap_or(Audience::Public),
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.response()
    }
}

impl Asked {
    /// Refuses one who lacks a right.
    pub(super) fn require(&self, has: impl Fn(Rights) -> bool) -> Result<(), Refusal> {
        match self.audience {
            Audience::Account(rights) if has(rights) => Ok(()),
            Audience::Account(_) => Err(Refusal::forbidden(403)),
            Audience::Public => Err(Refusal::forbidden(401)),
        }
    }

    /// Whether listings show a project.
    pub(super) fn sees_project(&self, row: &ProjectRow) -> bool {
        !row.removed && row.sight != Sight::Hidden && (self.audience != Audience::Public || row.project.public)
    }

    /// Whether listings show a repository.
    pub(super) fn sees(&self, world: &World, row: &RepositoryRow) -> bool {
        row.sight() != Sight::Hidden
            && world.project_of(row).sight != Sight::Hidden
            && (self.audience != Audience::Public || Repository::of(world, row).public)
    }

    /// The project that a path names.
    pub(super) fn project<'a>(&self, world: &'a World, key: &str) -> Result<(usize, &'a ProjectRow), Refusal> {
        let position = world.find_project(key).ok_or_else(|| Refusal::no_project(key))?;
        let row = &world.projects[position];
        match row.sight {
            Sight::Hidden | Sight::Refused(404) => Err(Refusal::no_project(key)),
            Sight::Refused(status) => Err(Refusal::forbidden(status)),
            Sight::Open if self.sees_project(row) => Ok((position, row)),
            Sight::Open => Err(Refusal::forbidden(401)),
        }
    }

    /// The repository that a path names.
    pub(super) fn repository<'a>(&self, world: &'a World, key: &str, slug: &str) -> Result<Repository<'a>, Refusal> {
        let position = world.find_project(key).ok_or_else(|| Refusal::no_project(key))?;
        let found = world.find(position, slug).ok_or_else(|| Refusal::no_repository(key, slug))?;
        let row = &world.repositories[found];
        for sight in [world.projects[position].sight, row.sight()] {
            match sight {
                Sight::Open => {}
                Sight::Hidden | Sight::Refused(404) => return Err(Refusal::no_repository(key, slug)),
                Sight::Refused(status) => return Err(Refusal::forbidden(status)),
            }
        }
        if self.sees(world, row) { Ok(Repository::of(world, row)) } else { Err(Refusal::forbidden(401)) }
    }

    /// A page of the items that are shown.
    pub(super) fn page<T>(
        &self,
        items: &[T],
        is_shown: impl Fn(&T) -> bool,
        write: impl Fn(&T, &mut Object<'_>),
    ) -> Answer {
        let paging = Paging::read(&self.parameters, self.granted)?;
        let body = paging.write(items, is_shown, |item, values| values.object(|object| write(item, object)));
        Ok(http::json(StatusCode::OK, body))
    }
}

/// One object.
pub(super) fn object(status: StatusCode, fill: impl FnOnce(&mut Object<'_>)) -> Response {
    let mut out = Vec::with_capacity(8_192);
    json::object(&mut out, fill);
    http::json(status, out)
}
