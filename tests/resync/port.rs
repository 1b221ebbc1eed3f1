//! A resync from Bitbucket Cloud into Port, both on the sandbox.

use std::sync::Arc;
use std::time::Duration;

use crate::harness::{Bench, deleted, written};
use bitbucket_port::catalog::port::WhenMissing;
use bitbucket_port::config::{Override, Settings, Sources, load};
use bitbucket_port::startup;
use bitbucket_port::sync::{Report, Scope, Silent, SyncOutcome};
use bitbucket_port_sandbox::cloud;
use bitbucket_port_sandbox::port::{Options, Server, World};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use tokio_util::sync::CancellationToken;

const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

/// A workspace and a Port.
pub(crate) struct Pair {
    pub(crate) bitbucket: Bench,
    pub(crate) port: Server,
    /// Settings beyond the usual ones.
    pub(crate) also: Vec<(&'static str, &'static str)>,
}

impl Pair {
    pub(crate) async fn new(repositories: u32, pull_requests: u32) -> Self {
        let port = Server::start(World::empty(), Options::default()).await.expect("the sandbox starts");
        Self { bitbucket: Bench::new(repositories, pull_requests).await, port, also: vec![] }
    }

    pub(crate) fn settings(&self) -> Settings {
        let set = |path: &str, value: &str| Override::new(path, value, "test");
        let overrides = vec![
            set("integration.config.bitbucket_workspace", "acme"),
            set("integration.config.bitbucket_workspace_token", "a-token"),
            set("integration.config.bitbucket_host_url", &self.bitbucket.server.url()),
            set("integration.identifier", "my-bitbucket"),
            set("port.client_id", "sandbox-client"),
            set("port.client_secret", "sandbox-secret"),
            set("port.base_url", &self.port.url()),
            set("budget.rest_per_hour", "1000000"),
            set("budget.files_per_hour", "1000000"),
            set("state_path", &self.bitbucket.state_path().display().to_string()),
        ];
        let also = self.also.iter().map(|(path, value)| set(path, value));
        let overrides = overrides.into_iter().chain(also).collect();
        load(&Sources { overrides, ..Sources::default() }).expect("the settings are right").settings
    }

    pub(crate) async fn resync(&self) -> Report {
        let settings = self.settings();
        let client = startup::port_client(&settings).expect("a client");
        startup::provision(&client, &settings, WhenMissing::Create).await.expect("Port is set up");
        let report = startup::resync_into_port(
            &settings,
            &client,
            None,
            Scope::default(),
            Arc::new(Silent),
            &CancellationToken::new(),
        )
        .await
        .expect("the resync runs to its end");
        // Port's clock has whole seconds; what was written in the second of the listing would not be listed.
        self.port.advance_clock(Duration::from_secs(5));
        report
    }

    pub(crate) fn identifiers(&self, blueprint: &str) -> Vec<String> {
        self.port.read(|world| world.entities(blueprint).map(|entity| entity.identifier.clone()).collect())
    }

