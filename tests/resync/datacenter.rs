//! A resync from a Data Center of the sandbox into a local catalog, undisturbed and disturbed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bitbucket_port::bitbucket::{
    BudgetSettings, Class, Credential, Quota, Server as Bitbucket, ServerVersion, Transport, TransportSettings,
};
use bitbucket_port::catalog::Catalog;
use bitbucket_port::catalog::local::{LocalCatalog, StoredEntity};
use bitbucket_port::http::{Clock as _, HttpSettings, ManualClock, Moment, RetryPolicy, http_client};
use bitbucket_port::kinds::DataCenter;
use bitbucket_port::mapping::{DATACENTER_DEFAULT, Document, Mapping};
use bitbucket_port::state::State;
use bitbucket_port::sync::{self, ListingReport, Report, Resync, ResyncLimits, Scope, Silent, SyncOutcome};
use bitbucket_port_jq::{Compiler, Environment, Limits};
use bitbucket_port_sandbox::datacenter::{ApiVersions, Options, Rights, Server, Throttle, World, WorldSpec};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use tempfile::TempDir;

const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
    pub(crate) mapping: String,
    scope: Scope,
}

impl Bench {
    pub(crate) async fn new(spec: WorldSpec, options: Options) -> Self {
        Self {
            server: Server::start(World::generate(&spec), options).await.expect("the sandbox starts"),
            folder: tempfile::tempdir().expect("a temporary folder"),
            mapping: DATACENTER_DEFAULT.mapping.to_owned(),
            scope: Scope::default(),
        }
    }

    /// The default mapping without what costs a request for each repository.
    pub(crate) fn without_extras(mut self) -> Self {
        self.mapping = self
            .mapping
            .replace("            documentation: .__readme\n", "")
            .replace("            latestCommitAuthor: .__latestCommit.author.emailAddress\n", "");
        self
    }

    /// Puts a selector's lines into every resource that is selected by projects.
    fn selecting(mut self, lines: &[&str]) -> Self {
        let given = lines.iter().fold(String::new(), |text, line| text + "      " + line + "\n");
        let (before, user) = self.mapping.split_once("  - kind: user").expect("users come last");
        let plain = "      query: \"true\"\n";
        self.mapping = format!("{}  - kind: user{user}", before.replace(plain, &format!("{plain}{given}")));
        self
    }

    pub(crate) fn bitbucket(&self) -> (Bitbucket, Transport) {
        let settings = TransportSettings { retry: quick(), ..TransportSettings::data_center() };
        self.bitbucket_with(settings)
    }

    fn bitbucket_with(&self, settings: TransportSettings) -> (Bitbucket, Transport) {
        let transport = Transport::new(vec![Credential::anonymous()], settings);
        let http = http_client(&HttpSettings::default()).expect("an HTTP client");
        (Bitbucket::new(&self.server.url(), http, transport.clone()), transport)
    }

    pub(crate) async fn resync(&self) -> Report {
        self.resync_with(self.bitbucket()).await
    }

    async fn resync_with(&self, (server, transport): (Bitbucket, Transport)) -> Report {
        let catalog = self.catalog().await;
        let document = Document::parse(&self.mapping).expect("a mapping");
        let compiler = Compiler::new(Limits::default(), Environment::empty());
        let opened = State::open(&self.folder.path().join("state.db")).await.expect("the state file opens");
        let state = opened.state.catalog(catalog.name()).await.expect("the state has a part for the catalog");
        let report = Resync {
            source: Arc::new(sync::Bitbucket::new(DataCenter::new(server), transport)),
            catalog: Arc::new(catalog.clone()),
            state,
            mapping: Arc::new(Mapping::compile(document, &compiler)),
            blueprints: DATACENTER_DEFAULT.blueprints().expect("blueprints"),
            scope: self.scope.clone(),
            limits: ResyncLimits { concurrency: 4, confirmations: 100, ..ResyncLimits::default() },
            observer: Arc::new(Silent),
        }
        .run()
        .await
        .expect("the resync runs to its end");
        opened.state.close().await.expect("the state file closes");
        catalog.close().await.expect("the catalog closes");
        report
    }

