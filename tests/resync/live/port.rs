//! Bitbucket Cloud into Port.

use std::sync::Arc;
use std::time::Duration;

use bitbucket_port::catalog::port::PortCatalog;
use bitbucket_port::startup;
use bitbucket_port::sync::{Became, LiveLimits, LiveReport, Rewriting, SyncOutcome};
use bitbucket_port_sandbox::cloud;
use bitbucket_port_sandbox::port::World;
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use serde_json::{Value, json};

use super::{Place, gone, names, why_kept};
use crate::harness::{deleted, written};
use crate::port::Pair;

const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

/// A workspace and a Port after a first resync, with settings that do not wait.
async fn pair(repositories: u32, pull_requests: u32) -> Pair {
    let mut pair = Pair::new(repositories, pull_requests).await;
    pair.also = vec![("retry.repetitions", "1"), ("retry.first_wait", "1ms"), ("retry.longest_wait", "1ms")];
    pair.resync().await;
    pair
}

fn mapping(pair: &Pair) -> String {
    pair.port.read(|world| world.integration("my-bitbucket").expect("it is there")["config"].to_string())
}

fn edit_mapping(pair: &Pair, edit: impl FnOnce(&mut Value)) {
    let mut mapping = serde_json::from_str(&mapping(pair)).expect("JSON");
    edit(&mut mapping);
    pair.port.change(|world| world.set_mapping("my-bitbucket", mapping)).expect("it is there");
}

fn place(pair: &Pair) -> Place {
    Place::new(pair.bitbucket.folder.path(), &mapping(pair))
}

async fn refresh(pair: &Pair, place: &Place, named: &[(&str, &str)]) -> LiveReport {
    let client = startup::port_client(&pair.settings()).expect("a client");
    let catalog = Arc::new(PortCatalog::new(client, None));
    let report = place.apply_to(catalog, Arc::new(pair.bitbucket.reader()), named, vec![]).await;
    pair.port.advance_clock(Duration::from_secs(5));
    report
}

async fn settled(pair: &Pair) {
    let report = pair.resync().await;
    assert_eq!((written(&report), deleted(&report), &report.outcome), (0, 0, &SyncOutcome::Complete), "{report:#?}");
}

