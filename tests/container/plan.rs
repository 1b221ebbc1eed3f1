//! `plan` and dry runs: they say what a resync does, and write nothing anywhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bitbucket_port::catalog::{
    Blueprint, Catalog as _, Entity, Existing, LocalCatalog, MissingRelated, StoredEntity, UpsertResult, WriteOptions,
};
use bitbucket_port::state::State;
use bitbucket_port_sandbox::cloud::{self, WorldSpec};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence, datacenter, port};
use serde_json::{Value, json};

use crate::program::{Ended, Program};

const DEFAULT: &str = include_str!("../../mappings/cloud/default.yaml");
const SQLITE: [&str; 4] = ["--catalog", "sqlite:catalog.db", "--identifier", "ours"];
const PORT: [&str; 4] = ["--catalog", "port", "--identifier", "ours"];
const WRITE: WriteOptions = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Create };

async fn cloud(repositories: u32) -> cloud::Server {
    let spec = WorldSpec { repositories, pull_requests_per_repository: 3, projects: 2, ..WorldSpec::default() };
    cloud::Server::start(cloud::World::generate(&spec), cloud::Options::default()).await.expect("the sandbox starts")
}

async fn port() -> port::Server {
    port::Server::start(port::World::empty(), port::Options::default()).await.expect("the sandbox starts")
}

fn program(bitbucket: &cloud::Server) -> Program {
    Program::configured().set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_HOST_URL", &bitbucket.url())
}

fn program_at(bitbucket: &cloud::Server, port: &port::Server) -> Program {
    with_port(program(bitbucket), port)
}

fn with_port(program: Program, port: &port::Server) -> Program {
    program
        .set("OCEAN__PORT__CLIENT_ID", "sandbox-client")
        .set("OCEAN__PORT__CLIENT_SECRET", "sandbox-secret")
        .set("OCEAN__PORT__BASE_URL", &port.url())
        .set("OCEAN__INTEGRATION__IDENTIFIER", "ours")
}

fn run(program: &Program, command: &str, options: &[&[&str]]) -> Ended {
    let arguments: Vec<&str> = std::iter::once(command).chain(options.iter().copied().flatten().copied()).collect();
    program.run(&arguments)
}

fn resync(program: &Program, options: &[&[&str]]) -> Value {
    let ended = run(program, "resync", &[options, &[&["--format", "json"]]].concat());
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.error);
    serde_json::from_str(&ended.out).expect("JSON")
}

fn plan_json(program: &Program, options: &[&[&str]]) -> Value {
    let ended = run(program, "plan", &[options, &[&["--format", "json"]]].concat());
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.error);
    serde_json::from_str(&ended.out).expect("JSON")
}

/// Every file of a folder with its content.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    files.map(|path| (path.display().to_string(), std::fs::read(path).expect("a file"))).collect()
}

/// What a plan may ask of Port; everything else would be a write.
pub(crate) fn assert_only_read(port: &port::Server) {
    for request in port.requests() {
        let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        let reads = matches!(
            (request.method.as_str(), parts.as_slice()),
            (
                "GET",
                ["v1", "integration" | "blueprints", _]
                    | ["v1", "organization" | "blueprints"]
                    | ["v1", "blueprints", _, "entities-count"]
                    | ["v1", "integration", _, "resync-request"]
            ) | (
                "POST",
                ["v1", "auth", "access_token"]
                    | ["v1", "entities", "search"]
                    | ["v1", "blueprints", "entities", "datasource-entities"]
            )
        );
        assert!(reads, "{} {}", request.method, request.path);
    }
}

/// Refuses every route by which something could be written.
pub(crate) fn refuse_writes(port: &port::Server) {
    let refused =
        |path: &str| FaultRule::on(path, Occurrence::Always, Fault::Status { status: 403, retry_after: None });
    port.faults().set([
        refused("/v1/blueprints/*/entities/bulk"),
        refused("/v1/blueprints/*/entities"),
        refused("/v1/blueprints/*/bulk/**"),
        refused("/v1/integration"),
        refused("/v1/integration/*/config"),
        refused("/v1/integration/*/resync-state"),
        refused("/v1/integration/*/kinds/**"),
        refused("/ingest/**"),
    ]);
}

