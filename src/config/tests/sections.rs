//! The typed groups.

use std::time::Duration;

use rstest::rstest;

use super::*;

#[rstest]
#[case("POLLING", true, true, true)]
#[case("KAFKA", true, true, true)]
#[case("ONCE", true, false, false)]
#[case("WEBHOOKS_ONLY", false, true, false)]
#[case("ACTIONS_ONLY", false, false, true)]
fn duties_of_a_listener(#[case] name: &str, #[case] resyncs: bool, #[case] webhooks: bool, #[case] actions: bool) {
    let listener = loaded(&cloud(&[("OCEAN__EVENT_LISTENER__TYPE", name)])).settings.listener;
    assert_eq!(listener.kind.name(), name);
    assert_eq!((listener.resyncs, listener.takes_webhooks, listener.runs_actions), (resyncs, webhooks, actions));
}

#[test]
fn kafka_as_the_chart_sets_it() {
    let json = r#"{"type":"KAFKA","brokers":"b-1.example:9196,b-2.example:9196"}"#;
    let listener = loaded(&cloud(&[("OCEAN__EVENT_LISTENER", json)])).settings.listener;
    let EventListener::Kafka(kafka) = listener.kind else { panic!("not KAFKA") };
    assert_eq!(kafka.brokers, ["b-1.example:9196", "b-2.example:9196"]);
    assert_eq!(
        (kafka.security_protocol.as_str(), kafka.authentication_mechanism.as_str()),
        ("SASL_SSL", "SCRAM-SHA-512")
    );
    assert!(kafka.authenticates);
}

#[test]
fn defaults() {
    let settings = loaded(&cloud(&[])).settings;
    insta::assert_snapshot!(settings.explain());
    insta::assert_debug_snapshot!(settings.resync);
    assert_eq!(
        settings.deletion,
        DeletionSettings {
            limit: None,
            empty_listing: EmptyListing::Doubted,
            unmapped: UnmappedBlueprints::Kept,
            confirm_limit: 100
        }
    );
    assert_eq!(settings.batches, Batches { upsert_entities: 20, upsert_bytes: 1 << 20, delete_entities: 100 });
    assert_eq!(settings.state_path, std::path::Path::new("/home/me/.local/state/bitbucket-port/state.db"));
    assert_eq!(
        settings.listener.kind,
        EventListener::Polling { interval: Duration::from_secs(60), resync_on_start: true }
    );
}

#[test]
fn what_is_given_arrives() {
    let settings = loaded(&cloud(&[
        ("OCEAN__SCHEDULED_RESYNC_INTERVAL", "90"),
        ("OCEAN__FULL_COMPARISON_INTERVAL", "7d"),
        ("OCEAN__STRICT_EXIT", "1"),
        ("OCEAN__DRY_RUN", "yes"),
        ("OCEAN__DELETION__NO_DELETE", "true"),
        ("OCEAN__DELETION__MAX_DELETES", "5"),
        ("OCEAN__STATE_PATH", "/data/state.db"),
        ("OCEAN__PATH_PREFIX", "ocean/"),
        ("OCEAN__BASE_URL", "https://me.example/"),
        ("OCEAN__SSL__PORT__X509__STRICT", "false"),
        ("OCEAN__SSL__CA_FILES", "/a.pem,/b.pem"),
        ("SSL_CERT_FILE", "/etc/ca.pem"),
        ("OCEAN__RUNTIME", "Saas"),
        ("OCEAN__INTEGRATION__INCREMENTAL_SYNC_ENABLED", "true"),
        ("OCEAN__INTEGRATION__INCREMENTAL_SYNC_INTERVAL", "1h"),
        ("OCEAN__ALLOW_ENVIRONMENT_VARIABLES_JQ_ACCESS", "false"),
        ("OCEAN__BUDGET__REST_PER_HOUR", "10000"),
        ("OCEAN__LOG__FORMAT", "json"),
    ]))
    .settings;
    assert_eq!(settings.resync.schedule, Some(Duration::from_secs(5400)));
    assert_eq!(settings.resync.full_comparison, Duration::from_secs(604_800));
    assert_eq!((settings.resync.exit, settings.resync.mode), (ExitPolicy::Strict, WriteMode::DryRun));
    assert_eq!(settings.deletion.limit, Some(0));
    assert_eq!(settings.state_path, std::path::Path::new("/data/state.db"));
    assert_eq!(settings.server.path_prefix, "/ocean");
    assert_eq!(settings.server.base_url.unwrap().as_str(), "https://me.example");
    assert_eq!((settings.tls.port, settings.tls.bitbucket), (Verification::Lenient, Verification::Strict));
    assert_eq!(settings.tls.ca_files.len(), 2);
    assert_eq!(settings.tls.cert_file, Some("/etc/ca.pem".into()));
    assert_eq!((settings.integration.runtime, settings.tls.outbound), (Runtime::Saas, Outbound::PublicOnly));
    assert_eq!(settings.integration.incremental, Some(Duration::from_secs(3600)));
    assert_eq!((settings.jq.environment, settings.log.format), (JqEnvironment::Empty, LogFormat::Json));
    let Product::Cloud(cloud) = settings.product else { panic!("not Cloud") };
    assert_eq!(cloud.budget, HourlyBudget { rest: HourlyLimit::Given(10_000), files: HourlyLimit::Published(5000) });
}
