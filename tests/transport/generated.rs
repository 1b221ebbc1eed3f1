//! The generated client of Bitbucket Cloud over the transport.

use bitbucket_port::{
    bitbucket::{CallError, Class, Transport, cloud},
    http::{HttpSettings, http_client},
};
use futures::TryStreamExt as _;

use crate::{
    client::{jumping, tokens},
    server::{Server, answer, raw},
};

fn client(server: &Server) -> (cloud::Client, Transport) {
    let transport = Transport::new(tokens("one"), jumping().0);
    let http = http_client(&HttpSettings::default()).unwrap();
    (cloud::Client::new_with_client(&server.url("/2.0"), http, transport.clone()), transport)
}

#[tokio::test]
async fn a_file_is_asked_for_by_its_path_and_counted_as_a_file() {
    let server = Server::start(|number, _| match number {
        0 => raw(200, &[("content-length", "100")], b"cut off"),
        _ => answer(200, &[("content-type", "text/plain")], "hello"),
    })
    .await;
    let (client, transport) = client(&server);
    let call = client.get_file().workspace("acme").repo_slug("{0a1b}").commit("feature/x").path("docs/a b.md");
    let chunks: Vec<_> = call.send().await.unwrap().into_inner_stream().try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"hello");
    let target = "/2.0/repositories/acme/%7B0a1b%7D/src/feature%2Fx/docs/a%20b.md";
    assert_eq!(server.targets(), [target, target]);
    assert_eq!(server.seen()[0].header("api-version"), None);
    let left = [Class::Rest, Class::Files].map(|class| transport.budget().remaining(class));
    assert_eq!(left, [Some(1000), Some(4998)]);
    assert_eq!(transport.usage().operations["getFile"].requests, 2);
}

#[tokio::test]
async fn an_error_of_the_generated_client_keeps_what_is_known_of_the_call() {
    let body = r#"{"type":"error","error":{"message":"Repository acme/gone not found"}}"#;
    let server = Server::start(move |_, _| answer(404, &[("x-request-id", "r9")], body)).await;
    let (client, _) = client(&server);
    let error = client.get_repository().workspace("acme").repo_slug("gone").send().await.unwrap_err();
    let error = CallError::from(error);
    assert!(error.is_gone());
    insta::assert_snapshot!(error, @"GET /2.0/repositories/acme/gone: Bitbucket answered 404 Not Found: Repository acme/gone not found [request id r9]; check the spelling of workspace, project and repository, and that the credential may see it");
}
