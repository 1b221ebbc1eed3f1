//! Objects of Data Center of real shape: their views, keys and listings, and what the released mappings make of them.

mod objects;

use std::fs;

use bitbucket_port::bitbucket::datacenter::types;
use bitbucket_port::kinds::datacenter::{KINDS, PROJECT, PULL_REQUEST, REPOSITORY, USER};
use bitbucket_port::kinds::{Kind, Parent};
use bitbucket_port::mapping::{Document, Mapped, Mapping, Outcome, Released, released_mappings};
use bitbucket_port_jq::{Compiler, Environment, Input, Limits};
use rstest::rstest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use objects::{lost_in_view, recorded};

fn payload(name: &str) -> String {
    objects::payload(&format!("datacenter/{name}"))
}

#[test]
fn the_description_knows_every_field_of_our_payloads() {
    let none: [&str; 0] = [];
    assert_eq!(lost_in_view::<types::RestProject>(&payload("project.json")), none);
    assert_eq!(lost_in_view::<types::RestProject>(&payload("project-personal.json")), none);
    assert_eq!(lost_in_view::<types::RestRepository>(&payload("repository.json")), none);
    assert_eq!(lost_in_view::<types::RestRepository>(&payload("repository-7.json")), none);
    assert_eq!(lost_in_view::<types::RestPullRequest>(&payload("pull-request.json")), none);
    assert_eq!(lost_in_view::<types::RestApplicationUser>(&payload("user.json")), none);
    assert_eq!(lost_in_view::<types::RestCommit>(&payload("commit.json")), none);
}

#[test]
fn keys_and_parents_are_read_from_objects() {
    let key = |kind: Kind, name: &str| kind.key_of(&payload(name)).unwrap().to_string();
    assert_eq!(key(PROJECT, "project-personal.json"), "~MODUYA");
    assert_eq!(key(REPOSITORY, "repository.json"), "DOCK/crane-telemetry");
    assert_eq!(key(PULL_REQUEST, "pull-request.json"), "DOCK/crane-telemetry/418");
    assert_eq!(key(USER, "user.json"), "moduya");
    let parent = PULL_REQUEST.parent_of(&payload("repository-7.json")).unwrap();
    assert_eq!(Parent::decode(&parent.encode()).unwrap(), parent);
    assert_eq!(
        parent.encode(),
        r#"{"k":"~MODUYA/tide-tables","b":{"projectKey":"~MODUYA","repositorySlug":"tide-tables"}}"#
    );
    // A project that a selector names is known by its key alone.
    assert_eq!(
        REPOSITORY.parent_of(r#"{"key":"DOCK"}"#).unwrap().encode(),
        r#"{"k":"DOCK","b":{"projectKey":"DOCK"}}"#
    );
}

#[rstest]
#[case::open(REPOSITORY, json!({}), "repository?archived=ALL")]
#[case::named(REPOSITORY, json!({ "projects": ["B", "A", "B"] }), "repository?archived=ALL of each project?named=A,B")]
#[case::named_by_none(REPOSITORY, json!({ "projects": [] }), "repository?archived=ALL")]
#[case::pattern(REPOSITORY, json!({ "projectFilterRegex": "^OPS" }), "repository?archived=ALL&projectFilterRegex=^OPS")]
#[case::active(REPOSITORY, json!({ "archived": "ACTIVE" }), "repository?archived=ACTIVE")]
#[case::projects(PROJECT, json!({ "projects": ["A"], "projectFilterRegex": "A" }), "project?projectFilterRegex=A&projects=A")]
#[case::pull_requests(PULL_REQUEST, json!({}), "pull-request?state=OPEN of each repository?archived=ALL")]
#[case::state(PULL_REQUEST, json!({ "state": "ALL" }), "pull-request?state=ALL of each repository?archived=ALL")]
#[case::pull_requests_of_projects(
    PULL_REQUEST,
    json!({ "projects": ["A"], "projectFilterRegex": "A|B" }),
    "pull-request?state=OPEN of each repository?archived=ALL&projectFilterRegex=A|B of each project?named=A"
)]
#[case::users(USER, json!({}), "user")]
fn selectors_ask_for_listings(#[case] kind: Kind, #[case] mut selector: Value, #[case] wanted: &str) {
    selector["query"] = json!("true");
    assert_eq!(kind.selector(&selector).unwrap().listing.to_string(), wanted);
}

