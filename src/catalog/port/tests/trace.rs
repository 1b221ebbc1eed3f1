//! A first install and a sync of one kind, call by call.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::setup::{organization, request};
use crate::catalog::port::{PortCatalog, Provisioner, read_mapping};
use crate::catalog::{Catalog, Dependents, Entity, Existing, MissingRelated, WriteOptions};
use crate::port::stub::{Reply, Seen, Stub, plain_http};
use crate::port::{KindMetrics, Mask, PortReporter, ReportedResource, ReporterSettings, ResyncId, SyncState};

const INTEGRATION: &str = "/v1/integration/my-bitbucket";

/// Port before a first install: what is created is there afterwards.
async fn fresh() -> Stub {
    let created = AtomicBool::new(false);
    let base = Mutex::new(String::new());
    Stub::start(move |seen| {
        let is = |method: &str, path: &str| seen.method == method && seen.path == path;
        let mut integration = json!({ "installationType": "OnPrem", "config": { "resources": [] },
            "metricAttributes": { "ingestUrl": format!("{}/ingest", base.lock().unwrap()) } });
        if let Some(host) = seen.body.get("__base") {
            *base.lock().unwrap() = host.as_str().unwrap_or_default().to_owned();
            return Some(Reply::ok());
        }
        if is("POST", "/v1/integration") {
            created.store(true, Ordering::SeqCst);
            integration = seen.body.clone();
            return Some(Reply::json(201, &json!({ "ok": true, "integration": integration })));
        }
        if is("GET", INTEGRATION) {
            let found = Reply::json(200, &json!({ "ok": true, "integration": integration }));
            return created.load(Ordering::SeqCst).then_some(found);
        }
        if seen.path.ends_with("/entities/bulk") {
            let count = seen.body["entities"].as_array().map_or(0, Vec::len);
            let rows: Vec<Value> = (0..count).map(|index| json!({ "index": index, "created": true })).collect();
            return Some(Reply::json(200, &json!({ "ok": true, "entities": rows, "errors": [] })));
        }
        if seen.path.ends_with("/search") || seen.path.ends_with("/datasource-entities") {
            return Some(Reply::json(200, &json!({ "ok": true, "entities": [], "next": null })));
        }
        if seen.method == "GET" || seen.path == "/v1/auth/access_token" {
            return organization(seen, &json!([]), &json!([]));
        }
        Some(Reply::ok())
    })
    .await
}

/// The shape of a body: its keys, with short values shown.
fn shape(body: &Value) -> Value {
    match body {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) if items.len() > 2 => json!([shape(&items[0]), format!("… {} in all", items.len())]),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(text) if text.len() == 32 && text.ends_with("+00:00") => json!("<time>"),
        plain => plain.clone(),
    }
}

fn show(seen: &[Seen], base: &str) -> String {
    let mut text = String::new();
    for seen in seen {
        let agent = seen.agent.replace("port-ocean/bitbucket-cloud/9.8.7/my-bitbucket", "~");
        let query = if seen.query.is_empty() { String::new() } else { format!("?{}", seen.query) };
        let _ = writeln!(text, "{} {}{query} [{agent}]", seen.method, seen.path);
        if !seen.body.is_null() {
            let _ = writeln!(text, "    {}", shape(&seen.body));
        }
    }
    text.replace(base, "<base>")
}

fn settings() -> ReporterSettings {
    ReporterSettings { mask: Mask::new(["hunter22".to_owned()]), ..ReporterSettings::default() }
}

async fn settled(stub: &Stub, count: usize) {
    for _ in 0..500 {
        if stub.seen().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("expected {count} calls: {:#?}", stub.routes());
}

#[tokio::test]
async fn a_first_install_call_by_call() {
    let stub = fresh().await;
    let base = stub.url().as_str().trim_end_matches('/').to_owned();
    let client = stub.real_client();
    set_base(&stub, &base).await;
    let resync: ResyncId = Uuid::from_u128(7).into();
    let provisioned = Provisioner::new(&client, request()).run().await.unwrap();
    assert!(provisioned.is_new);
    let reporter = PortReporter::start(client.clone(), resync, settings());
    read_mapping(&client).await.unwrap();
    let before = stub.seen().len();
    reporter
        .resync_started(vec![ReportedResource { kind: "repository".to_owned(), blueprint: "\"service\"".to_owned() }]);
    reporter.kind_started(0);
    settled(&stub, before + 5).await;
    let raw: Vec<Value> = (0..12).map(|nth| json!({ "nth": nth, "text": "the hunter22" })).collect();
    reporter.examples(0, "repository", raw.clone());
    reporter.examples(0, "repository", raw);
    settled(&stub, before + 6).await;
    sync(PortCatalog::new(client, Some(resync))).await;
    let metrics = KindMetrics {
        duration: Duration::from_millis(1500),
        extracted: 12,
        transformed: 12,
        loaded: 12,
        ..KindMetrics::default()
    };
    reporter.kind_finished(0, SyncState::Completed, metrics);
    reporter.reconciliation_started();
    reporter.reconciliation_finished(SyncState::Completed, KindMetrics::default());
    reporter.resync_finished(SyncState::Completed, metrics);
    reporter.finish().await;
    let mut seen: Vec<Seen> = stub.seen().into_iter().filter(|seen| seen.body.get("__base").is_none()).collect();
    in_order(&mut seen);
    insta::assert_snapshot!(show(&seen, &base));
}

/// Within a pass over the blueprints the calls go out together and arrive in any order.
fn in_order(seen: &mut [Seen]) {
    let of_blueprints = |seen: &Seen| seen.path.starts_with("/v1/blueprints") && !seen.path.contains("/entities");
    let pass = |seen: &Seen| of_blueprints(seen).then(|| seen.method.clone());
    for calls in seen.chunk_by_mut(|a, b| pass(a).is_some() && pass(a) == pass(b)) {
        calls.sort_by_key(|seen| (seen.path.clone(), seen.body["identifier"].to_string()));
    }
}

/// Tells the stub its own address, which it names for metrics.
async fn set_base(stub: &Stub, base: &str) {
    plain_http().post(stub.url().clone()).json(&json!({ "__base": base })).send().await.unwrap();
}

async fn sync(catalog: PortCatalog) {
    let options = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Create };
    catalog.owned(OffsetDateTime::UNIX_EPOCH, None).await.unwrap();
    let entities: Vec<Entity> = (0..12)
        .map(|nth| Entity {
            identifier: json!(format!("r{nth}")),
            blueprint: "service".to_owned(),
            title: Some(json!("R")),
            properties: json!({ "url": "https://x" }).as_object().cloned(),
            relations: json!({ "squad": null }).as_object().cloned(),
            ..Entity::default()
        })
        .collect();
    catalog.read("service", &entities).await.unwrap();
    catalog.upsert("service", &entities, options).await.unwrap();
    catalog.delete("service", &["gone".to_owned()], Dependents::Delete).await.unwrap();
}
