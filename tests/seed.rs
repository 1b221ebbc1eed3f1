//! The sample payloads of Port's own documentation give the entities that it shows.
//!
//! The document lives outside the repository, and nothing of it is kept here: payloads and entities are read from its
//! text when the test runs.

use std::fs;
use std::path::Path;

use bitbucket_port::mapping::{Document, Mapping, Outcome, Released, released};
use bitbucket_port_jq::{Compiler, Environment, Input, Limits};
use rstest::rstest;
use serde_json::Value;

/// The page on the self-hosted integration, where it is.
fn document() -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let file = entries
        .map(|entry| entry.path())
        .find(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("001_")));
    if file.is_none() {
        eprintln!("skipped: no document 001_… in {}", folder.display());
    }
    Some(fs::read_to_string(file?).unwrap())
}

/// The JSON under a heading that can be folded.
fn json(document: &str, heading: &str) -> Value {
    let mut sections = document.split("<summary>").skip(1);
    let section = sections.find(|section| section.trim_start().starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("nothing is headed {heading:?}"));
    let (_, block) = section.split_once("```json").expect("a block of JSON");
    let (block, _) = block.split_once("```").expect("its end");
    let (_, text) = block.split_once('\n').expect("the text of the block");
    // Names were taken out of the payloads, but not out of the entities.
    serde_json::from_str(&text.replace("[REDACTED]", "admin")).unwrap_or_else(|error| panic!("{heading}: {error}"))
}

fn entity(released: &Released, kind: &str, payload: &Value) -> Value {
    let document = Document::parse(released.mapping).unwrap();
    let mapping = Mapping::compile(document, &Compiler::new(Limits::default(), Environment::empty()));
    let resource = mapping.resources.iter().find(|resource| resource.kind == kind).expect("the kind is mapped");
    let mapped = resource.map(Input::parse(&payload.to_string(), &Limits::default()).unwrap());
    match &mapped.outcomes[..] {
        [Outcome::Entity(entity)] => serde_json::to_value(entity).unwrap(),
        others => panic!("no entity: {others:?}"),
    }
}

/// Takes out what Port itself adds: whose it is, when it was written, and the properties that the mapping does not set.
fn without_additions(mut shown: Value, mapped: &Value) -> Value {
    let fields = shown.as_object_mut().expect("an entity");
    fields.retain(|name, _| mapped.get(name).is_some() || name == "relations" || name == "properties");
    if mapped.get("relations").is_none() {
        assert_eq!(fields.remove("relations"), Some(Value::Object(serde_json::Map::new())));
    }
    let properties = fields["properties"].as_object_mut().expect("properties");
    properties.retain(|name, value| !value.is_null() || mapped["properties"].get(name).is_some());
    shown
}

#[rstest]
#[case::project("project", "Project", &[])]
#[case::repository("repository", "Repository", &[])]
// The pull request was merged between the payload and the entity.
#[case::pull_request("pull-request", "Pull Request", &["state", "updated_on", "mergedAt"])]
#[case::user("user", "User", &[])]
fn sample_payloads_give_the_entities_that_are_shown(
    #[case] kind: &str,
    #[case] heading: &str,
    #[case] later: &[&str],
    #[values("default", "documented")] name: &str,
) {
    let Some(document) = document() else { return };
    let payload = json(&document, &format!("{heading} response data"));
    let mut mapped = entity(released("datacenter", name).expect("it is released"), kind, &payload);
    let mut shown = without_additions(json(&document, &format!("{heading} entity in Port")), &mapped);
    for entity in [&mut mapped, &mut shown] {
        let properties = entity["properties"].as_object_mut().expect("properties");
        for name in later {
            assert!(properties.remove(*name).is_some(), "{name} is missing in {properties:?}");
        }
    }
    if (kind, name) == ("pull-request", "default") {
        // The document shows the number alone, which is ambiguous; the default of today names the repository too.
        shown["identifier"] = format!("repostiroy-3-{}", shown["identifier"].as_str().expect("a text")).into();
    }
    assert_eq!(mapped, shown);
}
