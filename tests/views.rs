//! Objects of real shape pass through the typed views, and nothing of them is lost on the way.

mod objects;

use std::fs;

use bitbucket_port::bitbucket::{Raw, cloud::types};
use serde::Serialize;
use serde::de::DeserializeOwned;

use objects::{lost_in_view, recorded};

fn payload(name: &str) -> String {
    objects::payload(&format!("cloud/{name}"))
}

fn raw<T>(text: &str) -> Raw<T> {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_merged_pull_request_is_viewed_whole() {
    let text = payload("pull-request-merged.json");
    let view = raw::<types::Pullrequest>(&text).view().unwrap();
    assert_eq!(view.id, Some(418));
    assert_eq!(view.state.as_deref(), Some("MERGED"));
    assert_eq!(view.author.unwrap().display_name.as_deref(), Some("Maren Oduya"));
    let participants = view.participants.unwrap();
    assert_eq!(participants.len(), 3);
    assert_eq!(participants[2].participated_on, None);
    let source = view.source.unwrap();
    assert_eq!(source.branch.unwrap().name.as_deref(), Some("fix/wind-sign"));
    assert!(view.links.unwrap().request_changes.unwrap().href.unwrap().ends_with("/request-changes"));
}

#[test]
fn nulls_are_accepted_wherever_the_service_sends_them() {
    let listed = raw::<types::Pullrequest>(&payload("pull-request-listed.json")).view().unwrap();
    assert!(listed.participants.is_none() && listed.merge_commit.is_none() && listed.closed_by.is_none());
    assert!(listed.source.unwrap().repository.is_none());
    let fork = raw::<types::Repository>(&payload("repository-fork.json")).view().unwrap();
    assert!(fork.mainbranch.is_none());
    assert_eq!(fork.parent.unwrap().name.as_deref(), Some("Crane Telemetry"));
    let project = raw::<types::Project>(&payload("project-bare.json")).view().unwrap();
    assert!(project.description.is_none());
    let nulls = r#"{"reviewers":null,"participants":null,"links":null,"author":null,"id":null}"#;
    assert!(raw::<types::Pullrequest>(nulls).view().unwrap().reviewers.is_none());
}

#[test]
fn unknown_fields_and_values_do_not_matter() {
    let text = r#"{"id":9007199254740993,"state":"PONDERED","brand_new":{"a":[1]},"draft":false}"#;
    let object = raw::<types::Pullrequest>(text);
    assert_eq!(object.view().unwrap().id, Some(9_007_199_254_740_993));
    assert_eq!(object.view().unwrap().state.as_deref(), Some("PONDERED"));
    assert_eq!(object.text(), text);
}

#[test]
fn a_page_keeps_the_text_of_its_objects() {
    let repository = payload("repository.json").trim().to_owned();
    let page =
        format!(r#"{{"values":[{repository}],"pagelen":100,"size":1,"page":1,"next":"https://api.example/2?page=2"}}"#);
    let page: types::RepositoryPage = serde_json::from_str(&page).unwrap();
    assert_eq!(page.values[0].text(), repository);
    assert_eq!(page.next.as_deref(), Some("https://api.example/2?page=2"));
    assert_eq!(page.values[0].view().unwrap().slug.as_deref(), Some("crane-telemetry"));
}

#[test]
fn an_answer_without_values_is_not_an_empty_page() {
    assert!(serde_json::from_str::<types::RepositoryPage>(r#"{"pagelen":100}"#).is_err());
    assert!(serde_json::from_str::<types::RepositoryPage>(r#"{"values":null}"#).is_err());
    assert!(serde_json::from_str::<types::RepositoryPage>(r#"{"values":[],"next":null}"#).unwrap().next.is_none());
}

#[test]
fn the_description_knows_every_field_of_our_payloads() {
    let none: [&str; 0] = [];
    assert_eq!(lost_in_view::<types::Project>(&payload("project.json")), none);
    assert_eq!(lost_in_view::<types::Repository>(&payload("repository.json")), none);
    assert_eq!(lost_in_view::<types::Repository>(&payload("repository-fork.json")), none);
    assert_eq!(lost_in_view::<types::Pullrequest>(&payload("pull-request-merged.json")), none);
    assert_eq!(lost_in_view::<types::Pullrequest>(&payload("pull-request-listed.json")), none);
}

/// Views all objects of the recordings whose names hold one of `parts`, which lose nothing; returns how many.
fn whole<T: DeserializeOwned + Serialize>(parts: &[&str]) -> usize {
    objects::view_recorded::<T>("cloud", parts, |name, object| {
        assert_eq!(lost_in_view::<T>(object), [""; 0], "{name}: fields that the description lacks");
    })
}

/// The same for objects of which the description names only what we rely on.
fn in_part<T: DeserializeOwned>(parts: &[&str]) -> usize {
    objects::view_recorded::<T>("cloud", parts, |_, _| {})
}

#[test]
fn recorded_objects_pass() {
    let pulls = ["atlantis__pull", "devlake__pull_requests.", "go-scm__pr", "pullrequests", "jx-scm__pulls"];
    assert!(whole::<types::Pullrequest>(&pulls) >= 10);
    let repositories = ["devlake__repositories", "go-scm__repos", "repositories-ws-test-repos.json"];
    assert!(whole::<types::Repository>(&repositories) >= 3);
    assert!(in_part::<types::Commit>(&["go-scm__commit", "pull_request_commits"]) >= 2);
    assert!(in_part::<types::Branch>(&["refs-branches"]) >= 1);
    assert!(in_part::<types::Treeentry>(&["content_list"]) >= 10);
    assert!(in_part::<types::Account>(&["go-scm__user.json"]) >= 1);
    assert!(in_part::<types::WorkspaceAccess>(&["go-scm__user_workspaces"]) >= 1);
    assert!(in_part::<types::Workspace>(&["jx-scm__workspaces"]) >= 1);
}

#[test]
fn recorded_pages_pass() {
    let Some(folder) = recorded("cloud") else { return };
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let pulls: types::PullrequestPage = serde_json::from_str(&read("go-scm__prs.json")).unwrap();
    assert!(!pulls.values.is_empty());
    let repositories: types::RepositoryPage = serde_json::from_str(&read("go-scm__repos.json")).unwrap();
    assert!(repositories.next.is_some());
    let entries: types::TreeentryPage = serde_json::from_str(&read("go-scm__content_list.json")).unwrap();
    assert!(entries.values.iter().all(|entry| entry.view().is_ok()));
    let workspaces: types::WorkspaceAccessPage = serde_json::from_str(&read("go-scm__user_workspaces.json")).unwrap();
    assert!(!workspaces.values.is_empty());
}
