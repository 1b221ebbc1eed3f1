//! Walks the tree of an expression, following what each part can be.
//!
//! Nothing is run. Where the form of an expression does not tell, any value is assumed, so that every finding is one
//! that a person can understand from the expression alone.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::Range;

use jaq_core::load::lex::{Lexer, StrPart};
use jaq_core::load::parse::{BinaryOp, Parser, Term};
use jaq_core::ops::Math;

use super::builtins;
use super::shape::{Missing, Shape};
use super::sorts::Sorts;
use super::steps::constant;

/// How deep trees are followed; below, any value is assumed.
const DEPTH: usize = 400;

/// What the walk of one expression brings.
pub(super) struct Walked<'s> {
    /// What the expression gives.
    pub(super) result: Shape<'s>,
    pub(super) slips: Vec<Slip>,
    /// Paths from the mapped object that are read.
    pub(super) reads: BTreeSet<String>,
}

/// A part of an expression that cannot do what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slip {
    /// Where its key stands in the expression, in bytes.
    pub(super) span: Range<usize>,
    pub(super) key: String,
    /// The path of the value that lacks the key, where known.
    pub(super) of: Option<String>,
    pub(super) what: SlipKind,
    pub(super) expected: Expected,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SlipKind {
    Missing(Missing),
    /// The value is of sorts that have no fields.
    NoFields(Sorts),
}

/// Whether the expression itself provides for a part to be missing (`?`, `try`, `//`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Present,
    PerhapsMissing,
    /// The part is looked at in a way that is not followed.
    Unfollowed,
}

/// Walks an expression. `None` if its form is beyond the parser.
pub(super) fn walk<'s>(code: &str, input: &Shape<'s>) -> Option<Walked<'s>> {
    let tokens = Lexer::new(code).lex().ok()?;
    let term = Parser::new(&tokens).parse(Parser::term).ok()?;
    let mut walker = Walker {
        code,
        slips: vec![],
        reads: BTreeSet::new(),
        expected: Expected::Present,
        depth: 0,
        defined: vec![],
        schemas: PhantomData,
    };
    let result = walker.term(&term, input, &Variables::default());
    walker.slips.dedup();
    Some(Walked { result, slips: walker.slips, reads: walker.reads })
}

/// The variables in scope, innermost last.
#[derive(Clone, Default)]
pub(super) struct Variables<'s>(pub(super) Vec<(String, Shape<'s>)>);

pub(super) struct Walker<'c, 's> {
    pub(super) code: &'c str,
    pub(super) slips: Vec<Slip>,
    pub(super) reads: BTreeSet<String>,
    pub(super) expected: Expected,
    depth: usize,
    /// Names of functions that the expression defines itself.
    defined: Vec<&'c str>,
    /// The schemas that shapes point into.
    schemas: PhantomData<&'s ()>,
}

