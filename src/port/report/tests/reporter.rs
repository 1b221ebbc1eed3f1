use std::sync::Arc;
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::http::{ManualClock, Moment};
use crate::port::stub::{Reply, Seen, Stub};
use crate::port::{KindMetrics, PortReporter, ReportedResource, ReporterSettings, ResyncId, ResyncSchedule, SyncState};

fn resources(count: usize) -> Vec<ReportedResource> {
    let resource = ReportedResource { kind: "pull-request".to_owned(), blueprint: "\"pr\"".to_owned() };
    vec![resource; count]
}

/// A stub whose integration names this address for metrics, below the stub's own.
async fn stub() -> Stub {
    let address = Arc::new(std::sync::OnceLock::new());
    let known = Arc::clone(&address);
    let stub = Stub::start(move |seen| match seen.method.as_str() {
        "GET" => {
            let base: &String = known.get()?;
            let attributes = json!({ "ingestUrl": format!("{base}/metrics/") });
            Some(Reply::json(200, &json!({ "ok": true, "integration": { "metricAttributes": attributes } })))
        }
        _ if seen.path == "/v1/auth/access_token" => None,
        _ => Some(Reply::ok()),
    })
    .await;
    address.set(stub.url().as_str().trim_end_matches('/').to_owned()).unwrap();
    stub
}

