//! A resync from the sandbox into a local catalog, undisturbed and disturbed.

use crate::harness::{Bench, deleted, written};
use bitbucket_port::mapping::CLOUD_DEFAULT;
use bitbucket_port::sync::{ListingReport, SyncOutcome};
use bitbucket_port_sandbox::cloud::World;
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};

const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

fn broken(path: &str, status: u16) -> FaultRule {
    FaultRule::on(path, Occurrence::Always, Fault::Status { status, retry_after: None })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_writes_everything_and_the_second_nothing() {
    let bench = Bench::new(12, 5).await;
    let first = bench.resync().await;
    assert_eq!(first.outcome, SyncOutcome::Complete, "{first:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), 12);
    let pull_requests = bench.entities(PULL_REQUEST).await;
    assert_eq!(pull_requests.len() as u64, first.resources[2].mapped);
    // A repository that a pull request named first exists as a bare target, so writing it is an update.
    assert!(first.resources.iter().all(|row| row.created + row.updated == row.mapped && row.mapped > 0), "{first:#?}");

    let second = bench.resync().await;
    assert_eq!((written(&second), deleted(&second)), (0, 0), "{second:#?}");
    assert!(second.resources.iter().all(|row| row.unchanged == row.mapped));
    assert_eq!(bench.entities(PULL_REQUEST).await, pull_requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_what_the_default_mapping_says() {
    let bench = Bench::new(2, 3).await;
    bench.resync().await;
    let mut entities = vec![];
    for blueprint in ["bitbucketProject", REPOSITORY, PULL_REQUEST] {
        entities.extend(bench.entities(blueprint).await);
    }
    let origin = bench.server.url().replace("/2.0", "");
    let text = serde_json::to_string_pretty(&entities).expect("JSON").replace(&origin, "ORIGIN");
    // Times that the catalog sets itself end in Z, Bitbucket's own in an offset.
    insta::with_settings!({filters => vec![(r#""\d{4}-[^"]*Z""#, r#""…""#)]}, { insta::assert_snapshot!(text) });
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_share_listings() {
    let bench = Bench::new(7, 1).await;
    let report = bench.resync().await;
    // One page of projects, one of repositories for two resources, one of pull requests for each repository;
    // and two files of each repository that has a main branch, each once.
    let files = bench.server.requests().iter().filter(|request| request.path.contains("/src/")).count() as u64;
    assert_eq!(bench.server.record().total() - files, 1 + 1 + 7);
    assert!(files <= 14);
    assert_eq!(report.requests, bench.server.record().total());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_state_file_a_run_compares_and_writes_nothing() {
    let bench = Bench::new(9, 4).await;
    bench.resync().await;
    bench.lose_state();
    let report = bench.resync().await;
    assert_eq!((written(&report), deleted(&report)), (0, 0), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_state_file_is_set_aside() {
    let bench = Bench::new(4, 2).await;
    bench.resync().await;
    std::fs::write(bench.state_path(), b"SQLite format 3\0 but not really").expect("the file can be written");
    let report = bench.resync().await;
    assert_eq!((written(&report), deleted(&report)), (0, 0), "{report:#?}");
    let kept = std::fs::read_dir(bench.folder.path()).expect("a folder").count();
    assert!(kept > 2, "the damaged file is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_mapping_writes_what_it_changes() {
    let mut bench = Bench::new(6, 2).await;
    bench.resync().await;
    bench.mapping = CLOUD_DEFAULT.mapping.replace("defaultBranch: .mainbranch.name", "defaultBranch: '\"trunk\"'");
    let report = bench.resync().await;
    assert_eq!(report.resources[0].updated, 0);
    assert_eq!(report.resources[1].updated, 6);
    assert_eq!(report.resources[2].updated, 0);
    let repositories = bench.entities(REPOSITORY).await;
    assert!(repositories.iter().all(|entity| entity.properties["defaultBranch"] == "trunk"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_deleted() {
    let bench = Bench::new(10, 3).await;
    bench.resync().await;
    let slug = bench.server.read(|world| world.repository_slugs()[4].clone());
    let before = (bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await);
    let name = bench.server.read(|world| world.pull_request_ids(&slug, &[]).expect("the repository is there").len());
    assert_eq!(name, 3);
    bench.server.change(|world| world.remove_repository(&slug)).expect("the repository is there");
    let report = bench.resync().await;
    let after = (bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await);
    assert_eq!(after.0.len(), before.0.len() - 1);
    let gone = before.0.iter().find(|name| !after.0.contains(name)).expect("one is gone");
    assert!(after.1.iter().all(|id| !id.starts_with(gone.as_str())), "its pull requests are gone too");
    let fewer = before.0.len() + before.1.len() - after.0.len() - after.1.len();
    assert_eq!(usize::try_from(deleted(&report)), Ok(fewer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_breaks_off_deletes_nothing() {
    let bench = Bench::new(150, 1).await;
    bench.resync().await;
    let before = bench.identifiers(REPOSITORY).await;
    let slug = bench.server.read(|world| world.repository_slugs()[3].clone());
    bench.server.change(|world| world.remove_repository(&slug)).expect("the repository is there");
    bench.server.faults().set([broken("/2.0/repositories/*", 500).with_query("page=2")]);
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete);
    assert!(matches!(report.resources[1].listing, ListingReport::Partial(_)), "{report:#?}");
    assert_eq!(deleted(&report), 0);
    assert_eq!(bench.identifiers(REPOSITORY).await, before);

    bench.server.faults().clear();
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), before.len() - 1, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_refuses_protects_its_own_pull_requests_only() {
    let bench = Bench::new(5, 4).await;
    bench.resync().await;
    let slugs = bench.server.read(World::repository_slugs);
    for slug in &slugs[..2] {
        let ids = bench.server.read(|world| world.pull_request_ids(slug, &[])).expect("the repository is there");
        for id in ids {
            bench.server.change(|world| world.remove_pull_request(slug, id)).expect("the pull request is there");
        }
    }
    let refused = bench.pull_requests_path(&slugs[0]).await;
    bench.server.faults().set([broken(&refused, 403)]);
    let before = bench.identifiers(PULL_REQUEST).await;
    let report = bench.resync().await;
    let after = bench.identifiers(PULL_REQUEST).await;
    assert!(matches!(report.resources[2].listing, ListingReport::Partial(_)), "{report:#?}");
    let names: Vec<String> = bench.names().await;
    let of = |ids: &[String], at: usize| ids.iter().filter(|id| id.starts_with(&names[at])).count();
    assert_eq!(of(&after, 0), of(&before, 0), "the refusing repository keeps its own");
    assert_eq!(of(&after, 1), 0, "the other one loses what is gone: {report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_and_passing_faults_cost_time_only() {
    let bench = Bench::new(20, 2).await;
    let share = |status| FaultRule::on("/2.0/**", Occurrence::Every(7), Fault::Status { status, retry_after: None });
    bench.server.faults().set([
        share(429),
        FaultRule::on("/2.0/**", Occurrence::Every(11), Fault::BreakAfterHeaders),
        FaultRule::on("/2.0/**", Occurrence::Every(13), Fault::Truncate { keep: 40 }),
        share(503),
    ]);
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), 20);
    assert!(report.requests > 23, "some were repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_threshold_stays() {
    let bench = Bench::new(20, 0).await;
    bench.resync().await;
    let slugs = bench.server.read(World::repository_slugs);
    for slug in &slugs[1..] {
        bench.server.change(|world| world.remove_repository(slug)).expect("the repository is there");
    }
    let report = bench.resync().await;
    assert_eq!(deleted(&report), 0);
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), 20);
    let row = report.deletions.iter().find(|row| row.blueprint == REPOSITORY).expect("a row");
    assert_eq!((row.owned, row.missing), (20, 19));
    assert!(row.protected.keys().next().expect("a reason").contains("entityDeletionThreshold"), "{row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrowed_run_deletes_nothing_and_reads_little() {
    let mut bench = Bench::new(10, 2).await;
    bench.resync().await;
    let slugs = bench.server.read(World::repository_slugs);
    bench.server.change(|world| world.remove_repository(&slugs[0])).expect("the repository is there");
    bench.server.record().clear();
    bench.scope.repository = Some(slugs[1].clone());
    let report = bench.resync().await;
    assert_eq!(deleted(&report), 0);
    let listings = bench.server.requests().iter().filter(|request| !request.path.contains("/src/")).count();
    assert_eq!(listings, 2, "one repository, its pull requests");
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_that_cannot_be_used_protects_what_it_could_have_written() {
    let mut bench = Bench::new(8, 1).await;
    bench.resync().await;
    let slug = bench.server.read(|world| world.repository_slugs()[0].clone());
    bench.server.change(|world| world.remove_repository(&slug)).expect("the repository is there");
    bench.mapping = CLOUD_DEFAULT.mapping.replace("kind: repository\n", "kind: repositry\n");
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete);
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), 8);
    assert!(report.notices.iter().any(|notice| notice.message.contains("did you mean `repository`")), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_yield_one_entity_are_named_and_have_one_winner() {
    let mut bench = Bench::new(6, 0).await;
    bench.mapping = CLOUD_DEFAULT.mapping.replacen("identifier: .name\n", "identifier: '\"same\"'\n", 1);
    let first = bench.resync().await;
    assert_eq!(bench.identifiers(REPOSITORY).await, ["same"]);
    assert_eq!(first.resources[1].collided, 5, "{first:#?}");
    let winner = bench.entities(REPOSITORY).await;
    bench.lose_state();
    bench.resync().await;
    assert_eq!(bench.entities(REPOSITORY).await[0].title, winner[0].title);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_listing_of_several_pages_lacks_is_asked_for_by_key() {
    let bench = Bench::new(230, 0).await;
    bench.resync().await;
    let slugs = bench.server.read(World::repository_slugs);
    for slug in &slugs[10..13] {
        bench.server.change(|world| world.remove_repository(slug)).expect("the repository is there");
    }
    bench.server.record().clear();
    let report = bench.resync().await;
    assert_eq!(deleted(&report), 3, "{report:#?}");
    let asked = bench.server.requests().iter().filter(|request| request.status == 404).count();
    assert!(asked >= 3, "each was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_state_file_the_listing_is_read_once_more_before_anything_goes() {
    let bench = Bench::new(130, 0).await;
    bench.resync().await;
    let slugs = bench.server.read(World::repository_slugs);
    bench.server.change(|world| world.remove_repository(&slugs[7])).expect("the repository is there");
    bench.lose_state();
    let report = bench.resync().await;
    assert_eq!(deleted(&report), 1, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_shifting_pages_hide_stays() {
    let mut bench = Bench::new(150, 0).await;
    // Without pull requests: listing those of a repository that goes meanwhile would fail, and rightly.
    bench.mapping.truncate(bench.mapping.find("  - kind: pull-request").expect("it comes last"));
    bench.resync().await;
    let slugs = bench.server.read(World::repository_slugs);
    let names = bench.names().await;
    bench.server.record().clear();
    // While the second page is on its way, an object of the first goes: the 101st moves to the first page, unseen.
    let second_page =
        FaultRule::on("/2.0/repositories/*", Occurrence::Always, Fault::Delay(std::time::Duration::from_millis(400)));
    bench.server.faults().set([second_page.with_query("page=2")]);
    let shift = async {
        while bench.server.record().count("GET", "/2.0/repositories/*") < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        bench.server.change(|world| world.remove_repository(&slugs[0])).expect("the repository is there");
    };
    let (report, ()) = tokio::join!(bench.resync(), shift);
    assert_eq!(report.outcome, SyncOutcome::Complete);
    let left = bench.identifiers(REPOSITORY).await;
    assert!(left.contains(&names[100]), "{report:#?}");
    assert_eq!(left.len(), 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_fetched_costs_nothing_that_the_catalog_has() {
    let mut bench = Bench::new(8, 0).await;
    bench.resync().await;
    let before = bench.entities(REPOSITORY).await;
    assert!(before.iter().any(|entity| entity.properties["readme"].is_string()));
    bench.lose_state();
    bench.server.faults().set([broken("/2.0/repositories/**/README.md", 500)]);
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete);
    assert!(report.resources[1].degraded > 0, "{report:#?}");
    let readmes = |entities: &[bitbucket_port::catalog::StoredEntity]| {
        entities.iter().map(|entity| entity.properties["readme"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(readmes(&bench.entities(REPOSITORY).await), readmes(&before));

    // Replacing instead of merging would lose the property, so the object waits.
    bench.mapping = CLOUD_DEFAULT.mapping.replace("enableMergeEntity: true", "enableMergeEntity: false");
    let report = bench.resync().await;
    assert!(report.resources[1].degraded > 0 && deleted(&report) == 0, "{report:#?}");
    assert_eq!(readmes(&bench.entities(REPOSITORY).await), readmes(&before));

    bench.server.faults().clear();
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete);
    assert_eq!(readmes(&bench.entities(REPOSITORY).await), readmes(&before));
}