fn entity(value: Value) -> Entity {
    serde_json::from_value(value).expect("an entity")
}

/// A catalog in a file, and a world that went on since: every sort of change.
struct Changed {
    bitbucket: cloud::Server,
    program: Program,
}

impl Changed {
    async fn new() -> Self {
        let bitbucket = cloud(6).await;
        let program = program(&bitbucket);
        resync(&program, &[&SQLITE]);
        let slugs = bitbucket.read(cloud::World::repository_slugs);
        let catalog = LocalCatalog::open(&program.folder.path().join("catalog.db"), "ours").await.expect("it opens");
        let repositories = catalog.entities("bitbucketRepository", None, 100).await.expect("entities");
        let named = |slug: &str| {
            let is_it = |url: &Value| url.as_str().is_some_and(|url| url.ends_with(&format!("/{slug}")));
            let found = repositories.iter().find(|entity| is_it(&entity.properties["url"]));
            found.expect("it is there").identifier.clone()
        };
        // One pull request is filtered out, and a repository that another one, which stays, relates to.
        let (gone, changing, taken) = (named(&slugs[0]), named(&slugs[1]), named(&slugs[4]));
        let pull_requests = catalog.entities("bitbucketPullRequest", None, 100).await.expect("entities");
        let of = |entity: &StoredEntity| entity.relations["repository"].as_str().unwrap_or_default().to_owned();
        let others = |entity: &&StoredEntity| ![&gone, &changing, &taken].contains(&&of(entity));
        let related = of(pull_requests.iter().find(others).expect("there is one"));
        let left_out = pull_requests.iter().rev().find(|entity| of(entity) != gone && of(entity) != related);
        let left_out = left_out.expect("there is another").clone();
        let write = async |catalog: &LocalCatalog, value: Value| {
            let entity = entity(value);
            let results = catalog.upsert(&entity.blueprint, std::slice::from_ref(&entity), WRITE).await;
            assert!(!matches!(results.expect("written")[0], UpsertResult::Failed(_)));
        };
        // Somebody's service cannot be without a repository that is gone.
        let service: Blueprint = serde_json::from_value(json!({ "identifier": "service", "relations": {
            "repository": { "target": "bitbucketRepository", "required": true, "many": false } } }))
        .expect("a blueprint");
        catalog.provision(&[service]).await.expect("created");
        let people = catalog.with_owner("people");
        write(
            &people,
            json!({ "identifier": "shop", "blueprint": "service",
            "relations": { "repository": named(&slugs[0]) } }),
        )
        .await;
        // Another integration wrote one, a person gave one an icon.
        write(
            &catalog.with_owner("another"),
            json!({ "identifier": taken,
            "blueprint": "bitbucketRepository", "title": "Theirs" }),
        )
        .await;
        write(&catalog, json!({ "identifier": changing, "blueprint": "bitbucketRepository", "icon": "Star" })).await;
        catalog.close().await.expect("it closes");
        bitbucket.change(|world| {
            world.remove_repository(&slugs[0]).expect("it is there");
            world.add_repository("Brand New");
            world.set_main_branch(&slugs[1], Some("trunk")).expect("it is there");
        });
        let (before, pull_requests) = DEFAULT.split_once("  - kind: pull-request").expect("they come last");
        let repositories = before.replacen(
            "kind: repository\n    selector:\n      query: \"true\"",
            &format!("kind: repository\n    selector:\n      query: .name != {}", json!(related)),
            1,
        );
        let pull_requests =
            pull_requests.replacen("query: \"true\"", &format!("query: .title != {}", json!(left_out.title)), 1);
        let mapping = format!("{repositories}  - kind: pull-request{pull_requests}");
        std::fs::write(program.folder.path().join("mapping.yaml"), mapping).expect("written");
        Self { bitbucket, program }
    }

