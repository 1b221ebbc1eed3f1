//! An expression and an input, separated by a line break: whatever they are, the process lives and soon goes on.
#![no_main]

use std::time::Duration;

use bitbucket_port_jq::{Compiler, Environment, Input, Limits, Output};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let limits = Limits { deadline: Duration::from_millis(100), steps: 100_000, allocated_bytes: 16 << 20, ..Limits::default() };
    let (expression, input) = text.split_once('\n').unwrap_or((text, "null"));
    let Ok(program) = Compiler::new(limits, Environment::empty()).compile(expression) else { return };
    let Ok(input) = Input::parse(input, &limits) else { return };
    if let Ok(Some(output)) = program.first(&input) {
        let json = Output::into_json(output);
        assert!(is_document(&json.to_string()), "the output is JSON");
    }
});

/// Whether a text is a document that can be an input again.
fn is_document(text: &str) -> bool {
    Input::parse(text, &Limits { input_depth: 900, ..Limits::default() }).is_ok()
}
