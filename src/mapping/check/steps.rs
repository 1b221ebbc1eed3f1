//! Single steps of a walk: into a field, into the items of a list, into variables.

use std::ops::Range;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{Pattern, Term};
use jaq_core::path::{Opt, Part};

use super::shape::{Field, Shape};
use super::sorts::Sorts;
use super::walk::{Expected, Slip, SlipKind, Variables, Walker, or_null};

impl<'c, 's> Walker<'c, 's> {
    pub(super) fn part(
        &mut self,
        value: Shape<'s>,
        part: &Part<Term<&'c str>>,
        optional: Opt,
        input: &Shape<'s>,
        variables: &Variables<'s>,
    ) -> Shape<'s> {
        let expected = if matches!(optional, Opt::Optional) { Expected::PerhapsMissing } else { self.expected };
        let nothing = if matches!(optional, Opt::Optional) { Sorts::NOTHING } else { Sorts::NONE };
        let nothing = nothing | (value.sorts & Sorts::NOTHING);
        let result = match part {
            Part::Index(index) => {
                if let Some((name, piece)) = constant(index) {
                    self.leniently(expected, |walker| walker.field(&value, &name, piece))
                } else {
                    let index = self.term(index, input, variables);
                    if index.sorts == Sorts::NUMBER { or_null(value.items()) } else { Shape::any() }
                }
            }
            Part::Range(None, None) => {
                let items = value.items();
                let sorts = items.sorts | Sorts::NOTHING;
                return items.with_sorts(sorts);
            }
            Part::Range(from, to) => {
                for bound in from.iter().chain(to) {
                    self.term(bound, input, variables);
                }
                value
            }
        };
        let sorts = result.sorts | nothing;
        result.with_sorts(sorts)
    }

    /// Looks a field up and records what is wrong with it. `piece` is where its name stands in the code.
    pub(super) fn field(&mut self, value: &Shape<'s>, name: &str, piece: &'c str) -> Shape<'s> {
        let what = match value.field(name) {
            Field::Found(shape) => {
                if let Some(path) = &shape.path {
                    self.reads.insert(path.to_string());
                }
                return shape;
            }
            Field::Missing(missing) => SlipKind::Missing(missing),
            Field::NoFields => SlipKind::NoFields(value.sorts),
        };
        if self.expected != Expected::Unfollowed {
            let of = value.path.as_deref().map(str::to_owned);
            let span = self.span(piece);
            self.slips.push(Slip { span, key: name.to_owned(), of, what, expected: self.expected });
        }
        Shape::any()
    }

    fn span(&self, piece: &str) -> Range<usize> {
        let start = piece.as_ptr().addr().wrapping_sub(self.code.as_ptr().addr());
        if start <= self.code.len() { start..(start + piece.len()).min(self.code.len()) } else { 0..0 }
    }

    pub(super) fn leniently<T>(&mut self, expected: Expected, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.expected;
        if before != Expected::Unfollowed {
            self.expected = expected;
        }
        let result = work(self);
        self.expected = before;
        result
    }

    pub(super) fn bound(
        &mut self,
        pattern: &Pattern<&'c str>,
        value: &Shape<'s>,
        input: &Shape<'s>,
        variables: &Variables<'s>,
    ) -> Variables<'s> {
        let mut inner = variables.clone();
        self.bind(pattern, value, input, &mut inner);
        inner
    }

    fn bind(
        &mut self,
        pattern: &Pattern<&'c str>,
        value: &Shape<'s>,
        input: &Shape<'s>,
        variables: &mut Variables<'s>,
    ) {
        match pattern {
            Pattern::Var(name) => {
                let sorts = value.sorts.without(Sorts::NOTHING);
                variables.0.push(((*name).to_owned(), value.clone().with_sorts(sorts)));
            }
            Pattern::Arr(parts) => {
                for part in parts {
                    self.bind(part, &or_null(value.items()), input, variables);
                }
            }
            Pattern::Obj(parts) => {
                for (key, part) in parts {
                    let shape = if let Some((name, piece)) = constant(key) {
                        self.field(value, &name, piece)
                    } else {
                        self.term(key, input, variables);
                        Shape::any()
                    };
                    if let Term::Var(name) = key {
                        variables.0.push(((*name).to_owned(), shape.clone()));
                    }
                    self.bind(part, &shape, input, variables);
                }
            }
        }
    }
}

/// The text of a constant string and where it begins in the code.
pub(super) fn constant<'c>(term: &Term<&'c str>) -> Option<(String, &'c str)> {
    let Term::Str(None, parts) = term else { return None };
    let mut text = String::new();
    let mut piece = None;
    for part in parts {
        match part {
            StrPart::Str(part) => {
                piece = piece.or(Some(*part));
                text.push_str(part);
            }
            StrPart::Char(character) => text.push(*character),
            StrPart::Term(_) => return None,
        }
    }
    Some((text, piece.unwrap_or_default()))
}
