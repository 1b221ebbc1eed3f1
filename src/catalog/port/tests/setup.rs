use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;
use serde_json::{Value, json};

use crate::catalog::Blueprint;
use crate::catalog::port::{
    FirstResources, Origin, ProvisionError, ProvisionRequest, Provisioner, RegistrationChange, Runtime, WhenMissing,
    read_mapping, runtime_form,
};
use crate::port::stub::{Reply, Seen, Stub, jumping};

pub(super) fn blueprints() -> Vec<Blueprint> {
    let team = json!({ "identifier": "squad", "title": "Squad", "schema": { "properties": {}, "required": [] } });
    let service = json!({ "identifier": "service", "title": "Service", "icon": "Service",
        "schema": { "properties": { "url": { "type": "string" } }, "required": [] },
        "relations": { "squad": { "target": "squad", "required": false, "many": false } },
        "calculationProperties": { "days": { "type": "number", "calculation": ".properties.x" } },
        "mirrorProperties": {}, "ownership": { "type": "Direct" } });
    [team, service].into_iter().map(|value| serde_json::from_value(value).unwrap()).collect()
}

pub(super) fn mapping() -> Value {
    json!({ "entityDeletionThreshold": 0.5, "resources": [{ "kind": "repository", "selector": { "query": "true" } }] })
}

pub(super) fn request() -> ProvisionRequest {
    ProvisionRequest::new(FirstResources { mapping: mapping(), blueprints: blueprints(), ..FirstResources::default() })
}

fn installed() -> Value {
    json!({ "identifier": "my-bitbucket", "installationType": "OnPrem", "installationAppType": "bitbucket-cloud",
        "version": "9.8.7", "changelogDestination": {}, "actionsProcessingEnabled": false, "incrementalSyncEnabled": false,
        "processingMode": "ocean-core", "createPortResourcesOrigin": "Default", "arePortResourcesInitialized": true,
        "config": { "resources": [] } })
}

fn document(integration: &Value) -> Reply {
    Reply::json(200, &json!({ "ok": true, "integration": integration }))
}

/// What every start asks about the organisation.
pub(super) fn organization(seen: &Seen, types: &Value, flags: &Value) -> Option<Reply> {
    match seen.route().as_str() {
        "GET /v1/integration/provision-enabled" => {
            Some(Reply::json(200, &json!({ "ok": true, "integrations": types })))
        }
        "GET /v1/organization" => {
            Some(Reply::json(200, &json!({ "ok": true, "organization": { "id": "org_1", "featureFlags": flags } })))
        }
        _ => None,
    }
}

fn plain(seen: &Seen) -> Option<Reply> {
    organization(seen, &json!([]), &json!([]))
}

const INTEGRATION: &str = "/v1/integration/my-bitbucket";

fn writes(stub: &Stub) -> Vec<String> {
    stub.calls().iter().filter(|seen| seen.method != "GET").map(Seen::route).collect()
}

/// A stub with this integration, where writes succeed.
async fn with(integration: Value) -> Stub {
    Stub::start(move |seen| match seen.method.as_str() {
        "GET" if seen.path == INTEGRATION => Some(document(&integration)),
        "GET" => plain(seen),
        "POST" if seen.path == "/v1/auth/access_token" => None,
        _ => Some(Reply::ok()),
    })
    .await
}

#[tokio::test]
async fn what_is_right_already_is_left_alone() {
    let stub = with(installed()).await;
    let client = stub.client();
    let result = Provisioner::new(&client, request()).run().await.unwrap();
    assert_eq!(
        (result.is_new, result.origin, result.mapping),
        (false, Origin::Default, Some(json!({ "resources": [] })))
    );
    assert_eq!(writes(&stub), Vec::<String>::new());
    assert_eq!(stub.calls().len(), 4);
}

#[tokio::test]
async fn an_older_registration_is_brought_up_to_date_in_one_call() {
    let mut old = installed();
    old["version"] = json!("0.1.0");
    old["processingMode"] = json!("dsp");
    let stub = with(old).await;
    let client = stub.client();
    let result = Provisioner::new(&client, request()).run().await.unwrap();
    assert_eq!(result.changes, [RegistrationChange::Version, RegistrationChange::ProcessingMode]);
    assert_eq!(writes(&stub), [format!("PATCH {INTEGRATION}")]);
}

