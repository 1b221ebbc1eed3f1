//! Walking a tree.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;

/// The terms directly below a term, those in patterns included.
pub(crate) fn children<'t, 's>(term: &'t Term<&'s str>) -> Vec<&'t Term<&'s str>> {
    let mut found = Vec::new();
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) | Term::Arr(None) => {}
        Term::Str(_, parts) => found.extend(parts.iter().filter_map(|part| match part {
            StrPart::Term(term) => Some(term),
            StrPart::Str(_) | StrPart::Char(_) => None,
        })),
        Term::Arr(Some(term)) | Term::Neg(term) | Term::Label(_, term) => found.push(&**term),
        Term::Obj(entries) => {
            for (key, value) in entries {
                found.push(key);
                found.extend(value);
            }
        }
        Term::BinOp(left, op, right) => {
            found.push(left);
            if let BinaryOp::Pipe(Some(pattern)) = op {
                pattern_terms(pattern, &mut found);
            }
            found.push(right);
        }
        Term::Fold(_, items, pattern, arguments) => {
            found.push(items);
            pattern_terms(pattern, &mut found);
            found.extend(arguments);
        }
        Term::TryCatch(body, handler) => {
            found.push(body);
            found.extend(handler.as_deref());
        }
        Term::IfThenElse(branches, other) => {
            for (condition, then) in branches {
                found.extend([condition, then]);
            }
            found.extend(other.as_deref());
        }
        Term::Def(defs, rest) => {
            found.extend(defs.iter().map(|def| &def.body));
            found.push(rest);
        }
        Term::Call(_, arguments) => found.extend(arguments),
        Term::Path(head, path) => {
            found.push(head);
            for (part, _) in &path.0 {
                match part {
                    Part::Index(index) => found.push(index),
                    Part::Range(from, upto) => found.extend(from.iter().chain(upto)),
                }
            }
        }
    }
    found
}

fn pattern_terms<'t, 's>(pattern: &'t Pattern<&'s str>, found: &mut Vec<&'t Term<&'s str>>) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(patterns) => patterns.iter().for_each(|pattern| pattern_terms(pattern, found)),
        Pattern::Obj(entries) => {
            for (key, pattern) in entries {
                found.push(key);
                pattern_terms(pattern, found);
            }
        }
    }
}

/// Levels of a tree.
pub(crate) fn depth_of(term: &Term<&str>) -> usize {
    let mut deepest = 0;
    let mut open = vec![(term, 1)];
    while let Some((term, depth)) = open.pop() {
        deepest = deepest.max(depth);
        open.extend(children(term).into_iter().map(|child| (child, depth + 1)));
    }
    deepest
}
