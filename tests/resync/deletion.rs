//! What goes, what stays, and how the report tells which of it is doubt.

use bitbucket_port::mapping::CLOUD_DEFAULT;
use bitbucket_port::sync::{DeletionReport, EmptyListings, NoticeLevel, Report, SyncOutcome, Unmapped};
use bitbucket_port_sandbox::cloud::World;
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};

use crate::harness::{Bench, deleted};
use crate::port::Pair;

const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

/// An expression that gives the blueprint of pull requests in a way that only running it can tell.
const COMPUTED: &str = "'\"bitbucket\" + (\"PullRequest,x\" | split(\",\") | .[0])'";

fn row<'a>(report: &'a Report, blueprint: &str) -> &'a DeletionReport {
    report.deletions.iter().find(|row| row.blueprint == blueprint).unwrap_or_else(|| panic!("no row: {report:#?}"))
}

fn reason(report: &Report, blueprint: &str) -> String {
    row(report, blueprint).protected.keys().next().cloned().unwrap_or_default()
}

fn remove(bench: &Bench, slugs: &[String]) {
    for slug in slugs {
        bench.server.change(|world| world.remove_repository(slug)).expect("the repository is there");
    }
}

/// The default mapping without its threshold.
fn unlimited() -> String {
    format!("entityDeletionThreshold: 1\n{}", CLOUD_DEFAULT.mapping)
}

