use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};
use time::macros::datetime;
use tracing_subscriber::prelude::*;

use crate::port::stub::{Reply, Seen, Stub};
use crate::port::{LogRecord, LogSettings, LogShipper, LogSink, Mask, PortLogLayer};

async fn stub(logs: impl Fn() -> Reply + Send + Sync + 'static) -> Stub {
    let address = Arc::new(OnceLock::new());
    let known = Arc::clone(&address);
    let stub = Stub::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", _) => {
            let base: &String = known.get()?;
            let attributes = json!({ "ingestUrl": format!("{base}/logs") });
            Some(Reply::json(200, &json!({ "ok": true, "integration": { "logAttributes": attributes } })))
        }
        (_, "/logs") => Some(logs()),
        _ => None,
    })
    .await;
    address.set(stub.url().as_str().trim_end_matches('/').to_owned()).unwrap();
    stub
}

fn record(nth: usize) -> LogRecord {
    LogRecord {
        message: format!("record {nth}"),
        level: "INFO",
        timestamp: datetime!(2024-05-04 10:00:00.123456 UTC),
        extra: Map::new(),
    }
}

fn shipped(stub: &Stub) -> Vec<Vec<Value>> {
    let is_log = |seen: &Seen| seen.path == "/logs";
    stub.seen().into_iter().filter(is_log).map(|seen| seen.body["logs"].as_array().unwrap().clone()).collect()
}

#[tokio::test]
async fn records_go_in_bulks_without_secrets() {
    let stub = stub(Reply::ok).await;
    let sink = LogSink::new(1_000);
    let settings = LogSettings {
        mask: Mask::new(["hunter22".to_owned()]),
        extra: json!({ "instance": "one" }).as_object().cloned().unwrap(),
        ..LogSettings::default()
    };
    let shipper = LogShipper::start(stub.real_client(), sink.clone(), settings);
    let mut first = record(0);
    first.message = "token hunter22 is wrong".to_owned();
    first.extra.insert("id".to_owned(), json!(7));
    sink.push(first);
    (1..250).for_each(|nth| sink.push(record(nth)));
    shipper.finish().await;
    let bulks = shipped(&stub);
    assert_eq!(bulks.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!(
        bulks[0][0],
        json!({ "message": "token [REDACTED] is wrong", "level": "INFO",
        "timestamp": "2024-05-04T10:00:00.123456Z", "extra": { "instance": "one", "id": 7 } })
    );
    assert_eq!(bulks[2][49]["message"], "record 249");
}

#[tokio::test]
async fn the_oldest_records_are_dropped_when_too_many_wait() {
    let stub = stub(Reply::ok).await;
    let sink = LogSink::new(10);
    (0..30).for_each(|nth| sink.push(record(nth)));
    LogShipper::start(stub.real_client(), sink, LogSettings::default()).finish().await;
    let bulks = shipped(&stub);
    assert_eq!((bulks.len(), bulks[0].len(), &bulks[0][0]["message"]), (1, 10, &json!("record 20")));
}

#[tokio::test]
async fn a_port_that_takes_no_logs_is_not_insisted_upon() {
    let stub = stub(|| Reply::status(500)).await;
    let sink = LogSink::new(1_000);
    (0..150).for_each(|nth| sink.push(record(nth)));
    LogShipper::start(stub.real_client(), sink, LogSettings::default()).finish().await;
    assert_eq!(shipped(&stub).len(), 2);
}

#[test]
fn the_layer_takes_our_events_but_not_those_about_shipping() {
    let sink = LogSink::new(100);
    let subscriber = tracing_subscriber::registry().with(PortLogLayer::new(sink.clone(), tracing::Level::DEBUG));
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "bitbucket_port::sync", kind = "project", listed = 3, "began");
        tracing::warn!(target: "bitbucket_port::port", "refused");
        tracing::debug!(target: "bitbucket_port::port::client", "will be sent again");
        tracing::trace!(target: "bitbucket_port::sync", "too detailed");
        tracing::error!(target: "hyper", "of somebody else");
        tracing::error!(target: "bitbucket_port::sync", local = true, "stays here");
    });
    let (records, _) = sink.take(100);
    let taken: Vec<_> = records.iter().map(|record| (record.level, record.message.as_str())).collect();
    assert_eq!(taken, [("INFO", "began"), ("WARNING", "refused")]);
    assert_eq!(Value::Object(records[0].extra.clone()), json!({ "kind": "project", "listed": 3 }));
}
