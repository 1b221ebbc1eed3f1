//! The weaknesses of Port's runtime in what it writes and deletes: each has a test that fails when its mend is taken
//! out. Numbers are those of the list in `docs/compatibility.md`; `deletion.rs` and `full.rs` go into detail.

use std::collections::BTreeSet;
use std::time::Duration;

use bitbucket_port::mapping::CLOUD_DEFAULT;
use bitbucket_port::sync::{FullComparison, NoticeLevel, Report, SyncOutcome};
use bitbucket_port_sandbox::cloud::World;
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use serde_json::{Value, json};

use crate::harness::{Bench, deleted};
use crate::port::Pair;

const PROJECT: &str = "bitbucketProject";
const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

fn says(report: &Report, level: NoticeLevel, text: &str) -> bool {
    report.notices.iter().any(|notice| notice.level == level && notice.message.contains(text))
}

fn always(path: &str, status: u16) -> FaultRule {
    FaultRule::on(path, Occurrence::Always, Fault::Status { status, retry_after: None })
}

fn remove(bench: &Bench, slugs: &[String]) {
    for slug in slugs {
        bench.server.change(|world| world.remove_repository(slug)).expect("the repository is there");
    }
}

/// The default mapping with the first occurrence of a text behind the kind of repositories replaced.
fn of_repositories(from: &str, to: &str) -> String {
    let (head, rest) = CLOUD_DEFAULT.mapping.split_once("  - kind: repository").expect("repositories");
    let edited = rest.replacen(from, to, 1);
    assert_ne!(edited, rest);
    format!("{head}  - kind: repository{edited}")
}