/// A mapping without its resource for pull requests, which comes last.
fn without_pull_requests(mapping: &str) -> String {
    mapping.split_once("  - kind: pull-request").expect("pull requests come last").0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_workspace_is_doubted_with_all_that_hangs_below_it_unless_it_may_be_empty() {
    let mut bench = Bench::new(6, 3).await;
    bench.mapping = unlimited();
    bench.resync().await;
    let before = (bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await);
    assert!(!before.1.is_empty());
    remove(&bench, &bench.server.read(World::repository_slugs));
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    for blueprint in [REPOSITORY, PULL_REQUEST] {
        assert!(reason(&report, blueprint).contains("the listing of repository is empty"), "{report:#?}");
        assert_eq!(row(&report, blueprint).withheld, row(&report, blueprint).missing);
    }
    assert_eq!((bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await), before);

    bench.limits.empty_listings = EmptyListings::Believed;
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await.len() + bench.identifiers(PULL_REQUEST).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_was_always_empty_protects_nothing() {
    let mut bench = Bench::new(8, 0).await;
    let (head, repositories) = CLOUD_DEFAULT.mapping.split_once("  - kind: repository").expect("repositories");
    let (own, _) = repositories.split_once("  - kind: pull-request").expect("pull requests");
    let never = own.replace("query: \"true\"", "query: \"true\"\n      repoQuery: 'slug = \"nothing-of-the-kind\"'");
    bench.mapping = format!("{head}  - kind: repository{own}  - kind: repository{never}");
    let first = bench.resync().await;
    assert_eq!((first.resources[1].listed, first.resources[2].listed), (8, 0), "{first:#?}");
    let slugs = bench.server.read(World::repository_slugs);
    remove(&bench, &slugs[..1]);
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (1, &SyncOutcome::Complete), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blueprint_that_no_resource_maps_goes_only_when_that_is_asked_for() {
    let mut bench = Bench::new(10, 3).await;
    bench.resync().await;
    let before = bench.identifiers(PULL_REQUEST).await;
    bench.mapping = without_pull_requests(CLOUD_DEFAULT.mapping);
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Complete), "{report:#?}");
    assert!(reason(&report, PULL_REQUEST).contains("no resource of the mapping writes"), "{report:#?}");
    assert_eq!(bench.identifiers(PULL_REQUEST).await, before);

    bench.limits.unmapped = Unmapped::Pruned;
    bench.limits.deletions = Some(before.len() as u64 - 1);
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    assert!(reason(&report, PULL_REQUEST).contains("--max-deletes"), "{report:#?}");

    bench.limits.deletions = None;
    let whole = bench.mapping.clone();
    bench.mapping = format!("entityDeletionThreshold: 0.3\n{whole}");
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    assert!(reason(&report, PULL_REQUEST).contains("entityDeletionThreshold"), "{report:#?}");

    // Anything that could not be used may have been the one.
    bench.mapping = whole.replace("kind: project\n", "kind: projct\n");
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    assert!(reason(&report, PULL_REQUEST).contains("was left out"), "{report:#?}");

    bench.mapping = whole;
    bench.server.record().clear();
    let report = bench.resync().await;
    assert_eq!(deleted(&report), before.len() as u64, "{report:#?}");
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), 10);
    assert_eq!(bench.server.record().count("GET", "/2.0/repositories/*/*/pullrequests/*"), 0, "nobody is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn unmapped_blueprints_that_together_are_too_much_keep_all_that_they_have() {
    let mut bench = Bench::new(10, 3).await;
    bench.resync().await;
    bench.mapping = "resources: []".to_owned();
    bench.limits.unmapped = Unmapped::Pruned;
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    for blueprint in ["bitbucketProject", REPOSITORY, PULL_REQUEST] {
        assert!(reason(&report, blueprint).contains("entityDeletionThreshold"), "{report:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computed_blueprint_that_is_incomplete_protects_every_blueprint() {
    let mut bench = Bench::new(6, 2).await;
    bench.mapping = CLOUD_DEFAULT.mapping.replace("'\"bitbucketPullRequest\"'", COMPUTED);
    assert!(bench.mapping.contains(COMPUTED));
    bench.resync().await;
    let slugs = bench.server.read(World::repository_slugs);
    let refusing = bench.pull_requests_path(&slugs[5]).await;
    remove(&bench, &slugs[..1]);
    let refused = Fault::Status { status: 403, retry_after: None };
    bench.server.faults().set([FaultRule::on(&refusing, Occurrence::Always, refused)]);
    let before = bench.identifiers(REPOSITORY).await;
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    assert!(reason(&report, REPOSITORY).contains("computes its blueprint"), "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await, before);

    bench.server.faults().clear();
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), before.len() - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blueprint_that_only_a_computed_one_could_be_counts_as_unmapped_when_none_of_it_was_seen() {
    let mut bench = Bench::new(8, 2).await;
    bench.mapping = unlimited();
    bench.resync().await;
    let before = bench.identifiers(PULL_REQUEST).await;
    let computed = "'\"bitbucket\" + (\"Project,x\" | split(\",\") | .[0])'";
    bench.mapping = without_pull_requests(&unlimited()).replace("'\"bitbucketProject\"'", computed);
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Complete), "{report:#?}");
    assert_eq!(bench.identifiers(PULL_REQUEST).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_on_deletion_hold_and_tell() {
    let mut bench = Bench::new(20, 0).await;
    bench.resync().await;
    remove(&bench, &bench.server.read(World::repository_slugs)[..3]);
    bench.limits.deletions = Some(0);
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Complete), "{report:#?}");
    assert!(reason(&report, REPOSITORY).contains("--no-delete"), "{report:#?}");
    bench.limits.deletions = Some(2);
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    assert!(reason(&report, REPOSITORY).contains("--max-deletes 2"), "{report:#?}");
    assert!(
        report.notices.iter().any(|notice| notice.level == NoticeLevel::Warning
            && notice.message.contains("3 missing entities of bitbucketRepository stay")),
        "{report:#?}"
    );
    bench.limits.deletions = Some(3);
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (3, &SyncOutcome::Complete), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kept_entity_relates_to_stays_where_port_would_create_it_again() {
    let mut bench = Bench::new(6, 2).await;
    bench.resync().await;
    let name = bench.names().await[2].clone();
    let filtered = CLOUD_DEFAULT.mapping.replacen(
        "query: \"true\"\n      includedFiles",
        &format!("query: '.name != \"{name}\"'\n      includedFiles"),
        1,
    );
    assert_ne!(filtered, CLOUD_DEFAULT.mapping);
    bench.mapping = filtered.clone();
    let report = bench.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Complete), "{report:#?}");
    assert!(reason(&report, REPOSITORY).contains("relates to it"), "{report:#?}");
    assert!(bench.identifiers(REPOSITORY).await.contains(&name));

    bench.mapping = filtered.replace("createMissingRelatedEntities: true", "createMissingRelatedEntities: false");
    let report = bench.resync().await;
    assert!(!bench.identifiers(REPOSITORY).await.contains(&name), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_in_doubt_are_a_failed_reconciliation_at_port() {
    let pair = Pair::new(12, 1).await;
    pair.resync().await;
    let slugs = pair.bitbucket.server.read(World::repository_slugs);
    remove(&pair.bitbucket, &slugs[..1]);
    pair.resync().await;
    let last = |pair: &Pair| {
        pair.port.read(|world| world.reports_to("kind/__reconciliation__").last().cloned()).expect("a report")
    };
    let document = last(&pair)["syncKindMetrics"].clone();
    assert_eq!(document["syncState"], "completed", "{document:#}");
    let gone = &document["metrics"]["phase"]["delete"]["object_count_type"]["deleted"]["object_count"];
    assert!(gone.as_u64().is_some_and(|gone| gone >= 1), "{document:#}");

    remove(&pair.bitbucket, &slugs[1..]);
    let report = pair.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    let document = last(&pair)["syncKindMetrics"].clone();
    assert_eq!(document["syncState"], "failed", "{document:#}");
    let status = pair.port.read(|world| world.integration("my-bitbucket").expect("it is there")["resyncState"].clone());
    assert_eq!(status["status"], "failed", "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_deletion_reach_the_sync() {
    let mut pair = Pair::new(6, 0).await;
    pair.resync().await;
    remove(&pair.bitbucket, &pair.bitbucket.server.read(World::repository_slugs)[..2]);
    for bound in [("deletion.no_delete", "true"), ("deletion.max_deletes", "1")] {
        pair.also = vec![bound];
        let report = pair.resync().await;
        assert_eq!((deleted(&report), pair.identifiers(REPOSITORY).len()), (0, 6), "{report:#?}");
    }
    remove(&pair.bitbucket, &pair.bitbucket.server.read(World::repository_slugs));
    let mapping = pair.port.read(|world| world.integration("my-bitbucket").expect("it is there")["config"].clone());
    let mut mapping = mapping.as_object().expect("a mapping").clone();
    mapping.insert("entityDeletionThreshold".to_owned(), 1.into());
    pair.port.change(|world| world.set_mapping("my-bitbucket", mapping.into())).expect("it is there");
    pair.also = vec![];
    assert_eq!(deleted(&pair.resync().await), 0);
    pair.also = vec![("deletion.allow_empty", "true")];
    assert_eq!(deleted(&pair.resync().await), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_does_not_list_leaves_the_sync_incomplete() {
    let pair = Pair::new(5, 1).await;
    pair.resync().await;
    remove(&pair.bitbucket, &pair.bitbucket.server.read(World::repository_slugs)[..1]);
    let refused = Fault::Status { status: 403, retry_after: None };
    pair.port.faults().set([FaultRule::on("/v1/**/datasource-entities", Occurrence::Always, refused)]);
    let report = pair.resync().await;
    assert_eq!((deleted(&report), &report.outcome), (0, &SyncOutcome::Incomplete), "{report:#?}");
    assert_eq!(pair.identifiers(REPOSITORY).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_not_there_leaves_a_narrowed_run_incomplete() {
    let mut bench = Bench::new(4, 1).await;
    bench.scope.repository = Some("no-such-repository".to_owned());
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    let named = |notice: &bitbucket_port::sync::Notice| {
        notice.level == NoticeLevel::Error && notice.message.contains("no repository `no-such-repository`")
    };
    assert!(report.notices.iter().any(named), "{report:#?}");
    // Pull requests alone need the repository as well.
    let only = CLOUD_DEFAULT.mapping.split_once("  - kind: project").expect("projects come first").0.to_owned();
    let (_, pull_requests) = CLOUD_DEFAULT.mapping.split_once("  - kind: pull-request").expect("they come last");
    bench.mapping = format!("{only}  - kind: pull-request{pull_requests}");
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    bench.scope.repository = Some(bench.server.read(|world| world.repository_slugs()[0].clone()));
    assert_eq!(bench.resync().await.outcome, SyncOutcome::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_many_in_the_same_way_is_one_notice() {
    let bench = Bench::new(9, 0).await;
    let broken = Fault::Status { status: 500, retry_after: None };
    bench.server.faults().set([FaultRule::on("/2.0/repositories/**/README.md", Occurrence::Always, broken)]);
    let report = bench.resync().await;
    let about: Vec<_> = report.notices.iter().filter(|notice| notice.message.contains("README.md")).collect();
    assert_eq!(about.len(), 1, "{report:#?}");
    assert!(about[0].names.len() >= 2 && about[0].count == about[0].names.len() as u64, "{about:#?}");
    assert!(about[0].message.contains("more could not be fetched: Bitbucket answered 500"), "{about:#?}");
}
