//! What Port would see of expressions, for comparison with another engine.
//!
//! Reads lines `["expression", "input as JSON text"]` and writes a line for each: `{"value": …}`, `{"error": …}`,
//! `{"refused": …}` if the expression does not compile, or `{}` if there is no output.
//! `cargo run --release -p bitbucket-port-jq --example evaluate < cases.jsonl`

use std::io::{BufRead as _, Write as _};

use bitbucket_port_jq::{Compiler, Environment, Input, Limits, Output};
use serde_json::{Value, json};

fn evaluate(compiler: &Compiler, source: &str, input: &str) -> Value {
    let program = match compiler.compile(source) {
        Ok(program) => program,
        Err(error) => return json!({"refused": error.to_string()}),
    };
    let input = match Input::parse(input, compiler.limits()) {
        Ok(input) => input,
        Err(error) => return json!({"error": error.to_string()}),
    };
    match program.first(&input).map(|output| output.map(Output::into_json)) {
        Ok(Some(value)) => json!({"value": value}),
        Ok(None) => json!({}),
        Err(error) => json!({"error": error.to_string()}),
    }
}

fn main() {
    let compiler = Compiler::new(Limits::default(), Environment::new(std::env::vars(), std::iter::empty::<&str>()));
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("text");
        let (source, input): (String, String) = serde_json::from_str(&line).expect("an expression and an input");
        writeln!(output, "{}", evaluate(&compiler, &source, &input)).expect("a line");
    }
}
