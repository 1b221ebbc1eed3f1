//! What is said of settings and of the command line, before anything is sent.

use std::net::TcpListener;
use std::process::Command;

use bitbucket_port_sandbox::port::{Options, Server, World};

use crate::program::Program;

/// A Port that knows other clients only, so that the work ends at once.
async fn refusing_port() -> Server {
    Server::start(World::empty(), Options::default()).await.expect("the sandbox starts")
}

#[test]
fn without_arguments_and_settings_everything_missing_is_said_at_once() {
    let ended = Program::new().run(&[]);
    assert_eq!(ended.code, Some(1));
    insta::assert_snapshot!(ended.shown());
}

#[test]
fn settings_that_are_wrong_are_listed_with_their_origins_before_anything_is_sent() {
    let program = Program::configured()
        .set("OCEAN__PORT__CLIENT_ID", "")
        .set("OCEAN__CLIENT_TIMEOUT", "soon")
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKETWORKSPACE", "acme");
    std::fs::write(program.folder.path().join("config.yaml"), "strictExit: perhaps\n").expect("a file");
    let ended = program.run(&["ocean", "sail", "--log-level", "info"]);
    assert_eq!(ended.code, Some(1));
    insta::assert_snapshot!(ended.shown());
}

#[test]
fn other_listeners_are_refused_with_what_to_do_instead() {
    let program =
        Program::configured().set("OCEAN__EVENT_LISTENER", r#"{"type":"KAFKA","brokers":"b.example.com:9196"}"#);
    let ended = program.run(&["ocean", "sail"]);
    assert_eq!(ended.code, Some(1));
    insta::assert_snapshot!(ended.shown());
}

#[tokio::test(flavor = "multi_thread")]
async fn once_overrules_the_listener_of_the_settings() {
    let port = refusing_port().await;
    let program = Program::configured()
        .set("OCEAN__PORT__BASE_URL", &port.url())
        .set("OCEAN__EVENT_LISTENER", r#"{"type":"KAFKA"}"#);
    let refused = program.run(&["ocean", "sail"]);
    assert!(refused.error.contains("the listener KAFKA is not built yet"), "{}", refused.error);
    let once = program.run(&["ocean", "sail", "--once"]);
    assert!(once.out.contains("listener ONCE"), "{}{}", once.out, once.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_listener_it_is_polling_and_one_that_cannot_begin_ends_with_1() {
    let port = refusing_port().await;
    let ended = Program::configured()
        .set("OCEAN__PORT__BASE_URL", &port.url())
        .set("OCEAN__EVENT_LISTENER", "")
        .set("OCEAN__BASE_URL", "https://bb.example.com")
        .run(&["ocean", "sail"]);
    assert!(ended.out.contains("listener POLLING"), "{}", ended.out);
    assert!(ended.out.contains("| WARNING  | OCEAN__BASE_URL has no effect, because live events"), "{}", ended.out);
    assert!(ended.out.contains("| ERROR    | provisioning failed: "), "{}", ended.out);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_webhook_listener_needs_its_public_address() {
    let ended = Program::configured().set("OCEAN__EVENT_LISTENER", r#"{"type":"WEBHOOK"}"#).run(&["ocean", "sail"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.error.contains("OCEAN__EVENT_LISTENER__APP_HOST"), "{}", ended.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_variable_for_the_log_beats_the_flag() {
    let port = refusing_port().await;
    let program = || Program::configured().set("OCEAN__PORT__BASE_URL", &port.url());
    let ended = program().set("APPLICATION__LOG_LEVEL", "ERROR").run(&["ocean", "sail", "--log-level", "DEBUG"]);
    assert!(!ended.out.contains("| INFO"), "{}", ended.out);
    let ended = program().run(&["ocean", "sail", "-l", "ERROR"]);
    assert!(!ended.out.contains("| INFO"), "{}", ended.out);
    let ended = program().run(&["ocean", "sail"]);
    assert!(ended.out.contains("| INFO"), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_can_be_json_line_by_line() {
    let port = refusing_port().await;
    let program = Program::configured().set("OCEAN__PORT__BASE_URL", &port.url()).set("OCEAN__LOG__FORMAT", "json");
    let ended = program.run(&[]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.error);
    let lines: Vec<serde_json::Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let levels: Vec<&str> = lines.iter().filter_map(|line| line["level"].as_str()).collect();
    assert!(levels.contains(&"INFO") && levels.contains(&"ERROR"), "{}", ended.out);
    assert!(lines.iter().all(|line| line["message"].is_string()), "{}", ended.out);
}

#[test]
fn a_port_in_use_is_named_and_ends_with_1() {
    let taken = TcpListener::bind("0.0.0.0:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let ended = Program::configured().set("APPLICATION__PORT", &port.to_string()).run(&[]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains(&format!("cannot listen on port {port}: ")), "{}", ended.out);
}

#[cfg(unix)]
#[test]
fn by_the_name_ocean_it_takes_the_commands_of_the_runtime() {
    let program = Program::configured().set("OCEAN__EVENT_LISTENER", r#"{"type":"WEBHOOKS_ONLY"}"#).called_ocean();
    let ended = program.run(&["sail", "-p", "0", "-i", "false"]);
    assert!(ended.error.contains("the listener WEBHOOKS_ONLY is not built yet"), "{}", ended.error);
    assert_eq!(program.run(&["version"]).out, concat!(env!("CARGO_PKG_VERSION"), "\n"));
    let other = program.run(&["defaults", "dock", "."]);
    assert_eq!(other.code, Some(1));
    assert!(other.error.contains("`ocean defaults` is not offered here"), "{}", other.error);
    assert_eq!(program.run(&["sail", "--no-such-flag"]).code, Some(64));
}

#[test]
fn the_flag_for_resources_is_a_setting_like_others() {
    let ended = Program::configured().run(&["ocean", "sail", "-i", "perhaps"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.error.contains("[flag --initialize-port-resources]"), "{}", ended.error);
}

#[test]
fn settings_are_explained_with_their_origins() {
    let program = Program::configured();
    let ended = program.run(&["settings"]);
    assert_eq!(ended.code, Some(0));
    let line = |name: &str| ended.out.lines().find(|line| line.starts_with(name)).expect(name).to_owned();
    assert!(line("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE ").contains("acme"));
    assert!(line("OCEAN__PORT__CLIENT_SECRET ").contains("********"));
    let json: serde_json::Value =
        serde_json::from_str(&program.run(&["settings", "--format", "json"]).out).expect("JSON");
    let entries = json.as_array().expect("a list");
    let workspace = entries.iter().find(|entry| entry["path"] == "integration.config.bitbucket_workspace").expect("it");
    assert_eq!(workspace["value"], "acme");
    assert_eq!(workspace["origin"], "variable OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE");
}

#[test]
fn settings_prints_its_documents_without_any_settings() {
    let defaults = Program::new().run(&["settings", "--defaults"]);
    assert_eq!(defaults.code, Some(0));
    assert!(defaults.out.contains("\nstrictExit: false\n"), "{}", defaults.out);
    let schema = Program::new().run(&["settings", "--schema"]);
    let schema: serde_json::Value = serde_json::from_str(&schema.out).expect("JSON");
    assert!(schema["properties"]["port"].is_object());
    assert_eq!(Program::new().run(&["settings", "--schema", "--defaults"]).code, Some(64));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let ended = Program::configured().run(&["ocean", "sail", "elsewhere"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.error.contains("elsewhere: is no folder"), "{}", ended.error);
}

#[cfg(unix)]
#[tokio::test]
async fn signals_are_taken_over() {
    use bitbucket_port::daemon::{Signal, Signals};
    let mut signals = Signals::install().expect("signals can be taken over");
    for (flag, signal) in [("-TERM", Signal::Terminate), ("-INT", Signal::Interrupt)] {
        let sent = Command::new("kill").args([flag, &std::process::id().to_string()]).status();
        assert!(sent.expect("`kill` runs").success());
        assert_eq!(signals.next().await, signal);
    }
}
