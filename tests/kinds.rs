//! The generated kinds: keys, parents, selectors, listings and what is known of each.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use bitbucket_port::kinds::cloud::{KINDS, PROJECT, PULL_REQUEST, REPOSITORY};
use bitbucket_port::kinds::{ObjectKey, Parent};
use proptest::prelude::*;
use serde_json::{Value, json};

fn payload(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads/cloud").join(name);
    fs::read_to_string(path).unwrap()
}

#[test]
fn keys_are_read_from_objects() {
    assert_eq!(PROJECT.key_of(&payload("project.json")).unwrap().as_str(), "DOCK");
    let repository = REPOSITORY.key_of(&payload("repository.json")).unwrap();
    assert_eq!(repository.as_str(), "{e2a7c6b0-94d1-4c3f-8e57-6b0d91f3a207}");
    let pull_request = PULL_REQUEST.key_of(&payload("pull-request-merged.json")).unwrap();
    assert_eq!(pull_request.as_str(), "{e2a7c6b0-94d1-4c3f-8e57-6b0d91f3a207}/418");
    assert_eq!(pull_request.fields(), ["{e2a7c6b0-94d1-4c3f-8e57-6b0d91f3a207}", "418"]);
}

#[test]
fn an_object_without_its_key_is_an_error_that_names_the_fields() {
    let errors = [
        PULL_REQUEST.key_of(r#"{"id":7,"destination":{"repository":null}}"#).unwrap_err().to_string(),
        REPOSITORY.key_of(r#"{"uuid":""}"#).unwrap_err().to_string(),
        PROJECT.key_of("[]").unwrap_err().to_string(),
        PROJECT.parent_of("{}").unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_lone_surrogate_elsewhere_does_not_hide_the_key() {
    let raw = r#"{"title":"\ud83d","\ud83d":1,"id":7,"destination":{"repository":{"uuid":"{a}"}}}"#;
    assert_eq!(PULL_REQUEST.key_of(raw).unwrap().as_str(), "{a}/7");
}

#[test]
fn a_parent_is_spooled_as_little_text() {
    let parent = PULL_REQUEST.parent_of(&payload("repository.json")).unwrap();
    insta::assert_snapshot!(parent.encode());
    assert_eq!(Parent::decode(&parent.encode()).unwrap(), parent);
    assert_eq!(*parent.key(), REPOSITORY.key_of(&payload("repository.json")).unwrap());
    assert!(Parent::decode("{\"k\":1}").is_err());
}

#[test]
fn selectors_that_ask_for_the_same_share_a_listing() {
    let plain = PULL_REQUEST.selector(&json!({ "query": "true" })).unwrap();
    let spelled = json!({ "query": ".draft", "pullRequestQuery": "state=\"OPEN\"", "repoQuery": "", "userRole": null });
    let spelled = PULL_REQUEST.selector(&spelled).unwrap();
    assert_eq!(plain.listing, spelled.listing);
    assert_eq!(HashSet::from([plain.listing.clone(), spelled.listing.clone()]).len(), 1);
    let other = PULL_REQUEST.selector(&json!({ "query": "true", "repoQuery": "language=\"rust\"" })).unwrap();
    assert_ne!(plain.listing, other.listing);
    assert_eq!(plain.listing.each(), Some(&REPOSITORY.selector(&json!({ "query": "true" })).unwrap().listing));
}

#[test]
fn listings_read_well() {
    let pull_requests = json!({
        "query": "true", "userRole": "contributor", "repoQuery": "name ~ \"crane\"", "includedFiles": ["README.md"],
    });
    let selector = PULL_REQUEST.selector(&pull_requests).unwrap();
    assert_eq!(selector.enrichment("includedFiles"), ["README.md"]);
    assert_eq!(selector.enrichment("somethingElse").len(), 0);
    insta::assert_snapshot!(selector.listing);
    let all = PULL_REQUEST.selector(&json!({ "query": "true", "pullRequestQuery": "" })).unwrap();
    assert_eq!(all.listing.to_string(), "pull-request of each repository");
}

#[test]
fn a_listing_can_be_narrowed() {
    let selector = REPOSITORY.selector(&json!({ "query": true, "repoQuery": "a" })).unwrap();
    assert_eq!(selector.query, "true");
    let narrowed = (*selector.listing).clone().with_parameter("q", "(a) AND slug=\"b\"").with_parameter("fields", "x");
    assert_eq!(narrowed.to_string(), "repository?fields=x&q=(a) AND slug=\"b\"");
}

#[test]
fn keys_that_nothing_reads_are_told() {
    let selector = json!({ "query": "true", "userrole": "admin", "repoQuery": null, "folders": [] });
    assert_eq!(REPOSITORY.selector(&selector).unwrap().unknown, ["userrole", "folders"]);
}

#[test]
fn selectors_that_cannot_be_used_say_why() {
    let errors: Vec<String> = [
        REPOSITORY.selector(&json!("true")),
        REPOSITORY.selector(&json!({})),
        REPOSITORY.selector(&json!({ "query": "true", "userRole": "boss" })),
        REPOSITORY.selector(&json!({ "query": "true", "includedFiles": "README.md" })),
    ]
    .into_iter()
    .map(|result| result.unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn the_schema_of_a_selector_is_documented() {
    insta::assert_json_snapshot!(PULL_REQUEST.selector_schema());
}

#[test]
fn what_is_known_of_each_kind() {
    let known: Vec<Value> = KINDS
        .iter()
        .map(|kind| {
            let info = kind.info();
            json!({
                "name": kind, "title": info.title, "each": info.each, "key": info.key, "page_size": info.page_size,
                "list": info.list.path, "get": info.get.map(|get| get.path), "permissions": info.permissions,
                "enrichments": info.enrichments, "selector": info.selector.iter().map(|f| f.name).collect::<Vec<_>>(),
                "events": { "upsert": info.live.upsert.len(), "delete": info.live.delete, "key": info.live.key },
            })
        })
        .collect();
    insta::assert_json_snapshot!(known);
}

#[test]
fn the_schema_of_objects_is_whole_and_tells_what_is_complete() {
    for kind in KINDS {
        let schema: Value = serde_json::from_str(kind.schema()).unwrap();
        let definitions = schema["$defs"].as_object().unwrap();
        let name = schema["$ref"].as_str().unwrap().strip_prefix("#/$defs/").unwrap();
        assert_eq!(definitions[name]["x-complete"], json!(true), "{kind}");
        for reference in kind.schema().split("\"$ref\": \"#/$defs/").skip(1) {
            let target = reference.split('"').next().unwrap();
            assert!(definitions.contains_key(target), "{kind} refers to {target}");
        }
    }
    let pull_request: Value = serde_json::from_str(PULL_REQUEST.schema()).unwrap();
    assert_eq!(pull_request["$defs"]["participant"]["properties"]["state"]["nullable"], json!(true));
}

proptest! {
    #[test]
    fn arbitrary_text_is_never_a_panic(text in any::<String>()) {
        for kind in KINDS {
            let _ = kind.key_of(&text);
            let _ = kind.parent_of(&text);
        }
        let _ = Parent::decode(&text);
        let _ = text.parse::<ObjectKey>();
    }

    #[test]
    fn equal_parameters_give_equal_listings(role in proptest::option::of("member|admin"), q in "[a-z ]{0,8}", files in any::<Vec<String>>()) {
        let one = json!({ "query": "true", "userRole": role, "repoQuery": q, "includedFiles": files });
        let two = json!({ "repoQuery": q, "userRole": role, "query": ".x" });
        prop_assert_eq!(REPOSITORY.selector(&one).unwrap().listing, REPOSITORY.selector(&two).unwrap().listing);
    }
}
