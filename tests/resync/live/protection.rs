//! What keeps single objects' entities from being deleted.

use std::sync::Arc;
use std::time::Duration;

use bitbucket_port::kinds::ObjectKey;
use bitbucket_port::kinds::cloud::REPOSITORY as REPOSITORIES;
use bitbucket_port::mapping::CLOUD_DEFAULT;
use bitbucket_port::sync::{Became, EmptyListings, Found, LiveKey, LiveLimits, SyncOutcome};
use bitbucket_port_sandbox::cloud::World;
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};

use super::{Place, gone, names, why_kept};
use crate::harness::Bench;

const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

fn always(path: &str, fault: Fault) -> FaultRule {
    FaultRule::on(path, Occurrence::Always, fault)
}

fn status(status: u16) -> Fault {
    Fault::Status { status, retry_after: None }
}

async fn everything(bench: &Bench) -> Vec<String> {
    [bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await].concat()
}

/// A bench after a resync, and the key of a repository that is gone since.
async fn with_one_gone() -> (Bench, ObjectKey) {
    let bench = Bench::new(4, 6).await;
    bench.resync().await;
    let slug = bench.server.read(World::repository_slugs)[1].clone();
    let uuid = bench.repository(&slug).await["uuid"].as_str().expect("a UUID").to_owned();
    bench.server.change(|world| world.remove_repository(&slug)).expect("it is there");
    (bench, ObjectKey::new([uuid]))
}

