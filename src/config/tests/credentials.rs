//! Products and ways to sign in.

use rstest::rstest;

use super::*;

const CONFIG: &str = "OCEAN__INTEGRATION__CONFIG__";

/// Sources from short names: `BITBUCKET_WORKSPACE`, or `TYPE` for the type.
fn config(given: &[(&str, &str)]) -> Sources {
    let mut sources = variables(&[]);
    for (name, value) in given {
        let name = if *name == "TYPE" { "OCEAN__INTEGRATION__TYPE".to_owned() } else { format!("{CONFIG}{name}") };
        sources.variables.push((name, (*value).to_owned()));
    }
    sources
}

fn summary(product: &Product) -> String {
    match product {
        Product::Cloud(cloud) => match &cloud.credentials {
            CloudCredentials::WorkspaceTokens(tokens) => format!("cloud {} tokens", tokens.len()),
            CloudCredentials::UserToken { email, .. } => format!("cloud {email}"),
            CloudCredentials::AppPassword { username, .. } => format!("cloud {username}"),
            CloudCredentials::Anonymous => "cloud anonymous".into(),
        },
        Product::DataCenter(server) => match &server.credentials {
            DataCenterCredentials::Tokens(tokens) => format!("server {} tokens", tokens.len()),
            DataCenterCredentials::Password { username, .. } => format!("server {username}"),
        },
    }
}

const WORKSPACE: (&str, &str) = ("BITBUCKET_WORKSPACE", "acme");
const SERVER: (&str, &str) = ("BITBUCKET_BASE_URL", "https://git.example.com/bitbucket/");

#[rstest]
#[case::tokens(&[WORKSPACE, ("BITBUCKET_WORKSPACE_TOKEN", "one1, two2,,")], "cloud 2 tokens", 0)]
#[case::email(&[WORKSPACE, ("BITBUCKET_USER_EMAIL", "a@b.c"), ("BITBUCKET_USER_SCOPED_TOKEN", "t")], "cloud a@b.c", 0)]
#[case::app_password(&[WORKSPACE, ("BITBUCKET_USERNAME", "me"), ("BITBUCKET_APP_PASSWORD", "p")], "cloud me", 1)]
#[case::anonymous(&[WORKSPACE], "cloud anonymous", 1)]
#[case::token_beats_email(
    &[WORKSPACE, ("BITBUCKET_WORKSPACE_TOKEN", "t"), ("BITBUCKET_USER_EMAIL", "a@b.c"), ("BITBUCKET_USER_SCOPED_TOKEN", "t")],
    "cloud 1 tokens", 1
)]
#[case::email_beats_app_password(
    &[WORKSPACE, ("BITBUCKET_USER_EMAIL", "a@b.c"), ("BITBUCKET_USER_SCOPED_TOKEN", "t"), ("BITBUCKET_USERNAME", "me"), ("BITBUCKET_APP_PASSWORD", "p")],
    "cloud a@b.c", 1
)]
#[case::a_stray_half_beside_a_token(&[WORKSPACE, ("BITBUCKET_WORKSPACE_TOKEN", "t"), ("BITBUCKET_USERNAME", "me")], "cloud 1 tokens", 1)]
#[case::server_password(&[SERVER, ("BITBUCKET_USERNAME", "me"), ("BITBUCKET_PASSWORD", "p")], "server me", 0)]
#[case::server_token(&[SERVER, ("BITBUCKET_TOKEN", "t")], "server 1 tokens", 0)]
#[case::server_token_with_name(&[SERVER, ("BITBUCKET_TOKEN", "t"), ("BITBUCKET_USERNAME", "me")], "server 1 tokens", 0)]
#[case::server_token_beats_password(&[SERVER, ("BITBUCKET_TOKEN", "t"), ("BITBUCKET_USERNAME", "me"), ("BITBUCKET_PASSWORD", "p")], "server 1 tokens", 1)]
#[case::type_decides(&[("TYPE", "Bitbucket-Cloud"), WORKSPACE, SERVER, ("BITBUCKET_WORKSPACE_TOKEN", "t")], "cloud 1 tokens", 2)]
#[case::quotes(&[WORKSPACE, ("BITBUCKET_WORKSPACE_TOKEN", "\"token\"")], "cloud 1 tokens", 1)]
#[case::the_other_products_keys(&[WORKSPACE, ("BITBUCKET_WORKSPACE_TOKEN", "t"), ("BITBUCKET_PASSWORD", "p")], "cloud 1 tokens", 1)]
fn ways_to_sign_in(#[case] given: &[(&str, &str)], #[case] expected: &str, #[case] warnings: usize) {
    let loaded = loaded(&config(given));
    assert_eq!(summary(&loaded.settings.product), expected);
    assert_eq!(loaded.warnings.len(), warnings, "{}", shown(&loaded.warnings));
}

