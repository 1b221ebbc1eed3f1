//! Commands on mappings follow the settings where there are any, and tell the product of a document.

use crate::program::Program;

const GREETING: &str = r#"
resources:
  - kind: project
    selector: {query: 'true'}
    port: {entity: {mappings: {identifier: .key, title: env.GREETING, blueprint: '"area"'}}}
"#;

const DATA_CENTER: &str = r#"
resources:
  - kind: pull-request
    selector: {query: .state == "OPEN", projects: [OPS]}
    port:
      entity:
        mappings:
          identifier: .toRef.repository.project.key + "/" + .toRef.repository.slug + "/" + (.id | tostring)
          blueprint: '"review"'
          properties: {source: .fromRef.displayId}
"#;

#[test]
fn expressions_see_what_a_resync_would_show_them() {
    let map = |program: Program| {
        program.write("mapping.yaml", GREETING);
        let ended = program.run_with(&["map", "--kind", "project", "--mapping", "mapping.yaml"], r#"{"key": "OPS"}"#);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.json()["title"].clone()
    };
    let workspace = |program: Program| program.set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "acme");
    let greeting = || Program::new().set("GREETING", "hello");
    assert_eq!(map(greeting()), serde_json::Value::Null);
    assert_eq!(map(workspace(greeting())), "hello");
    let closed = greeting().set("OCEAN__ALLOW_ENVIRONMENT_VARIABLES_JQ_ACCESS", "false");
    assert_eq!(map(workspace(closed)), serde_json::Value::Null);
}

#[test]
fn the_product_is_told_by_the_document_by_an_option_or_by_the_settings() {
    let program = Program::new();
    program.write("mapping.yaml", DATA_CENTER);
    let check = |program: &Program, options: &[&str]| {
        let ended = program.run(&[&["mapping", "check", "mapping.yaml"], options].concat());
        (ended.code, ended.out)
    };
    assert_eq!(check(&program, &[]), (Some(0), "mapping.yaml: nothing to complain of\n".to_owned()));
    assert_eq!(check(&program, &["--product", "datacenter"]).1, "mapping.yaml: nothing to complain of\n");
    assert!(check(&program, &["--product", "cloud"]).1.contains("nothing reads the key `projects`"));

    let schema = |program: &Program, options: &[&str]| program.run(&[&["mapping", "schema"], options].concat()).out;
    assert!(!schema(&program, &[]).contains("projectFilterRegex"));
    assert!(schema(&program, &["--product", "datacenter"]).contains("projectFilterRegex"));
    let server = Program::new()
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_BASE_URL", "https://bitbucket.example.com")
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_TOKEN", "a-token");
    assert!(schema(&server, &[]).contains("projectFilterRegex"));
    let released = server.run(&["mapping", "check"]);
    assert!(released.out.contains("mappings/datacenter/default.yaml: "), "{released:?}");
}
