//! Keys that are known before an expression runs: jq folds constants and refuses those that are no text.

use std::fmt;

use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::parse::{BinaryOp, Parser, Term};
use jaq_core::ops::Math;

/// Levels of brackets within a key that are looked into: each key is parsed for itself.
const LEVELS: usize = 8;

/// Most often that a text may be repeated without doubt that it can be.
const MOST_TIMES: f64 = 1000.0;

/// What a constant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    Text,
    Array,
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// What a key is, given the tokens behind its opening bracket, if it is a constant and no text.
pub(super) fn kind_of_key(tokens: &[Token<&str>]) -> Option<Kind> {
    let (_, tokens) = tokens.split_last()?;
    if !is_plain(tokens, LEVELS) {
        return None;
    }
    let key = Parser::new(tokens).parse(Parser::term).ok()?;
    kind(&key).filter(|kind| *kind != Kind::Text)
}

/// Whether tokens may be those of a constant.
fn is_plain(tokens: &[Token<&str>], levels: usize) -> bool {
    let Some(levels) = levels.checked_sub(1) else { return false };
    tokens.iter().all(|Token(text, token)| match token {
        Tok::Num | Tok::Word | Tok::Fmt => true,
        Tok::Var => *text == "$__loc__",
        Tok::Sym => !matches!(*text, "?" | ".."),
        Tok::Str(parts) => parts.iter().all(|part| !matches!(part, StrPart::Term(_))),
        Tok::Block(inner) => is_plain(inner, levels),
    })
}

/// What a term is that jq folds into a constant. `None` where it does not, or in doubt.
fn kind(term: &Term<&str>) -> Option<Kind> {
    match term {
        Term::Num(_) => Some(Kind::Number),
        Term::Str(_, parts) => parts.iter().all(|part| !matches!(part, StrPart::Term(_))).then_some(Kind::Text),
        Term::Var("$__loc__") => Some(Kind::Object),
        Term::Call(name, arguments) if arguments.is_empty() => match *name {
            "null" => Some(Kind::Null),
            "true" | "false" => Some(Kind::Boolean),
            _ => None,
        },
        Term::Arr(items) => items.as_deref().is_none_or(are_constant).then_some(Kind::Array),
        Term::Obj(entries) => entries.iter().all(is_constant_entry).then_some(Kind::Object),
        Term::BinOp(left, BinaryOp::Cmp(_), right) => kind(left).and(kind(right)).and(Some(Kind::Boolean)),
        Term::BinOp(left, BinaryOp::Math(math), right) => folded(*math, left, right),
        // What leaves no trace in the program.
        Term::BinOp(left, BinaryOp::Pipe(None), right) => match (&**left, &**right) {
            (Term::Id, term) | (term, Term::Id) => kind(term),
            _ => None,
        },
        Term::Def(_, rest) => kind(rest),
        _ => None,
    }
}

/// Whether the key and the value of an entry are constants.
fn is_constant_entry((key, value): &(Term<&str>, Option<Term<&str>>)) -> bool {
    match value {
        Some(value) => kind(key) == Some(Kind::Text) && kind(value).is_some(),
        None => matches!(key, Term::Var("$__loc__")),
    }
}

/// Whether the items of an array, `a, b, c`, are constants.
fn are_constant(items: &Term<&str>) -> bool {
    let mut items = items;
    while let Term::BinOp(before, BinaryOp::Comma, item) = items {
        if kind(item).is_none() {
            return false;
        }
        items = before;
    }
    kind(items).is_some()
}

/// What arithmetic on two constants gives. What would fail is not folded.
fn folded(math: Math, left: &Term<&str>, right: &Term<&str>) -> Option<Kind> {
    use Kind::{Array, Null, Number, Object, Text};
    match (math, kind(left)?, kind(right)?) {
        (Math::Add, Null, other) | (Math::Add, other, Null) => Some(other),
        (Math::Add, left @ (Number | Text | Array | Object), right) if left == right => Some(left),
        (Math::Sub, left @ (Number | Array), right) if left == right => Some(left),
        (Math::Mul, left @ (Number | Object), right) if left == right => Some(left),
        (Math::Div, Number, Number) => written(right).filter(|divisor| *divisor != 0.0).map(|_| Number),
        (Math::Rem, Number, Number) => written(right).filter(|divisor| *divisor >= 1.0).map(|_| Number),
        (Math::Mul, Text, Number) => written(right).filter(|times| *times <= MOST_TIMES).map(|_| Text),
        (Math::Mul, Number, Text) => written(left).filter(|times| *times <= MOST_TIMES).map(|_| Text),
        (Math::Div, Text, Text) => Some(Array),
        _ => None,
    }
}

/// The number that a term is written as.
fn written(term: &Term<&str>) -> Option<f64> {
    match term {
        Term::Num(digits) => digits.parse().ok(),
        _ => None,
    }
}