#[rstest]
#[case::email_alone(&[WORKSPACE, ("BITBUCKET_USER_EMAIL", "a@b.c")], "BITBUCKET_USER_SCOPED_TOKEN: is missing")]
#[case::token_alone(&[WORKSPACE, ("BITBUCKET_USER_SCOPED_TOKEN", "hush-hush")], "BITBUCKET_USER_EMAIL: is missing")]
#[case::password_alone(&[SERVER, ("BITBUCKET_PASSWORD", "hush-hush")], "BITBUCKET_USERNAME: is missing")]
#[case::server_without(&[SERVER], "no credentials are given for the server")]
#[case::nothing(&[], "which Bitbucket is to be read is not said")]
#[case::both(&[WORKSPACE, SERVER], "both products are configured")]
#[case::no_workspace(&[("TYPE", "bitbucket-cloud")], "BITBUCKET_WORKSPACE: is required and missing")]
#[case::an_address_for_a_slug(&[("BITBUCKET_WORKSPACE", "https://bitbucket.org/acme/")], "expected the slug")]
#[case::scheme_copied_along(&[WORKSPACE, ("BITBUCKET_WORKSPACE_TOKEN", "Bearer hush-hush")], "without `Bearer`")]
#[case::wrong_type(&[("TYPE", "bitbucket-clod"), WORKSPACE], "did you mean bitbucket-cloud?")]
#[case::token_with_line_break(&[WORKSPACE, ("BITBUCKET_USER_EMAIL", "a@b.c"), ("BITBUCKET_USER_SCOPED_TOKEN", "hush-\nhush")], "control characters")]
fn refusals(#[case] given: &[(&str, &str)], #[case] expected: &str) {
    let errors = load(&config(given)).unwrap_err();
    assert_eq!(errors.problems.len(), 1, "{errors}");
    let text = errors.to_string();
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn addresses_lose_their_slashes_and_identifiers_have_defaults() {
    let settings = loaded(&config(&[SERVER, ("BITBUCKET_TOKEN", "token")])).settings;
    let Product::DataCenter(server) = &settings.product else { panic!("not Data Center") };
    assert_eq!(server.base_url.as_str(), "https://git.example.com/bitbucket");
    assert_eq!(server.quota, None);
    assert_eq!(settings.integration.identifier.as_str(), "my-bitbucket-server-integration");
}

#[test]
fn a_line_break_after_a_secret_is_left_out() {
    let given = [WORKSPACE, ("BITBUCKET_USER_EMAIL", "a@b.c"), ("BITBUCKET_USER_SCOPED_TOKEN", "hush-hush\n")];
    let loaded = loaded(&config(&given));
    assert!(shown(&loaded.warnings).contains("line break"));
    assert_eq!(loaded.settings.sensitive_values(), ["hush-hush"]);
}

#[test]
fn port_is_required_only_by_those_who_need_it() {
    let without = loaded(&cloud(&[("OCEAN__PORT__CLIENT_ID", "id-of-us")])).settings;
    assert!(without.port.is_none());
    let errors = without.require_port().unwrap_err();
    assert_eq!(errors.problems.len(), 1);
    assert!(errors.to_string().contains("OCEAN__PORT__CLIENT_SECRET"));

    let with = loaded(&cloud(&[("OCEAN__PORT__CLIENT_ID", "id-of-us"), ("OCEAN__PORT__CLIENT_SECRET", "0123456789")]));
    let port = with.settings.require_port().unwrap();
    assert_eq!(port.client_secret.expose(), "0123456789");
    assert_eq!(port.base_url.as_str(), "https://api.getport.io");
}

#[test]
fn secrets_are_seen_nowhere() {
    let sources = cloud(&[
        ("OCEAN__PORT__CLIENT_ID", "id-of-us"),
        ("OCEAN__PORT__CLIENT_SECRET", "hush-port"),
        ("OCEAN__INTEGRATION__CONFIG__WEBHOOK_SECRET", "hush-hook"),
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_PASSWORD", "hush-unused"),
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WEBHOOK_SECRET", "abc"),
    ]);
    let loaded = loaded(&sources);
    let settings = &loaded.settings;
    let everything = format!("{settings:?} {} {:?}", settings.explain(), loaded.warnings);
    for secret in ["id-of-us", "hush", "t0ken"] {
        assert!(!everything.contains(secret), "{secret}");
    }
    assert_eq!(settings.sensitive_values(), ["hush-hook", "hush-port", "hush-unused", "id-of-us", "t0ken-of-acme"]);
}

#[test]
fn expressions_see_no_secret_variable() {
    let given = [
        ("HOME", "/home/me"),
        ("OCEAN__CONCURRENCY", "8"),
        ("OCEAN__PORT__CLIENT_SECRET", ""),
        ("OTHER", "Bearer t0ken-of-acme"),
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKETWORKSPACETOKEN", ""),
    ];
    let sources = cloud(&given);
    let visible = loaded(&sources).settings.visible_variables(&sources.variables);
    let names: Vec<&str> = visible.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "HOME", "OCEAN__CONCURRENCY"]);
}
