//! Credentials, budget and concurrency, as calls meet them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bitbucket_port::{
    bitbucket::{BudgetSettings, CallError, Class, Credential, Quota, Refusal, TransportSettings},
    http::{Clock, ManualClock},
};
use futures::future::join_all;

use crate::{
    client::{Client, START, jumping, tokens},
    server::{Reply, Seen, Server, answer},
};

fn limited(limit: u32) -> (TransportSettings, Arc<ManualClock>) {
    let (settings, clock) = jumping();
    let budget = BudgetSettings { rest: Some(Quota::per_hour(limit)), ..BudgetSettings::cloud() };
    (TransportSettings { budget, ..settings }, clock)
}

fn token(seen: &Seen) -> String {
    seen.header("authorization").unwrap_or_default().replace("Bearer ", "")
}

fn count(server: &Server, wanted: &str) -> usize {
    server.seen().iter().filter(|seen| token(seen) == wanted).count()
}

#[tokio::test]
async fn no_hour_holds_more_than_the_limit() {
    let (settings, clock) = limited(5);
    let arrivals: Arc<Mutex<Vec<u64>>> = Arc::default();
    let (log, time) = (Arc::clone(&arrivals), Arc::clone(&clock));
    let server = Server::start(move |_, _| {
        log.lock().unwrap().push(time.now().as_millis());
        answer(200, &[], "{}")
    })
    .await;
    let client = Client::with(&server, tokens("one"), settings);
    for _ in 0..12 {
        client.get("/x").await.unwrap();
    }
    let arrivals = arrivals.lock().unwrap().clone();
    assert_eq!(arrivals.len(), 12);
    assert!(arrivals.windows(6).all(|six| six[5] - six[0] >= 3_600_000), "{arrivals:?}");
    assert!(clock.now().since(START) <= Duration::from_secs(2 * 3620));
}

#[tokio::test]
async fn what_is_left_and_how_long_more_takes_can_be_asked() {
    let (settings, clock) = limited(10);
    let server = Server::start(|_, _| answer(200, &[], "{}")).await;
    let client = Client::with(&server, tokens("one,two"), settings);
    let budget = client.transport.budget();
    for _ in 0..4 {
        client.get("/x").await.unwrap();
    }
    assert_eq!(budget.remaining(Class::Rest), Some(16));
    assert_eq!(budget.estimate(Class::Rest, 16), Some(Duration::ZERO));
    let more = budget.estimate(Class::Rest, 17).unwrap();
    assert!(more > Duration::from_secs(3590) && more <= Duration::from_secs(3610), "{more:?}");
    let much_more = budget.estimate(Class::Rest, 56).unwrap();
    assert_eq!(much_more, Duration::from_secs(2 * 3600));
    assert_eq!(clock.now(), START);
}

#[tokio::test]
async fn a_budget_survives_a_restart() {
    let server = Server::start(|_, _| answer(200, &[], "{}")).await;
    let first = Client::with(&server, tokens("one"), limited(10).0);
    for _ in 0..7 {
        first.get("/x").await.unwrap();
    }
    let records = serde_json::to_string(&first.transport.budget().snapshot()).unwrap();
    assert!(!records.contains("one"), "{records}");
    let records = serde_json::from_str::<Vec<_>>(&records).unwrap();
    let second = Client::with(&server, tokens("one"), limited(10).0);
    second.transport.budget().restore(&records);
    assert_eq!(second.transport.budget().remaining(Class::Rest), Some(3));
    let stranger = Client::with(&server, tokens("two"), limited(10).0);
    stranger.transport.budget().restore(&records);
    assert_eq!(stranger.transport.budget().remaining(Class::Rest), Some(10));
}

#[tokio::test]
async fn the_limit_that_the_service_names_is_believed() {
    let headers = [("x-ratelimit-limit", "1400"), ("x-ratelimit-resource", "api-repositories")];
    let server = Server::start(move |_, _| answer(200, &headers, "{}")).await;
    let (client, _) = Client::simple(&server);
    client.get("/x").await.unwrap();
    assert_eq!(client.transport.budget().remaining(Class::Rest), Some(1399));
    assert_eq!(client.transport.budget().remaining(Class::Files), Some(5000));
}

#[tokio::test]
async fn use_by_others_is_noticed() {
    let server = Server::start(|_, _| answer(200, &[("x-ratelimit-nearlimit", "true")], "{}")).await;
    let (client, _) = Client::simple(&server);
    client.get("/x").await.unwrap();
    assert_eq!(client.transport.budget().remaining(Class::Rest), Some(200));
}

#[tokio::test]
async fn the_credential_with_most_left_goes_first() {
    let server = Server::start(|_, _| answer(200, &[], "{}")).await;
    let (settings, _) = limited(10);
    let client = Client::with(&server, tokens("one,two,three"), settings);
    for _ in 0..9 {
        client.get("/x").await.unwrap();
    }
    assert_eq!(["one", "two", "three"].map(|name| count(&server, name)), [3, 3, 3]);
}

#[tokio::test]
async fn a_429_on_one_credential_does_not_stall_the_others() {
    let server = Server::start(|_, seen| match token(seen).as_str() {
        "one" => answer(429, &[("retry-after", "3600")], "{}"),
        _ => answer(200, &[], "{}"),
    })
    .await;
    let (settings, clock) = jumping();
    let client = Client::with(&server, tokens("one,two"), settings);
    for _ in 0..10 {
        client.get("/x").await.unwrap();
    }
    assert_eq!((count(&server, "one"), count(&server, "two")), (1, 10));
    assert_eq!(clock.now(), START);
}

