use std::time::Duration as Delay;

use serde_json::{Value, json};
use time::macros::datetime;

use super::LocalCatalog;
use crate::catalog::conformance::{self, DEFAULTS, entity};
use crate::catalog::{Catalog, CatalogError, Entity, UpsertResult, WriteFailure};

async fn catalog() -> LocalCatalog {
    let catalog = LocalCatalog::in_memory("me").await.unwrap();
    catalog.provision(&conformance::blueprints()).await.unwrap();
    catalog
}

fn service(identifier: &str, properties: &Value, relations: &Value) -> Entity {
    let mut all = json!({ "identifier": identifier, "blueprint": "confService",
        "properties": { "language": "rust" }, "relations": { "domain": "d" } });
    for (section, more) in [("properties", properties), ("relations", relations)] {
        for (key, value) in more.as_object().unwrap() {
            all[section][key] = value.clone();
        }
    }
    entity(all)
}

async fn write(catalog: &LocalCatalog, entities: &[Entity]) -> Vec<UpsertResult> {
    catalog.upsert("confService", entities, DEFAULTS).await.unwrap()
}

fn reasons(results: &[UpsertResult]) -> Vec<&str> {
    results
        .iter()
        .map(|result| match result {
            UpsertResult::Failed(WriteFailure { reason, .. }) => reason.as_str(),
            UpsertResult::Unmatched => "unmatched",
            UpsertResult::Created | UpsertResult::Updated => "written",
        })
        .collect()
}

