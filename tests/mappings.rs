//! What the released mappings make of payloads, and the commands on mappings as a person runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bitbucket_port::kinds::of_product;
use bitbucket_port::mapping::{Document, Mapping, Released, Remark, Trial, document_schema, released_mappings};
use bitbucket_port_jq::{Compiler, Environment, Limits};
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn compiled(released: &Released) -> Mapping {
    let document = Document::parse(released.mapping).unwrap();
    Mapping::compile(document, &Compiler::new(Limits::default(), Environment::empty()))
}

/// Kinds that released mappings name before this program lists them.
const YET_TO_COME: &[&str] = &["folder"];

/// Payload files with the kind that their name begins with.
fn payloads() -> Vec<(String, String, Vec<Value>)> {
    let mut all = vec![];
    for folder in ["cloud", "enriched", "datacenter"] {
        let mut files: Vec<PathBuf> = fs::read_dir(root().join("tests/payloads").join(folder))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let known = of_product(product_of(folder)).iter().map(|kind| kind.name());
            let kind = known.chain(YET_TO_COME.iter().copied()).find(|kind| stem.starts_with(kind));
            let Some(kind) = kind else { continue };
            let objects = match serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap() {
                Value::Array(objects) => objects,
                object => vec![object],
            };
            all.push((format!("{folder}_{stem}"), kind.to_owned(), objects));
        }
    }
    all
}

/// Whose objects a folder of payloads, or a payload by its name, holds.
fn product_of(name: &str) -> &'static str {
    if name.starts_with("datacenter") { "datacenter" } else { "cloud" }
}

#[test]
fn every_mapping_of_every_payload_is_as_reviewed() {
    let payloads = payloads();
    assert!(payloads.len() >= 7);
    for released in released_mappings() {
        let mapping = compiled(released);
        assert!(mapping.invalid.is_empty(), "{}: {:?}", released.name, mapping.invalid);
        assert!(mapping.warnings.is_empty(), "{}: {:?}", released.name, mapping.warnings);
        for (name, kind, objects) in payloads.iter().filter(|(name, ..)| product_of(name) == released.product) {
            let documents: Vec<Value> = objects
                .iter()
                .flat_map(|object| mapping.trial(kind, &object.to_string()).unwrap())
                .map(|trial| trial.document())
                .collect();
            if !documents.is_empty() {
                insta::assert_json_snapshot!(format!("{}_{name}", released.name), documents);
            }
        }
    }
}

/// Objects of a kind anywhere inside a recorded document.
fn collect(value: &Value, found: &mut Vec<(&'static str, Value)>) {
    if let Value::Object(fields) = value {
        let has = |name: &str| fields.contains_key(name);
        match fields.get("type").and_then(Value::as_str) {
            Some("repository") if has("uuid") && has("full_name") && has("name") => {
                found.push(("repository", value.clone()));
            }
            Some("project") if has("uuid") && has("key") => found.push(("project", value.clone())),
            Some("pullrequest") if has("id") && has("destination") && has("title") => {
                found.push(("pull-request", value.clone()));
            }
            _ => {}
        }
    }
    match value {
        Value::Object(fields) => fields.values().for_each(|inner| collect(inner, found)),
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, found)),
        _ => {}
    }
}

#[test]
fn recorded_objects_are_mapped_without_failure() {
    let folder = Path::new("../shared/fixtures/bitbucket/cloud");
    if !folder.exists() {
        println!("skipped: ../shared is absent");
        return;
    }
    let mut found = vec![];
    for part in ["api", "webhooks"] {
        for file in fs::read_dir(folder.join(part)).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>().map_while(Result::ok) {
                collect(&value, &mut found);
            }
        }
    }
    assert!(found.len() >= 50, "{} objects", found.len());
    for released in released_mappings().iter().filter(|released| released.product == "cloud") {
        let mapping = compiled(released);
        for (kind, object) in &found {
            for trial in mapping.trial(kind, &object.to_string()).unwrap() {
                let failed = trial.remarks.iter().any(|remark| matches!(remark, Remark::Failed(_)));
                assert!(!failed, "{}: {:?} of {object}", released.name, trial.remarks);
                let whole = released.name == "default" && complete(kind, object);
                assert!(!whole || trial.entities.len() == 1, "{:?} of {object}", trial.remarks);
            }
        }
    }
}

/// Whether the object is more than the stub of a webhook.
fn complete(kind: &str, object: &Value) -> bool {
    kind != "pull-request" || object.pointer("/destination/repository/name").is_some_and(Value::is_string)
}

