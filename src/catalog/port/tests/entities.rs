use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::catalog::port::PortCatalog;
use crate::catalog::{
    Catalog, CatalogError, DeleteResult, Dependents, Entity, EntityId, Existing, MissingRelated, Retry, UpsertResult,
    WriteOptions,
};
use crate::port::ResyncId;
use crate::port::stub::{Reply, Seen, Stub};

const OPTIONS: WriteOptions = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Fail };

fn resync() -> ResyncId {
    Uuid::from_u128(7).into()
}

fn catalog(stub: &Stub) -> PortCatalog {
    PortCatalog::new(stub.client(), Some(resync()))
}

fn entity(identifier: &str) -> Entity {
    Entity {
        identifier: json!(identifier),
        blueprint: "service".to_owned(),
        title: Some(json!(identifier)),
        ..Entity::default()
    }
}

fn retry(result: &UpsertResult) -> Option<Retry> {
    match result {
        UpsertResult::Failed(failure) => Some(failure.retry),
        UpsertResult::Created | UpsertResult::Updated | UpsertResult::Unmatched => None,
    }
}

/// Creates everything that is sent, as Port does.
fn created(seen: &Seen) -> Reply {
    let rows: Vec<Value> = seen.body["entities"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(index, entity)| json!({ "identifier": entity["identifier"], "index": index, "created": true }))
        .collect();
    Reply::json(207, &json!({ "ok": true, "entities": rows, "errors": [] }))
}

async fn creating() -> Stub {
    Stub::start(|seen| seen.path.ends_with("/entities/bulk").then(|| created(seen))).await
}

#[tokio::test]
async fn an_upsert_says_in_its_query_what_it_is_part_of() {
    let stub = creating().await;
    let catalog = catalog(&stub);
    assert_eq!(catalog.upsert("service", &[entity("a")], OPTIONS).await.unwrap(), [UpsertResult::Created]);
    let call = &stub.calls()[0];
    assert_eq!(call.route(), "POST /v1/blueprints/service/entities/bulk");
    assert_eq!(
        call.query,
        "upsert=true&merge=true&create_missing_related_entities=false&validation_only=false&ocean_info_event_type=resync&ocean_info_resync_id=00000000-0000-0000-0000-000000000007"
    );
    assert_eq!(call.agent, "port-ocean/bitbucket-cloud/9.8.7/my-bitbucket/exporter");
    assert_eq!(call.body, json!({ "entities": [{ "identifier": "a", "blueprint": "service", "title": "a" }] }));
}

#[tokio::test]
async fn outside_of_a_resync_nothing_is_said_about_one() {
    let stub = creating().await;
    PortCatalog::new(stub.client(), None).upsert("service", &[entity("a")], OPTIONS).await.unwrap();
    assert!(stub.calls()[0].query.ends_with("validation_only=false"));
}

#[tokio::test]
async fn the_last_of_doubles_is_sent_and_all_get_its_result() {
    let stub = creating().await;
    let mut last = entity("a");
    last.title = Some(json!("the last"));
    let results = catalog(&stub).upsert("service", &[entity("a"), entity("b"), last], OPTIONS).await.unwrap();
    assert_eq!(results, [UpsertResult::Created, UpsertResult::Created, UpsertResult::Created]);
    let titles: Vec<_> =
        stub.calls()[0].body["entities"].as_array().unwrap().iter().map(|e| e["title"].clone()).collect();
    assert_eq!(titles, ["the last", "b"]);
}

#[tokio::test]
async fn more_than_port_takes_is_sent_in_several_bulks() {
    let stub = creating().await;
    let mut many: Vec<Entity> = (0..45).map(|nth| entity(&format!("e{nth}"))).collect();
    for big in &mut many[..3] {
        big.title = Some(json!("x".repeat(600 << 10)));
    }
    let results = catalog(&stub).upsert("service", &many, OPTIONS).await.unwrap();
    assert_eq!(results.len(), 45);
    let mut sizes: Vec<usize> =
        stub.calls().iter().map(|call| call.body["entities"].as_array().unwrap().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 3, 20, 20]);
}

#[tokio::test]
async fn a_bulk_that_is_too_large_is_sent_entity_by_entity() {
    let stub = Stub::start(|seen| match seen.path.as_str() {
        "/v1/blueprints/service/entities/bulk" => Some(Reply::status(413)),
        "/v1/blueprints/service/entities" => Some(match seen.body["identifier"].as_str() {
            Some("new") => Reply::json(201, &json!({ "ok": true, "entity": {} })),
            Some("old") => Reply::json(200, &json!({ "ok": true, "entity": {} })),
            Some("unmet") => {
                Reply::json(404, &json!({ "ok": false, "error": "not_found", "message": "no such target" }))
            }
            _ => Reply::status(413),
        }),
        _ => None,
    })
    .await;
    let sent = [entity("new"), entity("old"), entity("unmet"), entity("huge")];
    let results = catalog(&stub).upsert("service", &sent, OPTIONS).await.unwrap();
    assert_eq!(results[..2], [UpsertResult::Created, UpsertResult::Updated]);
    assert_eq!((retry(&results[2]), retry(&results[3])), (Some(Retry::Later), Some(Retry::Never)));
    assert!(stub.calls()[1].query.starts_with("upsert=true&merge=true&"));
}

