//! `mapping pull` and `mapping push`.

use serde_json::{Value, json};

use crate::program::{Program, Services};

const ID: [&str; 2] = ["--identifier", "my-bitbucket"];

/// An integration as a first install leaves it.
async fn installed() -> (Services, Program) {
    let services = Services::start().await;
    let resync = ["resync", "--catalog", "port", "--create", "--quiet"];
    let ended = services.program().run(&[&resync[..], &ID].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let program = services.at_port();
    (services, program)
}

fn stored(services: &Services) -> Value {
    services.port.read(|world| world.integration("my-bitbucket").expect("it is there")["config"].clone())
}

fn writes(services: &Services) -> usize {
    services.port.record().count("PATCH", "/v1/integration/*/config")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pulled_and_pushed_changes_nothing() {
    let (services, program) = installed().await;
    let before = stored(&services);
    let pulled = program.run(&[&["mapping", "pull", "--output", "mapping.yaml"], &ID[..]].concat());
    assert_eq!((pulled.code, pulled.out.as_str()), (Some(0), ""), "{pulled:?}");
    let text = program.read("mapping.yaml");
    assert!(text.starts_with("# The mapping of the integration my-bitbucket (bitbucket-cloud).\n"), "{text}");
    insta::assert_snapshot!(text);

    let pushed = program.run(&[&["mapping", "push", "mapping.yaml"], &ID[..]].concat());
    assert_eq!((pulled.code, pushed.out.as_str()), (Some(0), "`my-bitbucket` has this mapping already\n"));
    assert_eq!((stored(&services), writes(&services)), (before.clone(), 0));

    let json = program.run(&[&["mapping", "pull", "--format", "json"], &ID[..]].concat());
    assert_eq!(json.json(), before);
    let checked = program.run_with(&["mapping", "check", "-"], &text);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_shows_what_changes_and_stores_it() {
    let (services, program) = installed().await;
    program.run(&[&["mapping", "pull", "--output", "mapping.yaml"], &ID[..]].concat());
    let changed = program.read("mapping.yaml").replace(".mainbranch.name", ".mainbranch.name // \"none\"");
    program.write("mapping.yaml", &changed);
    let push = [&["mapping", "push", "mapping.yaml"], &ID[..]].concat();

    let tried = program.run(&[&push[..], &["--dry-run"]].concat());
    assert_eq!((tried.code, writes(&services)), (Some(0), 0), "{tried:?}");
    insta::assert_snapshot!(tried.out);
    let program = program.set("OCEAN__DRY_RUN", "true");
    let rehearsed = program.run(&push);
    assert_eq!((rehearsed.out, writes(&services)), (tried.out, 0));
    let program = program.set("OCEAN__DRY_RUN", "false");
    let pushed = program.run(&push);
    assert_eq!((pushed.code, writes(&services)), (Some(0), 1), "{pushed:?}");
    assert!(pushed.out.ends_with("stored as the mapping of `my-bitbucket`\n"), "{pushed:?}");
    assert!(stored(&services).to_string().contains(r#".mainbranch.name // \"none\""#));
    let again = program.run(&[&push[..], &["--format", "json"]].concat()).json();
    assert_eq!((again["result"].as_str(), again["difference"].as_str()), (Some("same"), Some("")), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_refuse_a_push_unless_it_is_forced() {
    let (services, program) = installed().await;
    let before = stored(&services);
    program.run(&[&["mapping", "pull", "--output", "mapping.yaml"], &ID[..]].concat());
    // The blueprints are those that Port has.
    let wrong = program.read("mapping.yaml").replace("defaultBranch:", "defaultBrunch:");
    program.write("mapping.yaml", &wrong);
    let push = [&["mapping", "push", "mapping.yaml"], &ID[..]].concat();
    let refused = program.run(&push);
    assert_eq!((refused.code, stored(&services)), (Some(1), before), "{refused:?}");
    assert!(refused.error.contains("has no property `defaultBrunch`"), "{refused:?}");
    assert!(refused.out.ends_with("not stored: the mapping has errors; --force stores it all the same\n"));
    let forced = program.run(&[&push[..], &["--force"]].concat());
    assert_eq!((forced.code, writes(&services)), (Some(0), 1), "{forced:?}");

    program.write("list.yaml", "- a\n");
    let list = program.run(&[&["mapping", "push", "list.yaml", "--force"], &ID[..]].concat());
    assert_eq!((list.code, writes(&services)), (Some(1), 1), "{list:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_that_is_not_there_is_named() {
    let services = Services::start().await;
    let program = services.at_port();
    program.write("mapping.yaml", "resources: []\n");
    for command in [&["mapping", "pull"][..], &["mapping", "push", "mapping.yaml"]] {
        let ended = program.run(&[command, &ID].concat());
        assert_eq!(ended.code, Some(1));
        assert!(ended.error.contains("there is no integration `my-bitbucket` at Port"), "{ended:?}");
    }
    assert_eq!(services.port.record().count("PATCH", "/v1/integration/*"), 0);
    let without = Program::new().run(&[&["mapping", "pull"], &ID[..]].concat());
    assert_eq!(without.code, Some(1));
    assert!(without.error.contains("CLIENT_ID"), "{without:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_404_means_that_there_is_none() {
    use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};

    let (services, program) = installed().await;
    let forbidden = Fault::Status { status: 403, retry_after: None };
    services.port.faults().add(FaultRule::on("/v1/integration/*", Occurrence::Always, forbidden));
    let ended = program.run(&[&["mapping", "pull"], &ID[..]].concat());
    assert_eq!(ended.code, Some(1));
    assert!(ended.error.contains("cannot be read") && !ended.error.contains("there is no"), "{ended:?}");
    assert_ne!(stored(&services), json!(null));
}