impl<'c, 's> Walker<'c, 's> {
    pub(super) fn term(&mut self, term: &Term<&'c str>, input: &Shape<'s>, variables: &Variables<'s>) -> Shape<'s> {
        if self.depth >= DEPTH {
            return Shape::any();
        }
        self.depth += 1;
        let shape = self.known_term(term, input, variables);
        self.depth -= 1;
        shape
    }

    fn known_term(&mut self, term: &Term<&'c str>, input: &Shape<'s>, variables: &Variables<'s>) -> Shape<'s> {
        match term {
            Term::Id => input.clone(),
            Term::Recurse => Shape::any(),
            Term::Num(_) => Shape::of(Sorts::NUMBER),
            Term::Str(_, parts) => {
                for part in parts {
                    if let StrPart::Term(inner) = part {
                        self.term(inner, input, variables);
                    }
                }
                Shape::of(Sorts::TEXT)
            }
            Term::Arr(None) => Shape::list_of(Shape::any()),
            Term::Arr(Some(inner)) => {
                let item = self.term(inner, input, variables);
                let sorts = item.sorts.without(Sorts::NOTHING);
                Shape::list_of(item.with_sorts(sorts))
            }
            Term::Obj(entries) => self.object(entries, input, variables),
            Term::Neg(inner) => {
                self.term(inner, input, variables);
                Shape::of(Sorts::NUMBER)
            }
            Term::BinOp(left, operator, right) => self.operation(left, operator, right, input, variables),
            Term::Label(_, inner) => maybe_nothing(self.term(inner, input, variables)),
            Term::Break(_) => Shape::of(Sorts::NOTHING),
            Term::Fold(_, source, pattern, arguments) => {
                let source = self.term(source, input, variables);
                let inner = self.bound(pattern, &source, input, variables);
                if let Some(first) = arguments.first() {
                    self.term(first, input, variables);
                }
                for later in arguments.iter().skip(1) {
                    self.term(later, &Shape::any(), &inner);
                }
                Shape::any()
            }
            Term::TryCatch(body, handler) => {
                let tried = self.leniently(Expected::PerhapsMissing, |walker| walker.term(body, input, variables));
                match handler {
                    None => maybe_nothing(tried),
                    Some(handler) => tried.or(self.term(handler, &Shape::any(), variables)),
                }
            }
            Term::IfThenElse(branches, otherwise) => {
                let mut result: Option<Shape<'s>> = None;
                for (condition, then) in branches {
                    self.term(condition, input, variables);
                    let value = self.branch(then, input, variables);
                    result = Some(join(result, value));
                }
                let last = match otherwise {
                    Some(otherwise) => self.branch(otherwise, input, variables),
                    None => input.clone(),
                };
                join(result, last)
            }
            Term::Def(definitions, body) => {
                let before = self.defined.len();
                self.defined.extend(definitions.iter().map(|definition| definition.name));
                let result = self.term(body, input, variables);
                self.defined.truncate(before);
                result
            }
            Term::Call(name, arguments) if self.defined.contains(name) => {
                for argument in arguments {
                    self.term(argument, &Shape::any(), variables);
                }
                Shape::any()
            }
            Term::Call(name, arguments) => builtins::call(self, name, arguments, input, variables),
            Term::Var("$ENV") => Shape::of(Sorts::OBJECT),
            Term::Var(name) => variables.get(name),
            Term::Path(head, path) => {
                let mut value = self.term(head, input, variables);
                for (part, optional) in &path.0 {
                    value = self.part(value, part, *optional, input, variables);
                }
                value
            }
        }
    }

    /// A branch is taken under a condition, which mostly rules null out.
    fn branch(&mut self, term: &Term<&'c str>, input: &Shape<'s>, variables: &Variables<'s>) -> Shape<'s> {
        let value = self.term(term, input, variables);
        let rest = value.sorts.without(Sorts::NULL);
        if rest.is_none() { value } else { value.with_sorts(rest) }
    }

    fn object(
        &mut self,
        entries: &[(Term<&'c str>, Option<Term<&'c str>>)],
        input: &Shape<'s>,
        variables: &Variables<'s>,
    ) -> Shape<'s> {
        let mut named = vec![];
        let mut nothing = Sorts::NONE;
        for (key, value) in entries {
            let shape = match (key, value) {
                (_, Some(value)) => self.term(value, input, variables),
                (Term::Var(name), None) => variables.get(name),
                (key, None) => match constant(key) {
                    Some((name, piece)) => self.field(input, &name, piece),
                    None => Shape::any(),
                },
            };
            nothing |= shape.sorts & Sorts::NOTHING;
            let name = match key {
                Term::Var(name) => Some(name.trim_start_matches('$').to_owned()),
                key => constant(key).map(|(name, _)| name),
            };
            match name {
                Some(name) => named.push((name, shape)),
                None => {
                    self.term(key, input, variables);
                }
            }
        }
        let object = Shape::object_of(named);
        let sorts = object.sorts | nothing;
        object.with_sorts(sorts)
    }

    fn operation(
        &mut self,
        left: &Term<&'c str>,
        operator: &BinaryOp<&'c str>,
        right: &Term<&'c str>,
        input: &Shape<'s>,
        variables: &Variables<'s>,
    ) -> Shape<'s> {
        match operator {
            BinaryOp::Pipe(None) => {
                let value = self.term(left, input, variables);
                let nothing = value.sorts & Sorts::NOTHING;
                let sorts = value.sorts.without(Sorts::NOTHING);
                let result = self.term(right, &value.with_sorts(sorts), variables);
                let sorts = result.sorts | nothing;
                result.with_sorts(sorts)
            }
            BinaryOp::Pipe(Some(pattern)) => {
                let value = self.term(left, input, variables);
                let inner = self.bound(pattern, &value, input, variables);
                let result = self.term(right, input, &inner);
                let sorts = result.sorts | (value.sorts & Sorts::NOTHING);
                result.with_sorts(sorts)
            }
            BinaryOp::Comma => self.term(left, input, variables).or(self.term(right, input, variables)),
            BinaryOp::Alt => {
                let first = self.leniently(Expected::PerhapsMissing, |walker| walker.term(left, input, variables));
                let sorts = first.sorts.without(Sorts::NULL | Sorts::NOTHING);
                let second = self.term(right, input, variables);
                first.with_sorts(sorts).or(second)
            }
            BinaryOp::Or | BinaryOp::And | BinaryOp::Cmp(_) => {
                let left = self.term(left, input, variables);
                let right = self.term(right, input, variables);
                Shape::of(Sorts::BOOLEAN | ((left.sorts | right.sorts) & Sorts::NOTHING))
            }
            BinaryOp::Math(math) => {
                let left = self.term(left, input, variables);
                let right = self.term(right, input, variables);
                Shape::of(arithmetic(*math, left.sorts, right.sorts))
            }
            BinaryOp::Assign => {
                self.leniently(Expected::Unfollowed, |walker| walker.term(left, input, variables));
                self.term(right, input, variables);
                Shape::of(input.sorts)
            }
            BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                self.leniently(Expected::Unfollowed, |walker| walker.term(left, input, variables));
                self.leniently(Expected::Unfollowed, |walker| walker.term(right, input, variables));
                Shape::of(input.sorts)
            }
        }
    }
}