#[tokio::test]
async fn a_bulk_that_fails_as_a_whole_says_whether_it_may_succeed_later() {
    let refused = Stub::in_turn([Reply::status(403)]).await;
    let error = catalog(&refused).upsert("service", &[entity("a")], OPTIONS).await.unwrap_err();
    assert!(matches!(&error, CatalogError::Refused { message, .. } if message.contains("trace-1")), "{error}");
    let missing = Stub::in_turn([]).await;
    let error = catalog(&missing).upsert("service", &[entity("a")], OPTIONS).await.unwrap_err();
    assert!(matches!(&error, CatalogError::MissingBlueprint { blueprint, .. } if blueprint == "service"), "{error}");
    let down = Stub::in_turn(std::iter::repeat_n(Reply::status(503), 20)).await;
    let error = catalog(&down).upsert("service", &[entity("a")], OPTIONS).await.unwrap_err();
    assert!(matches!(&error, CatalogError::Unreachable { .. }), "{error}");
    let silent = Stub::in_turn([Reply::json(200, &json!({ "ok": false, "error": "odd" }))]).await;
    let error = catalog(&silent).upsert("service", &[entity("a")], OPTIONS).await.unwrap_err();
    assert!(error.to_string().contains("odd"), "{error}");
}

#[tokio::test]
async fn owned_entities_are_listed_up_to_the_time_at_port_on_all_pages() {
    let row = |id: &str| json!({ "identifier": id, "blueprint": "service", "title": "not read" });
    let stub = Stub::in_turn([
        Reply::json(200, &json!({ "ok": true, "entities": [row("a")], "next": "page-2" })),
        Reply::json(
            200,
            &json!({ "ok": true, "entities": [row("b"), { "identifier": 5, "blueprint": "x" }], "next": null }),
        )
        .header("date", "Sat, 04 May 2024 11:00:00 GMT"),
    ])
    .await;
    let catalog = catalog(&stub);
    let first = catalog.owned(OffsetDateTime::UNIX_EPOCH, None).await.unwrap();
    assert_eq!(first.next.as_deref(), Some("page-2"));
    let second = catalog.owned(OffsetDateTime::UNIX_EPOCH, first.next).await.unwrap();
    assert_eq!(second.next, None);
    let id = |blueprint: &str, identifier: &str| EntityId {
        blueprint: blueprint.to_owned(),
        identifier: identifier.to_owned(),
    };
    assert_eq!(second.entities, [id("service", "b"), id("x", "5")]);
    let body = json!({ "datasource_prefix": "port-ocean/bitbucket-cloud/", "datasource_suffix": "/my-bitbucket/exporter",
        "limit": 5000, "before": "2024-05-04T10:00:01.000000+00:00" });
    let calls = stub.calls();
    assert_eq!(calls[0].route(), "POST /v1/blueprints/entities/datasource-entities");
    assert_eq!(calls[0].body, body);
    assert_eq!((&calls[1].body["from"], &calls[1].body["before"]), (&json!("page-2"), &body["before"]));
}

#[tokio::test]
async fn a_listing_that_leads_to_itself_ends_with_an_error() {
    let page = || Reply::json(200, &json!({ "ok": true, "entities": [], "next": "again" }));
    let stub = Stub::in_turn([page(), page()]).await;
    let catalog = catalog(&stub);
    let first = catalog.owned(OffsetDateTime::UNIX_EPOCH, None).await.unwrap();
    assert!(catalog.owned(OffsetDateTime::UNIX_EPOCH, first.next).await.is_err());
}

#[tokio::test]
async fn present_versions_are_searched_in_groups_and_cut_to_what_is_asked_for() {
    let stub = Stub::start(|seen| {
        (seen.path == "/v1/entities/search").then(|| {
            let identifiers = seen.body["rules"][0]["value"].as_array().unwrap();
            let found = |id: &Value| {
                json!({ "identifier": id, "blueprint": "service", "title": "T", "icon": "I", "team": ["x"], "createdAt": "…",
                    "properties": { "a": 1, "b": 2 }, "relations": { "r": null } })
            };
            let entities: Vec<Value> = identifiers.iter().filter(|id| **id != "e3").map(found).collect();
            Reply::json(200, &json!({ "ok": true, "entities": entities }))
        })
    })
    .await;
    let mut like: Vec<Entity> = (0..60).map(|nth| entity(&format!("e{nth}"))).collect();
    like[0].properties = json!({ "a": 9, "c": 8 }).as_object().cloned();
    like[1].relations = json!({ "r": "x" }).as_object().cloned();
    like[2].identifier = json!({ "combinator": "and", "rules": [] });
    let present = catalog(&stub).read("service", &like).await.unwrap();
    assert_eq!(present.len(), 58);
    assert_eq!(
        json!(present[0]),
        json!({ "identifier": "e0", "blueprint": "service", "title": "T", "properties": { "a": 1 } })
    );
    assert_eq!(
        json!(present[1]),
        json!({ "identifier": "e1", "blueprint": "service", "title": "T", "relations": { "r": null } })
    );
    let calls = stub.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        calls[0].query,
        "exclude_calculated_properties=true&include=blueprint&include=identifier&include=title&include=properties.a&include=properties.c&include=relations.r"
    );
    assert!(calls[0].agent.ends_with("/exporter"));
    assert_eq!(calls[0].body["combinator"], "and");
    assert_eq!(
        calls[0].body["rules"].as_array().unwrap()[1..],
        [
            json!({ "property": "$blueprint", "operator": "=", "value": "service" }),
            json!({ "property": "$datasource", "operator": "contains", "value": "port-ocean/bitbucket-cloud/" }),
            json!({ "property": "$datasource", "operator": "contains", "value": "/my-bitbucket/exporter" }),
        ]
    );
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|nth| format!("e{nth}")).collect()
}

