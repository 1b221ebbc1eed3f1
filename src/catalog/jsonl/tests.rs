use std::io::{Error, ErrorKind, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;
use time::OffsetDateTime;
use time::macros::datetime;

use super::ChangeLog;
use crate::catalog::conformance::{DEFAULTS, blueprints, entity};
use crate::catalog::{Access, Catalog, CatalogError, Dependents, Entity};

fn noon() -> OffsetDateTime {
    datetime!(2024-05-17 12:00 UTC)
}

fn service(identifier: &str) -> Entity {
    entity(json!({ "identifier": identifier, "blueprint": "confService", "title": null,
        "properties": { "language": "rust\nand c" } }))
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(Error::from(ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Err(Error::from(ErrorKind::BrokenPipe))
    }
}

#[tokio::test]
async fn each_change_is_a_line() {
    let text = Shared::default();
    let log = ChangeLog::to_stream("jsonl:-#me".to_owned(), Box::new(text.clone())).with_clock(noon);
    log.upsert("confService", &[service("a"), service("b")], DEFAULTS).await.unwrap();
    let gone = ["a".to_owned()];
    let results = log.delete("confService", &gone, Dependents::Refuse).await.unwrap();
    assert_eq!(results.len(), 1);
    insta::assert_snapshot!(String::from_utf8(text.0.lock().unwrap().clone()).unwrap());
}

#[tokio::test]
async fn a_file_is_continued_after_an_unfinished_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changes.jsonl");
    for start in ["{\"op\":\"del", "{\"op\":\"x\"}\n"] {
        std::fs::write(&path, start).unwrap();
        let log = ChangeLog::open(&path, "me").unwrap();
        log.upsert("confService", &[service("a")], DEFAULTS).await.unwrap();
        log.flush().await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!((lines.len(), lines[0]), (2, start.trim_end()));
        assert!(serde_json::from_str::<serde_json::Value>(lines[1]).is_ok());
        assert!(text.ends_with('\n'));
    }
}

#[tokio::test]
async fn it_takes_changes_and_answers_no_questions() {
    let log = ChangeLog::to_stream("jsonl:-#me".to_owned(), Box::new(Shared::default()));
    assert_eq!(log.access(), Access::WriteOnly);
    let mut messages = vec![
        log.read("confService", &[]).await.unwrap_err(),
        log.owned(noon(), None).await.unwrap_err(),
        log.blueprint("confService").await.unwrap_err(),
    ];
    assert!(messages.iter().all(|error| matches!(error, CatalogError::Unsupported { .. })));
    assert_eq!(log.provision(&blueprints()).await.unwrap().created.len(), 2);
    assert!(log.blueprint("confService").await.unwrap().is_some());
    let broken = ChangeLog::to_stream("jsonl:-#me".to_owned(), Box::new(Broken));
    messages.push(broken.upsert("confService", &[service("a")], DEFAULTS).await.unwrap_err());
    let text: Vec<_> = messages.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = ChangeLog::open(&folder.path().join("no/changes.jsonl"), "me").unwrap_err();
    assert!(error.to_string().contains("cannot open the change log: No such file"), "{error}");
}

struct FullDisk;

impl Write for FullDisk {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(Error::from(ErrorKind::StorageFull))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Err(Error::from(ErrorKind::StorageFull))
    }
}

#[tokio::test]
async fn a_change_that_cannot_be_written_says_why_in_its_message() {
    let log = ChangeLog::to_stream("jsonl:-#me".to_owned(), Box::new(FullDisk));
    let error = log.upsert("confService", &[service("a")], DEFAULTS).await.unwrap_err();
    assert_eq!(error.to_string(), "jsonl:-#me: cannot write a change: no storage space");
}
