//! Port as a catalog, end to end against the sandbox's Port.

use std::sync::Arc;
use std::time::Duration;

use bitbucket_port_sandbox::port::{Options, Server, World};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::setup::blueprints;
use crate::catalog::conformance;
use crate::catalog::port::{
    FirstResources, Origin, PortCatalog, ProvisionRequest, Provisioner, Scorecards, read_mapping, runtime_form,
};
use crate::catalog::{
    Catalog, CatalogError, DeleteResult, Dependents, Entity, Existing, MissingRelated, Retry, UpsertResult,
    WriteFailure, WriteOptions,
};
use crate::http::{Clock, SystemClock};
use crate::port::stub::{jumping, plain_http};
use crate::port::{
    Identity, KindMetrics, PortClient, PortConnection, PortError, PortReporter, ReportedResource, ReporterSettings,
    ResyncId, SyncState,
};

const OPTIONS: WriteOptions = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Create };

fn client_by(server: &Server, secret: &str, identifier: &str, clock: Arc<dyn Clock>) -> PortClient {
    let identity = Identity {
        integration_type: "bitbucket-cloud".to_owned(),
        version: "1.0.0".to_owned(),
        identifier: identifier.to_owned(),
    };
    let connection = PortConnection::new(
        server.url().parse().unwrap(),
        SecretString::from("sandbox-client"),
        SecretString::from(secret),
        identity,
    );
    PortClient::new(connection, plain_http(), clock)
}

fn client(server: &Server) -> PortClient {
    client_by(server, "sandbox-secret", "mine", jumping())
}

fn catalog(server: &Server) -> PortCatalog {
    PortCatalog::new(client(server), Some(ResyncId::random()))
}

async fn server() -> Server {
    Server::start(World::empty(), Options::default()).await.unwrap()
}

fn request() -> ProvisionRequest {
    let resource = json!({ "kind": "repository", "selector": { "query": "true" }, "port": { "entity": { "mappings": {
        "identifier": ".name", "blueprint": "\"service\"" } } } });
    let mut request = ProvisionRequest::new(FirstResources {
        mapping: json!({ "resources": [resource] }),
        blueprints: blueprints(),
        ..FirstResources::default()
    });
    for blueprint in &mut request.first.blueprints {
        blueprint.other.clear();
    }
    request
}

fn services(count: usize) -> Vec<Entity> {
    let service = |nth: usize| Entity {
        identifier: json!(format!("service-{nth}")),
        blueprint: "service".to_owned(),
        title: Some(json!(format!("Service {nth}"))),
        properties: json!({ "url": format!("https://example.org/{nth}") }).as_object().cloned(),
        relations: json!({ "squad": format!("squad-{}", nth % 7) }).as_object().cloned(),
        ..Entity::default()
    };
    (0..count).map(service).collect()
}

async fn install(server: &Server) {
    let client = client(server);
    Provisioner::new(&client, request()).run().await.unwrap();
}

/// Writes as a sync does: in bulks of what one upsert takes, and again what may be taken later.
async fn write(catalog: &PortCatalog, entities: &[Entity]) -> usize {
    let mut waiting = entities.to_vec();
    for _ in 0..5 {
        let mut failed = Vec::new();
        for bulk in waiting.chunks(catalog.bulk_limits().entities) {
            match catalog.upsert("service", bulk, OPTIONS).await {
                Ok(results) => {
                    let pairs = bulk.iter().zip(results);
                    failed.extend(
                        pairs
                            .filter(|(_, result)| matches!(result, UpsertResult::Failed(_)))
                            .map(|(entity, _)| entity.clone()),
                    );
                }
                Err(_) => failed.extend_from_slice(bulk),
            }
        }
        waiting = failed;
    }
    waiting.len()
}

/// How many entities of a blueprint are listed as ours.
async fn owned(catalog: &PortCatalog, blueprint: &str) -> usize {
    let all = conformance::owned(catalog, OffsetDateTime::UNIX_EPOCH).await;
    all.iter().filter(|id| id.blueprint == blueprint).count()
}

#[tokio::test]
async fn actions_scorecards_and_pages_come_once_with_the_first_blueprints() {
    let server = server().await;
    let client = client(&server);
    let named = |identifier: &str| json!({ "identifier": identifier });
    let mut request = request();
    request.first.actions = vec![named("restart")];
    request.first.scorecards =
        vec![Scorecards { blueprint: "service".to_owned(), data: vec![named("ready"), named("safe")] }];
    request.first.pages = vec![named("home")];
    for _ in 0..2 {
        Provisioner::new(&client, request.clone()).run().await.unwrap();
    }
    let created: Vec<String> = server.read(|world| {
        world.resources.iter().map(|(path, body)| format!("{path} {}", body["identifier"].as_str().unwrap())).collect()
    });
    assert_eq!(
        created,
        [
            "/v1/actions restart",
            "/v1/blueprints/service/scorecards ready",
            "/v1/blueprints/service/scorecards safe",
            "/v1/pages home"
        ]
    );
}