#[rstest]
#[case::fault(500)]
#[case::forbidden(403)]
#[tokio::test]
async fn only_a_404_means_that_there_is_no_integration(#[case] status: u16) {
    // Everything else is answered, so that whoever reads it otherwise goes on to create one.
    let stub = Stub::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", INTEGRATION) => Some(Reply::status(status)),
        _ => plain(seen),
    })
    .await;
    let client = stub.client();
    let error = Provisioner::new(&client, request()).run().await.unwrap_err();
    assert!(matches!(error, ProvisionError::Port(_)), "{error}");
    assert_eq!(writes(&stub), Vec::<String>::new());
}

#[tokio::test]
async fn an_integration_of_another_installation_is_not_touched() {
    let mut hosted = installed();
    hosted["installationType"] = json!("Saas");
    let stub = with(hosted).await;
    let client = stub.client();
    let error = Provisioner::new(&client, request()).run().await.unwrap_err();
    assert!(
        matches!(&error, ProvisionError::RuntimeMismatch { found, runtime: Runtime::OnPrem, .. } if found == "Saas"),
        "{error}"
    );
    assert_eq!(stub.calls().len(), 1);
}

#[tokio::test]
async fn a_missing_integration_is_only_created_if_that_is_wanted() {
    let stub = Stub::start(plain).await;
    let client = stub.client();
    let request = ProvisionRequest { when_missing: WhenMissing::Refuse, ..request() };
    let error = Provisioner::new(&client, request).run().await.unwrap_err();
    assert!(error.to_string().contains("--create"), "{error}");
    assert!(matches!(read_mapping(&client).await, Err(ProvisionError::NoIntegration { .. })));
    assert_eq!(writes(&stub), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_created_if_any_default_blueprint_is_there() {
    let mut fresh = installed();
    fresh["arePortResourcesInitialized"] = json!(false);
    let stub = Stub::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", INTEGRATION) => Some(document(&fresh)),
        ("GET", "/v1/blueprints/service") => {
            Some(Reply::json(200, &json!({ "ok": true, "blueprint": { "identifier": "service" } })))
        }
        ("PATCH", _) => Some(Reply::ok()),
        _ => plain(seen),
    })
    .await;
    let client = stub.client();
    let result = Provisioner::new(&client, request()).run().await.unwrap();
    assert_eq!((result.blueprints_found, result.blueprints_created), (vec!["service".to_owned()], vec![]));
    assert_eq!(writes(&stub), [format!("PATCH {INTEGRATION}")]);
    assert_eq!(stub.calls().last().unwrap().body, json!({ "arePortResourcesInitialized": true, "version": "9.8.7" }));
}

/// A start that ended between the passes left the first blueprint as the first pass makes it, or whole.
#[rstest]
#[case::bare(json!({}), true)]
#[case::with_metadata(json!({ "relations": {}, "mirrorProperties": {}, "createdAt": "2024-01-02T03:04:05Z" }), true)]
#[case::of_somebody_else(json!({ "title": "Teams of ours" }), false)]
#[case::extended_by_hand(json!({ "schema": { "properties": { "theirs": { "type": "string" } } } }), false)]
#[tokio::test]
async fn blueprints_that_a_start_began_to_create_are_completed(#[case] changes: Value, #[case] goes_on: bool) {
    let mut fresh = installed();
    fresh["arePortResourcesInitialized"] = json!(false);
    let mut squad = serde_json::to_value(&request().first.blueprints[0]).unwrap();
    squad.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let stub = Stub::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", INTEGRATION) => Some(document(&fresh)),
        ("GET", "/v1/blueprints/squad") => Some(Reply::json(200, &json!({ "ok": true, "blueprint": squad }))),
        ("POST", "/v1/blueprints") | ("PATCH" | "DELETE", _) => Some(Reply::ok()),
        _ => plain(seen),
    })
    .await;
    let client = stub.client();
    let planned = Provisioner::new(&client, request()).plan().await.unwrap();
    let result = Provisioner::new(&client, request()).run().await.unwrap();
    let writes = writes(&stub);
    let posted = writes.iter().filter(|write| *write == "POST /v1/blueprints").count();
    if goes_on {
        assert_eq!((planned.blueprints_to_create, posted), (vec!["squad".to_owned(), "service".to_owned()], 1));
        assert!(writes.contains(&"PATCH /v1/blueprints/squad".to_owned()), "{writes:?}");
        assert_eq!((result.blueprints_created.len(), result.blueprints_found.len()), (2, 0));
    } else {
        assert_eq!((result.blueprints_created.len(), result.blueprints_found), (0, vec!["squad".to_owned()]));
        assert_eq!((planned.blueprints_found, posted), (vec!["squad".to_owned()], 0));
    }
}

