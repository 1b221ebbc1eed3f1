//! Expressions that need no engine: constants, and paths of keys and positions such as `.author.display_name`. Most
//! expressions of a mapping are one of these.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::{Opt, Part};

use crate::value::{Error, Number, Value, entry};

/// How to evaluate an expression without the engine. The result is that of the engine.
#[derive(Debug)]
pub(crate) enum Shortcut {
    /// Always the same output.
    Constant(Value),
    /// What stands at a path of the input.
    Path(Vec<Key>),
}

/// A step into an object or an array.
#[derive(Debug)]
pub(crate) struct Key {
    key: Value,
    /// Where the step is not possible there is no output, instead of an error.
    optional: bool,
}

impl Shortcut {
    /// The shortcut of a parsed path.
    pub(crate) fn of(term: &Term<&str>) -> Option<Self> {
        let mut keys = Vec::new();
        collect(term, &mut keys)?;
        Some(Self::Path(keys))
    }

    /// The output for an input, if there is one.
    pub(crate) fn take<'v>(&'v self, input: &'v Value) -> Result<Option<&'v Value>, Error> {
        let keys = match self {
            Self::Constant(value) => return Ok(Some(value)),
            Self::Path(keys) => keys,
        };
        let mut at = input;
        for Key { key, optional } in keys {
            at = match entry(at, key) {
                Ok(value) => value,
                Err(_) if *optional => return Ok(None),
                Err(error) => return Err(error),
            };
        }
        Ok(Some(at))
    }
}

/// Adds the keys of a path. `None` if the term is anything else.
fn collect(term: &Term<&str>, keys: &mut Vec<Key>) -> Option<()> {
    match term {
        Term::Id => Some(()),
        Term::BinOp(left, BinaryOp::Pipe(None), right) => {
            collect(left, keys)?;
            collect(right, keys)
        }
        Term::Path(head, parts) => {
            collect(head, keys)?;
            for (part, optional) in &parts.0 {
                let Part::Index(index) = part else { return None };
                keys.push(Key { key: constant(index)?, optional: matches!(optional, Opt::Optional) });
            }
            Some(())
        }
        _ => None,
    }
}

fn constant(index: &Term<&str>) -> Option<Value> {
    match index {
        Term::Num(number) => Some(Value::Number(Number::from_literal(number))),
        Term::Str(None, parts) => match parts.as_slice() {
            [StrPart::Str(text)] => Some(Value::text(text)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Compiler, Environment, Input, Limits};

    #[test]
    fn the_engine_gives_the_same() {
        let limits = Limits::default();
        let compiler = Compiler::new(limits, Environment::empty());
        let deep = format!(".a{}", ".b".repeat(200));
        for source in [
            ".",
            ".a",
            ".a.b",
            ".a?.b?",
            ".a|.b|.",
            ".[0]",
            ".[1].a",
            ".[1.7]",
            ".\"a\"",
            ".[\"a\"]?",
            ".a[0]?|.b",
            ".[\"a b\"]",
            "true",
            "-5",
            "\"x\"",
            "[1, {\"a\": null}]",
            "",
            "# nothing",
            deep.as_str(),
        ] {
            let program = compiler.compile(source).expect("an expression");
            assert!(program.0.shortcut.is_some(), "{source}");
            for input in [
                "null",
                "3",
                "\"a\"",
                "[[0], {\"a\": 7}, 2]",
                "{\"a\": {\"b\": [1]}}",
                "{\"a\": null, \"a b\": true}",
                "{\"a\": [{\"b\": 1.50}]}",
                "{\"a\": \"text\"}",
                "[]",
                "{}",
            ] {
                let input = Input::parse(input, &limits).expect("an input").0;
                let (short, whole) = (program.0.first(&input), program.0.run(&input));
                assert_eq!(format!("{short:?}"), format!("{whole:?}"), "{source} of {input}");
            }
        }
    }

    #[test]
    fn what_computes_has_no_shortcut() {
        let compiler = Compiler::new(Limits::default(), Environment::empty());
        for source in
            [".a[]", ".a[1:]", ".a? // 1", "..", ".[-1]", ".a + 1", "\"\\(.a)\"", "(.a.b)?", "$ENV.PATH", "env"]
        {
            assert!(compiler.compile(source).expect("an expression").0.shortcut.is_none(), "{source}");
        }
    }

    #[test]
    fn what_is_passed_on_is_counted() {
        let limits = Limits { allocated_bytes: 1000, ..Limits::default() };
        let compiler = Compiler::new(limits, Environment::empty());
        let input = Input::parse(&format!("{{\"a\": [\"{}\"]}}", "x".repeat(2000)), &limits).expect("an input");
        assert!(compiler.compile(".a[0]").expect("an expression").first(&input).is_ok());
        assert!(compiler.compile(".a").expect("an expression").first(&input).is_err());
    }
}