#[tokio::test]
async fn all_who_wait_for_a_credential_share_its_retry_after() {
    let server = Server::start(move |number, _| match number {
        0..4 => answer(429, &[("retry-after", "50")], "{}"),
        _ => answer(200, &[], "{}"),
    })
    .await;
    let clock = Arc::new(ManualClock::standing(START));
    let settings =
        TransportSettings { concurrency: 4, clock: Arc::<ManualClock>::clone(&clock), ..TransportSettings::cloud() };
    let client = Client::with(&server, tokens("one"), settings);
    let calls = tokio::spawn(async move { join_all((0..20).map(|_| client.get("/x"))).await });
    while !clock.sleeps().contains(&Duration::from_secs(50)) {
        tokio::task::yield_now().await;
    }
    for _ in 0..2000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.seen().len(), 4);
    clock.advance(Duration::from_secs(50));
    let ended = calls.await.unwrap();
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    assert_eq!(server.seen().len(), 24);
}

#[tokio::test]
async fn a_refused_credential_is_set_aside_and_the_others_go_on() {
    let server = Server::start(|_, seen| match token(seen).as_str() {
        "bad" => answer(401, &[], "{}"),
        _ => answer(200, &[], "{}"),
    })
    .await;
    let client = Client::with(&server, tokens("bad,good"), jumping().0);
    for _ in 0..5 {
        client.get("/x").await.unwrap();
    }
    assert_eq!((count(&server, "bad"), count(&server, "good")), (1, 5));
}

#[tokio::test]
async fn when_all_credentials_are_refused_no_more_requests_are_sent() {
    let server = Server::start(|_, _| answer(401, &[], r#"{"error":{"message":"Token is invalid"}}"#)).await;
    let client = Client::with(&server, tokens("one,two"), jumping().0);
    let first = client.get("/x").await.unwrap_err();
    assert!(first.to_string().contains("Token is invalid"), "{first}");
    assert!(first.to_string().contains("e-mail"), "{first}");
    assert_eq!(server.seen().len(), 2);
    let second = client.get("/x").await.unwrap_err();
    assert!(matches!(second, CallError::Refused { reason: Refusal::Credentials { .. }, .. }), "{second:?}");
    assert!(second.to_string().contains("token 1 of 2, token 2 of 2"), "{second}");
    assert_eq!(server.seen().len(), 2);
    client.transport.budget().reinstate();
    client.get("/x").await.unwrap_err();
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_credential_that_worked_survives_a_single_401() {
    let server = Server::start(|number, _| answer(if number == 1 { 401 } else { 200 }, &[], "{}")).await;
    let (client, _) = Client::simple(&server);
    client.get("/x").await.unwrap();
    assert!(client.get("/private").await.is_err());
    client.get("/x").await.unwrap();
}

#[tokio::test]
async fn without_a_credential_a_401_concerns_only_its_object() {
    let server = Server::start(|number, seen| {
        assert_eq!(seen.header("authorization"), None);
        answer(if number == 0 { 401 } else { 200 }, &[], "{}")
    })
    .await;
    let client = Client::with(&server, vec![Credential::anonymous()], jumping().0);
    assert!(client.get("/private").await.unwrap_err().to_string().contains("a credential is needed"));
    client.get("/public").await.unwrap();
}

#[tokio::test]
async fn no_more_requests_at_once_than_allowed() {
    let server = Server::start(|_, _| answer(200, &[], "{}")).await;
    let client = Client::with(&server, tokens("one"), TransportSettings { concurrency: 3, ..jumping().0 });
    let ended = join_all((0..30).map(|_| client.get("/x"))).await;
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    assert_eq!(server.most_at_once(), 3);
}

#[tokio::test]
async fn a_dropped_call_returns_what_it_holds() {
    let server = Server::start(|number, _| if number == 0 { Reply::Hang } else { answer(200, &[], "{}") }).await;
    let (settings, _) = limited(3);
    let client = Client::with(&server, tokens("one"), TransportSettings { concurrency: 1, ..settings });
    {
        let mut hanging = Box::pin(client.get("/x"));
        while server.seen().is_empty() {
            let _ = futures::poll!(&mut hanging);
            tokio::task::yield_now().await;
        }
        // Two more wait behind it, counted but not sent.
        let mut waiting = [Box::pin(client.get("/y")), Box::pin(client.get("/z"))];
        for call in &mut waiting {
            assert!(futures::poll!(call).is_pending());
        }
        assert_eq!(client.transport.budget().remaining(Class::Rest), Some(0));
    }
    assert_eq!(client.transport.budget().remaining(Class::Rest), Some(2));
    client.get("/x").await.unwrap();
}

#[tokio::test]
async fn no_secret_is_shown_anywhere() {
    let server = Server::start(|_, _| answer(401, &[], "{}")).await;
    let client = Client::with(&server, tokens("hush-hush-hush"), jumping().0);
    let error = client.get("/x").await.unwrap_err();
    let shown = format!("{error} {error:?} {:?} {:?}", client.transport, client.transport.budget().snapshot());
    assert!(!shown.contains("hush"), "{shown}");
}
