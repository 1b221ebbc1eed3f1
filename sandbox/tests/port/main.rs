//! Port, asked over HTTP.

#[path = "../client/mod.rs"]
mod client;
mod harness;

use std::time::Duration;

use bitbucket_port_sandbox::port::{Provision, World};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use client::send;
use harness::{AGENT, Port, UPSERT};
use serde_json::{Value, json};

#[tokio::test]
async fn tokens_expire() {
    let mut port = Port::start().await;
    assert_eq!(port.get("/v1/organization").await.status, 200);
    port.server.advance_clock(Duration::from_secs(10_801));
    let refused = port.get("/v1/organization").await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("unauthorized")));
    assert!(!refused.header("x-trace-id").is_empty() && refused.header("date").ends_with("GMT"));
    port.log_in().await;
    assert_eq!(port.get("/v1/organization").await.status, 200);
    port.server.revoke_tokens();
    assert_eq!(port.get("/v1/organization").await.status, 401);
    let url = format!("{}/v1/auth/access_token", port.server.url());
    let wrong = json!({"clientId": "sandbox-client", "clientSecret": "wrong"});
    assert_eq!(send("POST", &url, &[], Some(wrong)).await.expect("an answer").status, 401);
}

#[tokio::test]
async fn a_first_install() {
    let port = Port::start().await;
    let missing = port.get("/v1/integration/my-integration?oceanCoreVersion=0.48.12&isPolling=false").await;
    assert_eq!((missing.status.as_u16(), &missing.json()["error"]), (404, &json!("not_found")));
    assert_eq!(port.get("/v1/integration/provision-enabled").await.json()["integrations"], json!([]));
    let body = json!({"installationId": "my-integration", "installationAppType": "bitbucket-cloud", "version": "0.1.0", "config": {"resources": []}});
    assert_eq!(port.post("/v1/integration", body.clone()).await.status, 201);
    assert_eq!(port.post("/v1/integration", body).await.status, 409);
    let change = json!({"processingMode": "ocean-core", "version": "0.1.1"});
    port.send("PATCH", "/v1/integration/my-integration", Some(change)).await;
    let config = json!({"config": {"resources": [{"kind": "project"}]}});
    port.send("PATCH", "/v1/integration/my-integration/config", Some(config)).await;
    let state = json!({"status": "running", "lastResyncStart": "2024-05-06T07:08:09Z", "lastResyncEnd": null, "nextResync": null, "intervalInMinuets": null});
    let patched = port.send("PATCH", "/v1/integration/my-integration/resync-state", Some(state)).await.json();
    assert!(patched["integration"]["resyncState"]["updatedAt"].is_string());
    let wrong =
        port.send("PATCH", "/v1/integration/my-integration/resync-state", Some(json!({"status": "done"}))).await;
    assert_eq!(wrong.status, 422);
    let document = port.get("/v1/integration/my-integration").await.json()["integration"].clone();
    assert_eq!(document["installationType"], "OnPrem");
    assert_eq!(
        (&document["version"], &document["config"]["resources"][0]["kind"]),
        (&json!("0.1.1"), &json!("project"))
    );
    assert_eq!(port.get("/v1/integration/my-integration/resync-request").await.json()["request"], Value::Null);
    let now = port.server.now();
    port.server.change(|world| world.request_resync("my-integration", now));
    assert!(port.get("/v1/integration/my-integration/resync-request").await.json()["request"]["updatedAt"].is_string());

    let metrics = document["metricAttributes"]["ingestUrl"].as_str().expect("an address");
    let metrics = metrics.strip_prefix(&port.server.url()).expect("an address here").to_owned();
    let kind = json!({"integrationType": "bitbucket-cloud", "integrationIdentifier": "my-integration", "kindIdentifier": "project-0", "kind": "project", "eventId": "e", "syncState": "syncing"});
    assert_eq!(port.post(&format!("{metrics}/syncMetrics"), json!({"syncKindsMetrics": [kind]})).await.status, 200);
    let put = format!("{metrics}/syncMetrics/resync/e/kind/project-0");
    assert_eq!(port.send("PUT", &put, Some(json!({"syncKindMetrics": kind}))).await.status, 200);
    assert_eq!(port.send("PUT", &put, Some(json!({"syncKindMetrics": {}}))).await.status, 422);
    assert_eq!(port.post(&format!("{metrics}/heartbeat"), json!({"eventId": "e"})).await.status, 200);
    let logs = document["logAttributes"]["ingestUrl"].as_str().expect("an address").replace(&port.server.url(), "");
    assert_eq!(port.post(&logs, json!({"logs": []})).await.status, 200);
    assert_eq!(
        port.post("/v1/integration/my-integration/kinds/project/examples", json!({"examples": [{}]})).await.status,
        200
    );
    assert_eq!(port.server.read(|world| world.reports_to("syncMetrics").count()), 2);
    assert_eq!(port.get("/v1/lifecycle/e").await.status, 404);
    assert_eq!(port.send("DELETE", "/v1/integration/my-integration", None).await.status, 200);
    assert_eq!(port.get("/v1/integration/my-integration").await.status, 404);
}