#[test]
fn the_schema_for_editors_is_up_to_date() {
    let mut text = String::new();
    for product in ["datacenter", "cloud"] {
        let path = root().join(format!("mappings/{product}/schema.json"));
        text = serde_json::to_string_pretty(&document_schema(of_product(product))).unwrap() + "\n";
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "run `UPDATE_DOCS=1 cargo test --test mappings` and commit mappings/{product}/schema.json"
        );
    }
    assert_eq!(stdout(&run(&["mapping", "schema"], "")), text);
}

fn run(arguments: &[&str], input: &str) -> Output {
    use std::io::Write as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_bitbucket-port"))
        .args(arguments)
        .current_dir(root())
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone already.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn check_exits_by_what_it_finds() {
    let clean = run(&["mapping", "check"], "");
    assert_eq!(clean.status.code(), Some(0), "{}", stdout(&clean));
    let broken = "resources:\n  - kind: repositry\n    selector: {query: 'true'}\n";
    for (format, expected) in [
        ("human", "there is no kind `repositry`"),
        ("json", "\"line\": 2"),
        ("github", "::error file=(standard input),line=2,col=11,"),
        ("gitlab", "\"severity\": \"critical\""),
    ] {
        let output = run(&["mapping", "check", "-", "--format", format], broken);
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(stdout(&output).contains(expected), "{format}: {}", stdout(&output));
    }
    assert_eq!(run(&["kinds", "--format", "gitlab"], "").status.code(), Some(1));
}

#[test]
fn map_prints_entities_and_explains_them() {
    let page = json!({ "pagelen": 2, "values": [
        { "type": "project", "key": "A", "uuid": "{a-1}", "name": "One" },
        { "type": "project", "key": "B", "uuid": null, "name": "Two" },
    ] });
    let mapped = run(&["map", "--kind", "project"], &page.to_string());
    assert_eq!(mapped.status.code(), Some(0));
    let lines: Vec<Value> = stdout(&mapped).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["identifier"], "a-1");
    let explained = stdout(&run(&["map", "--kind", "project", "--explain"], &page.to_string()));
    assert!(explained.contains("identifier\n    .uuid | gsub(\"[{-}]\"; \"\")\n    = \"a-1\"\n"), "{explained}");
    assert!(explained.contains("    ! "), "{explained}");
    assert_eq!(run(&["map", "--kind", "project"], "[{\"a\": ").status.code(), Some(1));
    assert_eq!(run(&["map", "--kind", "projects"], "[]").status.code(), Some(1));
}

/// Files that a document shows in fences such as ```` ```yaml mapping.yaml ````.
fn shown_files(document: &str) -> Vec<(String, String)> {
    let mut files = vec![];
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some((_, name)) = line.strip_prefix("```").and_then(|info| info.split_once(' ')) else { continue };
        let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        files.push((name.to_owned(), content.join("\n") + "\n"));
    }
    files
}

#[test]
fn the_worked_example_works() {
    let folder = tempfile::tempdir().unwrap();
    let files = shown_files(&fs::read_to_string(root().join("docs/mapping.md")).unwrap());
    assert_eq!(files.len(), 4, "{:?}", files.iter().map(|(name, _)| name).collect::<Vec<_>>());
    for (name, content) in &files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let dir = folder.path().to_str().unwrap();
    let same = run(&["mapping", "test", dir], "");
    assert_eq!((same.status.code(), stdout(&same).as_str()), (Some(0), "repository: as expected\n"));
    let mapping = folder.path().join("mapping.yaml");
    let blueprints = folder.path().join("blueprints.yaml");
    let check = ["mapping", "check", mapping.to_str().unwrap(), "--blueprints", blueprints.to_str().unwrap()];
    let checked = run(&check, "");
    assert!(stdout(&checked).ends_with("mapping.yaml: nothing to complain of\n"), "{}", stdout(&checked));

    fs::write(&mapping, fs::read_to_string(&mapping).unwrap().replace(".name", ".slug")).unwrap();
    let different = run(&["mapping", "test", dir], "");
    assert_eq!(different.status.code(), Some(1));
    assert!(stdout(&different).contains("\n- "), "{}", stdout(&different));
    assert_eq!(run(&["mapping", "test", dir, "--update"], "").status.code(), Some(0));
    assert_eq!(run(&["mapping", "test", dir], "").status.code(), Some(0));
}

#[test]
fn trials_name_what_is_not_there() {
    let mapping = compiled(released_mappings()[0]);
    let trial: Vec<Trial> = mapping.trial("project", r#"{"uuid": "{a}"}"#).unwrap();
    assert!(trial[0].remarks.contains(&Remark::Null("title".to_owned())), "{:?}", trial[0].remarks);
}