    pub(crate) async fn catalog(&self) -> LocalCatalog {
        LocalCatalog::open(&self.folder.path().join("catalog.db"), "test").await.expect("the catalog opens")
    }

    async fn entities(&self, blueprint: &str) -> Vec<StoredEntity> {
        let catalog = self.catalog().await;
        let entities = catalog.entities(blueprint, None, 10_000).await.expect("the catalog can be read");
        catalog.close().await.expect("the catalog closes");
        entities
    }

    pub(crate) async fn identifiers(&self, blueprint: &str) -> BTreeSet<String> {
        self.entities(blueprint).await.into_iter().map(|entity| entity.identifier).collect()
    }

    fn slugs(&self, wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let names = self.server.read(World::repository_names);
        names.into_iter().filter(|(key, _)| wanted(key)).map(|(_, slug)| slug).collect()
    }

    fn requests_to(&self, part: &str) -> usize {
        self.server.requests().iter().filter(|request| request.path.contains(part)).count()
    }
}

fn quick() -> RetryPolicy {
    RetryPolicy {
        retries: 3,
        min_delay: Duration::from_millis(1),
        max_delay: Duration::from_millis(5),
        throttle_delay: Duration::from_millis(2),
        max_throttle_delay: Duration::from_millis(10),
        deadline: Duration::from_secs(20),
    }
}

pub(crate) fn small() -> WorldSpec {
    WorldSpec { repositories: 14, pull_requests_per_repository: 4, users: 9, ..WorldSpec::default() }
}

pub(crate) fn written(report: &Report) -> u64 {
    report.resources.iter().map(|resource| resource.created + resource.updated).sum()
}

pub(crate) fn deleted(report: &Report) -> u64 {
    report.deletions.iter().map(|deletion| deletion.deleted).sum()
}

