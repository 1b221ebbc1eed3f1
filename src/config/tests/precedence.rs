//! Which source wins.

use rstest::rstest;

use super::*;

#[rstest]
#[case::default(false, false, false, false, "16", "default")]
#[case::file(true, false, false, false, "1", "config.yaml line 2")]
#[case::dotenv(true, true, false, false, "2", ".env line 3 (OCEAN__CONCURRENCY)")]
#[case::variable(true, true, true, false, "3", "variable ocean__Concurrency")]
#[case::flag(true, true, true, true, "4", "flag --concurrency")]
#[case::flag_alone(false, false, false, true, "4", "flag --concurrency")]
fn the_strongest_source_wins(
    #[case] file: bool,
    #[case] dotenv: bool,
    #[case] variable: bool,
    #[case] flag: bool,
    #[case] value: &str,
    #[case] origin: &str,
) {
    let mut sources = cloud(if variable { &[("ocean__Concurrency", "3")] } else { &[] });
    if file {
        sources = with_config(sources, "\nconcurrency: 1\n");
    }
    if dotenv {
        sources = with_dotenv(sources, "# mine\n\nOCEAN__CONCURRENCY='2'\n");
    }
    if flag {
        sources.overrides.push(Override::new("concurrency", "4", "--concurrency"));
    }
    let loaded = loaded(&sources);
    assert_eq!(explained(&loaded, "concurrency"), (Some(value.into()), origin.into()));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[rstest]
#[case("APPLICATION__PORT", "application.port", "9000", 9000)]
#[case("UNRELATED", "application.port", "9000", 8001)]
fn variables_of_the_process_beat_their_flags(
    #[case] name: &str,
    #[case] path: &str,
    #[case] value: &str,
    #[case] port: u16,
) {
    let mut sources = cloud(&[(name, value)]);
    sources.overrides.push(Override::new(path, "8001", "--port").below_variables());
    assert_eq!(loaded(&sources).settings.server.port, port);
}

#[test]
fn an_empty_value_lets_the_weaker_source_through() {
    let sources = with_config(cloud(&[("OCEAN__CONCURRENCY", " "), ("OCEAN__PORT", "")]), "concurrency: 5\n");
    assert_eq!(loaded(&sources).settings.resync.concurrency, 5);
}

#[test]
fn nested_variables_lie_on_json_and_both_on_the_file() {
    let sources = with_config(
        variables(&[
            ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "nested"),
            (
                "OCEAN__INTEGRATION__CONFIG",
                r#"{"bitbucketWorkspace": "json", "bitbucket_workspace_token": "0123456789"}"#,
            ),
            ("OCEAN__INTEGRATION", r#"{"identifier": "from-json"}"#),
        ]),
        "integration:\n  identifier: from-file\n  config:\n    webhookSecret: from-file\n    bitbucketWorkspace: file\n",
    );
    let loaded = loaded(&sources);
    let Product::Cloud(cloud) = &loaded.settings.product else { panic!("not Cloud") };
    assert_eq!(cloud.workspace.as_str(), "nested");
    assert_eq!(cloud.credentials, CloudCredentials::WorkspaceTokens(vec![Secret::new("0123456789")]));
    assert_eq!(cloud.webhook_secret, Some(Secret::new("from-file")));
    assert_eq!(loaded.settings.integration.identifier.as_str(), "from-json");
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn templates_take_variables_then_dotenv() {
    let config = "integration:\n  config:\n    bitbucketWorkspaceToken: \"{{ from env TOKEN }}\"\n    webhookSecret: '{{ from env HOOK }}'\n    bitbucketHostUrl: '{{ from env ABSENT }}'\n";
    let sources = with_dotenv(
        with_config(variables(&[CLOUD[0], ("TOKEN", "from-variable")]), config),
        "HOOK=from-dotenv\nTOKEN=no\n",
    );
    let loaded = loaded(&sources);
    let Product::Cloud(cloud) = &loaded.settings.product else { panic!("not Cloud") };
    assert_eq!(cloud.credentials, CloudCredentials::WorkspaceTokens(vec![Secret::new("from-variable")]));
    assert_eq!(cloud.webhook_secret, Some(Secret::new("from-dotenv")));
    assert_eq!(cloud.base_url.as_str(), "https://api.bitbucket.org/2.0");
    let (value, origin) = explained(&loaded, "integration.config.bitbucket_workspace_token");
    assert_eq!((value.as_deref(), origin.as_str()), (Some("********"), "config.yaml line 3 (from variable TOKEN)"));
}

#[test]
fn a_plain_number_in_the_file_stays_a_secret_text() {
    let sources =
        with_config(variables(&CLOUD[..1]), "integration:\n  config:\n    bitbucketWorkspaceToken: 0123456789\n");
    let Product::Cloud(cloud) = loaded(&sources).settings.product else { panic!("not Cloud") };
    assert_eq!(cloud.credentials, CloudCredentials::WorkspaceTokens(vec![Secret::new("0123456789")]));
}