#[tokio::test]
async fn an_action_that_port_refuses_does_not_stop_the_start() {
    let server = server().await;
    server.faults().add(FaultRule::on(
        "/v1/actions",
        Occurrence::Always,
        Fault::Status { status: 422, retry_after: None },
    ));
    let mut request = request();
    request.first.actions = vec![json!({ "identifier": "restart" })];
    request.first.pages = vec![json!({ "identifier": "home" })];
    let client = client(&server);
    assert!(Provisioner::new(&client, request).run().await.is_ok());
    assert_eq!(server.read(|world| world.resources.len()), 1);
}

#[tokio::test]
async fn a_first_install_and_a_second_start() {
    let server = server().await;
    let client = client(&server);
    let first = Provisioner::new(&client, request()).run().await.unwrap();
    assert!(first.is_new);
    assert_eq!(
        (first.origin, &first.blueprints_created[..]),
        (Origin::Default, &["squad".to_owned(), "service".to_owned()][..])
    );
    let mapping = runtime_form(&request().first.mapping);
    assert_eq!(first.mapping.as_ref(), Some(&mapping));
    assert_eq!(read_mapping(&client).await.unwrap(), Some(mapping));
    let requests = server.requests().len();
    let second =
        Provisioner::new(&client_by(&server, "sandbox-secret", "mine", jumping()), request()).run().await.unwrap();
    assert_eq!((second.is_new, second.changes, second.blueprints_created), (false, vec![], vec![]));
    assert_eq!(server.requests().len(), requests + 5);
}

#[tokio::test]
async fn what_was_written_is_owned_and_read_back_as_it_was_sent() {
    let server = server().await;
    install(&server).await;
    let sent = services(130);
    assert_eq!(write(&catalog(&server), &sent).await, 0);
    let later = catalog(&server);
    // What Port created because a relation named it counts as ours too.
    assert_eq!((owned(&later, "service").await, owned(&later, "squad").await), (130, 7));
    assert_eq!(later.read("service", &sent).await.unwrap(), sent);
    let other = PortCatalog::new(client_by(&server, "sandbox-secret", "another", jumping()), None);
    assert_eq!(owned(&other, "service").await, 0);
    assert_eq!(other.read("service", &sent).await.unwrap(), []);
}

#[tokio::test]
async fn entities_are_judged_one_by_one() {
    let server = server().await;
    install(&server).await;
    let mut sent = services(3);
    sent[1].properties = json!({ "url": 5 }).as_object().cloned();
    let results = catalog(&server).upsert("service", &sent, OPTIONS).await.unwrap();
    assert_eq!((&results[0], &results[2]), (&UpsertResult::Created, &UpsertResult::Created));
    assert!(matches!(&results[1], UpsertResult::Failed(WriteFailure { retry: Retry::Never, .. })), "{results:?}");
    let strict = WriteOptions { missing_related: MissingRelated::Fail, ..OPTIONS };
    let mut lonely = services(1);
    lonely[0].relations = json!({ "squad": "nobody" }).as_object().cloned();
    let results = catalog(&server).upsert("service", &lonely, strict).await.unwrap();
    assert!(matches!(&results[0], UpsertResult::Failed(WriteFailure { retry: Retry::Later, .. })), "{results:?}");
    let missing = catalog(&server).upsert("nothing", &services(1), OPTIONS).await.unwrap_err();
    assert!(matches!(missing, CatalogError::MissingBlueprint { .. }), "{missing}");
}

#[tokio::test]
async fn a_search_that_finds_nothing_is_no_fault() {
    let server = server().await;
    install(&server).await;
    let mut sent = services(2);
    sent[0].identifier =
        json!({ "combinator": "and", "rules": [{ "property": "url", "operator": "=", "value": "nowhere" }] });
    let results = catalog(&server).upsert("service", &sent, OPTIONS).await.unwrap();
    assert_eq!(results, [UpsertResult::Unmatched, UpsertResult::Created]);
}

#[tokio::test]
async fn deletion_with_and_without_what_depends_on_it() {
    let server = server().await;
    install(&server).await;
    let catalog = catalog(&server);
    write(&catalog, &services(150)).await;
    let names: Vec<String> = (0..150).map(|nth| format!("service-{nth}")).collect();
    let squad = ["squad-0".to_owned(), "no-such-squad".to_owned()];
    let refused = catalog.delete("squad", &squad, Dependents::Refuse).await.unwrap();
    assert!(matches!(&refused[0], DeleteResult::Failed(WriteFailure { retry: Retry::Later, .. })), "{refused:?}");
    assert!(matches!(&refused[1], DeleteResult::Deleted { .. }), "{refused:?}");
    let gone = catalog.delete("service", &names, Dependents::Refuse).await.unwrap();
    assert_eq!(gone, vec![DeleteResult::Deleted { dependents: vec![] }; 150]);
    let now = catalog.delete("squad", &squad, Dependents::Refuse).await.unwrap();
    assert!(now.iter().all(|result| matches!(result, DeleteResult::Deleted { .. })), "{now:?}");
}

