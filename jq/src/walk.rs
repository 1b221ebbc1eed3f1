//! Finds the paths that an expression reads by following its parsed tree.

use std::collections::HashMap;
use std::ops::Range;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::{Opt, Part, Path};

use crate::reads::{Read, Reads, Step};

/// More paths than this are not told apart any more.
const MOST: usize = 256;

/// A place in the input, and where in the source it was last named.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    steps: Vec<Step>,
    span: Range<usize>,
    optional: bool,
}

/// What a part of an expression gives, as far as it is a piece of the input; what is computed anew is nothing.
type Places = Vec<Place>;

/// The paths that a parsed expression reads. `span` tells where in the source a piece of the code stands.
pub(crate) fn reads_of(term: &Term<&str>, span: impl Fn(&str) -> Option<Range<usize>>) -> Reads {
    let mut walk = Walk { span: &span, variables: HashMap::new(), reads: Vec::new(), incomplete: false };
    let given = walk.term(term, &vec![Place { steps: vec![], span: 0..0, optional: false }]);
    walk.consume(given);
    Reads { reads: walk.reads, incomplete: walk.incomplete }
}

struct Walk<'a, 's> {
    span: &'a dyn Fn(&str) -> Option<Range<usize>>,
    variables: HashMap<&'s str, Places>,
    reads: Vec<Read>,
    incomplete: bool,
}

