//! Listings over several pages.

use bitbucket_port::bitbucket::{CallError, Class, Refusal, follow};
use serde::Deserialize;

use crate::{
    client::{Client, jumping, tokens},
    server::{Server, answer},
};

#[derive(Debug, Deserialize)]
struct Numbers {
    values: Vec<u32>,
    next: Option<String>,
}

/// All values of a listing that begins at `/list`, and why it broke off.
async fn read(client: &Client) -> (Vec<u32>, Option<CallError>) {
    let mut page = client.get("/list").await.map(|value| Numbers::deserialize(value).unwrap());
    let mut values = Vec::new();
    loop {
        match page {
            Err(error) => return (values, Some(error)),
            Ok(Numbers { values: more, next }) => {
                values.extend(more);
                let Some(next) = next else { return (values, None) };
                page = follow(client, "list", &next).await;
            }
        }
    }
}

/// A server with three pages whose links begin with `origin`, or with the server's own address.
async fn three_pages(origin: Option<&'static str>) -> Server {
    Server::start(move |_, seen| {
        let own = format!("http://{}/2.0", seen.header("host").unwrap_or_default());
        let origin = origin.map_or(own, str::to_owned);
        match seen.target.split('?').nth(1) {
            None => answer(200, &[], &format!(r#"{{"values":[1,2],"next":"{origin}/list?page=2&q=a%20b"}}"#)),
            Some("page=2&q=a%20b") => answer(200, &[], &format!(r#"{{"values":[3],"next":"{origin}/list?page=3"}}"#)),
            Some(_) => answer(200, &[], r#"{"values":[4]}"#),
        }
    })
    .await
}

#[tokio::test]
async fn links_are_followed_as_they_stand() {
    let server = three_pages(None).await;
    let (client, _) = Client::simple(&server);
    let (values, why) = read(&client).await;
    assert_eq!(values, [1, 2, 3, 4]);
    assert!(why.is_none(), "{why:?}");
    assert_eq!(server.targets(), ["/2.0/list", "/2.0/list?page=2&q=a%20b", "/2.0/list?page=3"]);
    assert!(server.seen().iter().all(|seen| seen.header("authorization").is_some()));
    assert_eq!(client.transport.budget().remaining(Class::Rest), Some(997));
    assert_eq!(client.transport.usage().operations["list"].requests, 2);
}

#[tokio::test]
async fn links_of_the_public_service_stay_behind_the_gateway() {
    let server = three_pages(Some("https://api.bitbucket.org/2.0")).await;
    let client = Client::at(server.url("/gate/bb"), tokens("one"), jumping().0);
    let (values, why) = read(&client).await;
    assert_eq!(values, [1, 2, 3, 4]);
    assert!(why.is_none(), "{why:?}");
    assert_eq!(server.targets()[1], "/gate/bb/list?page=2&q=a%20b");
}

#[tokio::test]
async fn a_link_elsewhere_gets_no_token() {
    let thief = Server::start(|_, _| answer(200, &[], r#"{"values":[]}"#)).await;
    let link = thief.url("/2.0/list?page=2");
    let server = Server::start(move |_, _| answer(200, &[], &format!(r#"{{"values":[1],"next":"{link}"}}"#))).await;
    let (client, _) = Client::simple(&server);
    let (values, why) = read(&client).await;
    assert_eq!(values, [1]);
    assert!(matches!(&why, Some(CallError::Refused { reason: Refusal::ForeignLink { .. }, .. })), "{why:?}");
    assert_eq!((server.seen().len(), thief.seen().len()), (1, 0));
}

#[tokio::test]
async fn a_page_that_stays_broken_makes_the_listing_partial() {
    let server = Server::start(|number, _| match number {
        0 => answer(200, &[], r#"{"values":[1],"next":"/2.0/list?page=2"}"#),
        _ => answer(500, &[("x-request-id", "r2")], "{}"),
    })
    .await;
    let (client, _) = Client::simple(&server);
    let (values, why) = read(&client).await;
    assert_eq!(values, [1]);
    let why = why.expect("the listing breaks off");
    assert_eq!(why.status().map(|status| status.as_u16()), Some(500));
    assert_eq!(why.request_id(), Some("r2"));
}

#[tokio::test]
async fn a_page_that_is_no_page_names_the_call() {
    let server = Server::start(|_, _| answer(200, &[("x-request-id", "r3")], r#"{"values":"none"}"#)).await;
    let (client, _) = Client::simple(&server);
    let error = follow::<Numbers, _>(&client, "list", "/2.0/list?page=2").await.unwrap_err();
    assert!(error.to_string().starts_with("GET /2.0/list: "), "{error}");
    assert_eq!(error.request_id(), Some("r3"));
    assert!(matches!(error, CallError::Undecodable(_)), "{error:?}");
}
