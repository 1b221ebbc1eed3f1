//! Bitbucket Data Center into a catalog file.

use std::collections::BTreeSet;
use std::sync::Arc;

use bitbucket_port::kinds::DataCenter;
use bitbucket_port::sync::{self, Became, Found, LiveReport, SyncOutcome};
use bitbucket_port_sandbox::datacenter::{Options, PullRequestState, World};

use super::{Place, gone, names};
use crate::datacenter::{Bench, deleted, small, written};

const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

async fn bench() -> Bench {
    let bench = Bench::new(small(), Options::default()).await.without_extras();
    bench.resync().await;
    bench
}

async fn refresh(bench: &Bench, kind: &str, name: &str) -> LiveReport {
    let (server, transport) = bench.bitbucket();
    let reader = sync::Bitbucket::new(DataCenter::new(server), transport);
    Place::new(bench.folder.path(), &bench.mapping).apply(Arc::new(reader), &[(kind, name)], vec![]).await
}

async fn settled(bench: &Bench) {
    let report = bench.resync().await;
    assert_eq!((written(&report), deleted(&report), &report.outcome), (0, 0, &SyncOutcome::Complete), "{report:#?}");
}

/// A repository of a project that is not a personal one, with open pull requests.
fn some(bench: &Bench) -> (String, String) {
    let open = |key: &str, slug: &str| {
        bench.server.read(|world| world.pull_request_ids(key, slug, Some(PullRequestState::Open))).expect("it is there")
    };
    let names = bench.server.read(World::repository_names);
    let usable = |(key, slug): &&(String, String)| !key.starts_with('~') && !open(key, slug).is_empty();
    names.iter().find(usable).cloned().expect("one has")
}