#[tokio::test]
async fn a_blueprint_that_fails_takes_the_others_back() {
    let mut fresh = installed();
    fresh["arePortResourcesInitialized"] = json!(false);
    let stub = Stub::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", INTEGRATION) => Some(document(&fresh)),
        ("PATCH", "/v1/blueprints/service") => Some(Reply::status(422)),
        ("POST", "/v1/blueprints") | ("PATCH" | "DELETE", _) => Some(Reply::ok()),
        _ => plain(seen),
    })
    .await;
    let client = stub.client();
    let error = Provisioner::new(&client, request()).run().await.unwrap_err();
    assert!(matches!(error, ProvisionError::Blueprints(_)), "{error}");
    let writes = writes(&stub);
    assert_eq!(
        writes[writes.len() - 3..],
        [
            "DELETE /v1/blueprints/service".to_owned(),
            "DELETE /v1/blueprints/squad".to_owned(),
            format!("PATCH {INTEGRATION}"),
        ]
    );
}

#[rstest]
#[case::fault(500, 11)]
#[case::in_between(404, 1)]
#[tokio::test]
async fn blueprints_that_failed_for_the_moment_are_created_by_the_next_start(
    #[case] status: u16,
    #[case] attempts: usize,
) {
    let mut fresh = installed();
    fresh["arePortResourcesInitialized"] = json!(false);
    let refused = AtomicUsize::new(0);
    let stub = Stub::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", INTEGRATION) => Some(document(&fresh)),
        ("PATCH", "/v1/blueprints/service") if refused.fetch_add(1, Ordering::SeqCst) < attempts => {
            Some(Reply::status(status))
        }
        ("POST", "/v1/blueprints") | ("PATCH" | "DELETE", _) => Some(Reply::ok()),
        _ => plain(seen),
    })
    .await;
    let client = stub.client();
    let error = Provisioner::new(&client, request()).run().await.unwrap_err();
    assert!(matches!(error, ProvisionError::Blueprints(_)), "{error}");
    let marked = format!("PATCH {INTEGRATION}");
    assert!(!writes(&stub).contains(&marked), "{:?}", writes(&stub));
    let result = Provisioner::new(&client, request()).run().await.unwrap();
    assert_eq!(result.blueprints_created, ["squad", "service"]);
    assert!(writes(&stub).contains(&marked));
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_looked_up_before_it_is_repeated() {
    let posted = AtomicUsize::new(0);
    let stub = Stub::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", "/v1/integration") => {
            posted.fetch_add(1, Ordering::SeqCst);
            Some(Reply::status(502))
        }
        ("GET", INTEGRATION) if posted.load(Ordering::SeqCst) > 0 => Some(document(&installed())),
        _ => plain(seen),
    })
    .await;
    let client = stub.client();
    assert!(Provisioner::new(&client, request()).run().await.unwrap().is_new);
    assert_eq!(writes(&stub), ["POST /v1/integration"]);
}

