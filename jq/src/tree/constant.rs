//! Expressions that are constants.

use jaq_core::load::parse::{BinaryOp, Term};

use super::children;

/// Whether a term gives one value that does not depend on the input.
pub(crate) fn is_constant(term: &Term<&str>) -> bool {
    let scalar_or_container = match term {
        Term::Num(_) | Term::Str(None, _) | Term::Arr(_) | Term::Neg(_) | Term::BinOp(_, BinaryOp::Comma, _) => true,
        Term::Obj(entries) => entries.iter().all(|(_, value)| value.is_some()),
        Term::Call(name, arguments) => arguments.is_empty() && matches!(*name, "true" | "false" | "null"),
        // Items of an array.
        _ => false,
    };
    scalar_or_container && children(term).into_iter().all(is_constant)
}

#[cfg(test)]
mod tests {
    use jaq_core::load::parse;

    use super::is_constant;

    #[test]
    fn only_what_needs_no_input_is_constant() {
        for (source, expected) in [
            ("\"a\"", true),
            ("-5", true),
            ("[1, \"a\", {\"b\": null}]", true),
            ("true", true),
            (".a", false),
            ("\"\\(.a)\"", false),
            ("{a}", false),
            ("now", false),
            ("empty", false),
        ] {
            let term = parse(source, |parser| parser.term()).expect("a term");
            assert_eq!(is_constant(&term), expected, "{source}");
        }
    }
}
