//! A sandbox, a catalog file and a state file, and the way to run a resync between them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bitbucket_port::bitbucket::{BudgetSettings, Credential, Transport, TransportSettings, cloud};
use bitbucket_port::catalog::Catalog;
use bitbucket_port::catalog::local::{LocalCatalog, StoredEntity};
use bitbucket_port::http::{HttpSettings, RetryPolicy, http_client};
use bitbucket_port::kinds;
use bitbucket_port::mapping::{CLOUD_DEFAULT, Document, Mapping};
use bitbucket_port::state::State;
use bitbucket_port::sync::{Bitbucket, Reader, Report, Resync, ResyncLimits, Scope, Silent};
use bitbucket_port_jq::{Compiler, Environment, Limits};
use bitbucket_port_sandbox::cloud::{Options, Server, World, WorldSpec};
use tempfile::TempDir;

/// One workspace, one catalog, one state file.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
    pub(crate) mapping: String,
    pub(crate) scope: Scope,
    pub(crate) confirmations: usize,
    /// Everything but concurrency and confirmations.
    pub(crate) limits: ResyncLimits,
}

impl Bench {
    /// A workspace with that many repositories and pull requests each.
    pub(crate) async fn new(repositories: u32, pull_requests: u32) -> Self {
        let spec = WorldSpec {
            repositories,
            pull_requests_per_repository: pull_requests,
            projects: 3,
            ..WorldSpec::default()
        };
        let server = Server::start(World::generate(&spec), Options::default()).await.expect("the sandbox starts");
        Self {
            server,
            folder: tempfile::tempdir().expect("a temporary folder"),
            mapping: CLOUD_DEFAULT.mapping.to_owned(),
            scope: Scope::default(),
            confirmations: 100,
            limits: ResyncLimits::default(),
        }
    }

    pub(crate) fn state_path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    pub(crate) fn catalog_path(&self) -> PathBuf {
        self.folder.path().join("catalog.db")
    }

    /// Forgets the state file, as a fresh container does.
    pub(crate) fn lose_state(&self) {
        for entry in std::fs::read_dir(self.folder.path()).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("state.db")) {
                std::fs::remove_file(path).expect("the file can be removed");
            }
        }
    }

    pub(crate) fn reader(&self) -> Bitbucket<kinds::cloud::Source> {
        let quick = RetryPolicy {
            retries: 10,
            min_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(5),
            throttle_delay: Duration::from_millis(2),
            max_throttle_delay: Duration::from_millis(10),
            deadline: Duration::from_secs(20),
        };
        let transport = Transport::new(
            vec![Credential::anonymous()],
            TransportSettings { budget: BudgetSettings::unlimited(), retry: quick, ..TransportSettings::cloud() },
        );
        let http = http_client(&HttpSettings::default()).expect("an HTTP client");
        let client = cloud::Client::new_with_client(&self.server.url(), http, transport.clone());
        let scope = kinds::cloud::Scope { workspace: "acme".to_owned() };
        Bitbucket::new(kinds::cloud::Source::new(client, scope), transport)
    }

    /// Runs one resync into the catalog file.
    pub(crate) async fn resync(&self) -> Report {
        let catalog = LocalCatalog::open(&self.catalog_path(), "test").await.expect("the catalog opens");
        let report = self.resync_into(Arc::new(catalog.clone())).await;
        catalog.close().await.expect("the catalog closes");
        report
    }

    pub(crate) async fn resync_into(&self, catalog: Arc<dyn Catalog>) -> Report {
        self.resync_between(Arc::new(self.reader()), catalog).await
    }

    /// Runs one resync of what another reader gives into the catalog file.
    pub(crate) async fn resync_from(&self, source: Arc<dyn Reader>) -> Report {
        let catalog = LocalCatalog::open(&self.catalog_path(), "test").await.expect("the catalog opens");
        let report = self.resync_between(source, Arc::new(catalog.clone())).await;
        catalog.close().await.expect("the catalog closes");
        report
    }

    async fn resync_between(&self, source: Arc<dyn Reader>, catalog: Arc<dyn Catalog>) -> Report {
        let document = Document::parse(&self.mapping).expect("a mapping");
        let compiler = Compiler::new(Limits::default(), Environment::empty());
        let opened = State::open(&self.state_path()).await.expect("the state file opens");
        let state = opened.state.catalog(catalog.name()).await.expect("the state has a part for the catalog");
        let report = Resync {
            source,
            catalog,
            state,
            mapping: Arc::new(Mapping::compile(document, &compiler)),
            blueprints: CLOUD_DEFAULT.blueprints().expect("blueprints"),
            scope: self.scope.clone(),
            limits: ResyncLimits { concurrency: 4, confirmations: self.confirmations, ..self.limits },
            observer: Arc::new(Silent),
        }
        .run()
        .await
        .expect("the resync runs to its end");
        opened.state.close().await.expect("the state file closes");
        report
    }

    /// All entities of a blueprint, in order.
    pub(crate) async fn entities(&self, blueprint: &str) -> Vec<StoredEntity> {
        let catalog = LocalCatalog::open(&self.catalog_path(), "test").await.expect("the catalog opens");
        let entities = catalog.entities(blueprint, None, 10_000).await.expect("the catalog can be read");
        catalog.close().await.expect("the catalog closes");
        entities
    }

    /// Identifiers of all entities of a blueprint, in order.
    pub(crate) async fn identifiers(&self, blueprint: &str) -> Vec<String> {
        self.entities(blueprint).await.into_iter().map(|entity| entity.identifier).collect()
    }
}

/// Entities written, over all resources.
pub(crate) fn written(report: &Report) -> u64 {
    report.resources.iter().map(|resource| resource.created + resource.updated).sum()
}

/// Entities deleted, over all blueprints.
pub(crate) fn deleted(report: &Report) -> u64 {
    report.deletions.iter().map(|deletion| deletion.deleted).sum()
}

impl Bench {
    /// The path under which the pull requests of a repository were listed.
    pub(crate) async fn pull_requests_path(&self, slug: &str) -> String {
        // Listings name repositories by uuid, so that a rename in between does no harm.
        let repository = self.repository(slug).await;
        let uuid = repository["uuid"].as_str().expect("a uuid").trim_matches(['{', '}']);
        let requests = self.server.requests();
        let listed =
            requests.iter().find(|request| request.path.contains(uuid) && request.path.ends_with("/pullrequests"));
        listed.expect("its pull requests were listed").path.clone()
    }

    /// Names of all repositories, in the order of their slugs in the world.
    pub(crate) async fn names(&self) -> Vec<String> {
        let mut names = vec![];
        for slug in self.server.read(World::repository_slugs) {
            names.push(self.repository(&slug).await["name"].as_str().expect("a name").to_owned());
        }
        names
    }

    /// A repository as Bitbucket gives it.
    pub(crate) async fn repository(&self, slug: &str) -> serde_json::Value {
        let url = format!("{}/repositories/acme/{slug}", self.server.url());
        let http = http_client(&HttpSettings::default()).expect("an HTTP client");
        http.get(url).send().await.expect("the sandbox answers").json().await.expect("JSON")
    }
}
