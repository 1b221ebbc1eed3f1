use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use http::Method;
use rstest::rstest;

use crate::port::call::{Authorization, Repeat};
use crate::port::stub::{DATE, Reply, Stub, client, jumping};
use crate::port::{Call, PortError};

fn get() -> Call {
    Call::get("/x".to_owned())
}

fn post() -> Call {
    Call::post("/x".to_owned())
}

#[rstest]
#[case::timeout(408)]
#[case::throttled(429)]
#[case::fault(500)]
#[case::gateway(502)]
#[case::unavailable(503)]
#[case::late(504)]
#[tokio::test]
async fn passing_statuses_are_waited_out(#[case] status: u16) {
    let faults = || [Reply::status(status), Reply::status(status), Reply::ok()];
    for call in [
        get(),
        Call::new(Method::PUT, "/x".to_owned()),
        Call::new(Method::DELETE, "/x".to_owned()),
        post().repeatable(),
    ] {
        let stub = Stub::in_turn(faults()).await;
        stub.client().send(&call).await.unwrap();
        assert_eq!(stub.calls().len(), 3);
    }
}

#[rstest]
#[case(400)]
#[case(403)]
#[case(404)]
#[case(409)]
#[case(413)]
#[case(422)]
#[tokio::test]
async fn other_refusals_are_final_and_name_the_remedy(#[case] status: u16) {
    let stub = Stub::in_turn([Reply::status(status), Reply::ok()]).await;
    let error = stub.client().send(&get()).await.unwrap_err();
    let PortError::Refused(refusal) = &error else { panic!("{error}") };
    assert_eq!((refusal.status.as_u16(), refusal.error.as_deref()), (status, Some("fault")));
    assert_eq!((refusal.message.as_deref(), refusal.trace_id.as_deref()), (Some("said no"), Some("trace-1")));
    assert_eq!(refusal.remedy().is_some(), status != 400);
    assert_eq!(stub.calls().len(), 1);
}

#[tokio::test]
async fn what_may_have_had_its_effect_is_not_repeated() {
    for fault in [Reply::status(500), Reply::status(503), Reply::ok().cut(), Reply::text(200, "<html>")] {
        let stub = Stub::in_turn([fault, Reply::ok()]).await;
        let error = stub.client().send(&post()).await.unwrap_err();
        assert!(error.may_have_worked(), "{error}");
        assert_eq!(stub.calls().len(), 1);
    }
    let stub = Stub::in_turn([Reply::status(429), Reply::ok()]).await;
    stub.client().send(&post()).await.unwrap();
    assert_eq!(stub.calls().len(), 2);
}

#[tokio::test]
async fn what_was_certainly_not_sent_is_sent_again_until_it_is_hopeless() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = url::Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let clock = jumping();
    // What may not be repeated on doubt is repeated here.
    let call = Call { authorization: Authorization::None, ..Call::post("/integration".to_owned()) };
    assert_eq!(call.repeat, Repeat::IfWithoutEffect);
    let error = client(url, "id", Arc::clone(&clock) as _).send(&call).await.unwrap_err();
    assert!(matches!(error, PortError::Unreachable { .. }) && error.is_passing(), "{error}");
    assert_eq!(clock.sleeps().len(), 10);
}

#[rstest]
#[case::seconds("90", 90)]
#[case::long("1200", 1200)]
#[case::date("Sat, 04 May 2024 10:03:00 GMT", 180)]
#[tokio::test]
async fn port_is_given_the_time_that_it_asks_for(#[case] header: &str, #[case] seconds: u64) {
    let stub = Stub::in_turn([Reply::status(429).header("retry-after", header), Reply::ok()]).await;
    let clock = jumping();
    stub.client_by(Arc::clone(&clock) as _).send(&get()).await.unwrap();
    assert_eq!(clock.sleeps(), [Duration::from_secs(seconds)]);
}