#[tokio::test]
async fn tokens_that_end_or_are_revoked_are_replaced() {
    let options = Options { token_lifetime: Duration::from_secs(40), ..Options::default() };
    let server = Server::start(World::empty(), options).await.unwrap();
    install(&server).await;
    let catalog = PortCatalog::new(client_by(&server, "sandbox-secret", "mine", Arc::new(SystemClock::new())), None);
    for round in 0..3 {
        assert_eq!(write(&catalog, &services(25)).await, 0, "round {round}");
        if round == 0 { server.advance_clock(Duration::from_secs(60)) } else { server.revoke_tokens() }
    }
}

#[tokio::test]
async fn wrong_credentials_are_named() {
    let server = server().await;
    let client = client_by(&server, "wrong", "mine", jumping());
    assert!(matches!(client.sign_in().await, Err(PortError::Credentials { .. })));
    assert_eq!(server.requests().len(), 1);
}

fn faults() -> [Fault; 8] {
    [
        Fault::Status { status: 500, retry_after: None },
        Fault::Status { status: 503, retry_after: Some("2".to_owned()) },
        Fault::Status { status: 429, retry_after: Some("7".to_owned()) },
        Fault::Status { status: 429, retry_after: None },
        Fault::BreakBeforeHeaders,
        Fault::BreakAfterEffect,
        Fault::Truncate { keep: 5 },
        Fault::MalformedJson,
    ]
}

#[rstest]
#[tokio::test]
async fn any_fault_of_any_call_of_a_first_install_is_overcome(#[values(0, 1, 2, 3, 4, 5, 6, 7)] fault: usize) {
    for nth in 1..=16 {
        let server = server().await;
        server.faults().set([FaultRule::on("**", Occurrence::Nth(nth), faults()[fault].clone())]);
        let client = client(&server);
        let result = Provisioner::new(&client, request()).run().await;
        let result = result.unwrap_or_else(|error| panic!("{:?} on call {nth}: {error}", faults()[fault]));
        assert!(result.integration.is_initialized());
        server.faults().clear();
        let blueprint = client.blueprint("service").await.unwrap().unwrap();
        assert_eq!(blueprint["relations"]["squad"]["target"], "squad", "call {nth}");
    }
}

#[tokio::test]
async fn faults_on_the_way_leave_no_trace() {
    let (undisturbed, disturbed) = (server().await, server().await);
    for server in [&undisturbed, &disturbed] {
        install(server).await;
    }
    disturbed.faults().set(faults().map(|fault| FaultRule::on("**", Occurrence::Share(0.02), fault)));
    for server in [&undisturbed, &disturbed] {
        let catalog = catalog(server);
        assert_eq!(write(&catalog, &services(300)).await, 0);
        let gone: Vec<String> = (0..30).map(|nth| format!("service-{nth}")).collect();
        let deleted = catalog.delete("service", &gone, Dependents::Delete).await.unwrap();
        assert!(deleted.iter().all(|result| matches!(result, DeleteResult::Deleted { .. })));
        assert_eq!(owned(&catalog, "service").await, 270);
    }
    assert_eq!(disturbed.read(World::snapshot), undisturbed.read(World::snapshot));
}

#[tokio::test]
async fn a_whole_sync_is_reported() {
    let server = server().await;
    install(&server).await;
    let real = client_by(&server, "sandbox-secret", "mine", Arc::new(SystemClock::new()));
    let reporter = PortReporter::start(real.clone(), ResyncId::random(), ReporterSettings::default());
    reporter
        .resync_started(vec![ReportedResource { kind: "repository".to_owned(), blueprint: "\"service\"".to_owned() }]);
    reporter.kind_started(0);
    reporter.examples(0, "repository", vec![json!({ "name": "x" })]);
    reporter.kind_finished(0, SyncState::Completed, KindMetrics::default());
    reporter.reconciliation_started();
    reporter.reconciliation_finished(SyncState::Completed, KindMetrics::default());
    reporter.resync_finished(SyncState::Completed, KindMetrics::default());
    reporter.finish().await;
    let state = real.integration().await.unwrap().unwrap();
    assert_eq!(state.resync_state().0, Some("completed"));
    let examples: Vec<Value> = server.read(|world| world.reports_to("examples").cloned().collect());
    assert_eq!(examples, [json!({ "examples": [{ "name": "x" }] })]);
    let metrics = server.read(|world| world.reports_to("syncMetrics").count());
    assert_eq!(metrics, 7);
}