fn failing(path: &str, query: &str) -> FaultRule {
    FaultRule::on(path, Occurrence::Always, Fault::Status { status: 500, retry_after: None }).with_query(query)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_writes_everything_and_the_second_nothing() {
    let bench = Bench::new(small(), Options::default()).await;
    let first = bench.resync().await;
    assert_eq!(first.outcome, SyncOutcome::Complete, "{first:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await, bench.slugs(|_| true), "{first:#?}");
    assert_eq!(bench.entities("bitbucketProject").await.len(), bench.server.read(|world| world.project_keys().len()));
    assert!(first.resources.iter().all(|row| row.created + row.updated == row.mapped && row.mapped > 0), "{first:#?}");
    let repositories = bench.entities(REPOSITORY).await;
    assert!(repositories.iter().any(|entity| entity.properties["documentation"].as_str() != Some("")));
    assert!(repositories.iter().all(|entity| entity.properties["documentation"].is_string()), "{repositories:#?}");
    assert!(repositories.iter().any(|entity| !entity.relations["latestCommitAuthor"].is_null()));

    let second = bench.resync().await;
    assert_eq!((written(&second), deleted(&second)), (0, 0), "{second:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_what_the_default_mapping_says() {
    let spec = WorldSpec {
        projects: 1,
        personal_projects: 0,
        repositories: 2,
        pull_requests_per_repository: 3,
        users: 3,
        ..WorldSpec::default()
    };
    let bench = Bench::new(spec, Options::default()).await;
    bench.resync().await;
    let mut entities = vec![];
    for blueprint in ["bitbucketProject", "bitbucketUser", REPOSITORY, PULL_REQUEST] {
        entities.extend(bench.entities(blueprint).await);
    }
    let text = serde_json::to_string_pretty(&entities).expect("JSON");
    insta::with_settings!({filters => vec![(r#""(updated|created)_?[aA]t": "[^"]*""#, r#""$1": "…""#)]}, {
        insta::assert_snapshot!(text);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_that_no_expression_reads() {
    let bench = Bench::new(small(), Options::default()).await.without_extras();
    let report = bench.resync().await;
    // What the server is, projects, all repositories, users, and the pull requests of each repository.
    assert_eq!(report.requests, 1 + 1 + 1 + 1 + 14);
    assert_eq!(bench.requests_to("/commits") + bench.requests_to("/raw/"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn older_servers_answer_under_their_own_name_below_a_context_path() {
    let spec = WorldSpec { version: "7.21.4".to_owned(), ..small() };
    let options = Options {
        context_path: "/scm/bitbucket".to_owned(),
        api_versions: ApiVersions::Numbered,
        largest_page: 3,
        ..Options::default()
    };
    let bench = Bench::new(spec, options).await;
    let (server, _) = bench.bitbucket();
    assert_eq!(server.version().await.unwrap().map(ToString::to_string).as_deref(), Some("7.21.4"));
    assert!(server.version().await.unwrap().is_some_and(ServerVersion::is_8_7_or_older));
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await, bench.slugs(|_| true));
    assert_eq!(bench.requests_to("/rest/api/latest/"), 2, "each client asks once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_deleted_although_listings_have_several_pages() {
    let options = Options { largest_page: 5, ..Options::default() };
    let bench = Bench::new(small(), options).await.without_extras();
    bench.resync().await;
    let (key, slug) = bench.server.read(|world| world.repository_names()[3].clone());
    bench.server.change(|world| world.remove_repository(&key, &slug)).expect("the repository is there");
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await, bench.slugs(|_| true));
    let below = format!("{slug}-");
    assert!(bench.identifiers(PULL_REQUEST).await.iter().all(|id| !id.starts_with(&below)), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_pull_requests_leave_with_the_default_state() {
    let options = Options { largest_page: 2, ..Options::default() };
    let spec = WorldSpec { open_percent: 90, ..small() };
    let bench = Bench::new(spec, options).await.without_extras();
    bench.resync().await;
    let before = bench.identifiers(PULL_REQUEST).await;
    let (key, slug) = bench.server.read(|world| world.repository_names()[0].clone());
    let open = Some(bitbucket_port_sandbox::datacenter::PullRequestState::Open);
    let id = bench.server.read(|world| world.pull_request_ids(&key, &slug, open)).expect("a repository")[0];
    bench.server.change(|world| world.merge(&key, &slug, id)).expect("the pull request is there");
    bench.resync().await;
    let gone: Vec<String> = before.difference(&bench.identifiers(PULL_REQUEST).await).cloned().collect();
    assert_eq!(gone, [format!("{slug}-{id}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn named_projects_are_listed_one_by_one() {
    let bench = Bench::new(small(), Options::default()).await.without_extras();
    let keys = bench.server.read(World::project_keys);
    let personal = keys.iter().find(|key| key.starts_with('~')).expect("a personal project").clone();
    let named = [keys[0].clone(), personal];
    let bench = bench.selecting(&[&format!("projects: [{}, \"{}\"]", named[0], named[1])]);
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await, bench.slugs(|key| named.iter().any(|named| named == key)));
    let requests = bench.server.requests();
    assert!(requests.iter().all(|request| !request.path.ends_with("/repos") || request.path.contains("/projects/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_have_to_match_the_expression_from_their_start() {
    let bench = Bench::new(small(), Options::default()).await.without_extras();
    let keys = bench.server.read(World::project_keys);
    let wanted = keys[1].clone();
    let bench = bench.selecting(&[&format!("projectFilterRegex: \"{}\"", &wanted[..2])]);
    bench.resync().await;
    let matching = |key: &str| key.starts_with(&wanted[..2]);
    assert_eq!(bench.identifiers(REPOSITORY).await, bench.slugs(matching));
    assert!(bench.slugs(matching).len() < 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_page_of_one_project_leaves_the_others_right() {
    let options = Options { largest_page: 2, ..Options::default() };
    let bench = Bench::new(small(), options).await.without_extras();
    let keys = bench.server.read(World::project_keys);
    let (broken, other) = (keys[0].clone(), keys[1].clone());
    let bench = bench.selecting(&[&format!("projects: [{broken}, {other}]")]);
    bench.resync().await;
    let before = (bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await);
    let of = |key: &str| bench.slugs(|known| known == key).into_iter().next_back().expect("it has repositories");
    let (hidden, gone) = (of(&broken), of(&other));
    for (key, slug) in [(&broken, &hidden), (&other, &gone)] {
        bench.server.change(|world| world.remove_repository(key, slug)).expect("the repository is there");
    }
    bench.server.faults().set([failing(&format!("**/projects/{broken}/repos"), "start=2")]);
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    assert!(matches!(report.resources[1].listing, ListingReport::Partial(_)), "{report:#?}");
    let after = (bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await);
    let lost: Vec<&String> = before.0.difference(&after.0).collect();
    assert_eq!(lost, [&gone], "{report:#?}");
    assert!(before.1.difference(&after.1).all(|id| id.starts_with(&format!("{gone}-"))), "{report:#?}");
    assert!(after.1.iter().all(|id| !id.starts_with(&format!("{gone}-"))), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_refused_keeps_its_entities() {
    let bench = Bench::new(small(), Options::default()).await.without_extras();
    let keys = bench.server.read(World::project_keys);
    let bench = bench.selecting(&[&format!("projects: [{}, {}]", keys[0], keys[1])]);
    bench.resync().await;
    let before = bench.identifiers(REPOSITORY).await;
    for status in [403, 404] {
        let refused = Fault::Status { status, retry_after: None };
        let path = format!("**/projects/{}/repos", keys[0]);
        bench.server.faults().set([FaultRule::on(&path, Occurrence::Always, refused)]);
        let report = bench.resync().await;
        assert_eq!((&report.outcome, deleted(&report)), (&SyncOutcome::Incomplete, 0), "{report:#?}");
        assert_eq!(bench.identifiers(REPOSITORY).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_fetched_is_left_as_it_was() {
    let bench = Bench::new(small(), Options::default()).await;
    bench.resync().await;
    let before: Vec<_> = bench.entities(REPOSITORY).await.into_iter().map(|entity| entity.properties).collect();
    bench.server.faults().set([failing("**/raw/**", ""), failing("**/commits", "")]);
    let report = bench.resync().await;
    assert_eq!(deleted(&report), 0, "{report:#?}");
    let after: Vec<_> = bench.entities(REPOSITORY).await.into_iter().map(|entity| entity.properties).collect();
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_repository_can_be_resynced_alone() {
    let mut bench = Bench::new(small(), Options::default()).await.without_extras();
    let (_, slug) = bench.server.read(|world| world.repository_names()[2].clone());
    bench.scope = Scope { repository: Some(slug.clone()), ..Scope::default() };
    let report = bench.resync().await;
    assert_eq!(bench.requests_to("/pull-requests"), 1, "{report:#?}");
    assert_eq!(report.resources.iter().find(|row| row.kind == "repository").map(|row| row.mapped), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_instance_costs_no_more_requests_than_ports_runtime() {
    let spec = WorldSpec {
        projects: 40,
        repositories: 500,
        // As many requests as with 20, in less time.
        pull_requests_per_repository: 2,
        open_percent: 100,
        empty_repositories: false,
        users: 200,
        ..WorldSpec::default()
    };
    let bench = Bench::new(spec, Options::default()).await;
    let whole = bench.mapping.clone();
    let mut bench = bench.without_extras();
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(report.resources.iter().map(|row| row.mapped).max(), Some(1_000), "{report:#?}");
    // What the server is, projects, repositories, users, and the pull requests of each repository. Port's runtime: 544.
    assert_eq!((report.requests, bench.server.requests().len()), (504, 504));
    bench.mapping = whole;
    assert_eq!(bench.resync().await.requests, 504 + 2 * 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_as_long_as_the_server_grants() {
    let bench = Bench::new(small(), Options::default()).await.without_extras();
    bench.resync().await;
    let requests = bench.server.requests();
    let listings = || requests.iter().filter(|request| !request.path.ends_with("application-properties"));
    assert!(listings().all(|request| request.query.contains("limit=1000")), "{requests:#?}");
    assert!(listings().all(|request| !request.query.contains("start=")), "{requests:#?}");
    bench.server.set_largest_page(4);
    let before = requests.len();
    let report = bench.resync().await;
    assert_eq!(
        (report.outcome.clone(), written(&report), deleted(&report)),
        (SyncOutcome::Complete, 0, 0),
        "{report:#?}"
    );
    let starts = |path: &str| {
        let requests = bench.server.requests();
        let of_listing = requests[before..].iter().filter(|request| request.path.ends_with(path));
        of_listing.map(|request| request.query.clone()).collect::<Vec<_>>()
    };
    assert_eq!(starts("/latest/repos").len(), 4, "14 repositories, 4 on a page: {:?}", starts("/latest/repos"));
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_repositories_can_be_left_out() {
    let mut bench = Bench::new(small(), Options::default()).await.without_extras();
    let (key, slug) = bench.server.read(|world| world.repository_names()[2].clone());
    bench.server.change(|world| world.set_archived(&key, &slug, true)).expect("the repository is there");
    let whole = bench.mapping.clone();
    for (selected, wanted) in [("ARCHIVED", 1), ("ACTIVE", 13), ("ALL", 14)] {
        bench.mapping = whole.replace(
            "  - kind: repository\n    selector:\n      query: \"true\"\n",
            &format!("  - kind: repository\n    selector:\n      query: \"true\"\n      archived: {selected}\n"),
        );
        let report = bench.resync().await;
        let listed = report.resources.iter().find(|row| row.kind == "repository").map(|row| row.mapped);
        assert_eq!(listed, Some(wanted), "{report:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_repository_has_no_commit_and_an_absent_file_is_empty() {
    let spec = WorldSpec { empty_repositories: false, ..small() };
    let bench = Bench::new(spec, Options::default()).await;
    let names = bench.server.read(World::repository_names);
    let ((empty_key, empty), (key, bare)) = (&names[1], &names[2]);
    bench.server.change(|world| world.set_default_branch(empty_key, empty, None)).expect("the repository is there");
    bench.server.change(|world| world.write_file(key, bare, "README.md", None)).expect("the repository is there");
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    let repositories = bench.entities(REPOSITORY).await;
    let of = |slug: &str| repositories.iter().find(|entity| entity.identifier == slug).expect("it was mapped");
    assert_eq!(
        (&of(empty).properties["documentation"], &of(empty).relations["latestCommitAuthor"]),
        (&"".into(), &serde_json::Value::Null)
    );
    assert_eq!(of(bare).properties["documentation"], "");
    assert!(of(bare).relations["latestCommitAuthor"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_is_waited_for_and_the_bucket_of_the_server_is_no_budget() {
    let throttle = Throttle { capacity: 1_000, fill: 1_000, interval: Duration::from_secs(1) };
    let bench = Bench::new(small(), Options { throttle: Some(throttle), ..Options::default() }).await.without_extras();
    let throttled = Fault::Status { status: 429, retry_after: Some("7".to_owned()) };
    bench.server.faults().set([FaultRule::on("/rest/**", Occurrence::Every(6), throttled)]);
    let begin = Moment::from_millis(784_111_777_000);
    let clock = Arc::new(ManualClock::jumping(begin));
    let settings = TransportSettings { clock: Arc::<ManualClock>::clone(&clock), ..TransportSettings::data_center() };
    let (server, transport) = bench.bitbucket_with(settings);
    let report = bench.resync_with((server, transport.clone())).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert!(bench.server.requests().iter().filter(|request| request.status == 429).count() >= 2);
    assert!(clock.now().since(begin) >= Duration::from_secs(14), "as long as was asked for, each time");
    assert_eq!(transport.budget().remaining(Class::Rest), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_of_the_settings_holds() {
    let bench = Bench::new(small(), Options::default()).await;
    let begin = Moment::from_millis(784_111_777_000);
    let clock = Arc::new(ManualClock::jumping(begin));
    let quota = Quota { limit: 10, window: Duration::from_secs(60) };
    let budget = BudgetSettings { rest: Some(quota), ..BudgetSettings::unlimited() };
    let settings = TransportSettings {
        clock: Arc::<ManualClock>::clone(&clock),
        budget,
        retry: RetryPolicy { deadline: Duration::from_secs(100_000), ..RetryPolicy::default() },
        ..TransportSettings::data_center()
    };
    let report = bench.resync_with(bench.bitbucket_with(settings)).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    let windows = (report.requests - 1) / 10;
    assert!(report.requests > 40, "{report:#?}");
    assert!(clock.now().since(begin) >= Duration::from_secs(60 * windows), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_not_list_people_still_gets_the_rest() {
    let bench = Bench::new(small(), Options { rights: Rights::NONE, ..Options::default() }).await.without_extras();
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    let users = report.resources.iter().find(|row| row.kind == "user").expect("users are mapped");
    assert!(matches!(users.listing, ListingReport::Partial(_)), "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await, bench.slugs(|_| true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_does_not_list_its_pull_requests_keeps_them() {
    let bench = Bench::new(WorldSpec { open_percent: 100, ..small() }, Options::default()).await.without_extras();
    bench.resync().await;
    let names = bench.server.read(World::repository_names);
    let ((_, refusing), (key, other)) = (&names[0], &names[1]);
    for (status, id) in [(403, 1), (404, 2), (500, 3)] {
        bench.server.change(|world| world.merge(key, other, id)).expect("the pull request is there");
        let before = bench.identifiers(PULL_REQUEST).await;
        let fault = Fault::Status { status, retry_after: None };
        let path = format!("**/repos/{refusing}/pull-requests");
        bench.server.faults().set([FaultRule::on(&path, Occurrence::Always, fault)]);
        let report = bench.resync().await;
        assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
        let gone: Vec<String> = before.difference(&bench.identifiers(PULL_REQUEST).await).cloned().collect();
        assert_eq!(gone, [format!("{other}-{id}")], "{report:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pull_requests_are_listed_in_the_state_that_is_asked_for() {
    let query = "  - kind: pull-request\n    selector:\n      query: \"true\"\n";
    let mut counts = vec![];
    for state in ["ALL", "OPEN", "MERGED", "DECLINED"] {
        let spec = WorldSpec { open_percent: 50, pull_requests_per_repository: 8, ..small() };
        let mut bench = Bench::new(spec, Options::default()).await.without_extras();
        bench.mapping = bench.mapping.replace(query, &format!("{query}      state: {state}\n"));
        bench.resync().await;
        let entities = bench.entities(PULL_REQUEST).await;
        let fits = |entity: &StoredEntity| state == "ALL" || entity.properties["state"] == state;
        assert!(entities.iter().all(fits), "{state}: {entities:#?}");
        counts.push(entities.len());
    }
    assert_eq!(counts[0], counts[1..].iter().sum::<usize>());
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn included_files_are_fetched_by_their_paths() {
    let spec = WorldSpec { empty_repositories: false, ..small() };
    let mut bench = Bench::new(spec, Options::default()).await;
    let (key, slug) = bench.server.read(|world| world.repository_names()[2].clone());
    bench.server.change(|world| world.write_file(&key, &slug, "docs/a b.md", Some("# Guide"))).expect("it is there");
    let query = "  - kind: repository\n    selector:\n      query: \"true\"\n";
    bench.mapping = bench
        .mapping
        .replace(query, &format!("{query}      includedFiles: [\"docs/a b.md\"]\n"))
        .replace(".__readme", ".__includedFiles[\"docs/a b.md\"]");
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    for entity in bench.entities(REPOSITORY).await {
        let wanted = if entity.identifier == slug { "# Guide".into() } else { serde_json::Value::Null };
        assert_eq!(entity.properties["documentation"], wanted, "{}", entity.identifier);
    }
    assert_eq!(bench.requests_to("/raw/docs/a%20b.md"), 14);
}
