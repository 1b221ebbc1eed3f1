//! Faults of the network and the service, and what becomes of a call.

use std::time::Duration;

use bitbucket_port::{
    bitbucket::{BodyMode, CallError, Class, Refusal, TransportSettings, Treatment},
    http::{Clock as _, RetryPolicy},
};
use reqwest::{Method, StatusCode};
use rstest::rstest;

use crate::{
    client::{Client, START, jumping, tokens},
    server::{Reply, Server, answer, raw},
};

/// A server that answers well from the request `from` on.
async fn recovering(from: usize, fault: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |number, _| if number < from { fault() } else { answer(200, &[], "{\"ok\": true}") }).await
}

fn status_error(error: &CallError) -> &bitbucket_port::bitbucket::StatusError {
    match error {
        CallError::Status(error) => error,
        other => panic!("expected a status, got {other:?}"),
    }
}

#[rstest]
#[case::seconds("120", 120_000)]
#[case::fraction("0.25", 250)]
#[case::imf_fixdate("Sun, 06 Nov 1994 08:50:37 GMT", 60_000)]
#[case::rfc_850("Sunday, 06-Nov-94 08:50:37 GMT", 60_000)]
#[case::asctime("Sun Nov  6 08:50:37 1994", 60_000)]
#[tokio::test]
async fn a_429_is_waited_for_exactly_as_long_as_asked(#[case] value: &'static str, #[case] millis: u64) {
    let server = recovering(1, move || answer(429, &[("retry-after", value)], "{}")).await;
    let (client, clock) = Client::simple(&server);
    client.get("/x").await.unwrap();
    assert_eq!(clock.now().since(START), Duration::from_millis(millis));
    assert_eq!(server.seen().len(), 2);
    let usage = client.transport.usage();
    assert_eq!((usage.total.requests, usage.total.retries), (2, 1));
    assert_eq!(usage.operations["anything"].waited, Duration::from_millis(millis));
}

