//! What a resync says of expressions that give null.

use serde_json::Value;

use crate::program::Services;

const MAPPING: &str = r#"
resources:
  - kind: repository
    selector: {query: 'true'}
    port:
      entity:
        mappings:
          identifier: .slug
          blueprint: '"service"'
          properties:
            url: .links.html.href
            needed: .nothing.of.the.sort
            wanted: .nothing
  - kind: project
    selector: {query: 'true'}
    port:
      entity:
        mappings:
          identifier: .key
          blueprint: '"area" + ""'
          properties:
            needed: .nothing
"#;

const BLUEPRINTS: &str = "
- identifier: service
  schema: {properties: {url: {type: string}, needed: {type: string}, wanted: {type: string}}, required: [needed]}
- identifier: area
  schema: {properties: {needed: {type: string}}, required: [needed]}
";

#[tokio::test(flavor = "multi_thread")]
async fn each_path_is_told_once_with_its_count() {
    let services = Services::start().await;
    let program = services.program();
    program.write("mapping.yaml", MAPPING);
    // What a blueprint requires may come later; until then the catalog takes what there is.
    program.write("blueprints.yaml", BLUEPRINTS);
    let options = ["--mapping", "mapping.yaml", "--blueprints", "blueprints.yaml", "--catalog", "sqlite:catalog.db"];
    let ended = program.run(&[&["resync", "--format", "json"][..], &options].concat());
    let report: Value = ended.json();
    let told: Vec<(&str, &str)> = report["notices"]
        .as_array()
        .expect("notices")
        .iter()
        .map(|notice| (notice["level"].as_str().expect("a level"), notice["message"].as_str().expect("a message")))
        .filter(|(_, message)| message.contains("null for "))
        .collect();
    assert_eq!(
        told,
        [
            (
                "error",
                "resource 0 (repository): `properties.needed` is null for 4 objects, but the blueprint `service` \
                 requires it; give a value in its place with `//`"
            ),
            ("note", "resource 0 (repository): null for some objects: properties.wanted (4)"),
            ("note", "resource 1 (project): null for some objects: properties.needed (1)"),
        ],
        "{ended:?}"
    );
}