#[tokio::test]
async fn port_provisions_for_those_who_ask() {
    let port = Port::start().await;
    port.server.change(|world| {
        let blueprints = vec![json!({"identifier": "made", "schema": {"properties": {}}})];
        world.set_provision(Provision {
            after_reads: 2,
            config: json!({"resources": [{"kind": "project"}]}),
            blueprints,
        });
        world.provisioned_types.push("bitbucket-cloud".to_owned());
        world.feature_flags.push("USE_PROVISIONED_DEFAULTS".to_owned());
    });
    assert_eq!(
        port.get("/v1/organization").await.json()["organization"]["featureFlags"],
        json!(["USE_PROVISIONED_DEFAULTS"])
    );
    let body = json!({"installationId": "i", "installationAppType": "bitbucket-cloud", "config": {}});
    port.post("/v1/integration?integration_modes=create_resources", body).await;
    for _ in 0..2 {
        assert_eq!(port.get("/v1/integration/i").await.json()["integration"]["config"], json!({}));
        assert!(port.server.read(|world| world.blueprint("made").is_none()));
    }
    assert_eq!(port.get("/v1/integration/i").await.json()["integration"]["config"]["resources"][0]["kind"], "project");
    assert!(port.server.read(|world| world.blueprint("made").is_some()));
}

#[tokio::test]
async fn blueprints_come_in_three_passes() {
    let port = Port::start().await;
    let bare = |name: &str| json!({"identifier": name, "title": name, "schema": {"properties": {"a": {"type": "string"}}, "required": []}});
    let with_relation = json!({"relations": {"parent": {"target": "parent", "many": false, "required": false}}});
    let mut too_early = bare("child");
    too_early["relations"] = with_relation["relations"].clone();
    assert_eq!(port.post("/v1/blueprints", too_early).await.status, 422, "the target is not there yet");
    for name in ["child", "parent"] {
        assert_eq!(port.post("/v1/blueprints", bare(name)).await.status, 201);
    }
    assert_eq!(port.post("/v1/blueprints", bare("child")).await.status, 409);
    let mirror = json!({"mirrorProperties": {"m": {"path": "parent.a"}}});
    assert_eq!(port.send("PATCH", "/v1/blueprints/child", Some(mirror.clone())).await.status, 422);
    assert_eq!(port.send("PATCH", "/v1/blueprints/child", Some(with_relation)).await.status, 200);
    assert_eq!(port.send("PATCH", "/v1/blueprints/child", Some(mirror)).await.status, 200);
    let whole = port.get("/v1/blueprints/child").await.json();
    assert_eq!(whole["blueprint"]["relations"]["parent"]["target"], "parent");
    assert_eq!(whole["blueprint"]["schema"]["properties"]["a"]["type"], "string");
    assert_eq!(port.send("DELETE", "/v1/blueprints/parent", None).await.status, 409, "child points at it");
    assert_eq!(port.send("DELETE", "/v1/blueprints/child", None).await.status, 200);
    assert_eq!(port.send("DELETE", "/v1/blueprints/parent", None).await.status, 200);
    assert_eq!(port.get("/v1/blueprints/parent").await.status, 404);
}