#[tokio::test]
async fn an_empty_origin_gets_a_mapping_without_resources_and_no_blueprints() {
    let stub = Stub::start(|seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", "/v1/integration") => Some(Reply::json(201, &json!({ "ok": true, "integration": seen.body }))),
        ("PATCH", _) => Some(Reply::ok()),
        _ => plain(seen),
    })
    .await;
    let client = stub.client();
    let request = ProvisionRequest { origin: Some(Origin::Empty), initialize: false, ..request() };
    let result = Provisioner::new(&client, request).run().await.unwrap();
    let empty = runtime_form(&json!({}));
    assert_eq!(result.mapping, Some(empty.clone()));
    let calls: Vec<Seen> = stub.calls().into_iter().filter(|seen| seen.method != "GET").collect();
    assert_eq!((&calls[0].body["config"], &calls[0].body["createPortResourcesOrigin"]), (&empty, &json!("Empty")));
    assert_eq!(calls[2].body, json!({ "config": empty, "arePortResourcesInitialized": true, "version": "9.8.7" }));
}

#[tokio::test]
async fn without_initialisation_the_default_origin_only_registers() {
    let stub = Stub::start(|seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", "/v1/integration") => Some(Reply::json(201, &json!({ "ok": true, "integration": seen.body }))),
        ("PATCH", _) => Some(Reply::ok()),
        _ => plain(seen),
    })
    .await;
    let client = stub.client();
    Provisioner::new(&client, ProvisionRequest { initialize: false, ..request() }).run().await.unwrap();
    assert_eq!(writes(&stub), ["POST /v1/integration".to_owned(), format!("PATCH {INTEGRATION}")]);
}

/// A stub of an organisation for which Port brings the defaults, after so many looks.
async fn provisioning(after: usize) -> Stub {
    let looks = AtomicUsize::new(0);
    Stub::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", "/v1/integration") => Some(Reply::json(201, &json!({ "ok": true, "integration": seen.body }))),
        ("GET", INTEGRATION) => {
            let look = looks.fetch_add(1, Ordering::SeqCst);
            let mut brought = installed();
            if look < 2 + after {
                brought["config"] = json!({});
            }
            (look >= 2).then(|| document(&brought))
        }
        ("PATCH", _) => Some(Reply::ok()),
        _ => organization(seen, &json!(["jira", "bitbucket-cloud"]), &json!(["USE_PROVISIONED_DEFAULTS"])),
    })
    .await
}

#[tokio::test]
async fn port_is_waited_for_when_it_brings_the_defaults() {
    let stub = provisioning(3).await;
    let client = stub.client();
    let result = Provisioner::new(&client, request()).run().await.unwrap();
    assert_eq!((result.origin, result.mapping), (Origin::Port, Some(json!({ "resources": [] }))));
    let post = &stub.calls()[4];
    assert_eq!(
        (post.route().as_str(), post.query.as_str()),
        ("POST /v1/integration", "integration_modes=create_resources")
    );
    assert_eq!((&post.body["config"], &post.body["createPortResourcesOrigin"]), (&json!({}), &json!("Port")));
    assert!(stub.routes().iter().all(|route| !route.contains("blueprints")));
}

#[tokio::test]
async fn waiting_for_port_ends() {
    let stub = provisioning(usize::MAX / 2).await;
    let clock = jumping();
    let client = stub.client_by(Arc::clone(&clock) as _);
    let error = Provisioner::new(&client, request()).run().await.unwrap_err();
    assert!(matches!(error, ProvisionError::NotProvisioned { .. }), "{error}");
    let waited: u64 = clock.sleeps().iter().map(std::time::Duration::as_secs).sum();
    assert!((270..=300).contains(&waited), "{waited}");
}

#[tokio::test]
async fn a_plan_only_reads() {
    let stub = Stub::start(plain).await;
    let client = stub.client();
    let plan = Provisioner::new(&client, request()).plan().await.unwrap();
    assert!(plan.would_create);
    assert_eq!(plan.blueprints_to_create, ["squad", "service"]);
    assert_eq!(plan.mapping, Some(runtime_form(&mapping())));
    assert_eq!(writes(&stub), Vec::<String>::new());
}

#[test]
fn a_mapping_is_sent_with_its_settings_explicit() {
    let form = runtime_form(&json!({ "resources": [1], "entityDeletionThreshold": 0.5, "extra": true }));
    insta::assert_snapshot!(form, @r#"{"deleteDependentEntities":true,"createMissingRelatedEntities":true,"enableMergeEntity":true,"entityDeletionThreshold":0.5,"resources":[1]}"#);
}
