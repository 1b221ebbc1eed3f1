//! What libjq 1.8.2 does not compile: where the mistake is shown and what remedy is named, and valid neighbours.

use bitbucket_port_jq::{CompileError, Compiler, Environment, Limits};

fn compile(source: &str) -> Result<(), CompileError> {
    Compiler::new(Limits::default(), Environment::empty()).compile(source).map(|_| ())
}

/// Expression, column of the mistake, and what the message must speak of.
const REFUSED: &[(&str, usize, &str)] = &[
    (".a?//1", 3, "`? //`"),
    (".a[]?// $x", 5, "`? //`"),
    (".a??//1", 4, "`? //`"),
    (".a?//=1", 3, "`? //`"),
    ("\"\\(.a?//1)\"", 6, "`? //`"),
    ("1 as $x ?//$y | .a?//1", 19, "`? //`"),
    (". as {(.a?//1): $x} | 1", 10, "`? //`"),
    ("1 == 1 == 1", 8, "do not chain"),
    ("1 < 2 == true", 7, "do not chain"),
    ("1==1+1==2", 7, "do not chain"),
    ("1 == if 1 == 1 then 2 else 3 end == 2", 34, "do not chain"),
    ("\"\\ud83d\\ude00\" == [1 != 2 != 3]", 27, "do not chain"),
    ("1 < reduce . as [$x] ?// $x (0; 1) < 2", 36, "do not chain"),
    (".a = 1 = 2", 8, "join them with `|`"),
    (".a = .b //= 1", 9, "join them with `|`"),
    (".a = 1 and .b |= 2", 15, "join them with `|`"),
    ("1 + def f: 2; f", 5, "in brackets"),
    (".a // def f: 2; f", 7, "in brackets"),
    ("try def f: 2; f", 5, "in brackets"),
    ("{a: def f: 2; f}", 5, "in brackets"),
    ("{a: 1 | def f: 2; f}", 9, "in brackets"),
    ("{a: . as $x | $x}", 7, "in brackets"),
    ("{a: 1, b: label $x | 1}", 11, "in brackets"),
    ("1 < label $x | 2", 5, "in brackets"),
    ("reduce 1 == 2 == 3 as $x (0; 1)", 15, "do not chain"),
    ("{(1): 2}", 3, "not a number"),
    ("{a: 1, (null): 2}", 9, "not null"),
    ("{ ( .5 + 1 ): 2}", 5, "not a number"),
    ("{\"a\": [{(1 < 2): 2}]}", 10, "not a boolean"),
    ("{([\"a\", [\"b\"]]): 1}", 3, "not an array"),
    ("{({a: 1}): 1}", 3, "not an object"),
    ("{(.a | tostring): 1, (def f: 1; 2 | .): 2}", 23, "not a number"),
    ("{(\"a\" * 2 == \"aa\"): 2}", 3, "not a boolean"),
    ("{a: 1, $__loc__: 2}", 16, "takes no value"),
    (". as {(1): $x} | $x", 8, "not a number"),
    ("\"\\ud83d\"", 2, "other half"),
    ("\"a\\ud83d\\ud83d\"", 3, "other half"),
    (".[\"\\ud83da\"]", 4, "other half"),
];

#[test]
fn what_libjq_does_not_compile_is_refused_where_it_stands() {
    for (source, expected, remedy) in REFUSED {
        let Err(CompileError::Syntax { column, message, .. }) = compile(source) else {
            panic!("{source}: it compiles, or is refused for another reason");
        };
        assert_eq!(column, *expected, "{source}: {message}");
        assert!(message.contains(remedy), "{source}: {message}");
    }
}

#[test]
fn patterns_and_folds_take_no_more_than_in_jq() {
    for source in [
        "reduce 1, 2 as $x (0; 1)",
        "reduce 1 | 2 as $x (0; 1)",
        "1 as [$a] ? // $a | $a",
        "1 as $a? | $a",
        "reduce . as $x? (0; 1)",
    ] {
        assert!(compile(source).is_err(), "{source}");
    }
}

#[test]
fn what_libjq_compiles_is_taken() {
    for source in [
        ".a? // 1",
        ".a? //1",
        ".a? # default\n//1",
        ".a?\n//= 1",
        "\"?//\" # .a?//1",
        "1 as [$a] ?// $a | $a",
        "1 as [$a]?//$a | $a",
        ". as {as: $x} ?// [$x, {def: $x}]?//$x | $x",
        "reduce .[]? as [$a] ?// $a (0; 1)",
        "{a: foreach . as [$x] ?// $x (0; 1) | 2}",
        "(1 == 1) == 1",
        "1 == (1 == 1)",
        ".a == .b and .c == .d",
        "-1 == 1",
        "1 == 1, 1 == 1 | 1 == 1 // 1 == 1",
        "1 == 2 = (3 == 4)",
        "if 1 == 1 then 1 == 1 elif 1 == 2 then 2 else 3 == 3 end == 4",
        "{if: 1 == 1, end: 1 == 1, and: 1, label, as, def, reduce: 1 == 2}",
        "def f: 1 == 1; 1 == 1",
        "1 == . as $x | $x == 1",
        ".a = 1 | .b = 2",
        ".a = 1 // .b = 2",
        ".a = (.b = 2)",
        ".a = . as $x | .b = 2",
        ".a = if .b = 1 then 1 else 2 end",
        "def f: 2; 1 + f",
        "1 + (def f: 2; f)",
        "1, def f: 2; f",
        "1 | def f: 2; f",
        "[def f: def g: 1; g; f]",
        "if def f: 1; f then def f: 1; f else def f: 1; f end",
        "{a: if . then def f: 1; f else . as $x | label $y | 1 end}",
        "{a: reduce if . then . as $x | $x else . end as $y (0; 1)}",
        "{(\"a\"): 2}",
        "{(\"a\" + \"b\"): 2, (null + \"c\"): 1}",
        "{(1 | tostring): 2}",
        "{(-1): 1}",
        "{(1, 2): 1}",
        "{(1 / 0): 1}",
        "{(1 % 0.5): 1}",
        "{([.]): 1}",
        "{([1, (2, 3)]): 1}",
        "{(\"a\" * 0): 1}",
        "{([1][0]): 1}",
        "\"\\ude00\"",
        "\"\\ud83d\\ude00\"",
        "\"\\\\ud83d\"",
    ] {
        assert_eq!(compile(source), Ok(()), "{source}");
    }
}