impl<'s> Walk<'_, 's> {
    /// The value at these places is looked at as a whole.
    fn consume(&mut self, places: Places) {
        for Place { steps, span, optional } in places {
            if self.reads.len() >= MOST {
                self.incomplete = true;
                return;
            }
            let read = Read { steps, span, optional };
            if !self.reads.contains(&read) {
                self.reads.push(read);
            }
        }
    }

    fn consumed(&mut self, term: &Term<&'s str>, input: &Places) {
        let given = self.term(term, input);
        self.consume(given);
    }

    fn all_consumed<'t>(&mut self, terms: impl IntoIterator<Item = &'t Term<&'s str>>, input: &Places)
    where
        's: 't,
    {
        for term in terms {
            self.consumed(term, input);
        }
    }

    fn term(&mut self, term: &Term<&'s str>, input: &Places) -> Places {
        match term {
            Term::Id => input.clone(),
            Term::Recurse => input.iter().map(|place| extended(place, Step::Any, None)).chain(input.clone()).collect(),
            Term::Num(_) | Term::Break(_) => vec![],
            Term::Str(_, parts) => {
                for part in parts {
                    if let StrPart::Term(term) = part {
                        self.consumed(term, input);
                    }
                }
                vec![]
            }
            Term::Arr(items) => {
                if let Some(items) = items {
                    self.consumed(items, input);
                }
                vec![]
            }
            Term::Obj(entries) => {
                for (key, value) in entries {
                    self.entry(key, value.as_ref(), input);
                }
                vec![]
            }
            Term::Neg(term) => {
                self.consumed(term, input);
                vec![]
            }
            Term::BinOp(left, operator, right) => self.operation(left, operator, right, input),
            Term::Label(_, body) => self.term(body, input),
            Term::Fold(_, source, pattern, rest) => {
                let given = self.term(source, input);
                self.bind(pattern, &given);
                // What runs through the fold may be a piece of the input; it counts as looked at.
                self.consume(given);
                self.incomplete |= rest.iter().any(|term| !matches!(term, Term::Num(_)) && mentions_input(term));
                self.all_consumed(rest, input);
                vec![]
            }
            Term::TryCatch(body, catch) => {
                let input: Places = input.iter().map(|place| Place { optional: true, ..place.clone() }).collect();
                let given = self.term(body, &input);
                if let Some(catch) = catch {
                    self.consumed(catch, &Places::new());
                }
                given
            }
            Term::IfThenElse(branches, otherwise) => {
                let mut given = Places::new();
                for (condition, body) in branches {
                    self.consumed(condition, input);
                    given.extend(self.term(body, input));
                }
                match otherwise {
                    Some(body) => given.extend(self.term(body, input)),
                    None => given.extend(input.clone()),
                }
                given
            }
            Term::Def(..) => {
                self.incomplete = true;
                vec![]
            }
            Term::Call(name, arguments) => self.call(name, arguments, input),
            Term::Var(name) => self.variables.get(name).cloned().unwrap_or_default(),
            Term::Path(base, path) => {
                let base = self.term(base, input);
                self.path(base, path, input)
            }
        }
    }

    /// `{a}` reads `.a`; `{$x}` reads the variable; `{a: f}` reads what `f` does.
    fn entry(&mut self, key: &Term<&'s str>, value: Option<&Term<&'s str>>, input: &Places) {
        match (value, plain(key)) {
            (Some(value), _) => {
                self.consumed(key, input);
                self.consumed(value, input);
            }
            (None, Some(name)) => {
                let given = input.iter().map(|place| extended(place, Step::Key(name.clone()), None)).collect();
                self.consume(given);
            }
            (None, None) => self.consumed(key, input),
        }
    }

    fn operation(
        &mut self,
        left: &Term<&'s str>,
        operator: &BinaryOp<&'s str>,
        right: &Term<&'s str>,
        input: &Places,
    ) -> Places {
        match operator {
            BinaryOp::Pipe(None) => {
                let given = self.term(left, input);
                self.term(right, &given)
            }
            BinaryOp::Pipe(Some(pattern)) => {
                let given = self.term(left, input);
                self.bind(pattern, &given);
                self.term(right, input)
            }
            BinaryOp::Comma | BinaryOp::Alt => {
                let mut given = self.term(left, input);
                given.extend(self.term(right, input));
                given
            }
            BinaryOp::Or | BinaryOp::And | BinaryOp::Math(_) | BinaryOp::Cmp(_) => {
                self.all_consumed([left, right], input);
                vec![]
            }
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                self.all_consumed([left, right], input);
                // The result is the input with something changed in it.
                input.clone()
            }
        }
    }

    fn bind(&mut self, pattern: &Pattern<&'s str>, given: &Places) {
        match pattern {
            Pattern::Var(name) => drop(self.variables.insert(*name, given.clone())),
            Pattern::Arr(items) => {
                let inner: Places = given.iter().map(|place| extended(place, Step::Item, None)).collect();
                for item in items {
                    self.bind(item, &inner);
                }
            }
            Pattern::Obj(entries) => {
                for (key, pattern) in entries {
                    let step = plain(key).map_or(Step::Any, Step::Key);
                    let inner: Places = given.iter().map(|place| extended(place, step.clone(), None)).collect();
                    self.bind(pattern, &inner);
                }
            }
        }
    }

    fn call(&mut self, name: &str, arguments: &[Term<&'s str>], input: &Places) -> Places {
        match (name, arguments) {
            ("empty" | "true" | "false" | "null" | "now" | "env" | "nan" | "infinite", []) => vec![],
            ("select", [condition]) => {
                self.consumed(condition, input);
                input.clone()
            }
            ("map" | "any" | "all" | "map_values", [inner]) => {
                let items = input.iter().map(|place| extended(place, Step::Item, None)).collect();
                self.consumed(inner, &items);
                vec![]
            }
            (
                "first" | "last" | "min" | "max" | "values" | "nulls" | "strings" | "arrays" | "objects" | "numbers"
                | "booleans" | "scalars" | "iterables",
                [],
            ) => input.iter().map(|place| extended(place, Step::Item, None)).chain(input.clone()).collect(),
            ("first" | "last", [inner]) => self.term(inner, input),
            ("sort_by" | "group_by" | "unique_by" | "min_by" | "max_by", [inner]) => {
                let items = input.iter().map(|place| extended(place, Step::Item, None)).collect();
                self.consumed(inner, &items);
                input.clone()
            }
            _ => {
                // Whatever it does, it sees its input and its arguments.
                self.consume(input.clone());
                self.all_consumed(arguments, input);
                vec![]
            }
        }
    }

    fn path(&mut self, base: Places, path: &Path<Term<&'s str>>, input: &Places) -> Places {
        let mut places = base;
        for (part, optionality) in &path.0 {
            let (step, span) = match part {
                Part::Index(index) => match (plain(index), index) {
                    (Some(key), _) => (Step::Key(key), piece(index).and_then(|code| (self.span)(code))),
                    (None, Term::Num(_)) => (Step::Item, None),
                    (None, index) => {
                        self.consumed(index, input);
                        (Step::Any, None)
                    }
                },
                Part::Range(from, to) => {
                    self.all_consumed(from.iter().chain(to), input);
                    (Step::Item, None)
                }
            };
            for place in &mut places {
                *place = extended(place, step.clone(), span.clone());
                place.optional |= matches!(optionality, Opt::Optional);
            }
        }
        places
    }
}