fn first(pair: &Pair) -> (String, String) {
    let slug = pair.bitbucket.server.read(cloud::World::repository_slugs).remove(0);
    (slug, pair.identifiers(REPOSITORY).remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_repository_takes_its_pull_requests_along_and_the_next_resync_sends_nothing() {
    let pair = pair(6, 6).await;
    let slug = pair.bitbucket.server.read(cloud::World::repository_slugs)[2].clone();
    let all = pair.identifiers(PULL_REQUEST).len();
    let new = pair.bitbucket.server.change(|world| world.rename_repository(&slug, "Renamed")).expect("it is there");
    let report = refresh(&pair, &place(&pair), &[("repository", &new)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!((pair.identifiers(REPOSITORY).len(), pair.identifiers(PULL_REQUEST).len()), (6, all), "{report:#?}");
    assert!(pair.identifiers(REPOSITORY).iter().any(|name| name == "Renamed"), "{report:#?}");
    let before = pair.upserts();
    settled(&pair).await;
    assert_eq!(pair.upserts(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_gone_takes_its_pull_requests_along() {
    let pair = pair(5, 6).await;
    let (slug, _) = first(&pair);
    let (repositories, pull_requests) = (pair.identifiers(REPOSITORY).len(), pair.identifiers(PULL_REQUEST).len());
    pair.bitbucket.server.change(|world| world.remove_repository(&slug)).expect("it is there");
    let report = refresh(&pair, &place(&pair), &[("repository", &slug)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert_eq!(pair.identifiers(REPOSITORY).len(), repositories - 1, "{report:#?}");
    assert_eq!(pair.identifiers(PULL_REQUEST).len(), pull_requests + 1 - report.count(gone), "{report:#?}");
    assert!(report.count(gone) > 1, "{report:#?}");
    settled(&pair).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_that_another_integration_took_over_stays() {
    let pair = pair(4, 0).await;
    let slug = pair.bitbucket.server.read(cloud::World::repository_slugs)[1].clone();
    let name = pair.bitbucket.names().await[1].clone();
    let theirs = World::entity_of(REPOSITORY, &name, "port-ocean/github/1.2.3/another/exporter", pair.port.now());
    pair.port.change(|world| world.put_entity(theirs));
    pair.bitbucket.server.change(|world| world.remove_repository(&slug)).expect("it is there");
    let report = refresh(&pair, &place(&pair), &[("repository", &slug)]).await;
    assert_eq!(report.count(gone), 0, "{report:#?}");
    assert!(why_kept(&report).contains("belongs to another (github)"), "{report:#?}");
    assert!(pair.identifiers(REPOSITORY).contains(&name), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_of_ours_are_never_drawn_along() {
    let pair = pair(4, 6).await;
    edit_mapping(&pair, |mapping| mapping["createMissingRelatedEntities"] = json!(false));
    // The repository is left out; its pull requests stay and relate to it, and Port would delete them with it.
    let (slug, name) = (
        pair.bitbucket.server.read(cloud::World::repository_slugs)[1].clone(),
        pair.bitbucket.names().await[1].clone(),
    );
    edit_mapping(&pair, |mapping| {
        mapping["deleteDependentEntities"] = json!(true);
        mapping["resources"][1]["selector"]["query"] = json!(format!(".name != \"{name}\""));
    });
    let before = pair.identifiers(PULL_REQUEST);
    let report = refresh(&pair, &place(&pair), &[("repository", &slug)]).await;
    assert_eq!((&report.outcome, report.count(gone)), (&SyncOutcome::Incomplete, 0), "{report:#?}");
    assert!(why_kept(&report).contains("would go along"), "{report:#?}");
    assert_eq!(pair.identifiers(PULL_REQUEST), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_11_a_failed_upsert_is_sent_again_whole_after_what_it_relates_to() {
    let pair = pair(4, 6).await;
    edit_mapping(&pair, |mapping| mapping["createMissingRelatedEntities"] = json!(false));
    let slug = pair.bitbucket.server.change(|world| world.add_repository("brand-new"));
    let id = pair.bitbucket.server.change(|world| world.open_pull_request(&slug, "First")).expect("it is there");
    // The repository is not taken at first, and so neither are the pull requests that need it.
    let fails = Fault::Status { status: 503, retry_after: Some("0".to_owned()) };
    let repositories = format!("/v1/blueprints/{REPOSITORY}/entities/bulk");
    pair.port.faults().set([FaultRule::on(&repositories, Occurrence::First(4), fails)]);
    let place = place(&pair);
    let report = refresh(&pair, &place, &[("pull-request", &format!("{slug}#{id}")), ("repository", &slug)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    let created = names(&report, |became| *became == Became::Created);
    assert!(created.contains(&"brand-new".to_owned()) && created.contains(&format!("brand-new{id}")), "{report:#?}");
    assert_eq!(place.clock.sleeps(), [200, 400].map(Duration::from_millis), "by the clock that was given");
    pair.port.read(|world| {
        let entity = world.entity(PULL_REQUEST, &format!("brand-new{id}")).expect("it is there");
        assert_eq!(entity.title, Some(json!("First")));
        assert!(entity.properties["link"].is_string() && entity.relations["repository"] == "brand-new", "{entity:#?}");
    });
    pair.port.faults().clear();
    settled(&pair).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_11_what_fails_for_good_is_named_with_ports_reason_and_stays_to_be_done() {
    let pair = pair(4, 0).await;
    let slug = pair.bitbucket.server.read(cloud::World::repository_slugs)[1].clone();
    pair.bitbucket.server.change(|world| world.set_main_branch(&slug, Some("trunk"))).expect("it is there");
    let refused = Fault::Status { status: 503, retry_after: Some("0".to_owned()) };
    pair.port.faults().set([FaultRule::on("/v1/**/bulk", Occurrence::Always, refused)]);
    let mut place = place(&pair);
    place.limits = LiveLimits { rewriting: Rewriting { rounds: 3, ..place.limits.rewriting }, ..place.limits };
    let report = refresh(&pair, &place, &[("repository", &slug)]).await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    assert_eq!(report.count(|became| matches!(became, Became::Refused(why) if why.contains("503"))), 1, "{report:#?}");
    assert!(report.objects[0].left.as_ref().is_some_and(|why| why.contains("503")), "{report:#?}");
    let told = |notice: &bitbucket_port::sync::Notice| {
        notice.message.contains("was not written") && notice.message.contains("503")
    };
    assert!(report.notices.iter().any(told), "{report:#?}");
    assert_eq!(place.clock.sleeps(), [200, 400, 800].map(Duration::from_millis), "bounded, each wait twice the last");
    // Nothing is taken for written: the next one does it.
    pair.port.faults().clear();
    let report = refresh(&pair, &place, &[("repository", &slug)]).await;
    assert_eq!(names(&report, |became| *became == Became::Changed).len(), 1, "{report:#?}");
    settled(&pair).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weakness_11_a_failed_deletion_is_tried_again() {
    let pair = pair(4, 0).await;
    let slug = pair.bitbucket.server.read(cloud::World::repository_slugs)[1].clone();
    pair.bitbucket.server.change(|world| world.remove_repository(&slug)).expect("it is there");
    let refused = Fault::Status { status: 503, retry_after: Some("0".to_owned()) };
    let fails = |occurrence| FaultRule::on("/v1/blueprints/*/bulk/entities/delete", occurrence, refused.clone());
    pair.port.faults().set([fails(Occurrence::Always)]);
    let place = place(&pair);
    let report = refresh(&pair, &place, &[("repository", &slug)]).await;
    assert_eq!((&report.outcome, pair.identifiers(REPOSITORY).len()), (&SyncOutcome::Incomplete, 4), "{report:#?}");
    assert_eq!(place.clock.sleeps().len(), 5, "a bounded number of tries");
    pair.port.faults().set([fails(Occurrence::First(3))]);
    let report = refresh(&pair, &place, &[("repository", &slug)]).await;
    assert_eq!((&report.outcome, pair.identifiers(REPOSITORY).len()), (&SyncOutcome::Complete, 3), "{report:#?}");
    pair.port.faults().clear();
    settled(&pair).await;
}
