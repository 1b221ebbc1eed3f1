//! Which path is answered by what.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, middleware};

use super::fields::Fields;
use super::listing;
use super::page::{Address, Paging, Refusal, error_body};
use super::pull_request::PullRequest;
use super::repository::Repository;
use super::server::Shared;
use super::source;
use super::world::World;
use crate::http::Parameters;
use crate::http::{self, Credential};
use crate::json::{self, Object};

/// A page of pull requests has at most this many; every other page at most 100.
const PULL_REQUEST_PAGE: usize = 50;
const PAGE: usize = 100;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let in_repository = "/2.0/repositories/{workspace}/{repository}";
    Router::new()
        .route("/2.0/user", get(user))
        .route("/2.0/user/workspaces", get(workspaces))
        .route("/2.0/workspaces", get(removed))
        .route("/2.0/repositories", get(removed))
        .route("/2.0/user/permissions/workspaces", get(removed))
        .route("/2.0/user/permissions/repositories", get(removed))
        .route("/2.0/workspaces/{workspace}", get(workspace))
        .route("/2.0/workspaces/{workspace}/projects", get(projects))
        .route("/2.0/workspaces/{workspace}/projects/{key}", get(project))
        .route("/2.0/workspaces/{workspace}/search/code", get(removed))
        .route("/2.0/repositories/{workspace}", get(repositories))
        .route(in_repository, get(repository))
        .route(&format!("{in_repository}/pullrequests"), get(pull_requests))
        .route(&format!("{in_repository}/pullrequests/{{id}}"), get(pull_request))
        .route(&format!("{in_repository}/src"), get(source_of_main_branch))
        .route(&format!("{in_repository}/src/{{commit}}"), get(source_root))
        .route(&format!("{in_repository}/src/{{commit}}/"), get(source_root))
        .route(&format!("{in_repository}/src/{{commit}}/{{*path}}"), get(source_path))
        .fallback(|| async { refused(&Refusal::missing("Resource not found")) })
        .method_not_allowed_fallback(|| async {
            refused(&Refusal { status: StatusCode::METHOD_NOT_ALLOWED, message: "Method not allowed".to_owned() })
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), admit))
        .with_state(shared)
}

/// Checks the credential and what is left of its quota.
async fn admit(
    State(shared): State<Arc<Shared>>,
    Extension(credential): Extension<Credential>,
    request: axum::extract::Request,
    next: middleware::Next,
) -> Response {
    if !shared.access().admits(&credential) {
        let message = "Token is invalid, expired, or not supported for this endpoint.";
        let answer = refused(&Refusal { status: StatusCode::UNAUTHORIZED, message: message.to_owned() });
        return http::with_header(answer, "www-authenticate", "Basic realm=\"Bitbucket.org HTTP\"");
    }
    let Some(quota) = shared.quota() else { return next.run(request).await };
    let is_file = request.uri().path().contains("/src/");
    let verdict = shared.meter.count(&credential, quota, is_file, Instant::now());
    let mut answer = if verdict.allowed {
        next.run(request).await
    } else {
        let message = "Rate limit for this resource has been exceeded".to_owned();
        refused(&Refusal { status: StatusCode::TOO_MANY_REQUESTS, message })
    };
    if let (false, Some(wait)) = (verdict.allowed, verdict.wait) {
        answer = http::with_header(answer, "retry-after", &(wait.as_secs() + 1).to_string());
    }
    answer = http::with_header(answer, "x-ratelimit-limit", &verdict.limit.to_string());
    answer = http::with_header(answer, "x-ratelimit-resource", verdict.resource);
    http::with_header(answer, "x-ratelimit-nearlimit", if verdict.near { "true" } else { "false" })
}

/// A request with all that an answer may depend on.
struct Asked<'a> {
    world: &'a World,
    parameters: &'a Parameters,
    address: Address<'a>,
}

type Answer = Result<Response, Refusal>;