impl<'s> Variables<'s> {
    fn get(&self, name: &str) -> Shape<'s> {
        self.0.iter().rev().find(|(known, _)| known == name).map_or_else(Shape::any, |(_, shape)| shape.clone())
    }
}

fn arithmetic(math: Math, left: Sorts, right: Sorts) -> Sorts {
    let nothing = (left | right) & Sorts::NOTHING;
    let (left, right) = (left.without(Sorts::NOTHING), right.without(Sorts::NOTHING));
    let result = match math {
        Math::Add => {
            let both_null = left & right & Sorts::NULL;
            (left | right).without(Sorts::NULL) | both_null
        }
        _ if left == Sorts::NUMBER && right == Sorts::NUMBER => Sorts::NUMBER,
        Math::Rem => Sorts::NUMBER,
        Math::Sub if left == Sorts::LIST => Sorts::LIST,
        Math::Div if left == Sorts::TEXT => Sorts::LIST,
        _ => Sorts::ANY,
    };
    result | nothing
}

fn join<'s>(first: Option<Shape<'s>>, second: Shape<'s>) -> Shape<'s> {
    match first {
        Some(first) => first.or(second),
        None => second,
    }
}

pub(super) fn maybe_nothing(shape: Shape<'_>) -> Shape<'_> {
    let sorts = shape.sorts | Sorts::NOTHING;
    shape.with_sorts(sorts)
}

pub(super) fn or_null(shape: Shape<'_>) -> Shape<'_> {
    let sorts = shape.sorts | Sorts::NULL;
    shape.with_sorts(sorts)
}