#[tokio::test]
async fn all_wait_for_what_one_was_asked_to_wait() {
    let stub = Stub::in_turn([Reply::status(429).header("retry-after", "60"), Reply::ok(), Reply::ok()]).await;
    let clock = Arc::new(crate::http::ManualClock::standing(crate::http::Moment::from_millis(0)));
    let client = stub.client_by(Arc::clone(&clock) as _);
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.send(&get()).await }
    });
    while clock.sleeps().is_empty() {
        tokio::task::yield_now().await;
    }
    let second = tokio::spawn(async move { client.send(&get()).await });
    while clock.sleeps().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stub.calls().len(), 1);
    clock.advance(Duration::from_secs(61));
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(stub.calls().len(), 3);
}

#[tokio::test]
async fn a_wait_beyond_the_time_of_the_call_is_not_begun() {
    let stub = Stub::in_turn([Reply::status(429).header("retry-after", "86400"), Reply::ok()]).await;
    let clock = jumping();
    let error = stub.client_by(Arc::clone(&clock) as _).send(&get()).await.unwrap_err();
    assert!(matches!(error, PortError::Late { .. }), "{error}");
    assert!(error.to_string().contains("86400 seconds"), "{error}");
    assert!(clock.sleeps().is_empty());
}

#[tokio::test]
async fn repetitions_end() {
    let stub = Stub::in_turn(std::iter::repeat_n(Reply::status(503), 40)).await;
    let error = stub.client().send(&get()).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert_eq!(stub.calls().len(), 11);
}

#[tokio::test]
async fn a_page_instead_of_json_is_asked_for_again_twice() {
    let stub = Stub::in_turn(std::iter::repeat_n(Reply::text(200, "<!doctype html><title>Sign in"), 9)).await;
    let error = stub.client().send(&get()).await.unwrap_err();
    assert!(error.to_string().contains("an HTML page instead of JSON"), "{error}");
    assert_eq!(stub.calls().len(), 3);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_asked_for_again() {
    let stub = Stub::in_turn([Reply::ok().cut(), Reply::text(200, r#"{"ok":tr"#), Reply::ok()]).await;
    stub.client().send(&get()).await.unwrap();
    assert_eq!(stub.calls().len(), 3);
}

#[tokio::test]
async fn a_success_that_says_no_is_a_refusal() {
    let no = serde_json::json!({ "ok": false, "error": "odd", "message": "not today" });
    let stub = Stub::in_turn([Reply::json(200, &no)]).await;
    let error = stub.client().send(&get()).await.unwrap_err();
    assert!(error.to_string().contains("odd: not today"), "{error}");
}

#[tokio::test]
async fn no_more_bulks_than_allowed_are_in_flight() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, highest) = (Arc::clone(&now), Arc::clone(&most));
    let app = axum::Router::new().fallback(move |uri: axum::http::Uri| {
        let (running, highest) = (Arc::clone(&running), Arc::clone(&highest));
        async move {
            if uri.path() == "/v1/auth/access_token" {
                return r#"{"ok":true,"accessToken":"t","expiresIn":1000,"tokenType":"Bearer"}"#;
            }
            highest.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            r#"{"ok":true}"#
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url::Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let client = client(url, "id", jumping());
    let (bulk, plain) = (post().bulk(), get());
    assert!(join_all((0..20).map(|_| client.send(&bulk))).await.iter().all(Result::is_ok));
    assert_eq!(most.swap(0, Ordering::SeqCst), 10);
    assert!(join_all((0..30).map(|_| client.send(&plain))).await.iter().all(Result::is_ok));
    assert_eq!(most.load(Ordering::SeqCst), 16);
}

#[tokio::test]
async fn the_time_at_port_comes_from_its_answers() {
    let stub = Stub::in_turn([Reply::ok()]).await;
    let client = stub.client();
    assert_eq!(client.service_time(), None);
    client.send(&get()).await.unwrap();
    let there: std::time::SystemTime = client.service_time().unwrap().into();
    assert_eq!(httpdate::fmt_http_date(there), DATE);
}
