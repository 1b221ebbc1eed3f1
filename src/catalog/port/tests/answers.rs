//! What comes of every answer that Port, or something in its place, may give on every route that a sync uses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use rstest::rstest;
use serde_json::json;
use time::OffsetDateTime;

use crate::catalog::port::{PortCatalog, read_mapping};
use crate::catalog::{
    Catalog, CatalogError, DeleteResult, Dependents, Entity, Existing, MissingRelated, UpsertResult, WriteFailure,
    WriteOptions,
};
use crate::port::PortError;
use crate::port::stub::{Reply, Seen, Stub, token};

const OPTIONS: WriteOptions = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Fail };

/// The answers, each with the name that the table shows.
fn answers() -> Vec<(&'static str, Reply)> {
    let mut answers: Vec<(&'static str, Reply)> = [
        ("401", 401),
        ("403", 403),
        ("404", 404),
        ("408", 408),
        ("409", 409),
        ("413", 413),
        ("422", 422),
        ("429", 429),
        ("500", 500),
        ("502", 502),
        ("503", 503),
        ("504", 504),
    ]
    .map(|(name, status)| (name, Reply::status(status)))
    .into();
    let traced = |status, body: &str| Reply::text(status, body).header("x-trace-id", "trace-1");
    let page = "<!doctype html><title>Sign in</title>";
    answers.extend([
        ("429 after 7 s", Reply::status(429).header("retry-after", "7")),
        ("200 cut off", traced(200, &json!({ "ok": true, "entities": [], "errors": [] }).to_string()).cut()),
        ("200 half of the JSON", traced(200, r#"{"ok":true,"enti"#)),
        ("200 page", traced(200, page)),
        ("503 page", traced(503, page)),
        ("200 no", traced(200, r#"{"ok":false,"error":"odd","message":"not today"}"#)),
        ("200 {}", traced(200, "{}")),
        ("200 []", traced(200, "[]")),
        ("200 empty", traced(200, "")),
    ]);
    answers
}

/// A way to use one route, and the path that it has.
#[derive(Clone, Copy, Debug)]
enum Route {
    Token,
    Mapping,
    Blueprint,
    Owned,
    Search,
    Upsert,
    UpsertOne,
    Delete,
}

impl Route {
    fn path(self) -> &'static str {
        match self {
            Self::Token => "/v1/auth/access_token",
            Self::Mapping => "/v1/integration/my-bitbucket",
            Self::Blueprint => "/v1/blueprints/service",
            Self::Owned => "/v1/blueprints/entities/datasource-entities",
            Self::Search => "/v1/entities/search",
            Self::Upsert => "/v1/blueprints/service/entities/bulk",
            Self::UpsertOne => "/v1/blueprints/service/entities",
            Self::Delete => "/v1/blueprints/service/bulk/entities/delete",
        }
    }

    /// The answer of a Port in order.
    fn good(path: &str) -> Reply {
        Reply::json(
            200,
            &match path {
                "/v1/auth/access_token" => return token(1, 10_800),
                "/v1/integration/my-bitbucket" => {
                    json!({ "ok": true, "integration": { "config": { "resources": [] } } })
                }
                "/v1/blueprints/service" => {
                    json!({ "ok": true, "blueprint": { "identifier": "service", "title": "S" } })
                }
                "/v1/blueprints/service/entities" => json!({ "ok": true, "entity": {} }),
                "/v1/blueprints/service/bulk/entities/delete" => json!({ "ok": true, "deletedEntities": ["a"] }),
                "/v1/blueprints/service/entities/bulk" => {
                    json!({ "ok": true, "entities": [{ "identifier": "a", "index": 0, "created": true }], "errors": [] })
                }
                _ => json!({ "ok": true, "entities": [{ "identifier": "a", "blueprint": "service" }] }),
            },
        )
    }

    async fn used(self, catalog: &PortCatalog) -> String {
        let entity = Entity { identifier: json!("a"), blueprint: "service".to_owned(), ..Entity::default() };
        let of = |result: Result<String, CatalogError>| result.unwrap_or_else(|error| failure(&error));
        match self {
            Self::Token => {
                catalog.client().sign_in().await.map_or_else(|error| port_failure(&error), |()| "done".into())
            }
            Self::Mapping => match read_mapping(catalog.client()).await {
                Ok(Some(_)) => "done".to_owned(),
                Ok(None) => "there is none".to_owned(),
                Err(error) => format!("error: {error}: {:?}", std::error::Error::source(&error)),
            },
            Self::Blueprint => of(catalog.blueprint("service").await.map(|found| match found {
                Some(_) => "done".to_owned(),
                None => "there is none".to_owned(),
            })),
            Self::Owned => {
                let page = catalog.owned(OffsetDateTime::UNIX_EPOCH, None).await;
                of(page.map(|page| if page.entities.len() == 1 { "done".into() } else { "nothing is ours".into() }))
            }
            Self::Search => {
                let found = catalog.read("service", &[entity]).await;
                of(found.map(|found| if found.len() == 1 { "done".into() } else { "not there".into() }))
            }
            Self::Upsert | Self::UpsertOne => {
                of(catalog.upsert("service", &[entity], OPTIONS).await.map(|results| match &results[0] {
                    UpsertResult::Created | UpsertResult::Updated => "done".to_owned(),
                    UpsertResult::Unmatched => "unmatched".to_owned(),
                    UpsertResult::Failed(failure) => of_one(failure),
                }))
            }
            Self::Delete => {
                let results = catalog.delete("service", &["a".to_owned()], Dependents::Delete).await;
                of(results.map(|results| match &results[0] {
                    DeleteResult::Deleted { .. } => "done".to_owned(),
                    DeleteResult::Failed(failure) => of_one(failure),
                }))
            }
        }
    }
}

fn failure(error: &CatalogError) -> String {
    match error {
        CatalogError::Refused { message, .. } => format!("refused: {message}"),
        CatalogError::Unreachable { message, .. } => format!("later: {message}"),
        CatalogError::MissingBlueprint { .. } => "the blueprint is missing".to_owned(),
        CatalogError::Unsupported { .. } => "unsupported".to_owned(),
    }
}

fn port_failure(error: &PortError) -> String {
    format!("{}: {}", if error.is_passing() { "later" } else { "refused" }, error.in_full())
}

fn of_one(failure: &WriteFailure) -> String {
    format!("this entity, {:?}: {}", failure.retry, failure.reason)
}

/// Uses a route of a Port that gives the odd answer so many times; what came of it, and how many calls it took.
async fn outcome(route: Route, reply: &Reply, times: usize) -> (String, usize) {
    let (given, reply) = (Arc::new(AtomicUsize::new(0)), reply.clone());
    let answer = move |seen: &Seen| -> Option<Reply> {
        if seen.path == route.path() && given.fetch_add(1, Ordering::SeqCst) < times {
            return Some(reply.clone());
        }
        if matches!(route, Route::UpsertOne) && seen.path.ends_with("/bulk") {
            return Some(Reply::status(413));
        }
        Some(Route::good(&seen.path))
    };
    let stub = Stub::start(answer).await;
    let catalog = PortCatalog::new(stub.client(), None);
    let used: BoxFuture<'_, String> = Box::pin(route.used(&catalog));
    let what = used.await;
    let calls = stub.seen().iter().filter(|seen| seen.path == route.path()).count();
    (what, calls)
}

#[rstest]
#[case::token(Route::Token)]
#[case::mapping(Route::Mapping)]
#[case::blueprint(Route::Blueprint)]
#[case::owned(Route::Owned)]
#[case::search(Route::Search)]
#[case::upsert(Route::Upsert)]
#[case::upsert_one(Route::UpsertOne)]
#[case::delete(Route::Delete)]
#[tokio::test]
async fn every_answer_has_its_outcome(#[case] route: Route) {
    for (name, reply) in answers() {
        let (once, calls) = outcome(route, &reply, 1).await;
        let passing = ["401", "408", "429", "500", "502", "503", "504", "429 after 7 s", "200 cut off", "200 page"];
        if passing.contains(&name) && !(name == "401" && matches!(route, Route::Token)) {
            assert_eq!((once.as_str(), calls), ("done", 2), "{name}");
        }
        // What stands for ever is waited for as long as a call may take, which is tested once.
        if name.starts_with("429") {
            continue;
        }
        let (always, _) = outcome(route, &reply, usize::MAX).await;
        // What Port itself said is found again in its own records by this.
        let told = [
            "done",
            "there is none",
            "the blueprint is missing",
            "this entity, Later: Port still has it after the deletion",
        ];
        let absent = always.contains("there is no integration");
        let refused = !name.starts_with("200") && !told.contains(&always.as_str()) && !absent;
        assert!(!refused || always.contains("trace-1"), "{name}: {always}");
        // No odd answer reads as a success that says something.
        let odd = ["200 {}", "200 []", "200 empty", "200 page", "200 no", "200 half of the JSON", "200 cut off"];
        let tolerant = matches!(route, Route::UpsertOne | Route::Delete);
        assert!(!odd.contains(&name) || tolerant || always != "done", "{name}: {always}");
        assert!(!["nothing is ours", "not there", "unmatched"].contains(&always.as_str()), "{name}: {always}");
    }
}
