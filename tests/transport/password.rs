//! User name and password on Data Center, where an access token may stand for the password.

use std::time::Duration;

use bitbucket_port::bitbucket::{BudgetSettings, CallError, Credential, Product, Quota, Refusal, TransportSettings};
use bitbucket_port::http::Clock as _;
use futures::future::join_all;
use reqwest::Method;
use rstest::rstest;
use secrecy::SecretString;

use crate::client::{Client, START, jumping};
use crate::server::{Server, answer};

/// `me:MDEy` and the same secret as a token.
const BASIC: &str = "Basic bWU6TURFeQ==";
const BEARER: &str = "Bearer MDEy";

fn client(server: &Server, password: &str) -> Client {
    let credential = Credential::password("me", &SecretString::from(password)).unwrap();
    let settings = TransportSettings { product: Product::DataCenter, ..jumping().0 };
    Client::with(server, vec![credential], settings)
}

/// A server that lets in those who send this.
async fn letting_in(header: &'static str) -> Server {
    Server::start(move |_, seen| match seen.header("authorization") {
        Some(sent) if sent == header => answer(200, &[], "{}"),
        _ => answer(401, &[], r#"{"errors":[{"message":"Authentication failed."}]}"#),
    })
    .await
}

fn sent(server: &Server) -> Vec<String> {
    server.seen().iter().map(|seen| seen.header("authorization").unwrap()).collect()
}

#[rstest]
#[case::a_password(BASIC, "MDEy", &[BASIC, BASIC])]
#[case::a_token(BEARER, "MDEy", &[BASIC, BEARER, BEARER])]
#[case::a_token_that_says_so("Bearer BBDC-MDEy", "BBDC-MDEy", &["Bearer BBDC-MDEy", "Bearer BBDC-MDEy"])]
#[tokio::test]
async fn what_is_given_as_the_password_works(
    #[case] valid: &'static str,
    #[case] password: &str,
    #[case] wanted: &[&str],
) {
    let server = letting_in(valid).await;
    let client = client(&server, password);
    for _ in 0..2 {
        client.get("/x").await.unwrap();
    }
    assert_eq!(sent(&server), wanted);
}

#[tokio::test]
async fn calls_at_the_same_time_find_out_together() {
    let server = letting_in(BEARER).await;
    let client = client(&server, "MDEy");
    let ended = join_all((0..40).map(|_| client.get("/x"))).await;
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    assert!(sent(&server).iter().filter(|sent| *sent == BASIC).count() <= 16, "{:?}", sent(&server));
}

#[tokio::test]
async fn a_wrong_password_is_tried_in_both_forms_and_then_no_more() {
    let server = letting_in("nothing").await;
    let client = client(&server, "MDEy");
    let error = client.get("/x").await.unwrap_err().to_string();
    assert!(error.contains("username or password is wrong") && error.contains("captcha"), "{error}");
    assert_eq!(sent(&server), [BASIC, BEARER]);
    let second = client.get("/x").await.unwrap_err();
    assert!(matches!(second, CallError::Refused { reason: Refusal::Credentials { .. }, .. }), "{second:?}");
    assert_eq!(sent(&server).len(), 2);
    // The next resync begins where the settings do: the account may have been locked for a while.
    client.transport.budget().reinstate();
    client.get("/x").await.unwrap_err();
    assert_eq!(sent(&server), [BASIC, BEARER, BASIC, BEARER]);
}

#[tokio::test]
async fn a_password_that_worked_is_not_sent_as_a_token() {
    let server = Server::start(|number, _| answer(if number == 0 { 200 } else { 401 }, &[], "{}")).await;
    let client = client(&server, "MDEy");
    client.get("/x").await.unwrap();
    for _ in 0..5 {
        client.get("/x").await.unwrap_err();
    }
    assert_eq!(sent(&server), [BASIC; 4]);
}

#[tokio::test]
async fn a_quota_of_the_settings_counts_files_too_and_is_not_raised_by_answers() {
    let headers = [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "4999")];
    let server = Server::start(move |_, _| answer(200, &headers, "{}")).await;
    let budget = BudgetSettings { rest: Some(Quota::per_hour(4)), ..BudgetSettings::unlimited() };
    let (jumping, clock) = jumping();
    let settings = TransportSettings { budget, clock: jumping.clock, ..TransportSettings::data_center() };
    let client = Client::with(&server, vec![Credential::anonymous()], settings);
    for operation in ["getFile", "listProjects", "getFile", "listCommits"] {
        client.open(Method::GET, "/x", operation).await.unwrap();
    }
    assert_eq!(clock.now(), START);
    client.open(Method::GET, "/x", "getFile").await.unwrap();
    assert!(clock.now().since(START) >= Duration::from_secs(3600));
}