async fn until(stub: &Stub, enough: impl Fn(&[Seen]) -> bool) {
    let started = Instant::now();
    while !enough(&stub.seen()) {
        assert!(started.elapsed() < Duration::from_secs(5), "{:#?}", stub.routes());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn document(seen: &Seen) -> Option<(String, String)> {
    let document = seen.body.get("syncKindMetrics").or_else(|| seen.body.pointer("/syncKindsMetrics/0"))?;
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    Some((text("kindIdentifier"), text("syncState")))
}

#[tokio::test]
async fn what_has_not_ended_is_reported_as_aborted() {
    let stub = stub().await;
    let reporter = PortReporter::start(stub.real_client(), ResyncId::random(), ReporterSettings::default());
    reporter.resync_started(resources(3));
    reporter.kind_finished(0, SyncState::Completed, KindMetrics::default());
    reporter.kind_started(1);
    reporter.kind_started(9);
    reporter.resync_finished(SyncState::Aborted, KindMetrics::default());
    reporter.finish().await;
    let told: Vec<_> = stub.seen().iter().filter_map(document).map(|(kind, state)| format!("{kind} {state}")).collect();
    assert_eq!(
        told,
        [
            "pull-request-0 pending",
            "__runtime__ syncing",
            "pull-request-0 completed",
            "pull-request-1 syncing",
            "pull-request-1 aborted",
            "pull-request-2 aborted",
            "__runtime__ aborted",
        ]
    );
}

#[tokio::test]
async fn the_state_of_a_resync_is_told_again_until_port_takes_it() {
    let patched = std::sync::atomic::AtomicUsize::new(0);
    let stub = Stub::start(move |seen| {
        let first = seen.method == "PATCH" && patched.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2;
        first.then(|| Reply::status(503)).or_else(|| (seen.path != "/v1/auth/access_token").then(Reply::ok))
    })
    .await;
    let reporter = PortReporter::start(stub.client(), ResyncId::random(), ReporterSettings::default());
    reporter.resync_started(resources(1));
    reporter.resync_finished(SyncState::Completed, KindMetrics::default());
    until(&stub, |seen| seen.iter().filter(|seen| seen.method == "PATCH").count() == 4).await;
    reporter.finish().await;
    let states: Vec<Value> =
        stub.seen().into_iter().filter(|seen| seen.method == "PATCH").map(|seen| seen.body["status"].clone()).collect();
    assert_eq!(states, ["running", "running", "running", "completed"]);
}

#[tokio::test]
async fn signs_of_life_are_given_until_the_end() {
    let stub = stub().await;
    let clock = Arc::new(ManualClock::standing(Moment::from_millis(0)));
    let reporter =
        PortReporter::start(stub.client_by(Arc::clone(&clock) as _), ResyncId::random(), ReporterSettings::default());
    let beats = |seen: &[Seen]| seen.iter().filter(|seen| seen.path == "/metrics/heartbeat").count();
    reporter.resync_started(resources(1));
    for beat in 1..=3 {
        // The next wait of ten seconds has begun before time passes.
        let waits = || clock.sleeps().iter().filter(|wait| **wait == Duration::from_secs(10)).count();
        until(&stub, |_| waits() >= beat).await;
        clock.advance(Duration::from_secs(10));
        until(&stub, |seen| beats(seen) == beat).await;
    }
    reporter.resync_finished(SyncState::Completed, KindMetrics::default());
    reporter.finish().await;
    clock.advance(Duration::from_secs(100));
    tokio::task::yield_now().await;
    assert_eq!(beats(&stub.seen()), 3);
}

#[tokio::test]
async fn a_port_that_does_not_answer_delays_nothing() {
    let stuck = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url::Url::parse(&format!("http://{}", stuck.local_addr().unwrap())).unwrap();
    let client = crate::port::stub::client(url, "id", crate::port::stub::jumping());
    let reporter = PortReporter::start(client, ResyncId::random(), ReporterSettings::default());
    let started = Instant::now();
    reporter.resync_started(resources(3));
    for _ in 0..10_000 {
        reporter.kind_started(0);
        reporter.examples(0, "pull-request", vec![json!({})]);
    }
    reporter.resync_finished(SyncState::Completed, KindMetrics::default());
    reporter.finish().await;
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_port_that_refuses_reports_is_told_the_rest_all_the_same() {
    let stub = Stub::start(|seen| (seen.path != "/v1/auth/access_token").then(|| Reply::status(403))).await;
    let reporter = PortReporter::start(stub.real_client(), ResyncId::random(), ReporterSettings::default());
    reporter.resync_started(resources(1));
    reporter.resync_finished(SyncState::Failed, KindMetrics::default());
    reporter.finish().await;
    let states: Vec<Value> = stub
        .seen()
        .into_iter()
        .filter(|seen| seen.path.ends_with("/resync-state"))
        .map(|seen| seen.body["status"].clone())
        .collect();
    assert_eq!(states, ["running", "failed"]);
}

#[tokio::test]
async fn five_examples_of_each_resource_are_sent_if_any() {
    let stub = stub().await;
    let settings = ReporterSettings { sends_examples: false, ..ReporterSettings::default() };
    let silent = PortReporter::start(stub.real_client(), ResyncId::random(), settings);
    silent.examples(0, "pull-request", vec![json!(1)]);
    assert_eq!(silent.examples_wanted(0), 0);
    silent.finish().await;
    let reporter = PortReporter::start(stub.real_client(), ResyncId::random(), ReporterSettings::default());
    let huge = json!("x".repeat(300 << 10));
    reporter.examples(0, "pull-request", vec![json!(1), huge, json!(2)]);
    assert_eq!((reporter.examples_wanted(0), reporter.examples_wanted(1)), (3, 5));
    reporter.examples(0, "pull-request", (10..20).map(Value::from).collect());
    reporter.examples(1, "a b/c", vec![json!("second")]);
    reporter.finish().await;
    let sent: Vec<_> = stub.seen().into_iter().filter(|seen| seen.path.contains("/kinds/")).collect();
    assert_eq!(
        sent.iter().map(|seen| seen.body["examples"].clone()).collect::<Vec<_>>(),
        [json!([1, 2]), json!([10, 11, 12]), json!(["second"]),]
    );
    assert_eq!(sent[2].path, "/v1/integration/my-bitbucket/kinds/a+b%2Fc/examples");
}

#[rstest]
#[case::at_the_start(datetime!(2024-01-01 00:00 UTC), Some(datetime!(2024-01-01 01:00 UTC)))]
#[case::on_the_hour(datetime!(2024-01-01 01:00 UTC), Some(datetime!(2024-01-01 02:00 UTC)))]
#[case::between(datetime!(2024-01-01 05:59 UTC), Some(datetime!(2024-01-01 06:00 UTC)))]
#[case::before(datetime!(2023-01-01 00:00 UTC), Some(datetime!(2024-01-01 01:00 UTC)))]
fn the_next_resync(#[case] now: OffsetDateTime, #[case] next: Option<OffsetDateTime>) {
    let since = datetime!(2024-01-01 00:00 UTC);
    assert_eq!(ResyncSchedule { since, interval: Duration::from_secs(3600) }.next(now), next);
    assert_eq!(ResyncSchedule { since, interval: Duration::ZERO }.next(now), None);
    assert_eq!(ResyncSchedule { since, interval: Duration::MAX }.next(now), None);
}
