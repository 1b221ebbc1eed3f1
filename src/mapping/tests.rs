//! What documents mean: from their text and an object to entities.

use bitbucket_port_jq::{Compiler, Environment, Input, Limits};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Document, FedBlueprints, Mapping, MappingError, Outcome, Remark, Trial};

fn compiled(text: &str) -> Mapping {
    Mapping::compile(Document::parse(text).unwrap(), &Compiler::new(Limits::default(), Environment::empty()))
}

fn indented(text: &str, by: usize) -> String {
    let lines = text.trim_matches('\n').lines().map(|line| format!("{}{line}\n", " ".repeat(by)));
    lines.collect::<Vec<_>>().concat()
}

/// A mapping of repositories with these lines under `port`.
fn with_port(port: &str) -> Mapping {
    let indented = indented(port, 6);
    compiled(&format!("resources:\n  - kind: repository\n    selector: {{query: true}}\n    port:\n{indented}"))
}

/// A mapping of repositories with these lines under `mappings`.
fn with_entity(mappings: &str) -> Mapping {
    let indented = indented(mappings, 4);
    with_port(&format!("entity:\n  mappings:\n{indented}"))
}

fn trial(mapping: &Mapping, object: &Value) -> Trial {
    mapping.trial("repository", &object.to_string()).unwrap().remove(0)
}

fn entities(mapping: &Mapping, object: &Value) -> Value {
    json!(trial(mapping, object).entities)
}

#[test]
fn searches_find_identifier_team_and_relations() {
    let mapping = with_entity(
        r#"
identifier:
  combinator: and
  rules:
    - {property: '"$identifier"', operator: '"="', value: .slug}
    - {property: '"archived"', operator: '"isEmpty"'}
blueprint: '"b"'
team:
  combinator: '"or"'
  rules:
    - {property: '"mail"', operator: '"="', value: .owner}
relations:
  service:
    combinator: or
    rules:
      - combinator: AND
        rules: [{property: '"name"', operator: '"="', value: .name}]
  plain: .slug
"#,
    );
    assert!(mapping.invalid.is_empty(), "{:?}", mapping.invalid);
    insta::assert_json_snapshot!(entities(&mapping, &json!({ "slug": "web", "owner": "jo@example.com" })));
}

#[rstest]
#[case::combinator("identifier: {combinator: nor, rules: []}", "`identifier.combinator` must be `and` or `or`")]
#[case::rules("identifier: {combinator: and, rules: 5}", "`identifier.rules` is a number; it must be a list")]
#[case::operator("identifier: {combinator: and, rules: [{property: .a}]}", "operator` is missing")]
#[case::none("identifier: {combinator: and}", "`identifier.rules` is missing")]
#[case::property(
    "identifier: .a\nproperties: {p: {nested: .x}}",
    "`properties.p` is a map; it must be a jq expression"
)]
#[case::list("identifier: .a\nproperties: {p: [.x]}", "`properties.p` is a list; it must be a jq expression")]
#[case::syntax("identifier: .a |", "`identifier` does not compile")]
fn a_broken_resource_is_set_aside_with_its_blueprint(#[case] broken: &str, #[case] reason: &str) {
    let mapping = with_entity(&format!("{broken}\nblueprint: '\"b\"'"));
    assert!(mapping.resources.is_empty());
    let invalid = &mapping.invalid[0];
    assert!(invalid.reason.contains(reason), "{}", invalid.reason);
    assert!(invalid.position.line >= 7, "{:?}", invalid.position);
    assert_eq!(invalid.blueprints, FedBlueprints::Literal(vec!["b".to_owned()]));
}

#[test]
fn a_broken_resource_with_a_computed_blueprint_could_feed_any() {
    let mapping = with_entity("identifier: .a |\nblueprint: .kind");
    assert_eq!(mapping.invalid[0].blueprints, FedBlueprints::Unknown);
}

#[test]
fn the_rest_runs_beside_a_broken_resource() {
    let text = "resources:\n  - {kind: project}\n  - kind: repository\n    selector: {query: 'true'}\n    \
                port: {entity: {mappings: {identifier: .slug, blueprint: '\"b\"'}}}\n";
    let mapping = compiled(text);
    assert_eq!((mapping.invalid.len(), mapping.resources.len()), (1, 1));
    assert_eq!((mapping.invalid[0].index, mapping.invalid[0].position.line), (0, 2));
    assert_eq!(entities(&mapping, &json!({ "slug": "web" }))[0]["identifier"], "web");
}

