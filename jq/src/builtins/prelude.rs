//! The definitions in jq, parsed once.

use std::collections::HashSet;
use std::sync::OnceLock;

use jaq_core::load::parse::Def;

use crate::tree::calls_of;

/// A builtin that is defined in jq.
pub(crate) struct Definition {
    pub(crate) def: Def<&'static str>,
    /// The functions that it calls, by name and number of arguments.
    calls: Vec<(&'static str, usize)>,
}

fn all() -> &'static [Definition] {
    static ALL: OnceLock<Vec<Definition>> = OnceLock::new();
    ALL.get_or_init(|| {
        let defs = jaq_core::load::parse(include_str!("prelude.jq"), |parser| parser.defs()).unwrap_or_default();
        let definition = |def: Def<&'static str>| Definition { calls: calls_of(&def.body), def };
        defs.into_iter().map(definition).collect()
    })
}

/// The definitions that the given calls need, directly or through others, in their order.
pub(crate) fn definitions(calls: &[(&str, usize)]) -> Vec<Def<&'static str>> {
    let mut needed: HashSet<(&str, usize)> = calls.iter().copied().collect();
    let mut chosen: Vec<&Definition> = Vec::new();
    // A definition can only call those before it and itself: one pass from the end finds all.
    for definition in all().iter().rev() {
        if needed.contains(&(definition.def.name, definition.def.args.len())) {
            needed.extend(definition.calls.iter().copied());
            chosen.push(definition);
        }
    }
    chosen.iter().rev().map(|definition| definition.def.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::builtins::natives;

    #[test]
    fn definitions_call_what_exists() {
        for (position, definition) in all().iter().enumerate() {
            let parameters: Vec<_> = definition.def.args.iter().map(|name| (*name, 0)).collect();
            for call in &definition.calls {
                let earlier = all()[..=position].iter().any(|other| (other.def.name, other.def.args.len()) == *call);
                let native = natives().any(|(name, binds, _)| (name, binds.len()) == *call);
                let local = ["r", "w", "u"].contains(&call.0) || parameters.contains(call);
                assert!(earlier || native || local, "{} calls {call:?}", definition.def.name);
            }
        }
        assert!(all().len() > 100, "the prelude parses");
    }
}
