//! How many outputs a term has, as far as its form tells.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::{Opt, Part};

/// Builtins that give exactly one output or an error, if their arguments do.
const SINGLE: &[&str] = &[
    "add",
    "all",
    "any",
    "ascii_downcase",
    "ascii_upcase",
    "ceil",
    "contains",
    "endswith",
    "error",
    "explode",
    "false",
    "first",
    "flatten",
    "floor",
    "from_entries",
    "fromdate",
    "fromdateiso8601",
    "fromjson",
    "getpath",
    "group_by",
    "gsub",
    "has",
    "implode",
    "index",
    "indices",
    "inside",
    "join",
    "keys",
    "keys_unsorted",
    "last",
    "length",
    "ltrimstr",
    "map",
    "map_values",
    "max",
    "max_by",
    "min",
    "min_by",
    "mktime",
    "not",
    "now",
    "null",
    "reverse",
    "rindex",
    "round",
    "rtrimstr",
    "setpath",
    "sort",
    "sort_by",
    "split",
    "startswith",
    "strftime",
    "strptime",
    "sub",
    "test",
    "to_entries",
    "toarray",
    "toboolean",
    "todate",
    "tojson",
    "tonumber",
    "tostring",
    "trim",
    "trimstr",
    "true",
    "type",
    "unique",
    "unique_by",
    "with_entries",
    "@base64",
    "@base64d",
    "@csv",
    "@html",
    "@json",
    "@sh",
    "@text",
    "@tsv",
    "@uri",
];

/// Arguments that are filters and do not multiply the outputs.
const FILTERS: &[&str] = &["map", "map_values", "sort_by", "group_by", "unique_by", "min_by", "max_by", "with_entries"];

/// How many outputs a term has when nothing fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outputs {
    One,
    AtMostOne,
    Any,
}

/// The most that the form of a term allows for. `Any` where in doubt.
pub(super) fn outputs(term: &Term<&str>) -> Outputs {
    match term {
        Term::Id | Term::Num(_) | Term::Arr(_) | Term::Var(_) => Outputs::One,
        Term::Str(_, parts) => all(parts.iter().filter_map(|part| match part {
            StrPart::Term(term) => Some(term),
            StrPart::Str(_) | StrPart::Char(_) => None,
        })),
        Term::Obj(entries) => all(entries.iter().flat_map(|(key, value)| std::iter::once(key).chain(value))),
        Term::Neg(term) => outputs(term),
        Term::BinOp(
            left,
            BinaryOp::Math(_)
            | BinaryOp::Cmp(_)
            | BinaryOp::And
            | BinaryOp::Or
            | BinaryOp::Alt
            | BinaryOp::Pipe(None | Some(Pattern::Var(_))),
            right,
        ) => outputs(left).max(outputs(right)),
        Term::IfThenElse(branches, other) => {
            all(branches.iter().flat_map(|(condition, then)| [condition, then]).chain(other.as_deref()))
        }
        Term::Call(name, arguments) if SINGLE.contains(name) => match (*name, arguments.as_slice()) {
            ("first" | "last" | "error" | "add" | "any" | "all", [_, ..]) => Outputs::Any,
            (name, _) if FILTERS.contains(&name) => Outputs::One,
            (_, arguments) => all(arguments.iter()),
        },
        Term::Call("empty", _) => Outputs::AtMostOne,
        Term::Call("select", arguments) => all(arguments.iter()).max(Outputs::AtMostOne),
        Term::Path(head, path) => path.0.iter().fold(outputs(head), |most, (part, optional)| {
            let part = match part {
                Part::Index(index) => outputs(index),
                Part::Range(None, None) => Outputs::Any,
                Part::Range(from, upto) => all(from.iter().chain(upto)),
            };
            let optional = if matches!(optional, Opt::Optional) { Outputs::AtMostOne } else { Outputs::One };
            most.max(part).max(optional)
        }),
        Term::TryCatch(body, handler) => handler.as_deref().map_or(Outputs::AtMostOne, outputs).max(outputs(body)),
        _ => Outputs::Any,
    }
}

fn all<'t, 's: 't>(terms: impl Iterator<Item = &'t Term<&'s str>>) -> Outputs {
    terms.map(outputs).max().unwrap_or(Outputs::One)
}

/// Whether a term may give more than one output.
pub(super) fn is_many(term: &Term<&str>) -> bool {
    outputs(term) == Outputs::Any
}
