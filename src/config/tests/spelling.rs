//! Keys as people write them.

use rstest::rstest;

use super::*;

#[rstest]
#[case::sail_without_words(
    "OCEAN__INTEGRATION__CONFIG__BITBUCKETUSEREMAIL",
    "OCEAN__INTEGRATION__CONFIG__BITBUCKET_USER_EMAIL"
)]
#[case::digits_apart(
    "OCEAN__INTEGRATION__CONFIG__BITBUCKET_IS_VERSION_8_POINT_7_OR_OLDER",
    "OCEAN__INTEGRATION__CONFIG__BITBUCKET_IS_VERSION8_POINT7_OR_OLDER"
)]
#[case::one_underscore("OCEAN__PORT_CLIENT_ID", "OCEAN__PORT__CLIENT_ID")]
#[case::top_level("OCEAN__CLIENTTIMEOUT", "OCEAN__CLIENT_TIMEOUT")]
fn near_misses_are_accepted_with_the_right_name(#[case] written: &str, #[case] right: &str) {
    let path = right.strip_prefix("OCEAN__").unwrap().to_lowercase().replace("__", ".");
    let mut sources = cloud(&[("OCEAN__INTEGRATION__CONFIG__BITBUCKET_USER_SCOPED_TOKEN", "t")]);
    let value = if path.contains("older") { "true" } else { "7" };
    sources.variables.push((written.into(), value.into()));
    let loaded = load(&sources).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(explained(&loaded, &path).1, format!("variable {written}"));
    assert!(shown(&loaded.warnings).contains(&format!("{written}: is read as {right}")), "{}", shown(&loaded.warnings));
}

#[rstest]
#[case(r#"{"type":"POLLING","resyncOnStart":false,"interval":"5"}"#)]
#[case(r#"{"type":"POLLING","resync_on_start":"no","interval":5}"#)]
fn json_in_either_spelling(#[case] json: &str) {
    let loaded = loaded(&cloud(&[("OCEAN__EVENT_LISTENER", json)]));
    let expected = EventListener::Polling { interval: std::time::Duration::from_secs(5), resync_on_start: false };
    assert_eq!(loaded.settings.listener.kind, expected);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[rstest]
#[case("eventListener: {type: ONCE}\n")]
#[case("event_listener: {type: ONCE}\n")]
#[case("event_listener: '{\"type\": \"ONCE\"}'\n")]
fn yaml_in_either_spelling(#[case] config: &str) {
    let loaded = loaded(&with_config(cloud(&[]), config));
    assert_eq!(loaded.settings.listener.kind, EventListener::Once);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn the_right_spelling_beats_the_wrong_one() {
    let loaded = loaded(&cloud(&[
        ("OCEAN__CLIENTTIMEOUT", "1"),
        ("OCEAN__CLIENT_TIMEOUT", "2"),
        ("OCEAN__CLIENT__TIMEOUT", "3"),
    ]));
    // A deeper path lies on a shallower one only within one branch; here the exact name must win.
    assert_eq!(loaded.settings.client_timeout.as_secs(), 2, "{}", shown(&loaded.warnings));
}

#[test]
fn what_is_odd_is_named() {
    let sources = with_dotenv(
        with_config(
            cloud(&[
                ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPCE", "x"),
                ("OCEAN__INTEGRATION__CONFIG__APP_HOST", "https://x.example"),
                ("OCEAN__NOTHING_LIKE_IT", "hush"),
                ("OCEAN__DATABASE__HOST", "silent"),
                ("OCEAN__LIVE_EVENTS__REDIS__URL", "silent"),
                ("OCEAN__PROCESS_EXECUTION_MODE", "single_process"),
                ("OCEAN__PROCESSING_MODE", "dsp"),
                ("OCEAN__STREAMING__ENABLED", "false"),
                ("OCEAN__LAKEHOUSE_ENABLED", "true"),
                ("OCEAN__CREATE_PORT_RESOURCES_ORIGIN", "Ocean"),
                ("OCEAN__SSL__THIRD_PARTY__VERIFY", "off"),
                ("OCEAN__PROCESS_IN_QUEUE_TIMEOUT", "long"),
                ("PROMETHEUS_MULTIPROC_DIR", "/tmp/x"),
                ("APPLICATION__LOG_LEVEL", "debug"),
                ("OCEAN__PORT__BASE_URL", "http://port.example"),
            ]),
            "eventListner: {type: ONCE}\nport: {clientid: me@example.com}\nbaseUrl: '{{ from vault X }}'\n",
        ),
        "OCEAN__CONCURRENCY='1\n",
    );
    let loaded = loaded(&sources);
    assert_eq!(loaded.settings.log.level, LogLevel::Debug);
    insta::assert_snapshot!(shown(&loaded.warnings));
}

#[test]
fn warnings_are_bounded() {
    let many = (0..100_000).map(|index| format!("k{index}: 1")).collect::<Vec<_>>().join("\n");
    let loaded = loaded(&with_config(cloud(&[]), &many));
    assert!(loaded.warnings.len() < 60);
    assert!(shown(&loaded.warnings).contains("further warnings"));
}

#[rstest]
#[case::of_the_specification("bitbucketIsVersion8Point7OrOlder")]
#[case::as_python_writes_it("bitbucket_is_version8_point7_or_older")]
#[case::as_it_is_documented("bitbucket_is_version_8_point_7_or_older")]
fn the_version_is_overridden_in_every_spelling(#[case] key: &str, #[values("true", "yes", "1")] value: &str) {
    const CONFIG: &str = "OCEAN__INTEGRATION__CONFIG__";
    let server = [("BITBUCKET_BASE_URL", "https://git.example.com"), ("BITBUCKET_TOKEN", "t")];
    let server = server.map(|(name, value)| (format!("{CONFIG}{name}"), value.to_owned()));
    let overrides = |loaded: &Loaded| match &loaded.settings.product {
        Product::DataCenter(config) => config.is_version_8_7_or_older,
        Product::Cloud(_) => panic!("not Data Center"),
    };
    let mut by_variable = Sources { variables: server.to_vec(), ..Sources::default() };
    let by_file = with_config(by_variable.clone(), &format!("integration: {{config: {{{key}: {value}}}}}\n"));
    assert_eq!(overrides(&loaded(&by_file)), Some(true));
    assert_eq!(overrides(&loaded(&by_variable)), None);
    by_variable.variables.push((format!("{CONFIG}{}", key.to_uppercase()), value.to_owned()));
    assert_eq!(overrides(&loaded(&by_variable)), Some(true));
    let json = format!(r#"{{"bitbucketBaseUrl":"https://git.example.com","bitbucketToken":"t","{key}":"{value}"}}"#);
    let as_json = Sources { variables: vec![(CONFIG.trim_end_matches('_').to_owned(), json)], ..Sources::default() };
    assert_eq!(overrides(&loaded(&as_json)), Some(true));
}
