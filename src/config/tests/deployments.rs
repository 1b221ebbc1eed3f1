//! The variables that Port's chart and GitHub action set.

use super::*;

#[test]
fn the_charts_deployment() {
    let sources = variables(&[
        ("PATH", "/usr/bin"),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("OCEAN__PORT__BASE_URL", "https://api.getport.io"),
        ("OCEAN__PORT__CLIENT_ID", "client-id"),
        ("OCEAN__PORT__CLIENT_SECRET", "client-secret"),
        ("OCEAN__INITIALIZE_PORT_RESOURCES", "true"),
        ("OCEAN__ALLOW_ENVIRONMENT_VARIABLES_JQ_ACCESS", "true"),
        ("OCEAN__SEND_RAW_DATA_EXAMPLES", "true"),
        ("OCEAN__EVENT_LISTENER", r#"{"brokers":"b-1.example:9196","type":"KAFKA"}"#),
        ("OCEAN__INTEGRATION__IDENTIFIER", "our-bitbucket"),
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "acme"),
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE_TOKEN", "t0ken-of-acme"),
        ("OCEAN__PROCESS_EXECUTION_MODE", "single_process"),
        ("OCEAN__LAKEHOUSE_ENABLED", "true"),
        ("OCEAN__PROCESSING_MODE", "dsp"),
        ("OCEAN__STREAMING__ENABLED", "false"),
        ("OCEAN__ACTIONS_PROCESSOR__ENABLED", "false"),
        ("OCEAN__DATABASE__HOST", "postgres"),
        ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
    ]);
    let loaded = loaded(&sources);
    assert!(loaded.settings.require_port().is_ok());
    assert_eq!(loaded.settings.product.kind(), ProductKind::Cloud);
    insta::assert_snapshot!(shown(&loaded.warnings));
}

#[test]
fn the_actions_run() {
    let sources = variables(&[
        ("GITHUB_ACTIONS", "true"),
        ("OCEAN__PORT__CLIENT_ID", "client-id"),
        ("OCEAN__PORT__CLIENT_SECRET", "client-secret"),
        ("OCEAN__PORT__BASE_URL", "https://api.getport.io"),
        ("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#),
        ("OCEAN__INITIALIZE_PORT_RESOURCES", ""),
        ("OCEAN__SCHEDULED_RESYNC_INTERVAL", ""),
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKETUSERNAME", "me"),
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKETPASSWORD", "0123456789"),
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKETBASEURL", "https://git.example.com/"),
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKETISVERSION8POINT7OROLDER", "yes"),
    ]);
    let loaded = loaded(&sources);
    assert_eq!(loaded.settings.listener.kind, EventListener::Once);
    assert!(loaded.settings.provisioning.initialize);
    let Product::DataCenter(server) = &loaded.settings.product else { panic!("not Data Center") };
    let password = Secret::new("0123456789");
    assert_eq!(server.credentials, DataCenterCredentials::Password { username: Username::new("me"), password });
    assert_eq!(server.is_version_8_7_or_older, Some(true));
    insta::assert_snapshot!(shown(&loaded.warnings));
}