#[tokio::test]
async fn a_429_that_says_nothing_is_met_with_growing_patience() {
    let server = recovering(4, || answer(429, &[], "{}")).await;
    let (client, clock) = Client::simple(&server);
    client.get("/x").await.unwrap();
    let passed = clock.now().since(START);
    assert!(passed >= Duration::from_secs(2 + 4 + 8 + 16), "{passed:?}");
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_ends_the_call_and_says_how_long() {
    let server = Server::start(|_, _| answer(429, &[("retry-after", "86400")], "{}")).await;
    let (client, clock) = Client::simple(&server);
    let error = client.get("/x").await.unwrap_err();
    assert!(error.to_string().contains("Bitbucket asks to wait 24h 0m"), "{error}");
    assert!(error.is_retryable());
    assert_eq!((server.seen().len(), clock.now()), (1, START));
}

#[tokio::test]
async fn a_503_that_asks_to_wait_is_waited_for() {
    let server = recovering(1, || answer(503, &[("retry-after", "77")], "{}")).await;
    let (client, clock) = Client::simple(&server);
    client.get("/x").await.unwrap();
    assert_eq!(clock.now().since(START), Duration::from_secs(77));
}

#[rstest]
#[case::internal(500)]
#[case::bad_gateway(502)]
#[case::unavailable(503)]
#[case::gateway_timeout(504)]
#[tokio::test]
async fn faults_that_pass_are_tried_again(#[case] status: u16) {
    let server = recovering(2, move || answer(status, &[], "{}")).await;
    let (client, clock) = Client::simple(&server);
    client.get("/x").await.unwrap();
    assert_eq!(server.seen().len(), 3);
    assert!(clock.now().since(START) >= Duration::from_millis(1500));
}

#[tokio::test]
async fn a_fault_that_stays_ends_in_its_status() {
    let server =
        Server::start(|_, _| answer(500, &[("x-request-id", "a1b2")], r#"{"error":{"message":"Sorry"}}"#)).await;
    let (client, _) = Client::simple(&server);
    let error = client.get("/x?secret=1").await.unwrap_err();
    let status = status_error(&error);
    assert_eq!(server.seen().len(), 1 + RetryPolicy::default().retries);
    assert_eq!((status.attempts, status.status), (7, StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!((status.message.as_deref(), error.request_id()), (Some("Sorry"), Some("a1b2")));
    assert!(error.to_string().starts_with("GET /2.0/x: "), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[rstest]
#[case(400)]
#[case(401)]
#[case(403)]
#[case(404)]
#[case(410)]
#[tokio::test]
async fn refusals_are_final(#[case] status: u16) {
    let server = Server::start(move |_, _| answer(status, &[], "{}")).await;
    let (client, clock) = Client::simple(&server);
    let error = client.get("/x").await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
    assert_eq!(error.is_gone(), matches!(status, 404 | 410));
    assert!(!error.is_retryable());
    assert!(status_error(&error).remedy.is_some());
    assert_eq!((server.seen().len(), clock.now()), (1, START));
}

const HALF: &[u8] = b"{\"values\": [1, 2";

#[rstest]
#[case::shorter_than_announced(&[("content-type", "application/json"), ("content-length", "500")], HALF)]
#[case::chunk_missing(&[("content-type", "application/json"), ("transfer-encoding", "chunked")], b"5\r\n{\"a\":\r\n")]
#[case::closed_without_a_length(&[("content-type", "application/json; charset=utf-8")], HALF)]
#[case::gzip(&[("content-type", "application/json"), ("content-encoding", "gzip"), ("content-length", "12")], b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\x56")]
#[tokio::test]
async fn a_body_cut_off_after_a_200_is_fetched_again(
    #[case] headers: &'static [(&'static str, &'static str)],
    #[case] body: &'static [u8],
) {
    let server = recovering(2, move || raw(200, headers, body)).await;
    let (client, _) = Client::simple(&server);
    assert_eq!(client.get("/x").await.unwrap()["ok"], true);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_body_always_cut_off_is_unreachable() {
    let server = Server::start(|_, _| raw(200, &[("content-type", "application/json")], HALF)).await;
    let (client, _) = Client::simple(&server);
    let error = client.get("/x").await.unwrap_err();
    assert!(matches!(error, CallError::Unreachable { attempts: 7, .. }), "{error:?}");
    assert!(error.to_string().contains("cut off after 16 bytes"), "{error}");
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let server = recovering(2, || Reply::Close).await;
    let (client, _) = Client::simple(&server);
    client.get("/x").await.unwrap();
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_asked_for_again() {
    let server = recovering(1, || Reply::Hang).await;
    let (client, _) = Client::simple(&server);
    client.timeout(Duration::from_millis(200)).get("/x").await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[rstest]
#[case::broken(|| Reply::Close)]
#[case::fault(|| answer(502, &[], "{}"))]
#[case::cut_off(|| raw(200, &[("content-length", "500")], HALF))]
#[tokio::test]
async fn what_changes_something_is_not_repeated_on_doubt(#[case] fault: fn() -> Reply) {
    let server = recovering(1, fault).await;
    let (client, _) = Client::simple(&server);
    client.call(Method::POST, "/x").await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_was_certainly_not_done_is_repeated_even_if_it_changes_something() {
    let server = recovering(1, || answer(429, &[("retry-after", "3")], "{}")).await;
    let (client, _) = Client::simple(&server);
    client.call(Method::POST, "/x").await.unwrap();
    assert_eq!(server.seen().iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>(), ["POST", "POST"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_costs_no_budget() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (settings, _) = jumping();
    let client = Client::at(base, tokens("one"), settings);
    for method in [Method::GET, Method::POST] {
        let error = client.call(method, "/x").await.unwrap_err();
        assert!(matches!(error, CallError::Unreachable { attempts: 7, .. }), "{error:?}");
        assert!(error.is_retryable());
    }
    assert_eq!(client.transport.budget().remaining(Class::Rest), Some(1000));
}

#[tokio::test]
async fn a_page_of_html_is_named() {
    let page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
    let server = Server::start(move |number, _| {
        let status = if number == 0 { 403 } else { 200 };
        answer(status, &[("x-request-id", "r1")], page)
    })
    .await;
    let (client, _) = Client::simple(&server);
    let refused = client.get("/x").await.unwrap_err();
    assert!(refused.to_string().contains("an HTML page \"Sign in\" instead of JSON"), "{refused}");
    let CallError::Undecodable(error) = client.get("/x").await.unwrap_err() else { panic!("HTML is no JSON") };
    assert_eq!(error.body, page);
    assert!(error.to_string().contains("<title>Sign in"), "{error}");
}

fn small(max_body: usize) -> TransportSettings {
    TransportSettings { max_body, ..jumping().0 }
}

#[rstest]
#[case::announced(true)]
#[case::not_announced(false)]
#[tokio::test]
async fn an_answer_that_is_too_large_is_refused(#[case] announced: bool) {
    let body = "x".repeat(5000);
    let server = Server::start(move |_, _| {
        if announced { answer(200, &[], &body) } else { raw(200, &[("content-type", "text/plain")], body.as_bytes()) }
    })
    .await;
    let client = Client::with(&server, tokens("one"), small(4999));
    let error = client.get("/x").await.unwrap_err();
    assert!(matches!(error, CallError::Refused { reason: Refusal::TooLarge { limit: 4999 }, .. }), "{error:?}");
    assert_eq!(server.seen().len(), 1);
    let exact = Client::with(&server, tokens("one"), small(5000));
    assert!(matches!(exact.get("/x").await, Err(CallError::Undecodable(_))));
}

#[tokio::test]
async fn a_stream_has_no_bound_but_occupies_its_place() {
    let body = "y".repeat(5000);
    let server = Server::start(move |_, _| answer(200, &[], &body)).await;
    let treatment = |operation: &str| if operation == "file" { Treatment::FILE_STREAM } else { Treatment::REST };
    assert_eq!(treatment("file").body, BodyMode::Stream);
    let client = Client::with(&server, tokens("one"), TransportSettings { concurrency: 1, treatment, ..small(100) });
    let stream = client.open(Method::GET, "/x", "file").await.unwrap();
    assert_eq!(client.transport.budget().remaining(Class::Files), Some(4999));
    let mut second = Box::pin(client.get("/y"));
    assert!(futures::poll!(&mut second).is_pending());
    assert_eq!(stream.bytes().await.unwrap().len(), 5000);
    assert!(matches!(second.await, Err(CallError::Refused { reason: Refusal::TooLarge { .. }, .. })));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::start(|_, _| answer(200, &[], "{}")).await;
    let target = other.url("/2.0/x");
    let server = Server::start(move |_, _| answer(302, &[("location", &target)], "")).await;
    let (client, _) = Client::simple(&server);
    let error = client.get("/x").await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::FOUND));
    assert_eq!((server.seen().len(), other.seen().len()), (1, 0));
}

#[tokio::test]
async fn requests_are_sent_as_the_service_wants_them() {
    let server = Server::start(|_, _| answer(200, &[], "{}")).await;
    let (client, _) = Client::simple(&server);
    client.get("/x?q=a%20b").await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(seen.target, "/2.0/x?q=a%20b");
    assert_eq!(seen.header("authorization").as_deref(), Some("Bearer one"));
    assert!(seen.header("accept-encoding").is_some_and(|value| value.contains("gzip")));
    assert!(seen.header("user-agent").is_some_and(|value| value.starts_with("bitbucket-port/")));
}
