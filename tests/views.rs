//! Objects of real shape pass through the typed views, and nothing of them is lost on the way.

use std::fs;
use std::path::{Path, PathBuf};

use bitbucket_port::bitbucket::{Raw, cloud::types};
use serde_json::Value;
use serde_json::value::RawValue;

fn payload(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads/cloud").join(name);
    fs::read_to_string(path).unwrap()
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

/// Every field of a payload that its view does not have, by path.
fn lost(sent: &Value, viewed: &Value, path: &str, out: &mut Vec<String>) {
    match (sent, viewed) {
        (Value::Object(sent), Value::Object(viewed)) => {
            for (name, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
                let path = format!("{path}.{name}");
                match viewed.get(name) {
                    Some(viewed) => lost(value, viewed, &path, out),
                    None => out.push(path),
                }
            }
        }
        (Value::Array(sent), Value::Array(viewed)) => {
            sent.iter().zip(viewed).for_each(|(sent, viewed)| lost(sent, viewed, &format!("{path}[]"), out));
        }
        _ => {}
    }
}

fn lost_in_view<T>(text: &str) -> Vec<String>
where
    T: serde::de::DeserializeOwned + serde::Serialize,
{
    let mut out = Vec::new();
    let view = raw::<T>(text).view().unwrap();
    lost(&serde_json::from_str(text).unwrap(), &serde_json::to_value(view).unwrap(), "", &mut out);
    out
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

/// Recorded answers live outside the repository; without them there is nothing to check.
fn recorded() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/bitbucket/cloud/api");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no recorded answers at {}", folder.display());
    None
}

/// Objects in a recording: those of a page, of a list of rows (objects or their text), or the one object.
fn objects(text: &str) -> Vec<Box<RawValue>> {
    #[derive(serde::Deserialize)]
    struct Page {
        values: Vec<Box<RawValue>>,
    }
    if let Ok(page) = serde_json::from_str::<Page>(text) {
        return page.values;
    }
    if let Ok(rows) = serde_json::from_str::<Vec<Box<RawValue>>>(text) {
        return rows;
    }
    vec![serde_json::from_str(text).unwrap()]
}

/// Views all objects of the recordings whose names hold one of `parts`; returns how many there were.
fn view_recorded<T>(parts: &[&str], lost_fields: &mut Vec<String>) -> usize
where
    T: serde::de::DeserializeOwned + serde::Serialize,
{
    let Some(folder) = recorded() else { return usize::MAX };
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !parts.iter().any(|part| name.contains(part)) {
            continue;
        }
        for object in objects(&fs::read_to_string(&path).unwrap()) {
            raw::<T>(object.get()).view().unwrap_or_else(|error| panic!("{name}: {error}"));
            lost_fields.extend(lost_in_view::<T>(object.get()).iter().map(|field| format!("{name}: {field}")));
            seen += 1;
        }
    }
    seen
}

#[test]
fn recorded_pull_requests_pass() {
    let parts = ["atlantis__pull", "devlake__pull_requests.", "go-scm__pr", "pullrequests", "jx-scm__pulls"];
    let mut lost = Vec::new();
    assert!(view_recorded::<types::Pullrequest>(&parts, &mut lost) >= 10);
    assert_eq!(lost, [""; 0], "fields that the description lacks");
}

#[test]
fn recorded_repositories_pass() {
    let parts = ["devlake__repositories", "go-scm__repos", "repositories-ws-test-repos.json"];
    let mut lost = Vec::new();
    assert!(view_recorded::<types::Repository>(&parts, &mut lost) >= 3);
    assert_eq!(lost, [""; 0], "fields that the description lacks");
}

#[test]
fn recorded_commits_branches_trees_and_accounts_pass() {
    let mut lost = Vec::new();
    assert!(view_recorded::<types::Commit>(&["go-scm__commit", "pull_request_commits"], &mut lost) >= 2);
    assert!(view_recorded::<types::Branch>(&["refs-branches"], &mut lost) >= 1);
    assert!(view_recorded::<types::Treeentry>(&["content_list"], &mut lost) >= 10);
    assert!(view_recorded::<types::Account>(&["go-scm__user.json"], &mut lost) >= 1);
    assert!(view_recorded::<types::WorkspaceAccess>(&["go-scm__user_workspaces"], &mut lost) >= 1);
    assert!(view_recorded::<types::Workspace>(&["jx-scm__workspaces"], &mut lost) >= 1);
}

#[test]
fn recorded_pages_pass() {
    let Some(folder) = recorded() else { return };
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
