//! When fingerprints of earlier syncs count for nothing: changes made by hand, entities lost, other programs.

use std::time::Duration;

use bitbucket_port::http::{HttpSettings, http_client};
use bitbucket_port::startup::{self, CatalogPlace};
use bitbucket_port::sync::{FullComparison, NoticeLevel, Report};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::harness::written;
use crate::port::Pair;

const REPOSITORY: &str = "bitbucketRepository";

/// A person gives a repository another title at Port; says which.
fn edit_by_hand(pair: &Pair) -> String {
    let identifier = pair.identifiers(REPOSITORY)[1].clone();
    let edited = pair.port.change(|world| {
        world.edit_entity(REPOSITORY, &identifier, |entity| entity.title = Some(json!("edited by hand")))
    });
    assert!(edited);
    identifier
}

fn title(pair: &Pair, identifier: &str) -> Value {
    pair.port.read(|world| world.entity(REPOSITORY, identifier).expect("it is there").title.clone()).into()
}

fn says(report: &Report, level: NoticeLevel, text: &str) -> bool {
    report.notices.iter().any(|notice| notice.level == level && notice.message.contains(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_made_by_hand_is_mended_by_a_full_comparison_only() {
    let mut pair = Pair::new(6, 2).await;
    pair.resync().await;
    let identifier = edit_by_hand(&pair);
    let report = pair.resync().await;
    assert_eq!((written(&report), title(&pair, &identifier)), (0, json!("edited by hand")), "{report:#?}");

    pair.also = vec![("full_comparison_interval", "0s")];
    let report = pair.resync().await;
    assert_eq!((written(&report), title(&pair, &identifier)), (1, json!(identifier)), "{report:#?}");
    assert!(says(&report, NoticeLevel::Note, "it was asked for"), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_made_by_hand_is_mended_when_a_day_has_passed() {
    let mut pair = Pair::new(5, 1).await;
    let settings = pair.settings();
    let resync = async |pair: &Pair| {
        let catalog = startup::catalog(&CatalogPlace::Port, &settings).await.expect("a catalog");
        let report = pair.bitbucket.resync_into(catalog).await;
        pair.port.advance_clock(Duration::from_secs(5));
        report
    };
    let began = OffsetDateTime::now_utc();
    resync(&pair).await;
    let identifier = edit_by_hand(&pair);
    pair.bitbucket.limits.as_of = Some(began + Duration::from_secs(23 * 3600));
    assert_eq!(written(&resync(&pair).await), 0);
    pair.bitbucket.limits.as_of = Some(began + Duration::from_secs(25 * 3600));
    let report = resync(&pair).await;
    assert_eq!((written(&report), title(&pair, &identifier)), (1, json!(identifier)), "{report:#?}");
    // Its time is kept: the next one is a day away again.
    edit_by_hand(&pair);
    assert_eq!(written(&resync(&pair).await), 0);
    pair.bitbucket.limits.full_comparison = FullComparison::Now;
    assert_eq!(written(&resync(&pair).await), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_comparison_that_did_not_come_to_everything_goes_on_in_the_next_sync() {
    let mut pair = Pair::new(6, 0).await;
    pair.resync().await;
    let identifier = edit_by_hand(&pair);
    let broken = bitbucket_port_sandbox::Fault::Status { status: 403, retry_after: None };
    let always = bitbucket_port_sandbox::Occurrence::Always;
    pair.bitbucket.server.faults().set([bitbucket_port_sandbox::FaultRule::on("/2.0/repositories/*", always, broken)]);
    pair.also = vec![("full_comparison_interval", "0s")];
    pair.resync().await;
    pair.bitbucket.server.faults().clear();
    pair.also = vec![];
    let report = pair.resync().await;
    assert_eq!((written(&report), title(&pair, &identifier)), (1, json!(identifier)), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_that_the_owned_listing_lacks_is_sent_again_in_the_same_sync() {
    let pair = Pair::new(6, 2).await;
    pair.resync().await;
    let before = pair.identifiers(REPOSITORY);
    pair.port.change(|world| world.remove_entity(REPOSITORY, &before[3])).expect("it was there");
    let report = pair.resync().await;
    assert_eq!((written(&report), pair.identifiers(REPOSITORY)), (1, before), "{report:#?}");
}

/// Does what the start of Port's own runtime does under the same identifier.
async fn another_runtime_registers(pair: &Pair, version: &str) {
    let http = http_client(&HttpSettings::default()).expect("an HTTP client");
    let (base, json) = (format!("{}/v1", pair.port.url()), "application/json");
    let credentials = json!({ "clientId": "sandbox-client", "clientSecret": "sandbox-secret" }).to_string();
    let token = http.post(format!("{base}/auth/access_token")).header("content-type", json).body(credentials);
    let token: Value = token.send().await.expect("an answer").json().await.expect("JSON");
    let token = format!("Bearer {}", token["accessToken"].as_str().expect("a token"));
    let patch = http.patch(format!("{base}/integration/my-bitbucket")).header("authorization", token);
    let patch = patch.header("content-type", json).body(json!({ "version": version }).to_string());
    assert!(patch.send().await.expect("an answer").status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn fingerprints_are_void_after_another_runtime_registered() {
    let pair = Pair::new(6, 2).await;
    pair.resync().await;
    let identifier = edit_by_hand(&pair);
    another_runtime_registers(&pair, "0.5.110").await;
    let report = pair.resync().await;
    assert_eq!((written(&report), title(&pair, &identifier)), (1, json!(identifier)), "{report:#?}");
    assert!(says(&report, NoticeLevel::Warning, "another program registered"), "{report:#?}");
    assert!(says(&report, NoticeLevel::Warning, "0.5.110"), "{report:#?}");

    edit_by_hand(&pair);
    let report = pair.resync().await;
    assert_eq!(written(&report), 0, "its own registration is no stranger: {report:#?}");
    assert!(!says(&report, NoticeLevel::Warning, "another program registered"), "{report:#?}");
}
