use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use crate::http::{ManualClock, Moment};
use crate::port::stub::{Reply, Seen, Stub, token};
use crate::port::{Call, PortError};

fn is_token(seen: &Seen) -> bool {
    seen.path == "/v1/auth/access_token"
}

fn tokens(stub: &Stub) -> usize {
    stub.seen().iter().filter(|seen| is_token(seen)).count()
}

/// A stub that gives numbered tokens, living for so many seconds, and takes only some.
async fn stub(seconds: u64, accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Stub {
    let given = AtomicUsize::new(0);
    Stub::start(move |seen| {
        if is_token(seen) {
            return Some(token(given.fetch_add(1, Ordering::SeqCst) + 1, seconds).slowly());
        }
        let sent = seen.authorization.as_deref().unwrap_or_default();
        Some(if accepts(sent) { Reply::ok() } else { Reply::status(401) })
    })
    .await
}

#[tokio::test]
async fn the_token_is_fetched_with_the_credentials_and_sent_with_its_type() {
    let stub = stub(10_800, |_| true).await;
    stub.client().send(&Call::get("/x".to_owned())).await.unwrap();
    let seen = stub.seen();
    assert_eq!(seen[0].body, json!({ "clientId": "client-id", "clientSecret": "client-secret" }));
    assert_eq!(seen[0].authorization, None);
    assert_eq!(seen[0].agent, "port-ocean/bitbucket-cloud/9.8.7/my-bitbucket");
    assert_eq!(seen[1].authorization.as_deref(), Some("Bearer token-1"));
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_fetch() {
    let stub = stub(10_800, |_| true).await;
    let client = stub.client();
    let call = Call::get("/x".to_owned());
    let results = join_all((0..30).map(|_| client.send(&call))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((tokens(&stub), stub.calls().len()), (1, 30));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let stub = stub(100, |_| true).await;
    let clock = Arc::new(ManualClock::standing(Moment::from_millis(0)));
    let client = stub.client_by(Arc::clone(&clock) as _);
    let call = Call::get("/x".to_owned());
    for (seconds, fetched) in [(0, 1), (89, 1), (2, 2)] {
        clock.advance(Duration::from_secs(seconds));
        client.send(&call).await.unwrap();
        assert_eq!(tokens(&stub), fetched, "after {seconds} more seconds");
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all_who_held_it() {
    let stub = stub(10_800, |sent| sent != "Bearer token-1").await;
    let client = stub.client();
    let call = Call::get("/x".to_owned());
    let results = join_all((0..10).map(|_| client.send(&call))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(tokens(&stub), 2);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let stub = stub(10_800, |_| false).await;
    let error = stub.client().send(&Call::get("/x".to_owned())).await.unwrap_err();
    assert!(matches!(&error, PortError::Refused(refusal) if refusal.status == 401), "{error}");
    assert_eq!((tokens(&stub), stub.calls().len()), (2, 2));
}

#[tokio::test]
async fn even_a_call_that_is_not_repeated_gets_a_fresh_token() {
    let stub = stub(10_800, |sent| sent != "Bearer token-1").await;
    stub.client().send(&Call::post("/x".to_owned())).await.unwrap();
    assert_eq!(stub.calls().len(), 2);
}

#[tokio::test]
async fn rejected_credentials_fail_at_once_and_are_not_tried_again_and_again() {
    let stub = Stub::start(|seen| is_token(seen).then(|| Reply::status(401))).await;
    let client = stub.client();
    for _ in 0..3 {
        let error = client.send(&Call::get("/x".to_owned())).await.unwrap_err();
        let shown = error.to_string();
        assert!(matches!(error, PortError::Credentials { .. }), "{error}");
        assert!(shown.contains("client secret") && shown.contains("trace-1"), "{shown}");
    }
    assert_eq!(stub.seen().len(), 1);
}

#[tokio::test]
async fn passing_faults_of_the_token_endpoint_are_waited_out() {
    let faults = AtomicUsize::new(0);
    let stub = Stub::start(move |seen| {
        let nth = faults.fetch_add(1, Ordering::SeqCst);
        match (is_token(seen), nth) {
            (true, 0) => Some(Reply::status(500)),
            (true, 1) => Some(Reply::status(429)),
            (true, _) => None,
            (false, _) => Some(Reply::ok()),
        }
    })
    .await;
    stub.client().send(&Call::get("/x".to_owned())).await.unwrap();
    assert_eq!(stub.seen().len(), 4);
}