fn extended(place: &Place, step: Step, span: Option<Range<usize>>) -> Place {
    let mut steps = place.steps.clone();
    // Below what is not known nothing is known.
    if steps.last() != Some(&Step::Any) {
        steps.push(step);
    }
    Place { steps, span: span.unwrap_or_else(|| place.span.clone()), optional: place.optional }
}

/// The text of a string without interpolations.
fn plain(term: &Term<&str>) -> Option<String> {
    let Term::Str(None, parts) = term else { return None };
    parts
        .iter()
        .map(|part| match part {
            StrPart::Str(text) => Some((*text).to_owned()),
            StrPart::Char(c) => Some(c.to_string()),
            StrPart::Term(_) => None,
        })
        .collect()
}

/// The piece of the code that names a key.
fn piece<'t>(term: &Term<&'t str>) -> Option<&'t str> {
    let Term::Str(None, parts) = term else { return None };
    parts.iter().find_map(|part| match part {
        StrPart::Str(text) => Some(*text),
        _ => None,
    })
}

/// Whether a term looks at what is given to it, other than through variables.
fn mentions_input(term: &Term<&str>) -> bool {
    !matches!(term, Term::Arr(None) | Term::Str(..) | Term::Var(_) | Term::Num(_))
        && !matches!(term, Term::Obj(entries) if entries.is_empty())
}

#[cfg(test)]
mod tests {
    use jaq_core::load::lex::Lexer;
    use jaq_core::load::parse::Parser;

    use super::*;

    fn paths(code: &str) -> (Vec<String>, bool) {
        let tokens = Lexer::new(code).lex().expect("tokens");
        let term = Parser::new(&tokens).parse(Parser::term).expect("a term");
        let reads = reads_of(&term, |_| None);
        (reads.iter().map(ToString::to_string).collect(), reads.is_complete())
    }

    #[test]
    fn the_paths_of_mapping_expressions() {
        for (code, expected) in [
            (".name", vec![".name"]),
            ("true", vec![]),
            ("\"literal\"", vec![]),
            (".uuid | gsub(\"[{-}]\"; \"\")", vec![".uuid"]),
            (".destination.repository.name + (.id|tostring)", vec![".destination.repository.name", ".id"]),
            ("[.participants[].user.display_name]", vec![".participants[].user.display_name"]),
            (".__includedFiles[\"README.md\"]", vec![".__includedFiles.\"README.md\""]),
            (".a as $x | $x.b // .c", vec![".a.b", ".c"]),
            ("if .a then .b else .c end", vec![".a", ".b", ".c"]),
            ("{a, b: .c.d, \"e\": 1}", vec![".a", ".c.d"]),
            ("\"x\\(.a.b)y\"", vec![".a.b"]),
            (".a | select(.b == 1) | .c", vec![".a.b", ".a.c"]),
            (".items | map(.name)", vec![".items[].name"]),
            (".a.b[0:3]", vec![".a.b[]"]),
            ("tojson", vec!["."]),
        ] {
            let (mut found, complete) = paths(code);
            let mut expected: Vec<String> =
                expected.into_iter().map(|path| path.trim_start_matches('.').replace('"', "")).collect();
            found.sort();
            expected.sort();
            assert_eq!((found, complete), (expected, true), "{code}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_said() {
        assert_eq!(paths(".a[.b]").0.len(), 2);
        assert!(!paths("def f: .x; f").1);
    }
}