    fn shown(&self, text: &str) -> String {
        text.replace(&self.bitbucket.url().replace("/2.0", ""), "ORIGIN")
    }
}

const MAPPING: [&str; 2] = ["--mapping", "mapping.yaml"];

#[tokio::test(flavor = "multi_thread")]
async fn every_sort_of_change_is_shown_and_then_made() {
    let changed = Changed::new().await;
    let before = contents(changed.program.folder.path());
    let human = run(&changed.program, "plan", &[&SQLITE, &MAPPING]);
    assert_eq!(human.code, Some(0), "{}", human.error);
    insta::assert_snapshot!("human", changed.shown(&human.out));
    let json = run(&changed.program, "plan", &[&SQLITE, &MAPPING, &["--format", "json"]]);
    insta::assert_snapshot!("json", changed.shown(&json.out));
    assert_eq!(contents(changed.program.folder.path()), before, "nothing was written, and nothing left behind");

    // What was planned is what is done.
    let planned: Value = serde_json::from_str(&json.out).expect("JSON");
    let planned = |what: &str| -> u64 {
        let totals = planned["totals"].as_object().expect("an object");
        totals.values().filter_map(|of| of[what].as_u64()).sum()
    };
    let done = resync(&changed.program, &[&SQLITE, &MAPPING]);
    let done = |what: &str| -> u64 {
        let rows = done["resources"].as_array().expect("a list");
        rows.iter().filter_map(|row| row[what].as_u64()).sum()
    };
    // A repository that a pull request names first exists by the time it is written itself.
    assert_eq!(planned("create") + planned("update"), done("created") + done("updated"));
    assert_eq!(planned("delete"), done("deleted"));
    assert_eq!(planned("unchanged"), done("unchanged"));
    let after = run(&changed.program, "plan", &[&SQLITE, &MAPPING, &["--detailed-exitcode"]]);
    assert_eq!(after.code, Some(0), "{}{}", after.out, after.error);
    assert!(after.out.contains("nothing to do"), "{}", after.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replacement_loses_is_shown() {
    let changed = Changed::new().await;
    let path = changed.program.folder.path().join("mapping.yaml");
    let replacing = std::fs::read_to_string(&path).expect("it is there");
    std::fs::write(&path, replacing.replace("enableMergeEntity: true", "enableMergeEntity: false")).expect("written");
    let plan = plan_json(&changed.program, &[&SQLITE, &MAPPING]);
    let all = plan["changes"].as_array().expect("a list");
    let fields = all.iter().filter(|change| change["action"] == "update").flat_map(|change| {
        change["fields"].as_array().expect("a list").iter().map(|field| (field["field"].as_str(), field.get("new")))
    });
    assert!(fields.into_iter().any(|field| field == (Some("icon"), None)), "{plan:#}");
    let human = run(&changed.program, "plan", &[&SQLITE, &MAPPING]);
    assert!(human.out.contains("icon: \"Star\" → lost"), "{}", human.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_resync_there_is_nothing_to_do_in_any_world() {
    let bitbucket = cloud(4).await;
    let spec = datacenter::WorldSpec {
        repositories: 5,
        pull_requests_per_repository: 2,
        users: 4,
        personal_projects: 0,
        ..Default::default()
    };
    let world = datacenter::World::generate(&spec);
    let server = datacenter::Server::start(world, datacenter::Options::default()).await.expect("the sandbox starts");
    let url = server.url();
    for is_cloud in [true, false] {
        for merge in ["true", "false"] {
            let port = port().await;
            let product = if is_cloud { program(&bitbucket) } else { Program::new() };
            let program = with_port(product, &port);
            std::fs::write(program.folder.path().join("token"), "a-token").expect("written");
            let released = if is_cloud { DEFAULT } else { include_str!("../../mappings/datacenter/default.yaml") };
            let mapping = released.replace("enableMergeEntity: true", &format!("enableMergeEntity: {merge}"));
            std::fs::write(program.folder.path().join("mapping.yaml"), mapping).expect("written");
            let of_server = ["--server", url.as_str(), "--token-file", "token"];
            let place: &[&str] = if is_cloud { &[] } else { &of_server };
            for catalog in [SQLITE, PORT] {
                let create: &[&str] = if catalog == PORT { &["--create"] } else { &[] };
                resync(&program, &[place, &catalog, &MAPPING, create]);
                port.advance_clock(Duration::from_secs(5));
                let plan = run(&program, "plan", &[place, &catalog, &MAPPING, &["--detailed-exitcode"]]);
                assert_eq!(plan.code, Some(0), "{is_cloud} {merge} {catalog:?}\n{}{}", plan.out, plan.error);
                assert!(plan.out.contains("nothing to do"), "{}", plan.out);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_a_first_install_only_reads_at_port() {
    let (bitbucket, port) = (cloud(3).await, port().await);
    let program = program_at(&bitbucket, &port);
    refuse_writes(&port);
    let before = contents(program.folder.path());
    let plan = run(&program, "plan", &[&PORT, &["--detailed-exitcode"]]);
    assert_eq!(plan.code, Some(2), "{}{}", plan.out, plan.error);
    insta::assert_snapshot!("first_install", plan.out.replace(&port.url(), "PORT"));
    assert_only_read(&port);
    assert!(port.read(port::World::entity_count) == 0 && port.read(|world| world.reports.is_empty()));
    assert_eq!(contents(program.folder.path()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_at_port_names_owners_and_dependents() {
    let (bitbucket, port) = (cloud(4).await, port().await);
    let program = program_at(&bitbucket, &port);
    resync(&program, &[&PORT, &["--create"]]);
    port.advance_clock(Duration::from_secs(5));
    let of = |entity: &port::Entity| entity.relations["repository"].as_str().expect("a repository").to_owned();
    let gone = port.read(|world| world.entities("bitbucketPullRequest").map(of).next()).expect("a pull request");
    let others = port.read(|world| {
        let all = world.entities("bitbucketRepository").map(|entity| entity.identifier.clone());
        all.filter(|name| *name != gone).collect::<Vec<_>>()
    });
    let url = port.read(|world| world.entity("bitbucketRepository", &gone).expect("it").properties["url"].clone());
    let slug = url.as_str().and_then(|url| url.rsplit('/').next()).expect("a slug").to_owned();
    let other = "port-ocean/bitbucket-cloud/0.5.1/another/exporter";
    let take = |entity: &mut port::Entity| other.clone_into(&mut entity.datasource);
    assert!(port.change(|world| world.edit_entity("bitbucketRepository", &others[0], take)));
    bitbucket.change(|world| world.remove_repository(&slug)).expect("it is there");
    port.record().clear();
    refuse_writes(&port);
    let plan = plan_json(&program, &[&PORT]);
    assert_only_read(&port);
    let changes = plan["changes"].as_array().expect("a list");
    let taken = changes.iter().find(|change| change["taken_from"].is_string()).expect("one is taken over");
    assert_eq!((&taken["identifier"], &taken["taken_from"]), (&json!(others[0]), &json!("another (bitbucket-cloud)")));
    assert_eq!(plan["totals"]["bitbucketRepository"]["taken_over"], 1);
    assert!(plan["totals"]["bitbucketPullRequest"]["delete"].as_u64() > Some(0), "{plan:#}");

    port.faults().clear();
    let done = resync(&program, &[&PORT]);
    let said = done["notices"].as_array().expect("a list").iter().any(|notice| {
        notice["message"]
            .as_str()
            .is_some_and(|text| text.contains("belongs to another (bitbucket-cloud) and is taken over"))
    });
    assert!(said, "{done:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing_beside_the_present_runtime() {
    let (bitbucket, port) = (cloud(3).await, port().await);
    let dry = program_at(&bitbucket, &port).set("OCEAN__DRY_RUN", "true");
    refuse_writes(&port);
    let before = contents(dry.folder.path());
    for arguments in [&[][..], &["ocean", "sail", "--once"], &["resync", "--catalog", "port", "--identifier", "ours"]] {
        let ended = dry.run(arguments);
        assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.error);
        assert!(ended.out.contains("integration ours would be created"), "{}", ended.out);
    }
    assert_only_read(&port);
    assert!(port.read(port::World::entity_count) == 0 && port.read(|world| world.reports.is_empty()));
    assert_eq!(contents(dry.folder.path()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_stops_before_it_takes_too_many_requests() {
    let bitbucket = cloud(6).await;
    let program = program(&bitbucket);
    let few: [&str; 2] = ["--max-requests", "5"];
    let ended = run(&program, "plan", &[&SQLITE, &few]);
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    assert!(ended.error.contains("raise --max-requests"), "{}", ended.error);
    assert!(bitbucket.record().total() <= 5, "{}", bitbucket.record().total());
    resync(&program, &[&SQLITE]);
    bitbucket.record().clear();
    let ended = run(&program, "plan", &[&SQLITE, &few]);
    assert!(ended.error.contains("as many as the last sync took"), "{}", ended.error);
    assert_eq!((ended.code, bitbucket.record().total()), (Some(1), 0), "the last sync tells");
    let slug = bitbucket.read(|world| world.repository_slugs()[0].clone());
    let narrow = run(&program, "plan", &[&SQLITE, &few, &["--repo", &slug]]);
    assert_eq!(narrow.code, Some(0), "{}", narrow.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_needs_neither_the_state_file_nor_its_lock() {
    let bitbucket = cloud(3).await;
    let program = program(&bitbucket);
    resync(&program, &[&SQLITE]);
    let path = program.folder.path().join("state.db");
    // Another process works with it.
    let held = State::open(&path).await.expect("it opens").state;
    let plan = plan_json(&program, &[&SQLITE]);
    assert_eq!((&plan["has_changes"], &plan["remarks"]), (&json!(false), &json!([])), "{plan:#}");
    held.close().await.expect("it closes");
    std::fs::write(&path, b"not a state file at all").expect("written");
    let plan = plan_json(&program, &[&SQLITE]);
    assert_eq!(plan["has_changes"], false, "{plan:#}");
    assert!(plan["remarks"][0].as_str().is_some_and(|text| text.contains("without the state file")), "{plan:#}");
    assert_eq!(std::fs::read(&path).expect("it is there"), b"not a state file at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_log_cannot_be_planned_against_and_an_incomplete_plan_says_so() {
    let bitbucket = cloud(2).await;
    let program = program(&bitbucket);
    let refused = run(&program, "plan", &[&["--catalog", "jsonl:changes.jsonl"]]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.error.contains("a change log cannot be read"), "{}", refused.error);
    assert_eq!(contents(program.folder.path()), BTreeMap::new());
    let forbidden = Fault::Status { status: 403, retry_after: None };
    bitbucket.faults().set([FaultRule::on("/**/pullrequests", Occurrence::Always, forbidden)]);
    let plan = run(&program, "plan", &[&SQLITE]);
    assert_eq!(plan.code, Some(2), "{}", plan.error);
    assert!(plan.out.contains("INCOMPLETE"), "{}", plan.out);
    assert_eq!(run(&program, "plan", &[&SQLITE, &["--detailed-exitcode"]]).code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_protects_entities_and_what_is_pruned_is_told_with_its_reason() {
    let bitbucket = cloud(6).await;
    let program = program(&bitbucket);
    resync(&program, &[&SQLITE]);
    bitbucket.change(|world| {
        for slug in &world.repository_slugs()[..2] {
            world.remove_repository(slug).expect("it is there");
        }
    });
    for (option, reason) in [
        (&["--no-delete"][..], "nothing may be deleted (--no-delete, or --max-deletes 0)"),
        (&["--max-deletes", "1"], "more than the 1 left of --max-deletes 1"),
    ] {
        let human = run(&program, "plan", &[&SQLITE, option]);
        assert!(human.out.contains(&format!("stays: {}", if option.len() == 1 { reason } else { "2 would go, " })));
        assert!(human.out.contains(reason), "{}", human.out);
        let ended = run(&program, "plan", &[&SQLITE, option, &["--format", "json"]]);
        let plan: Value = serde_json::from_str(&ended.out).expect("JSON");
        assert_eq!(plan["totals"]["bitbucketRepository"]["protected"], 2, "{plan:#}");
        let kept = plan["changes"].as_array().expect("a list").iter().filter(|change| change["action"] == "protect");
        let mut kept = kept.filter(|change| change["blueprint"] == "bitbucketRepository");
        assert!(kept.all(|change| change["reason"].as_str().is_some_and(|why| why.contains(reason))), "{plan:#}");
    }
    let narrow = format!("entityDeletionThreshold: 0.1\n{DEFAULT}");
    std::fs::write(program.folder.path().join("mapping.yaml"), narrow).expect("written");
    let human = run(&program, "plan", &[&SQLITE, &MAPPING]);
    assert!(
        human.out.contains("stays: 2 of 6 would go, more than entityDeletionThreshold 0.1 allows"),
        "{}",
        human.out
    );

    let (repositories, _) = DEFAULT.split_once("  - kind: pull-request").expect("they come last");
    std::fs::write(program.folder.path().join("mapping.yaml"), repositories).expect("written");
    let human = run(&program, "plan", &[&SQLITE, &MAPPING]);
    assert!(human.out.contains("stays: no resource of the mapping writes to this blueprint"), "{}", human.out);
    let human = run(&program, "plan", &[&SQLITE, &MAPPING, &["--prune-unmapped"]]);
    assert!(human.out.contains("  blueprint no longer mapped"), "{}", human.out);
    let plan = plan_json(&program, &[&SQLITE, &MAPPING, &["--prune-unmapped"]]);
    let unmapped = |change: &&Value| change["reason"] == "unmapped";
    let gone = plan["changes"].as_array().expect("a list").iter().filter(unmapped).count() as u64;
    assert_eq!(Some(gone), plan["totals"]["bitbucketPullRequest"]["delete"].as_u64(), "{plan:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_resources_of_a_folder_are_shown() {
    let (bitbucket, port) = (cloud(2).await, port().await);
    let program = program_at(&bitbucket, &port);
    let folder = program.folder.path().join(".port/resources");
    std::fs::create_dir_all(&folder).expect("created");
    let blueprints = include_str!("../../mappings/cloud/blueprints.yaml");
    std::fs::write(folder.join("blueprints.yaml"), blueprints).expect("written");
    std::fs::write(folder.join("actions.yaml"), "- identifier: scaffold\n").expect("written");
    std::fs::write(folder.join("pages.yaml"), "- identifier: overview\n").expect("written");
    let scorecards = "- blueprint: bitbucketRepository\n  data:\n    - identifier: ownership\n";
    std::fs::write(folder.join("scorecards.yaml"), scorecards).expect("written");
    refuse_writes(&port);
    let human = run(&program, "plan", &[&PORT]);
    for line in ["+ action scaffold", "+ scorecard ownership", "+ page overview"] {
        assert!(human.out.contains(&format!("{line} would be created")), "{}{}", human.out, human.error);
    }
    let plan = plan_json(&program, &[&PORT]);
    let first = json!(["action scaffold", "scorecard ownership", "page overview"]);
    assert_eq!(plan["setup"]["first_resources"], first, "{plan:#}");
    assert_only_read(&port);
}