#[tokio::test]
async fn deletion_goes_in_bulks_and_checks_what_the_answer_leaves_open() {
    let stub = Stub::start(|seen| match seen.path.as_str() {
        "/v1/entities/search" => Some(Reply::json(200, &json!({ "entities": [{ "identifier": "e1" }] }))),
        "/v1/blueprints/service/bulk/entities/delete" => {
            let sent = seen.body["entities"].as_array().unwrap();
            let mut deleted: Vec<Value> = sent.iter().filter(|id| **id != "e1" && **id != "e2").cloned().collect();
            deleted.push(json!({ "identifier": "child", "blueprint": "part" }));
            Some(Reply::json(200, &json!({ "ok": true, "deletedEntities": deleted })))
        }
        _ => None,
    })
    .await;
    let results = catalog(&stub).delete("service", &names(150), Dependents::Delete).await.unwrap();
    assert_eq!(results.len(), 150);
    let child = EntityId { blueprint: "part".to_owned(), identifier: "child".to_owned() };
    assert_eq!(results[0], DeleteResult::Deleted { dependents: vec![child] });
    assert!(matches!(&results[1], DeleteResult::Failed(failure) if failure.retry == Retry::Later));
    assert_eq!(results[2], DeleteResult::Deleted { dependents: vec![] });
    let deletions: Vec<Seen> = stub.calls().into_iter().filter(|call| call.path.ends_with("/delete")).collect();
    let mut sizes: Vec<usize> = deletions.iter().map(|call| call.body["entities"].as_array().unwrap().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100]);
    assert_eq!(
        deletions[0].query,
        "delete_dependents=true&ocean_info_event_type=resync&ocean_info_resync_id=00000000-0000-0000-0000-000000000007"
    );
}

#[tokio::test]
async fn what_port_refuses_to_delete_does_not_keep_the_others() {
    let stub = Stub::start(|seen| match seen.path.as_str() {
        "/v1/entities/search" => Some(Reply::json(200, &json!({ "entities": [] }))),
        "/v1/blueprints/service/bulk/entities/delete" => {
            let sent = seen.body["entities"].as_array().unwrap();
            if sent.contains(&json!("e1")) {
                return Some(Reply::status(409));
            }
            Some(Reply::json(200, &json!({ "ok": true, "deletedEntities": sent })))
        }
        _ => None,
    })
    .await;
    let results = catalog(&stub).delete("service", &names(3), Dependents::Refuse).await.unwrap();
    let gone = DeleteResult::Deleted { dependents: vec![] };
    assert_eq!((&results[0], &results[2]), (&gone, &gone));
    assert!(matches!(&results[1], DeleteResult::Failed(failure) if failure.retry == Retry::Later));
    assert!(stub.calls()[0].query.starts_with("delete_dependents=false&"));
}

#[tokio::test]
async fn what_is_not_there_counts_as_deleted() {
    let stub = Stub::start(|seen| {
        (seen.path == "/v1/entities/search").then(|| Reply::json(200, &json!({ "ok": true, "entities": [] })))
    })
    .await;
    let results = catalog(&stub).delete("service", &names(2), Dependents::Delete).await.unwrap();
    assert_eq!(results, vec![DeleteResult::Deleted { dependents: vec![] }; 2]);
    assert_eq!(catalog(&stub).delete("service", &[], Dependents::Delete).await.unwrap(), []);
}

#[tokio::test]
async fn a_404_of_something_on_the_way_deletes_nothing_and_misses_no_blueprint() {
    let stub = Stub::start(|seen| match seen.path.as_str() {
        "/v1/entities/search" => Some(Reply::json(200, &json!({ "ok": true, "entities": [{ "identifier": "e0" }] }))),
        "/v1/blueprints/service" => Some(Reply::json(200, &json!({ "ok": true, "blueprint": {} }))),
        _ => None,
    })
    .await;
    let results = catalog(&stub).delete("service", &names(1), Dependents::Delete).await.unwrap();
    assert!(matches!(&results[0], DeleteResult::Failed(failure) if failure.retry == Retry::Later), "{results:?}");
    let error = catalog(&stub).upsert("service", &[entity("a")], OPTIONS).await.unwrap_err();
    assert!(matches!(&error, CatalogError::Refused { message, .. } if message.contains("trace-1")), "{error}");
}
