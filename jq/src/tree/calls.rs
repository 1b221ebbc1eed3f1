//! What a tree calls.

use jaq_core::load::parse::Term;

use super::children;

/// The functions that a tree calls, by name and number of arguments.
pub(crate) fn calls_of<'s>(term: &Term<&'s str>) -> Vec<(&'s str, usize)> {
    let mut calls = Vec::new();
    let mut open = vec![term];
    while let Some(term) = open.pop() {
        match term {
            Term::Call(name, arguments) => calls.push((*name, arguments.len())),
            Term::Str(Some(format), _) => calls.push((*format, 0)),
            _ => {}
        }
        open.extend(children(term));
    }
    calls.sort_unstable();
    calls.dedup();
    calls
}

/// Whether a variable of that name occurs.
pub(crate) fn uses_variable(term: &Term<&str>, name: &str) -> bool {
    let mut open = vec![term];
    while let Some(term) = open.pop() {
        if matches!(term, Term::Var(variable) if *variable == name) {
            return true;
        }
        open.extend(children(term));
    }
    false
}