async fn apply(bench: &Bench, key: &ObjectKey, limits: LiveLimits) -> bitbucket_port::sync::LiveReport {
    let place = Place { limits, ..Place::of(bench) };
    place.apply(Arc::new(bench.reader()), &[], vec![LiveKey::new(REPOSITORIES, key.clone())]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_fails_deletes_nothing_and_stays_to_be_done() {
    let bench = Bench::new(4, 6).await;
    bench.resync().await;
    let before = everything(&bench).await;
    let slug = bench.server.read(World::repository_slugs)[1].clone();
    let one = format!("/2.0/repositories/acme/{slug}");
    for fault in [status(403), status(401), status(500), Fault::BreakBeforeHeaders, Fault::MalformedJson] {
        bench.server.faults().set([always(&one, fault.clone())]);
        let report = bench.refresh(&[("repository", &slug)]).await;
        assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Incomplete, 0), "{fault:?}: {report:#?}");
        assert!(report.objects[0].left.is_some(), "{fault:?}: {report:#?}");
        assert!(matches!(report.objects[0].found, Found::Unknown(_)), "{fault:?}: {report:#?}");
    }
    assert_eq!(everything(&bench).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_404_is_believed_only_where_what_is_around_it_can_be_read() {
    let (bench, key) = with_one_gone().await;
    let before = everything(&bench).await;
    for fault in [status(403), status(404), status(500)] {
        bench.server.faults().set([always("/2.0/repositories/acme", fault.clone())]);
        let report = apply(&bench, &key, LiveLimits::default()).await;
        assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Incomplete, 0), "{fault:?}: {report:#?}");
    }
    assert_eq!(everything(&bench).await, before);
    bench.server.faults().clear();
    let report = apply(&bench, &key, LiveLimits::default()).await;
    assert!(report.outcome == SyncOutcome::Complete && report.count(gone) > 1, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_listed_and_not_given_stays() {
    let bench = Bench::new(4, 6).await;
    bench.resync().await;
    let before = everything(&bench).await;
    let slug = bench.server.read(World::repository_slugs)[1].clone();
    let uuid = bench.repository(&slug).await["uuid"].as_str().expect("a UUID").to_owned();
    bench.server.faults().set([always("/2.0/repositories/acme/*", status(404))]);
    let report = apply(&bench, &ObjectKey::new([uuid]), LiveLimits::default()).await;
    assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Incomplete, 0), "{report:#?}");
    assert!(report.objects[0].left.as_ref().is_some_and(|why| why.contains("lists this repository")), "{report:#?}");
    assert_eq!(everything(&bench).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_repository_goes_only_where_an_empty_workspace_is_believed() {
    let bench = Bench::new(1, 2).await;
    bench.resync().await;
    let slug = bench.server.read(World::repository_slugs)[0].clone();
    let uuid = bench.repository(&slug).await["uuid"].as_str().expect("a UUID").to_owned();
    bench.server.change(|world| world.remove_repository(&slug)).expect("it is there");
    let key = ObjectKey::new([uuid]);
    let report = apply(&bench, &key, LiveLimits::default()).await;
    assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Incomplete, 0), "{report:#?}");
    let believed = LiveLimits { empty_listings: EmptyListings::Believed, ..LiveLimits::default() };
    let report = apply(&bench, &key, believed).await;
    assert_eq!((&report.outcome, everything(&bench).await.len()), (&SyncOutcome::Complete, 0), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_on_deletions_hold() {
    let (bench, key) = with_one_gone().await;
    let before = everything(&bench).await;
    let report = apply(&bench, &key, LiveLimits { deletions: Some(0), ..LiveLimits::default() }).await;
    assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Complete, 0), "{report:#?}");
    assert!(why_kept(&report).contains("--no-delete"), "{report:#?}");
    assert_eq!(everything(&bench).await, before);
    let report = apply(&bench, &key, LiveLimits { deletions: Some(1), ..LiveLimits::default() }).await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    let bound = |became: &Became| matches!(became, Became::Withheld(why) if why.contains("--max-deletes 1"));
    assert!(report.count(bound) > 1 && report.count(gone) == 0, "{report:#?}");
    assert!(report.objects.iter().all(|object| object.left.is_some()), "each stays to be done: {report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_staying_entity_relates_to_stays_where_the_catalog_would_create_it_again() {
    let mut bench = Bench::new(4, 6).await;
    bench.resync().await;
    let (slug, name) = (bench.server.read(World::repository_slugs)[1].clone(), bench.names().await[1].clone());
    let filtered = CLOUD_DEFAULT.mapping.replacen(
        "query: \"true\"\n      includedFiles",
        &format!("query: '.name != \"{name}\"'\n      includedFiles"),
        1,
    );
    bench.mapping.clone_from(&filtered);
    let before = everything(&bench).await;
    let report = bench.refresh(&[("repository", &slug)]).await;
    assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Complete, 0), "{report:#?}");
    assert!(why_kept(&report).contains("relates to it"), "{report:#?}");
    assert_eq!(everything(&bench).await, before);
    let resync = bench.resync().await;
    assert_eq!(crate::harness::written(&resync) + crate::harness::deleted(&resync), 0, "{resync:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pull_requests_that_cannot_be_listed_keep_their_names_and_what_they_relate_to() {
    let bench = Bench::new(4, 6).await;
    bench.resync().await;
    let (slug, old) = (bench.server.read(World::repository_slugs)[1].clone(), bench.names().await[1].clone());
    let path = bench.pull_requests_path(&slug).await;
    let before = bench.identifiers(PULL_REQUEST).await;
    let new = bench.server.change(|world| world.rename_repository(&slug, "Other")).expect("it is there");
    bench.server.faults().set([always(&path, status(403)), always(&format!("{path}/*"), status(403))]);
    let report = bench.refresh(&[("repository", &new)]).await;
    assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Incomplete, 0), "{report:#?}");
    assert_eq!(bench.identifiers(PULL_REQUEST).await, before);
    assert!(bench.identifiers(REPOSITORY).await.contains(&old), "{report:#?}");
    bench.server.faults().clear();
    let report = bench.refresh(&[("repository", &new)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert!(!bench.identifiers(REPOSITORY).await.contains(&old), "{report:#?}");
    let resync = bench.resync().await;
    assert_eq!(crate::harness::written(&resync) + crate::harness::deleted(&resync), 0, "{resync:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_fetched_leaves_the_object_to_be_done() {
    let bench = Bench::new(3, 0).await;
    bench.resync().await;
    let slug = bench.server.read(World::repository_slugs)[0].clone();
    bench.server.change(|world| world.set_main_branch(&slug, Some("trunk"))).expect("it is there");
    bench.server.faults().set([always("/2.0/repositories/**/README.md", status(500))]);
    let report = bench.refresh(&[("repository", &slug)]).await;
    assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Incomplete, 0), "{report:#?}");
    bench.server.faults().clear();
    let report = bench.refresh(&[("repository", &slug)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    let resync = bench.resync().await;
    assert_eq!(crate::harness::written(&resync), 0, "{resync:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_at_once_are_left_to_the_next_resync() {
    let (bench, _) = with_one_gone().await;
    let slugs = bench.server.read(World::repository_slugs);
    let named: Vec<(&str, &str)> = slugs.iter().map(|slug| ("repository", slug.as_str())).collect();
    let place = Place { limits: LiveLimits { objects: 2, ..LiveLimits::default() }, ..Place::of(&bench) };
    let report = place.apply(Arc::new(bench.reader()), &named, vec![]).await;
    let left = report.objects.iter().filter(|object| object.left.is_some()).count();
    assert_eq!((&report.outcome, report.objects.len(), left), (&SyncOutcome::Incomplete, 3, 1), "{report:#?}");
    assert!(names(&report, gone).is_empty());
    assert_eq!(place.clock.sleeps(), Vec::<Duration>::new());
}