#[tokio::test]
async fn conforms() {
    conformance::check(&LocalCatalog::in_memory("me").await.unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let on_disk = LocalCatalog::open(&folder.path().join("catalog.db"), "me").await.unwrap();
    conformance::check(&on_disk).await;
    on_disk.close().await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_an_entity_is_said_in_full() {
    let catalog = catalog().await;
    let mut odd_title = service("t", &json!({}), &json!({}));
    odd_title.title = Some(json!(["x"]));
    let faulty = [
        service("1", &json!({ "stars": "many", "link": "bitbucket.org", "nope": 1 }), &json!({ "owner": "x" })),
        service("2", &json!({ "language": null, "since": "now", "tier": "lead" }), &json!({ "domain": null })),
        service("3", &json!({ "tags": ["a", 1] }), &json!({ "uses": "a", "backup": "" })),
        odd_title,
        entity(json!({ "identifier": 7, "blueprint": "confService" })),
        entity(json!({ "identifier": "d", "blueprint": "confDomain" })),
    ];
    insta::assert_snapshot!(reasons(&write(&catalog, &faulty).await).join("\n"));
}

#[tokio::test]
async fn the_last_of_duplicates_wins_and_speaks_for_all() {
    let catalog = catalog().await;
    let sent = [
        service("a", &json!({ "stars": 1, "tier": "gold" }), &json!({})),
        service("b", &json!({ "stars": "bad" }), &json!({})),
        service("a", &json!({ "stars": 2 }), &json!({})),
    ];
    let results = write(&catalog, &sent).await;
    assert_eq!((&results[0], &results[2]), (&UpsertResult::Created, &UpsertResult::Created));
    assert!(matches!(results[1], UpsertResult::Failed(_)));
    let stored = catalog.entity("confService", "a").await.unwrap().unwrap();
    assert_eq!(Value::Object(stored.properties), json!({ "language": "rust", "stars": 2 }));
}

#[tokio::test]
async fn the_last_writer_becomes_the_owner() {
    let mine = catalog().await;
    let theirs = mine.with_owner("them");
    let sent = [service("a", &json!({}), &json!({}))];
    write(&mine, &sent).await;
    assert_eq!(theirs.read("confService", &sent).await.unwrap(), []);
    write(&theirs, &sent).await;
    assert_eq!(mine.read("confService", &sent).await.unwrap(), []);
    assert_eq!(theirs.read("confService", &sent).await.unwrap(), sent);
    assert_eq!(catalog_owner(&mine).await.as_deref(), Some("them"));
    assert_eq!((mine.name(), theirs.name()), ("sqlite:memory#me", "sqlite:memory#them"));
}

async fn catalog_owner(catalog: &LocalCatalog) -> Option<String> {
    catalog.entity("confService", "a").await.unwrap().unwrap().owner
}

#[tokio::test]
async fn search_queries_find_identifiers_and_targets() {
    let catalog = catalog().await;
    write(
        &catalog,
        &[
            service("api", &json!({ "tags": ["public", "edge"], "stars": 5 }), &json!({})),
            service("api-internal", &json!({ "tags": [], "stars": 1.0 }), &json!({})),
            service("web", &json!({ "link": "https://web.example" }), &json!({})),
        ],
    )
    .await;
    let find = |rules: Value| json!({ "combinator": "and", "rules": rules });
    let rule = |property: &str, operator: &str, value: Value| json!({ "property": property, "operator": operator, "value": value });
    let either = json!({ "combinator": "or", "rules": [
        rule("$identifier", "=", json!("web")), rule("stars", "=", json!(5.0))] });
    let cases = [
        (find(json!([rule("$identifier", "in", json!(["web", "api", "gone"]))])), json!(["api", "web"])),
        (find(json!([rule("$identifier", "beginsWith", json!("api"))])), json!(["api", "api-internal"])),
        (find(json!([rule("$identifier", "endsWith", json!("internal"))])), json!(["api-internal"])),
        (find(json!([rule("tags", "contains", json!("edge"))])), json!(["api"])),
        (find(json!([rule("link", "contains", json!("web."))])), json!(["web"])),
        (find(json!([rule("tags", "isEmpty", json!(null))])), json!(["api-internal", "web"])),
        (find(json!([rule("tags", "isNotEmpty", json!(null))])), json!(["api"])),
        (find(json!([rule("stars", "=", json!(1))])), json!(["api-internal"])),
        (
            find(json!([rule("stars", "!=", json!(1)), rule("$blueprint", "=", json!("confService"))])),
            json!(["api", "web"]),
        ),
        (find(json!([either])), json!(["api", "web"])),
        (find(json!([rule("$title", "=", json!("none"))])), json!([])),
    ];
    for (query, expected) in cases {
        // Written elsewhere and taken away again, so that the query does not find its own asker.
        let asker = service("asker", &json!({ "stars": 1 }), &json!({ "uses": query }));
        assert_eq!(reasons(&write(&catalog, &[asker]).await), ["written"], "{query}");
        let stored = catalog.entity("confService", "asker").await.unwrap().unwrap();
        assert_eq!(stored.relations["uses"], expected, "{query}");
        let gone = ["asker".to_owned()];
        catalog.delete("confService", &gone, crate::catalog::Dependents::Delete).await.unwrap();
    }
    let mut by_query = service(
        "",
        &json!({ "stars": 9 }),
        &json!({ "backup": find(json!([rule("$identifier", "=", json!("web"))])) }),
    );
    by_query.identifier = find(json!([rule("tags", "contains", json!("edge"))]));
    assert_eq!(write(&catalog, &[by_query.clone()]).await, [UpsertResult::Updated]);
    let stored = catalog.entity("confService", "api").await.unwrap().unwrap();
    assert_eq!((&stored.properties["stars"], &stored.relations["backup"]), (&json!(9), &json!("web")));
    let faulty = [
        find(json!([rule("$identifier", "=", json!("none"))])),
        find(json!([rule("$identifier", "beginsWith", json!("api"))])),
        find(json!([rule("$identifier", "resembles", json!("api"))])),
        find(json!([])),
        json!({ "rules": [] }),
    ]
    .map(|query| Entity { identifier: query, ..by_query.clone() });
    insta::assert_snapshot!(reasons(&write(&catalog, &faulty).await).join("\n"));
}

#[tokio::test]
async fn owned_pages_follow_each_other_and_leave_out_what_is_newer() {
    let catalog = catalog().await.with_clock(|| datetime!(2024-05-17 08:30:00 UTC));
    let many: Vec<_> = (0..2500).map(|n| service(&format!("s{n}"), &json!({}), &json!({}))).collect();
    for bulk in many.chunks(500) {
        assert!(!write(&catalog, bulk).await.iter().any(|result| matches!(result, UpsertResult::Failed(_))));
    }
    let later = catalog.clone().with_clock(|| datetime!(2024-05-17 08:30:00.000002 UTC));
    write(&later, &[service("s7", &json!({}), &json!({})), service("late", &json!({}), &json!({}))]).await;
    let before = |at| conformance::owned(&catalog, at);
    assert_eq!(before(datetime!(2024-05-17 08:29:59 UTC)).await.len(), 0);
    let listed = before(datetime!(2024-05-17 10:30:00.000001 +2)).await;
    // The domain that all of them relate to counts as well.
    assert_eq!(listed.len(), 2499 + 1);
    assert!(listed.iter().all(|id| !["s7", "late"].contains(&id.identifier.as_str())));
    assert_eq!(before(datetime!(2024-05-17 08:30:00.000002 UTC)).await.len(), 2501 + 1);
    let error = catalog.owned(datetime!(2024-05-17 08:30 UTC), Some("page two".to_owned())).await.unwrap_err();
    assert!(matches!(error, CatalogError::Refused { .. }));
}

#[tokio::test]
async fn a_person_sees_counts_and_a_dump() {
    let catalog = catalog().await.with_clock(|| datetime!(2024-05-17 08:30:00 UTC));
    let mut sent = service("a", &json!({ "extra": { "b": 1, "a": 2 } }), &json!({ "uses": ["z"] }));
    (sent.title, sent.team) = (Some(json!("A")), Some(json!(["core", "web"])));
    write(&catalog, &[sent]).await;
    let expected = [("confDomain".to_owned(), 1), ("confService".to_owned(), 2)];
    assert_eq!(catalog.counts().await.unwrap(), expected);
    let mut dump = Vec::new();
    assert_eq!(catalog.dump(&mut dump).await.unwrap(), 3);
    insta::assert_snapshot!(String::from_utf8(dump).unwrap());
}

#[tokio::test]
async fn files_of_others_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let mut messages = Vec::new();
    let mut open = async |content: Option<&[u8]>| {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let before = std::fs::read(&path).unwrap();
        let error = LocalCatalog::open(&path, "me").await.unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), before);
        messages.push(error.to_string().replace(&folder.path().display().to_string(), "FOLDER"));
    };
    open(Some(b"not a database")).await;
    let other = rusqlite::Connection::open(folder.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(other);
    open(Some(&std::fs::read(folder.path().join("other.db")).unwrap())).await;
    std::fs::remove_file(&path).unwrap();
    LocalCatalog::open(&path, "me").await.unwrap().close().await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    open(Some(&whole[..whole.len() / 2])).await;
    std::fs::write(&path, &whole).unwrap();
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    open(None).await;
    let nowhere = LocalCatalog::open(&folder.path().join("no/catalog.db"), "me").await.unwrap_err();
    messages.push(nowhere.to_string().replace(&folder.path().display().to_string(), "FOLDER"));
    insta::assert_snapshot!(messages.join("\n"));
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let first = LocalCatalog::open(&path, "me").await.unwrap();
    first.provision(&conformance::blueprints()).await.unwrap();
    write(&first, &[service("a", &json!({}), &json!({}))]).await;
    first.close().await.unwrap();
    let closed = tokio::time::timeout(Delay::from_secs(5), first.counts()).await.unwrap();
    assert!(matches!(closed, Err(CatalogError::Unreachable { .. })));
    let second = LocalCatalog::open(&path, "me").await.unwrap();
    assert!(second.entity("confService", "a").await.unwrap().is_some());
}
