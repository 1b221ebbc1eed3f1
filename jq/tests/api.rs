//! The interface as the mapping uses it.

use bitbucket_port_jq::{Compiler, Environment, Input, Limits, Output, Program};
use serde_json::json;

fn compile(source: &str) -> Program {
    Compiler::new(Limits::default(), Environment::empty()).compile(source).expect("a valid expression")
}

fn parse(text: &str) -> Input {
    Input::parse(text, &Limits::default()).expect("a valid input")
}

#[test]
fn the_first_output_counts() {
    let input = parse(r#"{"id": 7, "tags": ["a", "b"]}"#);
    let first = |source| compile(source).first(&input).map(|output| output.map(Output::into_json));
    assert_eq!(first(".tags[]"), Ok(Some(json!("a"))));
    assert_eq!(first("empty"), Ok(None));
    assert!(first(".tags.x").is_err());
}

#[test]
fn keys_are_added_to_an_input() {
    let mut input = parse(r#"{"id": 7}"#);
    input.insert("item", Output::from_json(&json!({"name": "x"}))).expect("an object");
    let output = compile(".item.name").first(&input).expect("a value").expect("an output");
    assert_eq!(output.as_str(), Some("x"));
}

#[test]
fn constants_are_known_without_an_input() {
    assert_eq!(compile("'bitbucketProject'").literal(), Some(json!("bitbucketProject")));
    assert_eq!(compile(".id").literal(), None);
}

#[test]
fn programs_are_shared_by_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Program>();
    shared::<Input>();
    shared::<Output>();
}
