//! Expressions and inputs that mean harm: each ends soon, in an ordinary error or a value, and the process lives.

use std::time::{Duration, Instant};

use bitbucket_port_jq::{Compiler, Environment, Input, Limits};

/// Bound for one case, generous for a debug build on a busy machine.
const BOUND: Duration = Duration::from_secs(10);

const CASES: &[&str] = &[
    "def f: f; f",
    "def f: 1 + f; f",
    "def f: f | f; f",
    "def f: [f]; f",
    "def f(g): f(g | g); f(.)",
    "def f: def g: f; g; f",
    "[repeat(1)]",
    "[repeat(.)] | length",
    "last(range(1e11))",
    "[range(1e11)]",
    "[range(0; infinite)]",
    "[range(0; 1; 0)]",
    "range(1e18) | select(. < 0)",
    "[limit(1e12; repeat(1))]",
    "reduce range(1e11) as $i (0; . + $i)",
    "reduce repeat(1) as $i (\"\"; . + \"x\")",
    "foreach range(1e11) as $i (0; . + 1; empty)",
    "[foreach repeat(1) as $i ([]; . + [1])]",
    "until(false; . + 1)",
    "last(while(true; .))",
    "[recurse([.])]",
    "[recurse(.; true)] | length",
    "last(recurse(. + 1))",
    "\"x\" * 8000000000",
    "\"x\" * 1e18",
    "[\"x\" * 1000000 | explode | implode] | length",
    "\"x\" * 100000000 | explode",
    "[range(1000000)] | map(\"x\" * 10000) | add",
    "[range(300000)] | combinations(3)",
    "[[range(1000)], [range(1000)], [range(1000)]] | [combinations]",
    "[range(100)] | [combinations(20)] | length",
    "[\"a\" * 1000000, \"b\" * 1000000] | join(\"c\" * 1000000)",
    "[range(1000000)] | join(\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\")",
    "reduce range(60) as $i (\"x\"; . + .) | length",
    "reduce range(60) as $i ([1]; . + .) | length",
    "reduce range(60) as $i ([1]; [., .]) | tojson",
    "reduce range(100000) as $i (1; [.]) | tojson",
    "reduce range(1000000) as $i (null; {a: .}) | tostring",
    "reduce range(1000000) as $i (null; [.]) | flatten",
    "reduce range(100000) as $i (1; [.]) | . == .",
    "[limit(100000; repeat(1))] | map([limit(1000; repeat(1))])",
    "\"a\" * 50000 | test(\"(a+)+$b\")",
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\" | test(\"^(a|aa)+$\")",
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\" | test(\"^(a|a?)+$\")",
    "\"x\" * 100000 | [match(\"x*?x*?x*?y\"; \"g\")]",
    "\"x\" * 1000000 | gsub(\"\"; \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\")",
    "\"x\" | test(\"((((((((((a{1,100}){1,100}){1,100}){1,100}){1,100}){1,100})))))\")",
    "\"x\" | test(\"(\" * 100000)",
    "\"a,\" * 3000000 | split(\",\")",
    "\"a\" * 3000000 | [splits(\"\")]",
    "[range(1000000)] | sort_by(-.) | group_by(. % 7) | length",
    "[range(3000000)] | unique | reverse | tojson | fromjson",
    "halt",
    "halt_error",
    "\"bye\" | halt_error(7)",
    "input",
    "[inputs]",
    "debug",
    "stderr",
    "import \"a\" as a; 1",
    "include \"a\"; 1",
    "$__loc__",
    "env.PATH",
    "$ENV.PATH",
    "input_filename",
    "get_search_list",
    "\"[\" * 200000 | fromjson",
    "\"1\" * 10000000 | tonumber",
    "1e1000000000 | tostring",
    "pow(10; 1e9) | tojson",
    "[limit(10; repeat([limit(100000; repeat(1))]))] | flatten | length",
    "label $f | def g: g, break $f; g",
    "try error(\"x\" * 100000000) catch length",
    "[paths] | length",
    "to_entries | from_entries | walk(.)",
    "getpath([range(100000)])",
    "setpath([range(100000)]; 1)",
    "setpath([1e9]; 1)",
    ".[1e9] = 1",
    "[] | .[100000000] = 1 | length",
    "ltrimstr(\"x\") | ascii_downcase | @base64 | @uri | @sh",
    "[range(100000)] | @csv | length",
    "[range(100000)] | tojson | @json | @json | @json | length",
    "now | strftime(\"%Y\" * 1000000)",
    "\"x\" * 1000000 | strptime(\"%Y\" * 100000)",
    "splits(\"a\"; \"q\")",
    "limit(-1; 1)",
    "ascii(1e18)",
    "[1e18] | implode",
    "[-1, 1114112, 55296] | implode",
    "@base64d",
    "\"\\u0000\" * 1000 | @html",
    "tojson | tojson | tojson | tojson | length",
];

#[test]
fn every_hostile_expression_ends() {
    let limits = Limits::default();
    let compiler = Compiler::new(limits, Environment::empty());
    let input = Input::parse(r#"{"a": [1, 2, {"b": null}], "c": "text"}"#, &limits).expect("an input");
    for source in CASES {
        let began = Instant::now();
        let ended = compiler.compile(source).map(|program| {
            program.first(&input).map(|output| output.map(|output| output.into_json().to_string().len()))
        });
        let took = began.elapsed();
        println!("{took:>10.1?}  {source}  {}", format!("{ended:?}").chars().take(100).collect::<String>());
        assert!(took < BOUND, "{source} took {took:?}");
    }
    assert!(CASES.len() >= 60);
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
    ] {
        let began = Instant::now();
        let is_valid = compiler.compile(&source).is_ok();
        println!("{:>10.1?} {is_valid} {}…", began.elapsed(), source.chars().take(20).collect::<String>());
        assert!(began.elapsed() < BOUND);
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