    pub(crate) fn upserts(&self) -> usize {
        self.port.record().count("POST", "/v1/blueprints/*/entities/bulk")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_install_sets_port_up_and_the_second_run_sends_nothing() {
    let pair = Pair::new(12, 6).await;
    let first = pair.resync().await;
    assert_eq!(first.outcome, SyncOutcome::Complete, "{first:#?}");
    assert_eq!(pair.identifiers(REPOSITORY).len(), 12);
    assert_eq!(pair.identifiers(PULL_REQUEST).len() as u64, first.resources[2].mapped);

    let before = pair.upserts();
    let second = pair.resync().await;
    assert_eq!((written(&second), deleted(&second)), (0, 0), "{second:#?}");
    assert_eq!(pair.upserts(), before);

    pair.bitbucket.lose_state();
    let third = pair.resync().await;
    assert_eq!((written(&third), deleted(&third)), (0, 0), "{third:#?}");
    assert_eq!(pair.upserts(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_goes_and_a_mass_deletion_does_not() {
    let pair = Pair::new(100, 1).await;
    pair.resync().await;
    let slugs = pair.bitbucket.server.read(cloud::World::repository_slugs);
    for slug in &slugs[..5] {
        pair.bitbucket.server.change(|world| world.remove_repository(slug)).expect("the repository is there");
    }
    let report = pair.resync().await;
    assert_eq!(pair.identifiers(REPOSITORY).len(), 95, "{report:#?}");
    for slug in &slugs[5..98] {
        pair.bitbucket.server.change(|world| world.remove_repository(slug)).expect("the repository is there");
    }
    let report = pair.resync().await;
    assert_eq!(pair.identifiers(REPOSITORY).len(), 95, "{report:#?}");
    assert!(report.notices.iter().any(|notice| notice.message.contains("entityDeletionThreshold")), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_edited_at_port_is_followed() {
    let pair = Pair::new(6, 1).await;
    pair.resync().await;
    let mapping = pair.port.read(|world| world.integration("my-bitbucket").expect("it is there")["config"].clone());
    let text = mapping.to_string().replace(".mainbranch.name", "\\\"trunk\\\"");
    let edited = serde_json::from_str(&text).expect("JSON");
    pair.port.change(|world| world.set_mapping("my-bitbucket", edited)).expect("it is there");
    let report = pair.resync().await;
    assert_eq!((report.resources[1].updated, report.resources[2].updated), (6, 0), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_on_both_sides_end_in_the_catalog_of_an_undisturbed_run() {
    let undisturbed = Pair::new(15, 4).await;
    undisturbed.resync().await;
    let disturbed = Pair::new(15, 4).await;
    let fault = |path: &str, every, status| {
        FaultRule::on(path, Occurrence::Every(every), Fault::Status { status, retry_after: Some("0".to_owned()) })
    };
    disturbed.port.faults().set([fault("/v1/**/bulk", 3, 503), fault("/v1/**", 9, 429)]);
    disturbed.bitbucket.server.faults().set([fault("/2.0/**", 8, 503)]);
    disturbed.resync().await;
    disturbed.port.faults().clear();
    disturbed.bitbucket.server.faults().clear();
    let report = disturbed.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(disturbed.port.read(World::snapshot), undisturbed.port.read(World::snapshot));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_is_fetched_again() {
    let pair = Pair::new(4, 1).await;
    pair.port.set_token_lifetime(Duration::from_secs(1));
    let report = pair.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    pair.port.revoke_tokens();
    let report = pair.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wire_trace_of_a_first_install() {
    let pair = Pair::new(3, 1).await;
    pair.resync().await;
    // What runs in the background is asserted by its presence only; its place varies.
    let background = |path: &str| path.contains("heartbeat") || path.contains("logs");
    let trace: Vec<String> = pair
        .port
        .requests()
        .iter()
        .filter(|request| !background(&request.path))
        .map(|request| format!("{} {} {}", request.method, request.path, request.status))
        .collect();
    let first: Vec<&str> = trace.iter().take(7).map(String::as_str).collect();
    assert_eq!(
        first,
        [
            "POST /v1/auth/access_token 200",
            "GET /v1/integration/my-bitbucket 404",
            "GET /v1/integration/provision-enabled 200",
            "GET /v1/organization 200",
            "GET /v1/integration/my-bitbucket 404",
            "POST /v1/integration 201",
            "PATCH /v1/integration/my-bitbucket 200",
        ],
        "{trace:#?}"
    );
    // The blueprints are asked for all at once.
    assert!(trace[7..10].iter().all(|line| line.starts_with("GET /v1/blueprints/")), "{trace:#?}");
    for needed in
        ["PATCH /v1/integration/my-bitbucket/resync-state 200", "POST /v1/blueprints/entities/datasource-entities 200"]
    {
        assert!(trace.iter().any(|line| line == needed), "{needed} in {trace:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_blueprint_is_named_once_and_the_rest_runs() {
    let pair = Pair::new(6, 8).await;
    pair.resync().await;
    pair.port.change(|world| {
        let identifiers: Vec<String> = world.entities(PULL_REQUEST).map(|entity| entity.identifier.clone()).collect();
        for identifier in identifiers {
            world.remove_entity(PULL_REQUEST, &identifier);
        }
        world.delete_blueprint(PULL_REQUEST).expect("it is there");
    });
    let slug = pair.bitbucket.server.read(cloud::World::repository_slugs)[0].clone();
    pair.bitbucket.server.change(|world| world.rename_repository(&slug, "renamed")).expect("it is there");
    let before = pair.upserts();
    let report = pair.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete);
    let named: Vec<_> = report
        .notices
        .iter()
        .filter(|notice| notice.message.contains(&format!("{PULL_REQUEST:?} does not exist")))
        .collect();
    assert_eq!((named.len(), named[0].count), (1, 1), "{report:#?}");
    assert!(!report.notices.iter().any(|notice| notice.message.contains("was not written")), "{report:#?}");
    assert_eq!(report.resources[2].refused, report.resources[2].mapped, "{report:#?}");
    // Those already on their way when the first answer came, and no others; no second try in the end.
    let sent = pair
        .port
        .requests()
        .iter()
        .filter(|request| request.path.contains(PULL_REQUEST) && request.status == 404)
        .count();
    assert!(pair.upserts() - before <= 11 && sent > 0, "{sent}");
    assert!(pair.identifiers(REPOSITORY).iter().any(|name| name == "renamed"), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_finds_nothing_is_counted_and_no_fault() {
    let pair = Pair::new(6, 1).await;
    pair.resync().await;
    let mapping = pair.port.read(|world| world.integration("my-bitbucket").expect("it is there")["config"].clone());
    let mut edited = mapping;
    edited["resources"][1]["port"]["entity"]["mappings"]["identifier"] = serde_json::json!({
        "combinator": "\"and\"",
        "rules": [{ "property": "\"$title\"", "operator": "\"=\"", "value": "\"no such title\"" }],
    });
    pair.port.change(|world| world.set_mapping("my-bitbucket", edited)).expect("it is there");
    let report = pair.resync().await;
    let row = &report.resources[1];
    // All six objects yield one and the same search.
    assert_eq!((row.unmatched, row.collided, row.refused, row.created), (1, 5, 0, 0), "{report:#?}");
    assert!(row.is_complete(), "{report:#?}");
}

#[tokio::test]
async fn a_process_that_goes_on_opens_its_state_file_anew_after_a_fault_of_it() {
    let pair = Pair::new(3, 1).await;
    let settings = pair.settings();
    let client = startup::port_client(&settings).expect("a client");
    startup::provision(&client, &settings, WhenMissing::Create).await.expect("Port is set up");
    let (kept, stop) = (startup::KeptState::default(), CancellationToken::new());
    let since = time::OffsetDateTime::now_utc();
    let resync = async || {
        let process = startup::IntoPort { settings: &settings, client: &client, stop: &stop, kept: Some(&kept), since };
        let ended = process.run(None, Scope::default(), Arc::new(Silent)).await;
        pair.port.advance_clock(Duration::from_secs(5));
        ended
    };
    assert!(written(&resync().await.expect("it runs")) > 3);
    kept.opened().await.expect("it is kept").file.close().await.expect("it closes");
    let error = resync().await.expect_err("the file fails");
    assert!(matches!(error, startup::StartupError::Sync(_) | startup::StartupError::State(_)), "{error}");
    // What it knew is not lost with it.
    let report = resync().await.expect("it runs again");
    assert_eq!((written(&report), report.outcome), (0, SyncOutcome::Complete));
    kept.close().await.expect("it closes");
}
