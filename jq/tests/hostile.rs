//! Expressions and inputs that mean harm: each ends in an ordinary error or a value, and the process lives.
//!
//! No test looks at a clock, as machines differ: the work is bounded by counting, so the deadline must never be what ends
//! an expression. `cargo run --release -p bitbucket-port-jq --example hostile` shows the times.

use std::time::Duration;

use bitbucket_port_jq::{Compiler, Environment, EvalError, Input, Limits};

#[path = "hostile/cases.rs"]
mod cases;

/// A tenth of the default steps and memory, and a deadline that no case comes near even in a debug build.
fn counted() -> Limits {
    Limits { deadline: Duration::from_secs(30), steps: 500_000, allocated_bytes: 24 << 20, ..Limits::default() }
}

#[test]
fn every_hostile_expression_ends() {
    let limits = Limits { deadline: Duration::from_millis(100), ..counted() };
    let compiler = Compiler::new(limits, Environment::empty());
    let input = Input::parse(cases::INPUT, &limits).expect("an input");
    for source in cases::CASES {
        let ended = compiler.compile(source).map(|program| {
            program.first(&input).map(|output| output.map(|output| output.into_json().to_string().len()))
        });
        println!("{source}  {}", format!("{ended:?}").chars().take(100).collect::<String>());
    }
    assert!(cases::CASES.len() >= 60);
}

#[test]
fn each_limit_is_reached_as_an_error_of_its_own() {
    let limits = counted();
    let ended = |limits: Limits, source: &str| {
        let program = Compiler::new(limits, Environment::empty()).compile(source).expect("an expression");
        let input = Input::parse("null", &limits).expect("an input");
        program.first(&input).map(|output| output.map(bitbucket_port_jq::Output::into_json))
    };
    for source in ["last(range(1e18))", "try last(range(1e18)) catch 1"] {
        assert_eq!(ended(limits, source), Err(EvalError::Steps(limits.steps)), "{source}");
    }
    for source in ["[\"x\" * 1e12]", "\"x\" * 1e12 // 1", "[.[1e8] = 1]", "(\"x\" * 1e12)?"] {
        assert_eq!(ended(limits, source), Err(EvalError::Memory(limits.allocated_bytes)), "{source}");
    }
    for source in ["def f: 1 + f; f", "def f: [f]; f", "try (def f: 1 + f; f) catch 1"] {
        assert_eq!(ended(limits, source), Err(EvalError::Stack), "{source}");
    }
    assert!(matches!(ended(limits, "last(limit(1e5; recurse([.])))"), Err(EvalError::Depth(_))));
    let hasty = Limits { deadline: Duration::from_millis(1), steps: u64::MAX, ..limits };
    assert_eq!(ended(hasty, "last(range(1e18))"), Err(EvalError::Deadline(hasty.deadline)));
}

#[test]
fn hostile_sources_are_refused_or_compiled() {
    let compiler = Compiler::new(Limits::default(), Environment::empty());
    let nested = |open: &str, close: &str, times| format!("{}1{}", open.repeat(times), close.repeat(times));
    for source in [
        nested("(", ")", 10_000),
        nested("[", "]", 10_000),
        nested("{a:", "}", 10_000),
        nested("\"\\(", ")\"", 5_000),
        nested("if true then ", " else 1 end", 5_000),
        nested("try ", "", 20_000),
        nested("-", "", 30_000),
        "1".to_owned() + &"|1".repeat(30_000),
        "1".to_owned() + &"+1".repeat(30_000),
        ".".repeat(60_000),
        ".a".repeat(30_000),
        ".[0]".repeat(15_000),
        "def f: 1; ".repeat(5_000) + "f",
        "reduce . as $x (0; ".repeat(3_000),
        "\"".repeat(9_999),
        "#".repeat(60_000),
        "$__prog_args".to_owned(),
        "x".repeat(1_000_000),
        format!("\"{}\"", "x".repeat(1_000_000)),
        "1,".repeat(500_000) + "1",
        ". // ".repeat(10_000) + "1",
        ". as [$a] ?// ".repeat(4_000) + "$a | 1",
        ". as [$a] ?// $a | ".repeat(60) + "1",
        "label $f | ".repeat(5_000) + "break $f",
        "def f(g): ".repeat(3_000) + "1",
        "def f(a;b): a; f(".repeat(2_000) + "1",
        "if . then 1 el".repeat(4_000),
        "\"\\(".repeat(10_000),
        "{a:".repeat(200) + "1" + &"}".repeat(200),
        "{".to_owned() + &"a:1,".repeat(15_000) + "b:2}",
        "[".to_owned() + &"1,".repeat(30_000) + "1]",
        ".a|=".repeat(10_000) + "1",
        "@json \"x\" | ".repeat(4_000) + ".",
        "?".repeat(60_000),
        ".".to_owned() + &"?".repeat(60_000),
        ".".to_owned() + &"[]".repeat(30_000),
        "..".repeat(30_000),
        "reduce . as [[[[$a]]]] ?// $a (0; 1) | ".repeat(1_000) + "1",
    ] {
        let is_valid = compiler.compile(&source).is_ok();
        println!("{is_valid} {}…", source.chars().take(20).collect::<String>());
    }
}

#[test]
fn nesting_bombs_in_inputs_are_refused() {
    let limits = Limits::default();
    for bomb in
        ["[".repeat(1_000_000), "{\"a\":".repeat(200_000), format!("{}{}", "[".repeat(5_000), "]".repeat(5_000))]
    {
        assert!(Input::parse(&bomb, &limits).is_err());
    }
}
