//! The corpus of expressions from real mappings, where it is present beside the checkout.

use std::collections::HashMap;
use std::path::Path;

use bitbucket_port_jq::{Compiler, Environment, Input, Limits};
use serde_json::Value;

/// Equality as Port sees it: numbers by value.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right
                || left
                    .as_f64()
                    .zip(right.as_f64())
                    .is_some_and(|(a, b)| a.total_cmp(&b).is_eq() || (a - b).abs() == 0.0)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same(a, b))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        (left, right) => left == right,
    }
}

/// Expressions whose result is known to differ; `docs/jq.md` gives the reasons.
const KNOWN: usize = 11;

#[test]
fn what_port_sees_is_what_libjq_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/jq");
    let Ok(expressions) = std::fs::read_to_string(folder.join("expressions.jsonl")) else {
        println!("skipped: the corpus is not present");
        return;
    };
    let inputs: HashMap<String, String> = std::fs::read_to_string(folder.join("inputs.jsonl"))
        .expect("the inputs of the corpus")
        .lines()
        .map(|line| {
            let entry: Value = serde_json::from_str(line).expect("a line of the inputs");
            let text = |key: &str| entry[key].as_str().expect("text").to_owned();
            (text("ref"), text("input"))
        })
        .collect();
    let limits = Limits::default();
    let compiler = Compiler::new(limits, Environment::empty());
    let (mut differing, mut uncompiled, mut cases, mut total) = (vec![], vec![], 0_usize, 0_usize);
    for line in expressions.lines() {
        let entry: Value = serde_json::from_str(line).expect("a line of the corpus");
        let text = entry["expr"].as_str().expect("an expression");
        total += 1;
        let program = match compiler.compile(text) {
            Ok(program) => program,
            Err(error) => {
                if entry.get("compile_error").is_none_or(|error| error.is_null() || *error == Value::Bool(false)) {
                    uncompiled.push(format!("{text}: {error}"));
                }
                continue;
            }
        };
        for case in entry["cases"].as_array().into_iter().flatten() {
            cases += 1;
            let input = case
                .get("input")
                .and_then(Value::as_str)
                .map_or_else(|| inputs[case["input_ref"].as_str().expect("a reference")].clone(), str::to_owned);
            let expected = case["outputs"]
                .as_array()
                .and_then(|outputs| outputs.first())
                .map_or(Value::Null, |first| serde_json::from_str(first.as_str().expect("text")).expect("an output"));
            let input = Input::parse(&input, &limits).expect("an input");
            let found = program.first(&input).ok().flatten().map_or(Value::Null, bitbucket_port_jq::Output::into_json);
            if !same(&found, &expected) {
                differing.push(format!("{text}\n    expected {expected}\n    found    {found}"));
                break;
            }
        }
    }
    println!("{total} expressions, {cases} cases, {} differ, {} do not compile", differing.len(), uncompiled.len());
    assert!(uncompiled.is_empty(), "{} do not compile:\n{}", uncompiled.len(), uncompiled.join("\n"));
    assert!(differing.len() <= KNOWN, "{} differ:\n{}", differing.len(), differing.join("\n"));
}
