//! The routes over a real connection.

use std::net::SocketAddr;

use axum::routing::get;
use rstest::rstest;
use tower_http::catch_panic::CatchPanicLayer;
use uuid::Uuid;

use super::ask::{ask, send, try_send};
use crate::daemon::{Bound, Readiness, Serving, Site, router};

async fn serve(prefix: &str) -> (SocketAddr, Serving, Site) {
    let site = Site::default();
    let bound = Bound::bind(0).await.unwrap();
    (bound.address(), bound.serve(router(prefix, site.clone())), site)
}

#[rstest]
#[case("GET", "/health/live", 200)]
#[case("GET", "/metrics", 200)]
#[case("GET", "/metrics/", 200)]
#[case("GET", "/docs", 200)]
#[case("GET", "/redoc", 200)]
#[case("GET", "/openapi.json", 200)]
#[case("POST", "/integration/webhook", 503)]
#[case("GET", "/", 404)]
#[case("GET", "/health", 404)]
#[case("GET", "/isHealthy", 404)]
#[case("POST", "/resync", 404)]
#[case("GET", "/health/live/more", 404)]
#[case("POST", "/health/live", 405)]
#[case("GET", "/integration/webhook", 405)]
#[tokio::test]
async fn status_and_headers(#[case] method: &str, #[case] path: &str, #[case] status: u16) {
    let (address, serving, _) = serve("").await;
    let answer = ask(address, method, path).await;
    assert_eq!(answer.status, status, "{}", answer.body);
    let id = Uuid::parse_str(answer.header("x-request-id").unwrap()).unwrap();
    assert_eq!(id.get_version_num(), 4);
    assert!(answer.header("x-process-time").unwrap().parse::<f64>().unwrap() >= 0.0);
    serving.stop().await;
}

#[tokio::test]
async fn probes_say_what_is_wrong() {
    let (address, _serving, site) = serve("").await;
    let live = ask(address, "GET", "/health/live").await;
    assert_eq!(live.body, r#"{"status":"healthy","check":"live","core_version":"0.48.12"}"#);
    let starting = ask(address, "GET", "/health/ready").await;
    assert_eq!(starting.status, 503);
    assert_eq!(
        starting.body,
        r#"{"status":"unhealthy","check":"ready","core_version":"0.48.12","reason":"provisioning has not ended yet"}"#
    );
    site.health.set(Readiness::Ready);
    let ready = ask(address, "GET", "/health/ready").await;
    assert_eq!(
        (ready.status, ready.body.as_str()),
        (200, r#"{"status":"healthy","check":"ready","core_version":"0.48.12"}"#)
    );
}

#[tokio::test]
async fn metrics_are_open_metrics_text() {
    let (address, _serving, _) = serve("").await;
    let answer = ask(address, "GET", "/metrics").await;
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(answer.body.starts_with("# HELP duration_seconds "), "{}", answer.body);
    assert!(answer.body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn refusals_have_the_form_of_the_runtime() {
    let (address, _serving, _) = serve("").await;
    let unknown = ask(address, "GET", "/isHealth").await;
    assert_eq!(unknown.body, r#"{"detail":"Not Found"}"#);
    let wrong = ask(address, "DELETE", "/integration/webhook").await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    assert_eq!(wrong.body, r#"{"detail":"Method Not Allowed"}"#);
    let webhook = ask(address, "POST", "/integration/webhook").await;
    assert!(webhook.body.contains("live events are not built yet"), "{}", webhook.body);
}

#[tokio::test]
async fn a_prefix_moves_the_routes_but_not_the_pages() {
    let (address, _serving, _) = serve("/hooks/bitbucket").await;
    assert_eq!(ask(address, "GET", "/hooks/bitbucket/health/live").await.status, 200);
    assert_eq!(ask(address, "GET", "/hooks/bitbucket/metrics/").await.status, 200);
    assert_eq!(ask(address, "POST", "/hooks/bitbucket/integration/webhook").await.status, 503);
    assert_eq!(ask(address, "PUT", "/hooks/bitbucket/health/live").await.status, 405);
    assert_eq!(ask(address, "GET", "/docs").await.status, 200);
    for path in ["/health/live", "/hooks/bitbucket", "/hooks/bitbucket/none"] {
        let answer = ask(address, "GET", path).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"detail":"Not Found"}"#), "{path}");
    }
}

#[tokio::test]
async fn bodies_and_heads_are_bounded() {
    let (address, _serving, _) = serve("").await;
    let head = "POST /integration/webhook HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    let long = send(address, &format!("{head}content-length: 999999999\r\n\r\n")).await;
    assert_eq!(long.status, 413);
    // What is unread when the server has had enough may reset the connection before the answer arrives.
    let wide = try_send(address, &format!("{head}x-wide: {}\r\n\r\n", "x".repeat(1 << 20))).await;
    assert!(wide.is_err() || wide.is_ok_and(|answer| answer.status == 431));
}

#[tokio::test]
async fn a_handler_that_breaks_off_is_answered_for() {
    async fn breaks_off() -> &'static str {
        panic!("told to panic");
    }
    let bound = Bound::bind(0).await.unwrap();
    let address = bound.address();
    let broken = axum::Router::new().route("/broken", get(breaks_off));
    let _serving = bound.serve(broken.layer(CatchPanicLayer::custom(crate::daemon::answer::broken)));
    let answer = ask(address, "GET", "/broken").await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "Internal server error"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_remedy() {
    let first = Bound::bind(0).await.unwrap();
    let error = Bound::bind(first.address().port()).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on port {}: ", first.address().port())), "{error}");
    assert!(error.ends_with("set APPLICATION__PORT (or --port) to a port that is free"), "{error}");
}

#[tokio::test]
async fn stopping_lets_a_request_in_hand_end_and_takes_no_more() {
    let (say_begun, has_begun) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = tokio::sync::oneshot::channel::<()>();
    let hands = std::sync::Arc::new(std::sync::Mutex::new(Some((say_begun, may_go_on))));
    let slow = axum::Router::new().route(
        "/slow",
        get(move || {
            let (say_begun, may_go_on) = hands.lock().unwrap().take().unwrap();
            async move {
                say_begun.send(()).unwrap();
                may_go_on.await.unwrap();
                "done"
            }
        }),
    );
    let bound = Bound::bind(0).await.unwrap();
    let address = bound.address();
    let serving = bound.serve(slow);
    let asking = tokio::spawn(async move { ask(address, "GET", "/slow").await });
    has_begun.await.unwrap();
    let stopping = tokio::spawn(serving.stop());
    // The port is free again as soon as the server began to stop.
    while Bound::bind(address.port()).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    go_on.send(()).unwrap();
    assert_eq!(asking.await.unwrap().body, "done");
    stopping.await.unwrap();
}
