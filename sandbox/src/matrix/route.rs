//! The routes that a sync uses.

use crate::cloud;
use crate::http::Request;

use super::bench::Product;

/// Which service a route belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where objects come from.
    Bitbucket,
    /// Where entities go.
    Port,
}

/// Whether a sync can be complete without a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It reads or writes what the catalog is made of.
    Data,
    /// It only tells Port how the sync goes; without it the sync is complete all the same.
    Report,
}

/// A route: method and path, as a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Whose.
    pub side: Side,
    /// Its name in the table.
    pub name: &'static str,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) need: Need,
}

const fn bitbucket(name: &'static str, path: &'static str) -> Route {
    Route { side: Side::Bitbucket, name, method: "GET", path, need: Need::Data }
}

const fn port(name: &'static str, method: &'static str, path: &'static str) -> Route {
    Route { side: Side::Port, name, method, path, need: Need::Data }
}

const fn report(name: &'static str, method: &'static str, path: &'static str) -> Route {
    Route { side: Side::Port, name, method, path, need: Need::Report }
}

const CLOUD: &[Route] = &[
    bitbucket("projects", "/2.0/workspaces/*/projects"),
    bitbucket("repositories", "/2.0/repositories/*"),
    bitbucket("pull-requests", "/2.0/repositories/*/*/pullrequests"),
    bitbucket("files", "/2.0/repositories/*/*/src/**"),
    bitbucket("one-pull-request", "/2.0/repositories/*/*/pullrequests/*"),
    bitbucket("one-repository", "/2.0/repositories/*/*"),
    bitbucket("one-project", "/2.0/workspaces/*/projects/*"),
];

const DATACENTER: &[Route] = &[
    bitbucket("properties", "/rest/api/*/application-properties"),
    bitbucket("projects", "/rest/api/*/projects"),
    bitbucket("repositories", "/rest/api/*/repos"),
    bitbucket("repositories-of-project", "/rest/api/*/projects/*/repos"),
    bitbucket("pull-requests", "/rest/api/*/projects/*/repos/*/pull-requests"),
    bitbucket("commits", "/rest/api/*/projects/*/repos/*/commits/**"),
    bitbucket("files", "/rest/api/*/projects/*/repos/*/raw/**"),
    bitbucket("folder", "/rest/api/*/projects/*/repos/*/browse/**"),
    bitbucket("listed-files", "/rest/api/*/projects/*/repos/*/files/**"),
    bitbucket("default-branch", "/rest/api/*/projects/*/repos/*/*branch*/**"),
    bitbucket("users", "/rest/api/*/users"),
    bitbucket("users-for-admin", "/rest/api/*/admin/users"),
    bitbucket("one-user", "/rest/api/*/users/*"),
    bitbucket("one-pull-request", "/rest/api/*/projects/*/repos/*/pull-requests/*"),
    bitbucket("one-repository", "/rest/api/*/projects/*/repos/*"),
    bitbucket("one-project", "/rest/api/*/projects/*"),
];

const PORT: &[Route] = &[
    port("token", "POST", "/v1/auth/access_token"),
    port("integration", "GET", "/v1/integration/*"),
    port("provision-enabled", "GET", "/v1/integration/provision-enabled"),
    port("organization", "GET", "/v1/organization"),
    port("register", "POST", "/v1/integration"),
    port("update-integration", "PATCH", "/v1/integration/*"),
    port("set-mapping", "PATCH", "/v1/integration/*/config"),
    port("blueprint", "GET", "/v1/blueprints/*"),
    port("create-blueprint", "POST", "/v1/blueprints"),
    port("update-blueprint", "PATCH", "/v1/blueprints/*"),
    port("delete-blueprint", "DELETE", "/v1/blueprints/*"),
    port("owned", "POST", "/v1/blueprints/entities/datasource-entities"),
    port("count", "GET", "/v1/blueprints/*/entities-count"),
    port("search", "POST", "/v1/entities/search"),
    port("upsert", "POST", "/v1/blueprints/*/entities/bulk"),
    port("upsert-one", "POST", "/v1/blueprints/*/entities"),
    port("delete", "POST", "/v1/blueprints/*/bulk/entities/delete"),
    report("resync-state", "PATCH", "/v1/integration/*/resync-state"),
    report("examples", "POST", "/v1/integration/*/kinds/*/examples"),
    report("logs", "POST", "/ingest/logs/**"),
    report("metrics", "POST", "/ingest/metrics/**"),
    report("kind-metrics", "PUT", "/ingest/metrics/**"),
];

impl Route {
    /// Those of a Bitbucket.
    pub(super) fn of_bitbucket(product: Product) -> &'static [Self] {
        match product {
            Product::Cloud => CLOUD,
            Product::DataCenter => DATACENTER,
        }
    }

    /// Those of Port.
    pub(super) fn of_port() -> &'static [Self] {
        PORT
    }

    /// Whether a request is one to this route.
    pub(super) fn takes(&self, request: &Request) -> bool {
        self.method == request.method && crate::http::matches(self.path, &request.path)
    }
}

/// The slug of the workspace of the worlds that are used.
pub(super) fn workspace() -> String {
    cloud::WorldSpec::default().workspace
}