async fn below(bench: &Bench, slug: &str) -> BTreeSet<String> {
    let all = bench.identifiers(PULL_REQUEST).await;
    all.into_iter().filter(|id| id.rsplit_once('-').is_some_and(|(of, _)| of == slug)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_written_and_a_second_look_finds_nothing() {
    let bench = bench().await;
    let (key, slug) = some(&bench);
    bench.server.change(|world| world.describe_repository(&key, &slug, "another text")).expect("it is there");
    let report = refresh(&bench, "repository", &format!("{key}/{slug}")).await;
    assert_eq!(names(&report, |became| *became == Became::Changed), std::slice::from_ref(&slug), "{report:#?}");
    let report = refresh(&bench, "repository", &slug).await;
    assert_eq!(report.count(|became| *became == Became::Unchanged), 1, "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_resync_wrote_is_right_for_a_look_at_each_object() {
    let bench = Bench::new(small(), Options::default()).await;
    bench.resync().await;
    let mut named: Vec<(&str, String)> = vec![];
    for (key, slug) in bench.server.read(World::repository_names) {
        let open = bench.server.read(|world| world.pull_request_ids(&key, &slug, Some(PullRequestState::Open)));
        let open = open.expect("it is there").into_iter();
        named.extend(open.map(|id| ("pull-request", format!("{key}/{slug}#{id}"))));
        named.push(("repository", format!("{key}/{slug}")));
    }
    named.extend(bench.server.read(World::project_keys).into_iter().map(|key| ("project", key)));
    let (server, transport) = bench.bitbucket();
    let reader = sync::Bitbucket::new(DataCenter::new(server), transport);
    let named: Vec<(&str, &str)> = named.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
    let report = Place::new(bench.folder.path(), &bench.mapping).apply(Arc::new(reader), &named, vec![]).await;
    let all = report.count(|_| true);
    assert_eq!((report.count(|became| *became == Became::Unchanged), all > 20), (all, true), "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_under_another_key_is_known_by_what_stays() {
    let bench = bench().await;
    let (key, slug) = some(&bench);
    let before = below(&bench, &slug).await;
    let new = bench.server.change(|world| world.rename_repository(&key, &slug, "Other name")).expect("it is there");
    let report = refresh(&bench, "repository", &format!("{key}/{new}")).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    let repositories = bench.identifiers(REPOSITORY).await;
    assert!(repositories.contains(&new) && !repositories.contains(&slug), "{report:#?}");
    assert_eq!((below(&bench, &slug).await.len(), below(&bench, &new).await.len()), (0, before.len()), "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_moved_keeps_the_entity_that_is_named_without_its_project() {
    let bench = bench().await;
    let (key, slug) = some(&bench);
    let to = bench.server.read(World::project_keys).into_iter().find(|to| *to != key && !to.starts_with('~'));
    let to = to.expect("another project");
    bench.server.change(|world| world.move_repository(&key, &slug, &to)).expect("it is there");
    let before = (bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await);
    let report = refresh(&bench, "repository", &format!("{to}/{slug}")).await;
    assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Complete, 0), "{report:#?}");
    assert_eq!((bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await), before);
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_its_old_key_a_moved_repository_is_found_under_its_new_one() {
    for kind in ["pull-request", "repository"] {
        let mut bench = Bench::new(small(), Options::default()).await.without_extras();
        // Neither entity is named after a key.
        bench.mapping = bench
            .mapping
            .replace("identifier: .slug", "identifier: '\"r-\" + (.id | tostring)'")
            .replace(
                "(.toRef.repository.slug // .toRef.repository.project.key) + \"-\" + (.id | tostring)",
                "'\"r-\" + (.toRef.repository.id | tostring) + \"-\" + (.id | tostring)'",
            )
            .replace("repository: .toRef.repository.slug", "repository: '\"r-\" + (.toRef.repository.id | tostring)'");
        bench.resync().await;
        let (key, slug) = some(&bench);
        let open = bench.server.read(|world| world.pull_request_ids(&key, &slug, Some(PullRequestState::Open)));
        let id = open.expect("it is there")[0];
        let before = (bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await);
        assert!(before.0.iter().chain(&before.1).all(|name| name.starts_with("r-")), "{before:?}");
        let new = bench.server.change(|world| world.rename_repository(&key, &slug, "Other name")).expect("it is there");
        let number = if kind == "repository" { String::new() } else { format!("#{id}") };
        let report = refresh(&bench, kind, &format!("{key}/{slug}{number}")).await;
        assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Complete, 0), "{report:#?}");
        assert!(report.objects.iter().any(|object| object.key == format!("{key}/{new}")), "{report:#?}");
        assert_eq!((bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await), before);
        settled(&bench).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_gone_takes_its_pull_requests_along() {
    let bench = bench().await;
    let (key, slug) = some(&bench);
    assert!(!below(&bench, &slug).await.is_empty());
    bench.server.change(|world| world.remove_repository(&key, &slug)).expect("it is there");
    // By its slug alone, which no listing has any more.
    let report = refresh(&bench, "repository", &slug).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert!(!bench.identifiers(REPOSITORY).await.contains(&slug), "{report:#?}");
    assert!(below(&bench, &slug).await.is_empty(), "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_pull_request_leaves_and_a_removed_one_is_gone() {
    let bench = bench().await;
    let (key, slug) = some(&bench);
    let open = bench.server.read(|world| world.pull_request_ids(&key, &slug, Some(PullRequestState::Open)));
    let id = open.expect("it is there")[0];
    bench.server.change(|world| world.merge(&key, &slug, id)).expect("it is there");
    let report = refresh(&bench, "pull-request", &format!("{key}/{slug}#{id}")).await;
    assert_eq!(names(&report, gone), [format!("{slug}-{id}")], "{report:#?}");
    settled(&bench).await;
    let added = bench.server.change(|world| world.open_pull_request(&key, &slug, "New")).expect("it is there");
    let name = format!("{key}/{slug}#{added}");
    let report = refresh(&bench, "pull-request", &name).await;
    assert_eq!(report.count(|became| *became == Became::Created), 1, "{report:#?}");
    bench.server.change(|world| world.remove_pull_request(&key, &slug, added)).expect("it is there");
    let report = refresh(&bench, "pull-request", &name).await;
    assert_eq!((report.count(gone), &report.objects[0].found), (1, &Found::Gone), "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_hidden_deletes_nothing() {
    let bench = bench().await;
    let (key, slug) = some(&bench);
    let before = (bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await);
    for status in [401, 403, 500] {
        bench.server.change(|world| world.refuse_repository(&key, &slug, Some(status))).expect("it is there");
        let report = refresh(&bench, "repository", &format!("{key}/{slug}")).await;
        assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Incomplete, 0), "{status}: {report:#?}");
    }
    bench.server.change(|world| world.refuse_repository(&key, &slug, None)).expect("it is there");
    bench.server.change(|world| world.refuse_project(&key, Some(403))).expect("it is there");
    bench.server.change(|world| world.remove_repository(&key, &slug)).expect("it is there");
    let report = refresh(&bench, "repository", &format!("{key}/{slug}")).await;
    assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Incomplete, 0), "{report:#?}");
    assert_eq!((bench.identifiers(REPOSITORY).await, bench.identifiers(PULL_REQUEST).await), before);
}