#[test]
fn each_of_several_mappings_gives_an_entity() {
    let mapping = with_port(
        "
entity:
  mappings:
    - {identifier: .slug, blueprint: '\"service\"'}
    - {identifier: .missing, blueprint: '\"never\"'}
    - {identifier: .slug + \"-code\", blueprint: '\"code\"'}
",
    );
    assert_eq!(
        mapping.resources[0].blueprints,
        FedBlueprints::Literal(vec!["service".to_owned(), "never".to_owned(), "code".to_owned()])
    );
    let trial = trial(&mapping, &json!({ "slug": "web" }));
    let names: Vec<(&Value, &str)> =
        trial.entities.iter().map(|entity| (&entity.identifier, entity.blueprint.as_str())).collect();
    assert_eq!(names, [(&json!("web"), "service"), (&json!("web-code"), "code")]);
    assert!(trial.remarks.contains(&Remark::Skipped("the identifier is empty")), "{:?}", trial.remarks);
}

#[rstest]
#[case::plain(".links", "", json!({ "slug": "web", "item": 1 }))]
#[case::filtered(".links | map(select(. > 0))", "", json!({ "slug": "web", "item": 1 }))]
#[case::kept(".links", "itemsToParseTopLevelTransform: false", json!({ "slug": "web", "links": [1], "item": 1 }))]
#[case::named(".links", "itemsToParseName: link", json!({ "slug": "web", "link": 1 }))]
#[case::computed("[.links[] | select(. > 0)]", "", json!({ "slug": "web", "links": [1], "item": 1 }))]
fn items_are_put_into_their_object(#[case] items: &str, #[case] further: &str, #[case] expected: Value) {
    let entity = "entity: {mappings: {identifier: .slug, blueprint: '\"b\"', properties: {whole: .}}}";
    let mapping = with_port(&format!("itemsToParse: '{items}'\n{further}\n{entity}"));
    let found = entities(&mapping, &json!({ "slug": "web", "links": [1] }));
    assert_eq!(found[0]["properties"]["whole"], expected);
}

#[test]
fn without_a_list_of_items_an_object_is_left_out() {
    let mapping = with_port("itemsToParse: .links\nentity: {mappings: {identifier: .item, blueprint: '\"b\"'}}");
    for object in [json!({ "links": 5 }), json!({})] {
        assert_eq!(trial(&mapping, &object).remarks, [Remark::Skipped("`itemsToParse` gives no list")]);
    }
    assert_eq!(entities(&mapping, &json!({ "links": ["a", "b"] })).as_array().map(Vec::len), Some(2));
}

#[test]
fn scalars_are_programs() {
    let mapping = with_entity(
        "identifier: .slug\nblueprint: '\"b\"'\nicon: 5\nproperties: {five: 5, half: 1.5, yes: true, word: \"'x'\"}",
    );
    let found = entities(&mapping, &json!({ "slug": "web" }));
    assert_eq!(found[0]["properties"], json!({ "five": 5, "half": 1.5, "yes": true, "word": "x" }));
    assert_eq!(found[0]["icon"], "5");
}

#[rstest]
#[case(json!(null))]
#[case(json!(""))]
#[case(json!(0))]
#[case(json!(false))]
#[case(json!([]))]
#[case(json!({}))]
fn without_identifier_or_blueprint_there_is_no_entity(#[case] empty: Value) {
    let object = json!({ "slug": empty, "name": "web" });
    let identifier = with_entity("identifier: .slug\nblueprint: '\"b\"'");
    assert_eq!(trial(&identifier, &object).remarks[0], Remark::Skipped("the identifier is empty"));
    let blueprint = with_entity("identifier: .name\nblueprint: .slug");
    assert_eq!(trial(&blueprint, &object).remarks[0], Remark::Skipped("the blueprint is empty"));
}

#[rstest]
#[case(".archived")]
#[case(".slug")]
#[case("empty")]
#[case("1")]
#[case("error")]
fn a_selector_that_gives_no_boolean_fails_its_object(#[case] query: &str) {
    let text = format!(
        "resources:\n  - kind: repository\n    selector: {{query: '{query}'}}\n    \
         port: {{entity: {{mappings: {{identifier: .slug, blueprint: '\"b\"'}}}}}}\n"
    );
    let trial = trial(&compiled(&text), &json!({ "slug": "web" }));
    assert!(matches!(trial.remarks[..], [Remark::Failed(_)]), "{:?}", trial.remarks);
}

#[test]
fn nulls_are_named_by_their_path_and_sent() {
    let mapping = with_entity(
        "identifier: .slug\nblueprint: '\"b\"'\ntitle: .name\nproperties: {a: .x.y, b: error, c: .slug}\n\
         relations: {r: .x}",
    );
    let trial = trial(&mapping, &json!({ "slug": "web" }));
    let nulls: Vec<String> = trial.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(nulls, ["`title` is null", "`properties.a` is null", "`properties.b` is null", "`relations.r` is null"]);
    assert_eq!(
        serde_json::to_string(&trial.entities[0]).unwrap(),
        r#"{"identifier":"web","blueprint":"b","title":null,"properties":{"a":null,"b":null,"c":"web"},"relations":{"r":null}}"#
    );
}

#[rstest]
#[case("icon: '[1]'")]
#[case("team: 'true'")]
fn a_section_of_the_wrong_type_fails_its_object_alone(#[case] section: &str) {
    let mapping = with_entity(&format!("identifier: .slug\nblueprint: '\"b\"'\n{section}"));
    let trial = trial(&mapping, &json!({ "slug": "web" }));
    assert!(matches!(trial.remarks[..], [Remark::Failed(_)]), "{:?}", trial.remarks);
}

#[test]
fn what_could_not_be_fetched_is_left_out_or_fails_the_object() {
    let missing = [vec!["__includedFiles".to_owned(), "README.md".to_owned()]];
    let map = |mapping: &Mapping| {
        let input = Input::parse(r#"{"slug": "web"}"#, &mapping.limits).unwrap();
        mapping.resources[0].map_without(input, &missing).outcomes.remove(0)
    };
    let property = with_entity(
        "identifier: .slug\nblueprint: '\"b\"'\nproperties: {readme: '.__includedFiles[\"README.md\"]', slug: .slug}",
    );
    let Outcome::Entity(entity) = map(&property) else { panic!("no entity") };
    assert_eq!(Value::Object(entity.properties.unwrap()), json!({ "slug": "web" }));
    let identifier = with_entity("identifier: '.__includedFiles[\"README.md\"]'\nblueprint: '\"b\"'");
    assert!(matches!(map(&identifier), Outcome::Failed(_)));
}

#[test]
fn settings_of_the_document_are_read_as_written() {
    let flags = |text: &str| Document::parse(text).map(|document| document.flags);
    let given = flags("deleteDependentEntities: false\nenableMergeEntity: 'False'\nentityDeletionThreshold: '0.25'\n");
    let given = given.unwrap();
    assert!(!given.delete_dependent_entities && !given.enable_merge_entity && given.create_missing_related_entities);
    assert!((given.entity_deletion_threshold - 0.25).abs() < f64::EPSILON);
    for wrong in ["entityDeletionThreshold: 2", "enableMergeEntity: perhaps", "entityDeletionThreshold: [1]"] {
        assert!(matches!(flags(wrong), Err(MappingError::Flag { .. })), "{wrong}");
    }
}

#[test]
fn every_expression_is_explained_with_value_or_failure() {
    let mapping = with_port(
        r#"
itemsToParse: .links
entity:
  mappings:
    identifier: .item.name
    blueprint: .kind
    team: {combinator: and, rules: [{property: '"a"', operator: '"="', value: .x.y}]}
    properties: {broken: ".a |", wrong: .slug.x, nothing: empty}
"#,
    );
    let object = r#"{"slug": "web", "kind": "service", "links": [{"name": "one"}]}"#;
    let input = Input::parse(object, &mapping.limits).unwrap();
    insta::assert_json_snapshot!(mapping.resources[0].explain(&input));
}