#[tokio::test]
async fn entities_are_checked_one_by_one() {
    let port = Port::with_blueprints().await;
    let entities = json!([
        {"identifier": "good", "title": "Good", "properties": {"state": "OPEN", "size": null}, "relations": {"service": "pay"}},
        {"identifier": "enum", "properties": {"state": "SUPERSEDED"}},
        {"identifier": "type", "properties": {"state": "OPEN", "size": "big"}},
        {"identifier": "required", "properties": {}},
        {"identifier": "unknown-property", "properties": {"state": "OPEN", "x": 1}},
        {"identifier": "unknown-relation", "properties": {"state": "OPEN"}, "relations": {"x": "y"}},
        {"identifier": "has space", "properties": {"state": "OPEN"}},
        {"identifier": {"combinator": "and", "rules": [{"property": "$title", "operator": "=", "value": "Nobody"}]}, "properties": {"state": "OPEN"}},
        {"identifier": {"combinator": "and", "rules": [{"property": "$title", "operator": "=", "value": "Good"}]}, "properties": {"size": 4}},
        {"identifier": "many", "properties": {"state": "OPEN"}, "relations": {"others": "pay"}},
    ]);
    let answer = port.bulk("request", UPSERT, entities).await;
    assert_eq!(answer.status, 207);
    let body = answer.json();
    let errors: Vec<String> = body["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| format!("{} {} {} {}", error["index"], error["identifier"], error["statusCode"], error["error"]))
        .collect();
    assert_eq!(
        errors,
        [
            "1 \"enum\" 422 \"invalid_request\"",
            "2 \"type\" 422 \"invalid_request\"",
            "3 \"required\" 422 \"invalid_request\"",
            "4 \"unknown-property\" 422 \"invalid_request\"",
            "5 \"unknown-relation\" 422 \"invalid_request\"",
            "6 \"has space\" 422 \"invalid_request\"",
            "7 \"unknown\" 404 \"not_found\"",
            "9 \"many\" 422 \"invalid_request\"",
        ]
    );
    assert_eq!(
        body["entities"],
        json!([
            {"identifier": "good", "index": 0, "created": true},
            {"identifier": "good", "index": 8, "created": false},
        ])
    );
    let snapshot = port.server.read(World::snapshot);
    assert_eq!(
        snapshot,
        json!({
            "request": {"good": {"title": "Good", "icon": null, "team": null, "properties": {"state": "OPEN", "size": 4}, "relations": {"service": "pay"}}},
            "service": {"pay": {"title": null, "icon": null, "team": null, "properties": {}, "relations": {}}},
        })
    );
}

#[tokio::test]
async fn merging_replacing_and_missing_targets() {
    let port = Port::with_blueprints().await;
    let mut strict = "upsert=true&merge=true&create_missing_related_entities=false";
    let entity = json!([{"identifier": "r", "properties": {"state": "OPEN"}, "relations": {"service": "pay"}}]);
    let refused = port.bulk("request", strict, entity.clone()).await.json();
    assert_eq!(
        (&refused["errors"][0]["statusCode"], &refused["errors"][0]["error"]),
        (&json!(404), &json!("not_found"))
    );
    let single = port.post(&format!("/v1/blueprints/request/entities?{strict}"), entity[0].clone()).await;
    assert_eq!((single.status.as_u16(), &single.json()["error"]), (404, &json!("not_found")));
    assert_eq!(port.bulk("service", strict, json!([{"identifier": "pay"}])).await.status, 200);
    assert_eq!(port.bulk("request", strict, entity.clone()).await.status, 200);

    let merged = port
        .post(
            &format!("/v1/blueprints/request/entities?{strict}"),
            json!({"identifier": "r", "properties": {"size": 2}}),
        )
        .await;
    assert_eq!(
        (merged.status.as_u16(), &merged.json()["entity"]["properties"]),
        (200, &json!({"state": "OPEN", "size": 2}))
    );
    strict = "upsert=true&merge=false";
    port.bulk("request", strict, json!([{"identifier": "r", "properties": {"state": "MERGED"}}])).await;
    let replaced = port.get("/v1/blueprints/request/entities/r").await.json()["entity"].clone();
    assert_eq!((&replaced["properties"], &replaced["relations"]), (&json!({"state": "MERGED"}), &json!({})));
    let again = port
        .bulk("request", "upsert=false", json!([{"identifier": "r", "properties": {"state": "OPEN"}}]))
        .await
        .json();
    assert_eq!(again["errors"][0]["statusCode"], 409);
    let only_checked = port
        .bulk(
            "request",
            "upsert=true&validation_only=true",
            json!([{"identifier": "new", "properties": {"state": "OPEN"}}]),
        )
        .await;
    assert_eq!(only_checked.status, 200);
    assert_eq!(port.get("/v1/blueprints/request/entities/new").await.status, 404);
    assert_eq!(port.bulk("nothing", UPSERT, json!([{"identifier": "x"}])).await.status, 404);
}

#[tokio::test]
async fn bulks_have_limits() {
    let port = Port::with_blueprints().await;
    let many = |count: usize, text: &str| -> Value {
        (0..count).map(|number| json!({"identifier": format!("e{number}"), "title": text})).collect()
    };
    assert_eq!(port.bulk("service", UPSERT, many(20, "x")).await.status, 200);
    assert_eq!(port.bulk("service", UPSERT, many(21, "x")).await.status, 422);
    assert_eq!(port.bulk("service", UPSERT, json!([])).await.status, 422);
    let large = port.bulk("service", UPSERT, many(10, &"x".repeat(110_000))).await;
    assert_eq!((large.status.as_u16(), large.json()["ok"].clone()), (413, json!(false)));
    let names: Vec<String> = (0..101).map(|number| format!("e{number}")).collect();
    let path = "/v1/blueprints/service/bulk/entities/delete?delete_dependents=true";
    assert_eq!(port.post(path, json!({"entities": names})).await.status, 422);
    port.server.change(|world| world.refuse_whole_bulks = true);
    let mixed = json!([{"identifier": "fine"}, {"identifier": "not fine"}]);
    assert_eq!(port.bulk("service", UPSERT, mixed).await.status, 422);
}

#[tokio::test]
async fn owners_see_what_is_theirs() {
    let port = Port::with_blueprints().await;
    let entities: Value = (0..12)
        .map(|number| json!({"identifier": format!("s{number:02}"), "properties": {"url": "https://x.example"}}))
        .collect();
    port.bulk("service", UPSERT, entities).await;
    port.server.change(|world| {
        let other = World::entity_of("service", "theirs", "port-ocean/github/1/other/exporter", port.server.now());
        world.put_entity(other);
    });
    let before = "2999-01-01T00:00:00+00:00";
    let mut names = Vec::new();
    let mut body = json!({"limit": 5, "before": before});
    loop {
        let page = port.owned(&body).await;
        names.extend(
            page["entities"].as_array().expect("entities").iter().map(|entity| entity["identifier"].to_string()),
        );
        match page.get("next") {
            Some(next) => body["from"] = next.clone(),
            None => break,
        }
    }
    assert_eq!(names.len(), 12);
    assert!(
        port.owned(&json!({"before": "2020-01-01T00:00:00Z"})).await["entities"]
            .as_array()
            .expect("entities")
            .is_empty()
    );
    assert_eq!(port.owned(&json!({"limit": 5_001})).await["ok"], false);

    let query = json!({"combinator": "and", "rules": [
        {"property": "$identifier", "operator": "in", "value": ["s03", "theirs", "nothing"]},
        {"property": "$blueprint", "operator": "=", "value": "service"},
        {"property": "$datasource", "operator": "contains", "value": "port-ocean/bitbucket-cloud/"},
        {"property": "$datasource", "operator": "contains", "value": "/my-integration/exporter"},
    ]});
    let include = "exclude_calculated_properties=true&include=blueprint&include=identifier&include=properties.url&include=relations.x";
    let found = port.post(&format!("/v1/entities/search?{include}"), query).await.json();
    assert_eq!(
        found["entities"],
        json!([
            {"blueprint": "service", "identifier": "s03", "properties": {"url": "https://x.example"}, "relations": {}},
        ])
    );
    assert_eq!(port.post("/v1/entities/search", json!({"rules": []})).await.status, 422);
}

#[tokio::test]
async fn deletion_takes_dependents_along() {
    let port = Port::with_blueprints().await;
    let requests = json!([
        {"identifier": "r1", "properties": {"state": "OPEN"}, "relations": {"service": "pay"}},
        {"identifier": "r2", "properties": {"state": "OPEN"}, "relations": {"others": ["search", "pay"]}},
        {"identifier": "r3", "properties": {"state": "OPEN"}, "relations": {"service": "search"}},
    ]);
    port.bulk("request", UPSERT, requests).await;
    let path = "/v1/blueprints/service/bulk/entities/delete";
    let names = json!({"entities": ["pay", "nothing"]});
    assert_eq!(
        port.post(&format!("{path}?delete_dependents=false"), names.clone()).await.json()["error"],
        "has_dependents"
    );
    let deleted = port.post(&format!("{path}?delete_dependents=true"), names).await.json();
    assert_eq!(deleted["deletedEntities"], json!(["pay"]));
    let left: Vec<String> =
        port.server.read(|world| world.entities("request").map(|entity| entity.identifier.clone()).collect());
    assert_eq!(left, ["r3"]);
    assert_eq!(
        port.send("DELETE", "/v1/blueprints/request/entities/r3?delete_dependents=false", None).await.status,
        200
    );
    assert_eq!(port.send("DELETE", "/v1/blueprints/request/entities/r3", None).await.status, 404);
    let all = port.send("DELETE", "/v1/blueprints/request/all-entities?delete_blueprint=true", None).await.json();
    let migration = format!("/v1/migrations/{}", all["migrationId"].as_str().expect("a migration"));
    assert_eq!(port.get(&migration).await.json()["migration"]["status"], "COMPLETED");
    assert!(port.server.read(|world| world.blueprint("request").is_none()));
}

#[tokio::test]
async fn the_trace_is_kept_and_faults_strike() {
    let port = Port::with_blueprints().await;
    port.server.record().clear();
    let storm = Fault::Status { status: 429, retry_after: Some("2".to_owned()) };
    port.server.faults().set([FaultRule::on("**/entities/bulk", Occurrence::First(1), storm).with_method("POST")]);
    let refused = port.bulk("service", UPSERT, json!([{"identifier": "a"}])).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "2"));
    assert!(port.server.read(|world| world.entity("service", "a").is_none()));
    port.server.faults().set([FaultRule::on("**/entities/bulk", Occurrence::First(1), Fault::BreakAfterEffect)]);
    let url = format!("{}/v1/blueprints/service/entities/bulk?{UPSERT}", port.server.url());
    let body = json!({"entities": [{"identifier": "a"}]});
    assert!(
        send("POST", &url, &[("authorization", &port.token), ("user-agent", AGENT)], Some(body.clone())).await.is_err()
    );
    assert!(port.server.read(|world| world.entity("service", "a").is_some()), "it took effect all the same");

    let trace = port.server.requests();
    assert_eq!((trace[0].status, trace[1].status), (429, 0));
    assert_eq!((trace[1].path.as_str(), trace[1].query.as_str()), ("/v1/blueprints/service/entities/bulk", UPSERT));
    assert_eq!(trace[1].user_agent, AGENT);
    assert_eq!(serde_json::from_slice::<Value>(&trace[1].body).expect("JSON"), body);
    assert!(trace[0].headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
    assert_eq!(port.server.record().count("POST", "**/entities/bulk"), 2);
}
