//! Bitbucket Cloud into a catalog file.

use std::sync::Arc;

use bitbucket_port::catalog::{Catalog as _, Entity, Existing, LocalCatalog, MissingRelated, WriteOptions};
use bitbucket_port::kinds::ObjectKey;
use bitbucket_port::kinds::cloud::REPOSITORY as REPOSITORIES;
use bitbucket_port::mapping::CLOUD_DEFAULT;
use bitbucket_port::sync::{Became, Found, LiveKey, SyncOutcome};
use bitbucket_port_sandbox::cloud::{PullRequestState, World};

use super::{Place, gone, names};
use crate::harness::{Bench, deleted, written};

const PROJECT: &str = "bitbucketProject";
const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

/// The identifiers of the pull requests of a repository, in order.
async fn of_repository(bench: &Bench, name: &str) -> Vec<String> {
    let all = bench.entities(PULL_REQUEST).await;
    let own = all.into_iter().filter(|entity| entity.relations["repository"] == name);
    own.map(|entity| entity.identifier).collect()
}

/// A resync after it finds nothing to do.
async fn settled(bench: &Bench) {
    let report = bench.resync().await;
    assert_eq!((written(&report), deleted(&report), &report.outcome), (0, 0, &SyncOutcome::Complete), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_object_is_created_changed_and_left_alone() {
    let bench = Bench::new(6, 2).await;
    bench.resync().await;
    let slug = bench.server.change(|world| world.add_repository("A new one"));
    let report = bench.refresh(&[("repository", &slug)]).await;
    // It comes with its pull requests, of which no other word may come.
    assert_eq!(names(&report, |became| *became == Became::Created), ["A new one", "A new one1"], "{report:#?}");
    bench.server.change(|world| world.set_main_branch(&slug, Some("trunk"))).expect("it is there");
    let report = bench.refresh(&[("repository", &slug)]).await;
    assert_eq!(names(&report, |became| *became == Became::Changed), ["A new one"], "{report:#?}");
    let report = bench.refresh(&[("repository", &slug)]).await;
    assert_eq!(names(&report, |became| *became == Became::Unchanged), ["A new one"], "{report:#?}");
    assert_eq!((&report.outcome, report.objects.len()), (&SyncOutcome::Complete, 1), "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_resync_wrote_is_right_for_a_look_at_each_object() {
    for query in ["state=\"OPEN\"", ""] {
        let mut bench = Bench::new(3, 5).await;
        let with = format!("query: \"true\"\n      pullRequestQuery: '{query}'");
        let (head, last) = CLOUD_DEFAULT.mapping.split_once("  - kind: pull-request").expect("pull requests");
        bench.mapping = format!("{head}  - kind: pull-request{}", last.replace("query: \"true\"", &with));
        bench.resync().await;
        let mut named: Vec<(&str, String)> = vec![];
        for slug in bench.server.read(World::repository_slugs) {
            let ids = bench.server.read(|world| world.pull_request_ids(&slug, &[PullRequestState::Open]));
            named.extend(ids.expect("it is there").into_iter().map(|id| ("pull-request", format!("{slug}#{id}"))));
            let project = bench.repository(&slug).await["project"]["key"].as_str().expect("a key").to_owned();
            named.extend([("project", project), ("repository", slug)]);
        }
        let named: Vec<(&str, &str)> = named.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
        let report = bench.refresh(&named).await;
        let all = report.count(|_| true);
        assert_eq!((report.count(|became| *became == Became::Unchanged), all > 10), (all, true), "{report:#?}");
        settled(&bench).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_made_by_hand_is_mended() {
    let bench = Bench::new(3, 0).await;
    bench.resync().await;
    let slug = bench.server.read(World::repository_slugs)[0].clone();
    let catalog = LocalCatalog::open(&bench.catalog_path(), "test").await.expect("it opens");
    let entity = Entity {
        identifier: bench.names().await[0].clone().into(),
        blueprint: REPOSITORY.to_owned(),
        title: Some("by hand".into()),
        ..Entity::default()
    };
    let options = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Fail };
    catalog.upsert(REPOSITORY, &[entity], options).await.expect("it is written");
    catalog.close().await.expect("it closes");
    let report = bench.refresh(&[("repository", &slug)]).await;
    assert_eq!(report.count(|became| *became == Became::Changed), 1, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_repository_and_its_pull_requests_are_renamed() {
    let bench = Bench::new(5, 6).await;
    bench.resync().await;
    let slug = bench.server.read(World::repository_slugs)[1].clone();
    let old = bench.names().await[1].clone();
    let before = of_repository(&bench, &old).await;
    assert!(!before.is_empty());
    let new = bench.server.change(|world| world.rename_repository(&slug, "Quite Another")).expect("it is there");
    let report = bench.refresh(&[("repository", &new)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    let repositories = bench.identifiers(REPOSITORY).await;
    assert!(repositories.iter().any(|name| name == "Quite Another") && !repositories.contains(&old), "{report:#?}");
    assert_eq!(of_repository(&bench, "Quite Another").await.len(), before.len());
    let all = bench.identifiers(PULL_REQUEST).await;
    assert!(before.iter().all(|old| !all.contains(old)), "{report:#?}");
    let reason = report.objects[0].entities.iter().find(|entity| gone(&entity.became)).map(|entity| &entity.became);
    let renamed = "its object was renamed or moved and is \"Quite Another\" now";
    assert_eq!(reason, Some(&Became::Deleted(renamed.to_owned())), "{report:#?}");
    // One listing tells of all its pull requests.
    let single = bench.server.record().count("GET", "/2.0/repositories/*/*/pullrequests/*");
    assert_eq!(single, 0, "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_pull_request_leaves_with_the_default_state() {
    let bench = Bench::new(4, 8).await;
    bench.resync().await;
    let slug = bench.server.read(World::repository_slugs)[0].clone();
    let open =
        bench.server.read(|world| world.pull_request_ids(&slug, &[PullRequestState::Open])).expect("it is there");
    bench.server.change(|world| world.merge(&slug, open[0])).expect("it is there");
    let report = bench.refresh(&[("pull-request", &format!("{slug}#{}", open[0]))]).await;
    let name = format!("{}{}", bench.names().await[0], open[0]);
    assert_eq!(names(&report, gone), std::slice::from_ref(&name), "{report:#?}");
    assert_eq!((&report.outcome, &report.objects[0].found), (&SyncOutcome::Complete, &Found::There), "{report:#?}");
    assert!(!bench.identifiers(PULL_REQUEST).await.contains(&name));
    settled(&bench).await;
}

/// The default mapping under which no repository and no pull request is selected.
fn nothing_selected() -> String {
    CLOUD_DEFAULT.mapping.replace("query: \"true\"", "query: .slug == \"something else\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_08_what_is_gone_goes_although_the_selector_does_not_pass_it_any_more() {
    let mut bench = Bench::new(5, 6).await;
    bench.resync().await;
    let (slug, name) = (bench.server.read(World::repository_slugs)[2].clone(), bench.names().await[2].clone());
    let below = of_repository(&bench, &name).await;
    assert!(!below.is_empty());
    bench.mapping = nothing_selected();
    bench.server.change(|world| world.remove_repository(&slug)).expect("it is there");
    let report = bench.refresh(&[("repository", &slug)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    let repositories = bench.identifiers(REPOSITORY).await;
    assert!(!repositories.contains(&name) && repositories.len() == 4, "{report:#?}");
    let all = bench.identifiers(PULL_REQUEST).await;
    assert!(below.iter().all(|gone| !all.contains(gone)) && !all.is_empty(), "{report:#?}");
    assert_eq!(names(&report, gone).len(), 1 + below.len(), "{report:#?}");
    bench.mapping = CLOUD_DEFAULT.mapping.to_owned();
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_08_the_last_known_version_names_what_the_state_file_has_forgotten() {
    let mut bench = Bench::new(5, 0).await;
    bench.resync().await;
    let (slug, name) = (bench.server.read(World::repository_slugs)[2].clone(), bench.names().await[2].clone());
    let object = bench.repository(&slug).await;
    let key = ObjectKey::new([object["uuid"].as_str().expect("a UUID")]);
    let object = serde_json::value::to_raw_value(&object).expect("JSON");
    bench.lose_state();
    bench.mapping = nothing_selected();
    let due = || LiveKey::new(REPOSITORIES, key.clone()).last_known(object.clone());
    let report = Place::of(&bench).apply(Arc::new(bench.reader()), &[], vec![due()]).await;
    assert_eq!(report.count(gone), 0, "it still exists: {report:#?}");
    bench.server.change(|world| world.remove_repository(&slug)).expect("it is there");
    let report = Place::of(&bench).apply(Arc::new(bench.reader()), &[], vec![due()]).await;
    assert_eq!(names(&report, gone), std::slice::from_ref(&name), "{report:#?}");
    let repositories = bench.identifiers(REPOSITORY).await;
    assert!(!repositories.contains(&name) && repositories.len() == 4, "{report:#?}");
    // Twice is no harm.
    let report = Place::of(&bench).apply(Arc::new(bench.reader()), &[], vec![due()]).await;
    assert_eq!(
        (&report.outcome, bench.identifiers(REPOSITORY).await.len()),
        (&SyncOutcome::Complete, 4),
        "{report:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_passed_to_another_object_stays_with_it() {
    let bench = Bench::new(4, 0).await;
    bench.resync().await;
    let (slug, name) = (bench.server.read(World::repository_slugs)[2].clone(), bench.names().await[2].clone());
    let object = bench.repository(&slug).await;
    let key = ObjectKey::new([object["uuid"].as_str().expect("a UUID")]);
    let object = serde_json::value::to_raw_value(&object).expect("JSON");
    bench.server.change(|world| world.remove_repository(&slug)).expect("it is there");
    let again = bench.server.change(|world| world.add_repository(&name));
    bench.refresh(&[("repository", &again)]).await;
    // The word that the first of that name is gone comes late.
    let due = LiveKey::new(REPOSITORIES, key).last_known(object);
    let report = Place::of(&bench).apply(Arc::new(bench.reader()), &[], vec![due]).await;
    assert_eq!(report.count(gone), 0, "{report:#?}");
    assert!(bench.identifiers(REPOSITORY).await.contains(&name), "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_change_names_keep_both() {
    let bench = Bench::new(4, 2).await;
    bench.resync().await;
    let slugs = bench.server.read(World::repository_slugs);
    let all = bench.names().await;
    let moved = bench.server.change(|world| world.rename_repository(&slugs[0], "for a while")).expect("it is there");
    let second = bench.server.change(|world| world.rename_repository(&slugs[1], &all[0])).expect("it is there");
    bench.server.change(|world| world.rename_repository(&moved, &all[1])).expect("it is there");
    let report = bench.refresh(&[("repository", &second)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert!(report.objects.len() >= 2, "the other one is looked at too: {report:#?}");
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), 4, "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_not_in_the_list_any_more_goes() {
    let mut bench = Bench::new(3, 0).await;
    let slug = bench.server.read(World::repository_slugs)[1].clone();
    let (head, rest) = CLOUD_DEFAULT.mapping.split_once("  - kind: repository").expect("repositories");
    let items = "    port:\n      itemsToParse: '[.name] + (if .mainbranch.name == \"two\" then [.name + \"-twin\"] else [] end)'\n      entity:\n        mappings:\n          identifier: .item\n";
    let plain = "    port:\n      entity:\n        mappings:\n          identifier: .name\n";
    bench.mapping = format!("{head}  - kind: repository{}", rest.replacen(plain, items, 1));
    bench.server.change(|world| world.set_main_branch(&slug, Some("two"))).expect("it is there");
    bench.resync().await;
    assert_eq!(bench.identifiers(REPOSITORY).await.len(), 4);
    bench.server.change(|world| world.set_main_branch(&slug, Some("one"))).expect("it is there");
    let report = bench.refresh(&[("repository", &slug)]).await;
    assert_eq!(names(&report, gone), [format!("{}-twin", bench.names().await[1])], "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_selector_leaves_out_goes_and_its_pull_requests_too_where_it_is_not_listed() {
    let mut bench = Bench::new(4, 3).await;
    bench.resync().await;
    let (slug, name) = (bench.server.read(World::repository_slugs)[0].clone(), bench.names().await[0].clone());
    let below = of_repository(&bench, &name).await;
    let listed = format!("query: \"true\"\n      repoQuery: slug != \"{slug}\"");
    let (project, rest) = CLOUD_DEFAULT.mapping.split_once("  - kind: repository").expect("repositories");
    bench.mapping = format!("{project}  - kind: repository{}", rest.replace("query: \"true\"", &listed));
    let report = bench.refresh(&[("repository", &slug)]).await;
    let mut expected = [below, vec![name]].concat();
    expected.sort();
    assert_eq!(names(&report, gone), expected, "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_object_twice_is_one_piece_of_work() {
    let bench = Bench::new(3, 3).await;
    bench.resync().await;
    let slug = bench.server.read(World::repository_slugs)[0].clone();
    let uuid = bench.repository(&slug).await["uuid"].as_str().expect("a UUID").to_owned();
    bench.server.record().clear();
    let report = bench.refresh(&[("repository", &slug), ("repository", &slug)]).await;
    assert_eq!((report.objects.len(), bench.server.record().count("GET", "/2.0/repositories/acme/*")), (1, 1));
    // The name costs a request, the work is done once.
    let report = bench.refresh(&[("repository", &slug), ("repository", &uuid)]).await;
    assert_eq!((report.objects.len(), report.count(|_| true)), (1, 1), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_pull_requests_share_what_is_asked_of_their_repository() {
    let bench = Bench::new(3, 8).await;
    bench.resync().await;
    let slug = bench.server.read(World::repository_slugs)[0].clone();
    let open =
        bench.server.read(|world| world.pull_request_ids(&slug, &[PullRequestState::Open])).expect("it is there");
    let named: Vec<String> = open.iter().map(|id| format!("{slug}#{id}")).collect();
    assert!(named.len() > 1);
    let named: Vec<(&str, &str)> = named.iter().map(|name| ("pull-request", name.as_str())).collect();
    bench.server.record().clear();
    let report = bench.refresh(&named).await;
    assert_eq!(report.count(|became| *became == Became::Unchanged), named.len(), "{report:#?}");
    // Each of them, its place in the listing, and the repository once.
    let expected = 2 * named.len() as u64 + 1;
    assert_eq!((report.requests, bench.server.record().count("GET", "/2.0/repositories/acme/*")), (expected, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_nowhere_is_said() {
    let bench = Bench::new(3, 1).await;
    bench.resync().await;
    let report = bench.refresh(&[("repository", "nothing-of-the-sort"), ("pull-request", "nor-this#7")]).await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    assert!(report.notices.iter().any(|notice| notice.message.contains("nothing-of-the-sort: neither")), "{report:#?}");
    assert_eq!(bench.identifiers(PROJECT).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_that_is_gone_is_found_by_the_name_of_its_repository() {
    let bench = Bench::new(3, 6).await;
    bench.resync().await;
    let slug = bench.server.read(World::repository_slugs)[1].clone();
    let open =
        bench.server.read(|world| world.pull_request_ids(&slug, &[PullRequestState::Open])).expect("it is there");
    bench.server.change(|world| world.remove_pull_request(&slug, open[0])).expect("it is there");
    let report = bench.refresh(&[("pull-request", &format!("{slug}/{}", open[0]))]).await;
    assert_eq!((report.count(gone), &report.objects[0].found), (1, &Found::Gone), "{report:#?}");
    settled(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_between_does_not_keep_an_interrupted_resync_from_going_on() {
    let bench = Bench::new(6, 3).await;
    bench.resync().await;
    // One that is left in the middle: begun, with a root listing done, and not ended.
    let opened = bitbucket_port::state::State::open(&bench.state_path()).await.expect("it opens");
    let catalog = format!("sqlite:{}#test", bench.catalog_path().display());
    let state = opened.state.catalog(&catalog).await.expect("its part");
    let sync = state.begin_resumable("basis").await.expect("begun");
    opened.state.close().await.expect("it closes");
    let slug = bench.server.change(|world| world.add_repository("Meanwhile"));
    let report = bench.refresh(&[("repository", &slug)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    let opened = bitbucket_port::state::State::open(&bench.state_path()).await.expect("it opens");
    let state = opened.state.catalog(&catalog).await.expect("its part");
    let last = state.last_sync().await.expect("it reads").expect("a sync");
    assert_eq!((last.id, last.finished_at), (sync, None));
    let known = state.known(REPOSITORY, vec!["Meanwhile".to_owned()]).await.expect("it reads");
    assert_eq!(known["Meanwhile"].last_seen, Some(sync), "what was met meanwhile counts as met");
    opened.state.close().await.expect("it closes");
}