/// Sets the mapping that the integration has at Port.
fn set_mapping(pair: &Pair, edit: impl FnOnce(&mut Value)) {
    let mut mapping = pair.port.read(|world| world.integration("my-bitbucket").expect("it is there")["config"].clone());
    edit(&mut mapping);
    pair.port.change(|world| world.set_mapping("my-bitbucket", mapping)).expect("it is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_01_what_is_sent_again_is_sent_whole() {
    let pair = Pair::new(8, 8).await;
    pair.port.faults().set([always("/v1/**/bulk", 422)]);
    let refused = pair.resync().await;
    assert_eq!(refused.outcome, SyncOutcome::Incomplete, "{refused:#?}");
    // Pull requests are on their way while the repositories that they need are held up.
    let held_up = Fault::Delay(Duration::from_secs(2));
    let repositories = format!("/v1/blueprints/{REPOSITORY}/entities/bulk");
    pair.port.faults().set([FaultRule::on(&repositories, Occurrence::Always, held_up)]);
    set_mapping(&pair, |mapping| mapping["createMissingRelatedEntities"] = json!(false));
    pair.port.record().clear();
    let report = pair.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    let bulks = pair.port.record().count("POST", &format!("/v1/blueprints/{PULL_REQUEST}/entities/bulk")) as u64;
    assert!(bulks > report.resources[2].mapped.div_ceil(20), "some were sent again: {bulks}");
    pair.port.read(|world| {
        assert_eq!(world.entities(PULL_REQUEST).count() as u64, report.resources[2].mapped);
        for entity in world.entities(PULL_REQUEST) {
            assert!(entity.title.as_ref().is_some_and(Value::is_string), "{entity:#?}");
            assert!(entity.properties["link"].is_string() && entity.properties["status"].is_string(), "{entity:#?}");
            assert!(entity.relations["repository"].is_string(), "{entity:#?}");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_02_a_refused_upsert_is_named_with_its_reason_and_leaves_the_sync_incomplete() {
    let pair = Pair::new(4, 1).await;
    pair.resync().await;
    pair.bitbucket.lose_state();
    set_mapping(&pair, |mapping| {
        mapping["createMissingRelatedEntities"] = json!(false);
        mapping["resources"][1]["port"]["entity"]["mappings"]["relations"]["project"] = json!("\"no-such-project\"");
    });
    let report = pair.resync().await;
    assert_eq!((&report.outcome, report.resources[1].refused), (&SyncOutcome::Incomplete, 4), "{report:#?}");
    assert!(
        says(&report, NoticeLevel::Error, "was not written") && says(&report, NoticeLevel::Error, "no-such-project")
    );
    assert_eq!((deleted(&report), pair.identifiers(REPOSITORY).len()), (0, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_03_items_to_parse_with_a_computed_list_gives_its_items() {
    let mut bench = Bench::new(5, 0).await;
    bench.mapping = of_repositories(
        "    port:\n      entity:\n        mappings:\n          identifier: .name\n",
        "    port:\n      itemsToParse: '[.name, .name + \"-twin\"]'\n      entity:\n        mappings:\n          identifier: .item\n",
    );
    let report = bench.resync().await;
    assert_eq!((report.resources[1].mapped, &report.outcome), (10, &SyncOutcome::Complete), "{report:#?}");
    let report = bench.resync().await;
    assert_eq!((deleted(&report), bench.identifiers(REPOSITORY).await.len()), (0, 10), "{report:#?}");
    assert!(bench.entities(REPOSITORY).await.iter().all(|entity| entity.title.is_some()), "the object stays whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_04_a_source_that_gives_nothing_or_refuses_deletes_nothing() {
    let mut bench = Bench::new(6, 2).await;
    bench.mapping = format!("entityDeletionThreshold: 1\n{}", CLOUD_DEFAULT.mapping);
    bench.resync().await;
    let before = (bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await);
    for status in [403, 404] {
        bench.server.faults().set([always("/2.0/repositories/*", status)]);
        let report = bench.resync().await;
        assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{status}: {report:#?}");
        bench.server.faults().set([always("/2.0/repositories/*/*/pullrequests", status)]);
        let report = bench.resync().await;
        assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{status}: {report:#?}");
    }
    bench.server.faults().clear();
    remove(&bench, &bench.server.read(World::repository_slugs));
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    assert_eq!((bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_05_the_threshold_is_a_share_of_all_that_is_owned() {
    let pair = Pair::new(30, 0).await;
    pair.resync().await;
    remove(&pair.bitbucket, &pair.bitbucket.server.read(World::repository_slugs)[..5]);
    // Every other entity is written in the same sync, which leaves nothing but the missing ones unwritten.
    set_mapping(&pair, |mapping| {
        mapping["entityDeletionThreshold"] = json!(0.2);
        mapping["resources"][1]["port"]["entity"]["mappings"]["properties"]["defaultBranch"] = json!("\"trunk\"");
    });
    let report = pair.resync().await;
    assert_eq!((report.resources[1].updated, deleted(&report)), (25, 5), "{report:#?}");
    remove(&pair.bitbucket, &pair.bitbucket.server.read(World::repository_slugs)[..6]);
    let report = pair.resync().await;
    assert_eq!((deleted(&report), pair.identifiers(REPOSITORY).len()), (0, 25), "6 of 25 is more: {report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_06_a_selector_that_gives_null_fails_for_that_object_alone() {
    let mut bench = Bench::new(8, 0).await;
    bench.resync().await;
    let slugs = bench.server.read(World::repository_slugs);
    let names = bench.names().await;
    let selector = format!("query: 'if .slug == \"{}\" then null else true end'", slugs[2]);
    bench.mapping = of_repositories("query: \"true\"", &selector);
    remove(&bench, &slugs[5..6]);
    let report = bench.resync().await;
    assert_eq!((&report.outcome, report.resources[1].failed), (&SyncOutcome::Incomplete, 1), "{report:#?}");
    let left: BTreeSet<String> = bench.identifiers(REPOSITORY).await.into_iter().collect();
    assert!(left.contains(&names[2]), "the object that could not be judged stays: {report:#?}");
    assert!(!left.contains(&names[5]) && left.len() == 7, "what is gone goes: {report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_07_an_invalid_resource_is_left_out_alone() {
    let mut bench = Bench::new(6, 5).await;
    bench.resync().await;
    let before = bench.identifiers(REPOSITORY).await;
    let slugs = bench.server.read(World::repository_slugs);
    remove(&bench, &slugs[..3]);
    bench.mapping = of_repositories("identifier: .name\n", "identifier: .name |\n");
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    assert!(says(&report, NoticeLevel::Error, "resource 1 (repository)"), "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await, before, "what it fed stays");
    let gone = report.deletions.iter().find(|row| row.blueprint == PULL_REQUEST).expect("a row");
    assert_eq!(gone.deleted, gone.missing, "the rest of the mapping ran: {report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_07_what_an_invalid_resource_wrote_stays_though_another_feeds_its_blueprint() {
    let mut bench = Bench::new(6, 0).await;
    let twins = |identifier: &str| {
        let selector = "    selector: { query: 'true' }\n";
        let mappings = format!("{{ identifier: '{identifier}', blueprint: '\"{REPOSITORY}\"', title: .name }}");
        format!("  - kind: repository\n{selector}    port: {{ entity: {{ mappings: {mappings} }} }}\n")
    };
    bench.mapping = format!("{}{}", CLOUD_DEFAULT.mapping, twins(".name + \"-twin\""));
    bench.resync().await;
    let before = bench.identifiers(REPOSITORY).await;
    assert_eq!(before.len(), 12);
    bench.mapping = format!("{}{}", CLOUD_DEFAULT.mapping, twins(".name |"));
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_09_an_icon_that_differs_is_a_difference() {
    let mut pair = Pair::new(5, 0).await;
    pair.resync().await;
    set_mapping(&pair, |mapping| mapping["resources"][1]["port"]["entity"]["mappings"]["icon"] = json!("\"Git\""));
    assert_eq!(pair.resync().await.resources[1].updated, 5);
    let edited = pair.identifiers(REPOSITORY)[0].clone();
    pair.port.change(|world| world.edit_entity(REPOSITORY, &edited, |entity| entity.icon = Some(json!("Star"))));
    pair.also = vec![("full_comparison_interval", "0s")];
    let report = pair.resync().await;
    assert_eq!(report.resources[1].updated, 1, "{report:#?}");
    let icon = pair.port.read(|world| world.entity(REPOSITORY, &edited).expect("it is there").icon.clone());
    assert_eq!(icon, Some(json!("Git")));
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_09_the_order_of_teams_is_no_difference() {
    let mut bench = Bench::new(6, 0).await;
    bench.mapping =
        of_repositories("          title: .name\n", "          title: .name\n          team: '[\"b\", \"a\"]'\n");
    bench.resync().await;
    bench.mapping = bench.mapping.replace("[\"b\", \"a\"]", "[\"a\", \"b\"]");
    // Neither for fingerprints nor for what the catalog holds.
    for full in [FullComparison::After(Duration::from_secs(86_400)), FullComparison::Now] {
        bench.limits.full_comparison = full;
        let report = bench.resync().await;
        assert_eq!((report.resources[1].updated, report.resources[1].unchanged), (0, 6), "{report:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_10_a_wrong_type_in_one_entity_fails_that_entity_alone() {
    let mut bench = Bench::new(6, 0).await;
    let slug = bench.server.read(|world| world.repository_slugs()[1].clone());
    let icon = format!("          title: .name\n          icon: 'if .slug == \"{slug}\" then [1] else \"Git\" end'\n");
    bench.mapping = of_repositories("          title: .name\n", &icon);
    let report = bench.resync().await;
    assert_eq!(
        (report.resources[1].failed + report.resources[1].refused, &report.outcome),
        (1, &SyncOutcome::Incomplete)
    );
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), 5, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_12_of_entities_with_one_name_one_is_sent_the_last_in_the_mapping() {
    let pair = Pair::new(6, 0).await;
    pair.resync().await;
    set_mapping(&pair, |mapping| {
        let resources = mapping["resources"].as_array_mut().expect("a list");
        resources[1]["port"]["entity"]["mappings"]["identifier"] = json!("\"same\"");
        let mut last = resources[1].clone();
        last["port"]["entity"]["mappings"]["title"] = json!("\"the last\"");
        resources.push(last);
    });
    pair.port.record().clear();
    let report = pair.resync().await;
    assert_eq!(report.resources[1].collided + report.resources[3].collided, 11, "{report:#?}");
    let path = format!("/v1/blueprints/{REPOSITORY}/entities/bulk");
    let requests = pair.port.requests();
    let bodies = requests.iter().filter(|request| request.path == path).map(|request| &request.body);
    let bulks: Vec<Value> = bodies.map(|body| serde_json::from_slice(body).expect("JSON")).collect();
    assert!(!bulks.is_empty());
    assert!(bulks.iter().all(|body| body["entities"].as_array().map(Vec::len) == Some(1)), "{bulks:#?}");
    let same = || pair.port.read(|world| world.entity(REPOSITORY, "same").expect("it is there").content());
    let winner = same();
    assert_eq!(winner["title"], "the last");
    pair.bitbucket.lose_state();
    pair.resync().await;
    assert_eq!(same(), winner);
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_13_a_breached_threshold_is_a_warning_and_leaves_the_sync_incomplete() {
    let bench = Bench::new(20, 0).await;
    bench.resync().await;
    remove(&bench, &bench.server.read(World::repository_slugs)[1..]);
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    assert!(says(&report, NoticeLevel::Warning, "more than entityDeletionThreshold 0.9 allows"), "{report:#?}");
    assert!(report.deletions.iter().any(|row| row.blueprint == REPOSITORY && row.withheld == 19), "{report:#?}");
    assert!(report.deletions.iter().all(|row| row.blueprint != PROJECT), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_24_a_port_that_takes_no_report_neither_delays_nor_stops_a_resync() {
    let mut pair = Pair::new(6, 2).await;
    pair.also = vec![("retry.first_wait", "1ms"), ("retry.longest_wait", "1ms")];
    let broken = |path: &str| FaultRule::on(path, Occurrence::Always, Fault::BreakBeforeHeaders);
    pair.port.faults().set([
        broken("/v1/integration/*/resync-state"),
        broken("/v1/integration/*/kinds/**"),
        broken("/ingest/**"),
    ]);
    let report = pair.resync().await;
    assert_eq!((&report.outcome, pair.identifiers(REPOSITORY).len()), (&SyncOutcome::Complete, 6), "{report:#?}");
    let refused = pair.port.record().count("PATCH", "/v1/integration/*/resync-state");
    assert!(refused > 2, "the state was told again and again: {refused}");
    assert!(pair.port.read(|world| world.reports.is_empty()));
}