#[rstest]
#[case(PULL_REQUEST, json!({ "state": "CLOSED" }), "CLOSED")]
#[case(PROJECT, json!({ "projectFilterRegex": "(" }), "unclosed group")]
#[case(PROJECT, json!({ "projects": "A" }), "expected a sequence")]
fn selectors_that_cannot_be_used_say_why(#[case] kind: Kind, #[case] mut selector: Value, #[case] wanted: &str) {
    selector["query"] = json!("true");
    let error = kind.selector(&selector).unwrap_err().to_string();
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn what_is_known_of_each_kind() {
    let known: Vec<Value> = KINDS
        .iter()
        .map(|kind| {
            let info = kind.info();
            json!({
                "name": kind, "each": info.each, "within": info.within, "key": info.key, "page_size": info.page_size,
                "list": info.list.path, "get": info.get.map(|get| get.path), "enrichments": info.enrichments,
                "selector": info.selector.iter().map(|f| f.name).collect::<Vec<_>>(), "live_key": info.live.key,
            })
        })
        .collect();
    insta::assert_json_snapshot!(known);
}

fn mapping(released: &Released) -> Mapping {
    let document = Document::parse(released.mapping).unwrap();
    Mapping::compile(document, &Compiler::new(Limits::default(), Environment::empty()))
}

/// What the first resource of a kind makes of an object.
fn mapped(released: &Released, kind: &str, raw: &str) -> Mapped {
    let mapping = mapping(released);
    let resource = mapping.resources.iter().find(|resource| resource.kind == kind).expect("the kind is mapped");
    resource.map(Input::parse(raw, &Limits::default()).unwrap())
}

fn entity(released: &Released, kind: &str, raw: &str) -> Value {
    match &mapped(released, kind, raw).outcomes[..] {
        [Outcome::Entity(entity)] => serde_json::to_value(entity).unwrap(),
        others => panic!("no entity: {others:?}"),
    }
}

fn released() -> impl Iterator<Item = &'static Released> {
    released_mappings().iter().copied().filter(|released| released.product == "datacenter")
}

#[test]
fn entities_of_our_payloads() {
    let mut repository: Value = serde_json::from_str(&payload("repository.json")).unwrap();
    repository["__readme"] = json!("# Cranes");
    repository["__latestCommit"] = serde_json::from_str(&payload("commit.json")).unwrap();
    let entities: Vec<Value> = released()
        .map(|released| {
            json!([
                released.name,
                entity(released, "project", &payload("project.json")),
                entity(released, "repository", &repository.to_string()),
                entity(released, "pull-request", &payload("pull-request.json")),
                entity(released, "user", &payload("user.json")),
            ])
        })
        .collect();
    insta::assert_json_snapshot!(entities);
}

/// Views, identifies and maps all objects of the recordings whose names hold one of `parts`.
fn pass<T: DeserializeOwned + Serialize>(parts: &[&str], kind: Option<Kind>) -> usize {
    objects::view_recorded::<T>("server", parts, |name, object| {
        assert_eq!(lost_in_view::<T>(object), [""; 0], "{name}: fields that the description lacks");
        let Some(kind) = kind else { return };
        kind.key_of(object).unwrap_or_else(|error| panic!("{name}: {error}"));
        for released in released() {
            for outcome in mapped(released, kind.name(), object).outcomes {
                assert!(matches!(outcome, Outcome::Entity(_)), "{name}: {outcome:?}");
            }
        }
    })
}

#[test]
fn recorded_objects_pass_through_views_and_mappings() {
    let pulls =
        ["atlantis__pull-request", "cdancy__pull-request-page", "dc_pull_requests", "go-scm__pr", "pullrequest-api"];
    assert!(pass::<types::RestPullRequest>(&pulls, Some(PULL_REQUEST)) >= 5);
    let repositories = ["go-scm__repos", "repository-response", "foo-repos_start", "ws-repos_start"];
    assert!(pass::<types::RestRepository>(&repositories, Some(REPOSITORY)) >= 4);
    assert!(pass::<types::RestProject>(&["project-page-full", "jx-scm__orgs"], Some(PROJECT)) >= 4);
    assert!(pass::<types::RestApplicationUser>(&["go-scm__user.json"], Some(USER)) >= 1);
    assert!(pass::<types::RestCommit>(&["dc_pull_request_commits", "repos-commits_since"], None) >= 1);
}

#[test]
fn recorded_server_properties_pass() {
    let Some(folder) = recorded("server") else { return };
    let text = fs::read_to_string(folder.join("cdancy__version.json")).unwrap();
    let properties: types::RestApplicationProperties = serde_json::from_str(&text).unwrap();
    assert_eq!(properties.version.as_deref(), Some("4.6.0"));
}
