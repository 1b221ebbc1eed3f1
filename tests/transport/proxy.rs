//! Proxies from the environment.
//!
//! A process cannot safely change its own variables, so the calls are made by a second run of this test program.

use std::process::{Command, Output};

use bitbucket_port::{
    bitbucket::Transport,
    http::{HttpSettings, RetryPolicy, http_client},
};
use rstest::rstest;

use crate::{
    client::{jumping, tokens},
    server::{Server, answer},
};

const TARGET: &str = "PROXY_TEST_TARGET";

/// Makes one call to the URL in the environment. Does nothing when run by itself.
#[tokio::test]
async fn child() {
    let Ok(target) = std::env::var(TARGET) else { return };
    let client = http_client(&HttpSettings::default()).unwrap();
    let mut settings = jumping().0;
    settings.retry = RetryPolicy { retries: 0, ..settings.retry };
    let request = client.get(target).build().unwrap();
    let response = Transport::new(tokens("one"), settings).execute(&client, request, "anything").await.unwrap();
    println!("status {}", response.status().as_u16());
}

/// Calls `target` in a process with these variables and no other ones of proxies.
async fn call_with(variables: &[(&str, String)], target: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "proxy::child", "--nocapture"]).env(TARGET, target);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    let Output { stdout, .. } = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    String::from_utf8_lossy(&stdout).into_owned()
}

#[rstest]
#[case("HTTP_PROXY")]
#[case("ALL_PROXY")]
#[tokio::test(flavor = "multi_thread")]
async fn plain_requests_go_through_the_proxy(#[case] variable: &str) {
    let proxy = Server::start(|_, _| answer(204, &[], "")).await;
    let shown = call_with(&[(variable, proxy.url(""))], "http://bitbucket.invalid/2.0/x").await;
    assert!(shown.contains("status 204"), "{shown}");
    assert_eq!(proxy.targets(), ["http://bitbucket.invalid/2.0/x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_requests_ask_the_proxy_for_a_tunnel_and_show_it_no_token() {
    let proxy = Server::start(|_, _| answer(403, &[], "")).await;
    let shown = call_with(&[("HTTPS_PROXY", proxy.url(""))], "https://bitbucket.invalid/2.0/x").await;
    assert!(shown.contains("status 599"), "{shown}");
    let seen = &proxy.seen()[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("CONNECT", "bitbucket.invalid:443"));
    assert_eq!(seen.header("authorization"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_named_in_no_proxy_are_reached_directly() {
    let proxy = Server::start(|_, _| answer(500, &[], "")).await;
    let direct = Server::start(|_, _| answer(200, &[], "{}")).await;
    let variables = [("HTTP_PROXY", proxy.url("")), ("NO_PROXY", "127.0.0.1".to_owned())];
    let shown = call_with(&variables, &direct.url("/2.0/x")).await;
    assert!(shown.contains("status 200"), "{shown}");
    assert_eq!((proxy.seen().len(), direct.seen().len()), (0, 1));
}