/// Runs one route on the world as it is at this moment.
fn respond(shared: &Shared, uri: &Uri, headers: &HeaderMap, route: impl FnOnce(&Asked<'_>) -> Answer) -> Response {
    let parameters = Parameters::parse(uri.query());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let origin = shared.public_origin.clone().unwrap_or_else(|| format!("http://{host}"));
    let address = Address { origin: &origin, path: uri.path(), parameters: &parameters };
    let world = shared.world();
    route(&Asked { world: &world, parameters: &parameters, address }).unwrap_or_else(|refusal| refused(&refusal))
}

fn refused(refusal: &Refusal) -> Response {
    http::json(refusal.status, error_body(&refusal.message))
}

impl<'a> Asked<'a> {
    fn workspace(&self, name: &str) -> Result<(), Refusal> {
        if self.world.workspace.is_named(name) {
            return Ok(());
        }
        Err(Refusal::missing(format!("No workspace with identifier '{name}'.")))
    }

    fn repository(&self, workspace: &str, name: &str) -> Result<Repository<'a>, Refusal> {
        let missing = || Refusal::missing(format!("Repository {workspace}/{name} not found"));
        if !self.world.workspace.is_named(workspace) {
            return Err(missing());
        }
        let position = self.world.find(name).ok_or_else(missing)?;
        Ok(Repository::of(self.world, &self.world.repositories[position]))
    }

    /// One object, or what `fields` leaves of it.
    fn one(&self, fill: impl FnOnce(&mut Object<'_>)) -> Response {
        let mut out = Vec::with_capacity(8_192);
        json::object(&mut out, fill);
        http::json(StatusCode::OK, self.selected(out, false))
    }

    /// A page of objects, or what `fields` leaves of it; `write` is told whether to write objects in full.
    fn page<T>(&self, items: &[T], limit: usize, write: impl Fn(&T, bool, &mut Object<'_>)) -> Answer {
        let paging = Paging::read(self.parameters, limit)?;
        let in_full = self.fields().is_some_and(|fields| fields.wants_full());
        let body = paging.write(items.len(), &self.address, |values| {
            for item in &items[paging.range(items.len())] {
                values.object(|object| write(item, in_full, object));
            }
        });
        Ok(http::json(StatusCode::OK, self.selected(body, in_full)))
    }

    fn fields(&self) -> Option<Fields> {
        self.parameters.get("fields").map(Fields::parse)
    }

    fn selected(&self, body: Vec<u8>, in_full: bool) -> Vec<u8> {
        let Some(fields) = self.fields() else { return body };
        let whole = serde_json::from_slice(&body).unwrap_or_default();
        serde_json::to_vec(&fields.apply(whole, in_full)).unwrap_or_default()
    }
}

async fn user(
    State(shared): State<Arc<Shared>>,
    Extension(who): Extension<Credential>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        if who.0 == "anonymous" {
            let message = "This endpoint requires authentication.".to_owned();
            return Err(Refusal { status: StatusCode::UNAUTHORIZED, message });
        }
        Ok(asked.one(|user| asked.world.people[0].write_in_full(user)))
    })
}

async fn workspaces(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        asked.page(&[&asked.world.workspace], PAGE, |workspace, _, access| workspace.write_access(access))
    })
}

async fn workspace(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        asked.workspace(&name)?;
        Ok(asked.one(|workspace| asked.world.workspace.write_in_full(workspace)))
    })
}

async fn projects(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        asked.workspace(&name)?;
        let projects = listing::projects(asked.world, asked.parameters)?;
        asked.page(&projects, PAGE, |project, _, object| project.write_in_full(object, &asked.world.workspace))
    })
}

async fn project(
    State(shared): State<Arc<Shared>>,
    Path((name, key)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        asked.workspace(&name)?;
        let found = asked.world.projects.iter().find(|project| project.key == key);
        let project = found.ok_or_else(|| Refusal::missing(format!("Project {key} not found")))?;
        Ok(asked.one(|object| project.write_in_full(object, &asked.world.workspace)))
    })
}

async fn repositories(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        asked.workspace(&name)?;
        let rows = listing::repositories(asked.world, asked.parameters)?;
        asked.page(&rows, PAGE, |row, _, object| Repository::of(asked.world, row).write(object))
    })
}

async fn repository(
    State(shared): State<Arc<Shared>>,
    Path((workspace, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        let repository = asked.repository(&workspace, &name)?;
        Ok(asked.one(|object| repository.write(object)))
    })
}

async fn pull_requests(
    State(shared): State<Arc<Shared>>,
    Path((workspace, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        let repository = asked.repository(&workspace, &name)?;
        let ids = listing::pull_requests(&repository, asked.parameters)?;
        asked.page(&ids, PULL_REQUEST_PAGE, |id, in_full, object| match PullRequest::of(&repository, *id) {
            Some(request) if in_full => request.write_in_full(object),
            Some(request) => request.write(object),
            None => {}
        })
    })
}

async fn pull_request(
    State(shared): State<Arc<Shared>>,
    Path((workspace, name, id)): Path<(String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        let repository = asked.repository(&workspace, &name)?;
        let request = id.parse().ok().and_then(|id| PullRequest::of(&repository, id));
        let request = request.ok_or_else(|| Refusal::missing(format!("Pull request {id} not found")))?;
        Ok(asked.one(|object| request.write_in_full(object)))
    })
}

/// The service sends a caller who names no commit to the tip of the main branch.
async fn source_of_main_branch(
    State(shared): State<Arc<Shared>>,
    Path((workspace, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        let repository = asked.repository(&workspace, &name)?;
        if repository.main_branch.is_none() {
            return Err(Refusal::missing("The repository is empty"));
        }
        let mut answer = http::json(StatusCode::FOUND, Vec::new());
        let target = format!("{}{}/{}/", asked.address.origin, asked.address.path, repository.head());
        answer = http::with_header(answer, "location", &target);
        Ok(answer)
    })
}

async fn source_root(
    State(shared): State<Arc<Shared>>,
    Path((workspace, name, commit)): Path<(String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        let repository = asked.repository(&workspace, &name)?;
        source::answer(&repository, &commit, "", asked.parameters, &asked.address)
    })
}

async fn source_path(
    State(shared): State<Arc<Shared>>,
    Path((workspace, name, commit, path)): Path<(String, String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    respond(&shared, &uri, &headers, |asked| {
        let repository = asked.repository(&workspace, &name)?;
        // An encoded slash is part of a name, and no file has one.
        if uri.path().to_ascii_lowercase().contains("%2f") {
            return Err(Refusal::missing(format!("No such file or directory: {path}")));
        }
        source::answer(&repository, &commit, &path, asked.parameters, &asked.address)
    })
}

async fn removed(RawQuery(_): RawQuery) -> Response {
    refused(&Refusal::gone("This endpoint is no longer available. See CHANGE-2770."))
}
