//! `refresh`: single objects brought up to date, as a person does it.

use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence, datacenter};

use crate::program::{Program, Services};

const LOCAL: [&str; 2] = ["--catalog", "sqlite:catalog.db"];
const AT_PORT: [&str; 4] = ["--catalog", "port", "--identifier", "my-bitbucket"];

/// Output without what differs from run to run.
fn steady(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(" in ") {
        Some((before, after)) if after.contains(" requests: ") => {
            let place = if before.starts_with("sqlite:") { "sqlite:catalog.db" } else { "port" };
            format!("{place} in … with {}", after.split_once(" with ").map_or(after, |(_, rest)| rest))
        }
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn plan_is_empty(program: &Program, catalog: &[&str]) {
    let planned = program.run(&[&["plan", "--quiet", "--detailed-exitcode"], catalog].concat());
    assert_eq!(planned.code, Some(0), "{planned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_is_followed_and_a_plan_shows_nothing_to_do() {
    let services = Services::start().await;
    let program = services.program();
    assert_eq!(program.run(&[&["resync", "--quiet"], &LOCAL[..]].concat()).code, Some(0));
    let slug = services.slug();
    let new = services.bitbucket.change(|world| world.rename_repository(&slug, "renamed")).expect("it is there");
    let refresh = [&["refresh", "repository", &new], &LOCAL[..]].concat();
    let rehearsed = program.run_also(&refresh, &[("OCEAN__DRY_RUN", "true")]);
    assert_eq!(rehearsed.code, Some(0), "{rehearsed:?}");
    insta::assert_snapshot!("refresh_rehearsed", steady(&rehearsed.out));
    assert_eq!(program.run(&[&["plan", "--quiet", "--detailed-exitcode"], &LOCAL[..]].concat()).code, Some(2));
    let ended = program.run(&refresh);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!("refresh_renamed", steady(&ended.out));
    plan_is_empty(&program, &LOCAL);

    services.bitbucket.change(|world| world.remove_repository(&new)).expect("it is there");
    let kept = program.run(&[&refresh[..], &["--no-delete"]].concat());
    assert!(kept.code == Some(0) && kept.out.contains("nothing may be deleted"), "{kept:?}");
    let json = program.run(&[&refresh[..], &["--format", "json"]].concat()).json();
    assert_eq!((&json["outcome"], &json["rehearsed"]), (&"complete".into(), &false.into()), "{json:#}");
    assert_eq!(json["objects"][1]["found"], "gone", "{json:#}");
    assert_eq!(json["objects"][1]["entities"][0]["became"], "deleted", "{json:#}");
    plan_is_empty(&program, &LOCAL);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_port_as_well() {
    let services = Services::start().await;
    let program = services.program();
    assert_eq!(program.run(&[&["resync", "--create", "--quiet"], &AT_PORT[..]].concat()).code, Some(0));
    services.port.advance_clock(std::time::Duration::from_secs(5));
    let slug = services.slug();
    services.bitbucket.change(|world| world.set_main_branch(&slug, Some("trunk"))).expect("it is there");
    let refresh = [&["refresh", "repository", &slug, &slug], &AT_PORT[..]].concat();
    services.port.record().clear();
    let rehearsed = program.run_also(&refresh, &[("OCEAN__DRY_RUN", "true")]);
    assert!(rehearsed.out.contains("would be changed"), "{rehearsed:?}");
    assert_eq!(services.port.record().count("POST", "/v1/**/bulk"), 0);
    let ended = program.run(&refresh);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!("refresh_port", steady(&ended.out));
    services.port.advance_clock(std::time::Duration::from_secs(5));
    plan_is_empty(&program, &AT_PORT);

    services.bitbucket.change(|world| world.remove_repository(&slug)).expect("it is there");
    let ended = program.run(&refresh);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    services.port.advance_clock(std::time::Duration::from_secs(5));
    plan_is_empty(&program, &AT_PORT);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_ends_with_2_and_what_is_wrong_with_1() {
    let services = Services::start().await;
    let program = services.program();
    let missing = program.run(&["refresh", "repository", "x", "--catalog", "sqlite:none.db"]);
    assert!(missing.code == Some(1) && missing.error.contains("there is no none.db"), "{missing:?}");
    assert_eq!(program.run(&[&["resync", "--quiet"], &LOCAL[..]].concat()).code, Some(0));
    for (kind, name, expected) in
        [("repo", "x", "there is no kind `repo`"), ("pull-request", "website", "write REPOSITORY#NUMBER")]
    {
        let ended = program.run(&[&["refresh", kind, name], &LOCAL[..]].concat());
        assert!(ended.code == Some(1) && ended.error.replace("\n  │ ", " ").contains(expected), "{ended:?}");
    }
    let unnamed = program.run(&["refresh", "repository", "x", "--catalog", "port"]);
    assert!(unnamed.code == Some(1) && unnamed.error.contains("needs --identifier"), "{unnamed:?}");
    let slug = services.slug();
    let refused = Fault::Status { status: 403, retry_after: None };
    services.bitbucket.faults().set([FaultRule::on("/2.0/repositories/acme/*", Occurrence::Always, refused)]);
    let ended = program.run(&[&["refresh", "repository", &slug], &LOCAL[..]].concat());
    assert!(ended.code == Some(2) && ended.out.contains("cannot tell whether it exists"), "{ended:?}");
    services.bitbucket.faults().clear();
    let ended = program.run(&[&["refresh", "repository", "nothing-of-the-sort"], &LOCAL[..]].concat());
    assert!(ended.code == Some(2) && ended.out.contains("neither Bitbucket nor the state file knows it"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_file_that_another_process_uses_excludes_it() {
    let services = Services::start().await;
    let program = services.program();
    assert_eq!(program.run(&[&["resync", "--quiet"], &LOCAL[..]].concat()).code, Some(0));
    let held = bitbucket_port::state::State::open(&program.path("state.db")).await.expect("it opens");
    let slug = services.slug();
    let ended = program.run(&[&["refresh", "repository", &slug, "--no-wait"], &LOCAL[..]].concat());
    assert!(ended.code == Some(1) && ended.error.contains("in use"), "{ended:?}");
    // A rehearsal reads a copy.
    let refresh = [&["refresh", "repository", &slug, "--no-wait"], &LOCAL[..]].concat();
    let rehearsed = program.run_also(&refresh, &[("OCEAN__DRY_RUN", "true")]);
    assert_eq!(rehearsed.code, Some(0), "{rehearsed:?}");
    held.state.close().await.expect("it closes");
    assert_eq!(program.run(&refresh).code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_a_server() {
    let world = datacenter::World::generate(&datacenter::WorldSpec::default());
    let server = datacenter::Server::start(world, datacenter::Options::default()).await.expect("the sandbox starts");
    let program = Program::new()
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_BASE_URL", &server.url())
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_TOKEN", "a-token");
    assert_eq!(program.run(&[&["resync", "--quiet"], &LOCAL[..]].concat()).code, Some(0));
    let (key, slug) = server.read(datacenter::World::repository_names).remove(0);
    server.change(|world| world.rename_repository(&key, &slug, "renamed")).expect("it is there");
    let ended = program.run(&[&["refresh", "repository", &format!("{key}/renamed"), "-q"], &LOCAL[..]].concat());
    assert!(ended.code == Some(0) && ended.out.contains("renamed or moved"), "{ended:?}");
    plan_is_empty(&program, &LOCAL);
    let nowhere = program.run(&[&["refresh", "repository", "no-such-thing"], &LOCAL[..]].concat());
    assert!(nowhere.code == Some(1) && nowhere.error.contains("there is no repository `no-such-thing`"), "{nowhere:?}");
}
