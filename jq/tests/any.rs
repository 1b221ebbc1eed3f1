//! Expressions and inputs put together at random: each is compiled or refused, and ends in a value or an error.

use std::time::Duration;

use bitbucket_port_jq::{Compiler, Environment, Input, Limits, Output};
use proptest::prelude::*;

/// Pieces that make expressions when joined by chance.
const PIECES: &[&str] = &[
    ".",
    ".a",
    ".[]",
    "..",
    "?",
    "//",
    "|",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ";",
    "\"",
    "\\(",
    "\"x\"",
    "1",
    "1e400",
    "null",
    "true",
    "as $x",
    "$x",
    "$ENV",
    "if",
    "then",
    "else",
    "end",
    "try",
    "catch",
    "reduce",
    "foreach",
    "def f:",
    "f",
    "label $l",
    "break $l",
    "|=",
    "+=",
    "=",
    "==",
    "and",
    "not",
    "map(",
    "select(",
    "range(",
    "repeat(",
    "recurse",
    "limit(3;",
    "first(",
    "test(",
    "gsub(",
    "split(",
    "tojson",
    "fromjson",
    "explode",
    "implode",
    "add",
    "sort",
    "group_by(",
    "to_entries",
    "from_entries",
    "getpath(",
    "paths",
    "del(",
    "@base64",
    "@csv",
    "strftime(",
    "?//",
    "'",
    " ",
    "\n",
    "#",
    "error",
    "walk(",
    "tostream",
    "splits(",
    "ltrimstr(",
    "env",
    "input",
    "halt",
    "\u{e9}",
    "\u{1f600}",
];

fn limits() -> Limits {
    Limits { deadline: Duration::from_millis(200), steps: 200_000, allocated_bytes: 32 << 20, ..Limits::default() }
}

fn evaluate(source: &str, input: &str) -> Result<(), TestCaseError> {
    let limits = limits();
    let (Ok(program), Ok(input)) =
        (Compiler::new(limits, Environment::empty()).compile(source), Input::parse(input, &limits))
    else {
        return Ok(());
    };
    if let Ok(Some(output)) = program.first(&input) {
        let text = Output::into_json(output).to_string();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
    }
    Ok(())
}

proptest! {
    #[test]
    fn pieces_of_expressions(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14)) {
        evaluate(&pieces.join(" "), r#"{"a": [1, "x", {"b": null}], "c": 1.50}"#)?;
    }

    #[test]
    fn any_text(source in ".{0,40}", input in "[\\[\\]{}\":,0-9a-z .eE+-]{0,30}") {
        evaluate(&source, &input)?;
    }
}
