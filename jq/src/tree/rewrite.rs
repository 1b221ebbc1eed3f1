//! Changes to the parsed tree, so that the engine gives what jq gives and looks at its budget.
//!
//! * Assignments become calls of `__assign` and `__modify`, which are made of paths as in jq.
//! * Where both sides of an operator yield several outputs, jq runs through those of the left side first.
//! * `reduce` and `foreach` keep the last output of their update, or null if there is none.
//! * Recursive definitions start with a tick; generators, deep nests and filters passed to definitions with a step.

use std::collections::HashSet;

use jaq_core::load::Arena;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

use super::shape::{Outputs, is_many, outputs};
use super::{ALTERNATIVES, calls_of};
use crate::builtins::is_native;

type Tree<'s> = Term<&'s str>;

/// Levels of nesting between two looks at the stack.
const STEP_LEVELS: usize = 12;

/// Longest run of entries or text parts that the engine evaluates as a nest of as many levels.
const RUN: usize = 8;

pub(crate) struct Rewriter<'s> {
    arena: &'s Arena,
    code: &'s str,
    /// Terms that the rewriting may still make: alternatives copy what follows them.
    budget: usize,
    names: usize,
    /// The labels around the current term, from the outside in.
    labels: Vec<&'s str>,
    /// How many of these labels lie around the innermost `try`.
    labels_around_try: usize,
    /// Names that the expression has defined so far.
    defined: HashSet<&'s str>,
}

fn call<'s>(name: &'static str, arguments: Vec<Tree<'s>>) -> Tree<'s> {
    Term::Call(name, arguments)
}

fn pipe<'s>(left: Tree<'s>, right: Tree<'s>) -> Tree<'s> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

fn bind<'s>(value: Tree<'s>, pattern: Pattern<&'s str>, body: Tree<'s>) -> Tree<'s> {
    Term::BinOp(Box::new(value), BinaryOp::Pipe(Some(pattern)), Box::new(body))
}

fn text(text: &str) -> Tree<'_> {
    Term::Str(None, vec![StrPart::Str(text)])
}

fn index(number: &str) -> (Part<Tree<'_>>, jaq_core::path::Opt) {
    (Part::Index(Term::Num(number)), jaq_core::path::Opt::Essential)
}

fn each<'s>() -> (Part<Tree<'s>>, jaq_core::path::Opt) {
    (Part::Range(None, None), jaq_core::path::Opt::Essential)
}

fn path(parts: Vec<(Part<Tree<'_>>, jaq_core::path::Opt)>) -> Tree<'_> {
    Term::Path(Box::new(Term::Id), Path(parts))
}

impl<'s> Rewriter<'s> {
    /// A rewriter for one expression, whose text is needed for line numbers.
    pub(crate) fn new(arena: &'s Arena, code: &'s str, budget: usize) -> Self {
        Self { arena, code, budget, names: 0, labels: Vec::new(), labels_around_try: 0, defined: HashSet::new() }
    }

    /// Whether the rewriting would have made more terms than allowed.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.budget == 0
    }

    /// A name that no expression can contain.
    fn fresh(&mut self) -> &'s str {
        self.names += 1;
        self.arena.alloc(format!("$__{}", self.names))
    }

    /// Rewrites a tree that lies that many levels deep.
    pub(crate) fn term(&mut self, term: Tree<'s>, level: usize) -> Tree<'s> {
        self.budget = self.budget.saturating_sub(1);
        if self.budget == 0 {
            return Term::Id;
        }
        let rewritten = self.rewrite(term, level + 1);
        let is_leaf = matches!(rewritten, Term::Id | Term::Num(_) | Term::Str(..) | Term::Var(_) | Term::Break(_));
        if level > 0 && level.is_multiple_of(STEP_LEVELS) && !is_leaf {
            return pipe(call("__step", vec![]), rewritten);
        }
        rewritten
    }

    fn boxed(&mut self, term: Tree<'s>, level: usize) -> Box<Tree<'s>> {
        Box::new(self.term(term, level))
    }

    fn all(&mut self, terms: Vec<Tree<'s>>, level: usize) -> Vec<Tree<'s>> {
        terms.into_iter().map(|term| self.term(term, level)).collect()
    }

    fn rewrite(&mut self, term: Tree<'s>, level: usize) -> Tree<'s> {
        match term {
            Term::Var("$__loc__") => self.location(),
            Term::Break(name) => self.leave(name),
            Term::Id | Term::Recurse | Term::Num(_) | Term::Arr(None) | Term::Var(_) => term,
            Term::Str(format, parts) => self.text(format, parts, level),
            Term::Arr(Some(items)) => Term::Arr(Some(self.boxed(*items, level))),
            Term::Obj(entries) => self.object(entries, level),
            Term::Neg(operand) => Term::Neg(self.boxed(*operand, level)),
            Term::BinOp(left, op, right) => self.operator(*left, op, *right, level),
            Term::Label(name, body) => {
                self.labels.push(name);
                let body = self.boxed(*body, level);
                self.labels.pop();
                Term::Label(name, body)
            }
            Term::Fold(name, items, pattern, arguments) => self.fold(name, *items, pattern, arguments, level),
            Term::TryCatch(body, handler) => {
                let around = std::mem::replace(&mut self.labels_around_try, self.labels.len());
                let body = self.boxed(*body, level);
                self.labels_around_try = around;
                Term::TryCatch(body, handler.map(|handler| self.boxed(*handler, level)))
            }
            Term::IfThenElse(branches, other) => {
                let branches = branches.into_iter();
                let branches = branches.map(|(condition, then)| (self.term(condition, level), self.term(then, level)));
                let branches = branches.collect();
                Term::IfThenElse(branches, other.map(|other| self.boxed(*other, level)))
            }
            Term::Def(defs, rest) => {
                self.defined.extend(defs.iter().map(|def| def.name));
                let defs = defs.into_iter().map(|def| self.definition(def, level)).collect();
                Term::Def(defs, self.boxed(*rest, level))
            }
            Term::Call(name, arguments) => self.call(name, arguments, level),
            Term::Path(head, parts) => {
                let head = self.boxed(*head, level);
                let parts = parts.0.into_iter().map(|(part, optional)| {
                    let part = match part {
                        Part::Index(index) => Part::Index(self.term(index, level)),
                        Part::Range(from, upto) => {
                            let from = from.map(|from| self.term(from, level));
                            Part::Range(from, upto.map(|upto| self.term(upto, level)))
                        }
                    };
                    (part, optional)
                });
                Term::Path(head, Path(parts.collect()))
            }
        }
    }

    /// `break $name`. A `try` within the label catches it, as it is an error to jq.
    fn leave(&self, name: &'s str) -> Tree<'s> {
        match self.labels.iter().rposition(|label| *label == name) {
            Some(position) if position < self.labels_around_try => {
                let number: &'s str = self.arena.alloc(position.to_string());
                call("error", vec![Term::Obj(vec![(text("__jq"), Some(Term::Num(number)))])])
            }
            _ => Term::Break(name),
        }
    }

    /// A format that does not exist is an error only when it is applied.
    fn unknown_format(name: &'s str) -> Tree<'s> {
        let name = name.strip_prefix('@').unwrap_or(name);
        call("format", vec![text(name)])
    }

    /// `$__loc__`. Lines are not told apart: a variable's token does not say where it stands.
    fn location(&self) -> Tree<'s> {
        let line = self
            .code
            .find("$__loc__")
            .and_then(|at| self.code.get(..at))
            .map_or(1, |code| 1 + code.matches('\n').count());
        let line: &'s str = self.arena.alloc(line.to_string());
        Term::Obj(vec![(text("file"), Some(text("<top-level>"))), (text("line"), Some(Term::Num(line)))])
    }

    fn text(&mut self, format: Option<&'s str>, parts: Vec<StrPart<&'s str, Tree<'s>>>, level: usize) -> Tree<'s> {
        let unknown = format.filter(|format| !is_native(format, 0));
        let (format, parts) = match unknown {
            None => (format, parts),
            Some(format) => {
                let apply = |part| match part {
                    StrPart::Term(term) => StrPart::Term(pipe(term, Self::unknown_format(format))),
                    other => other,
                };
                (None, parts.into_iter().map(apply).collect())
            }
        };
        let mut bindings = Vec::new();
        let many = parts.iter().filter(|part| matches!(part, StrPart::Term(term) if is_many(term))).count();
        let mut rewritten = Vec::with_capacity(parts.len());
        for part in parts {
            rewritten.push(match part {
                StrPart::Term(term) if many > 1 && is_many(&term) => {
                    let name = self.fresh();
                    bindings.push((name, self.term(term, level)));
                    StrPart::Term(Term::Var(name))
                }
                StrPart::Term(term) => StrPart::Term(self.term(term, level)),
                other => other,
            });
        }
        let mut runs = rewritten.len() / RUN + 1;
        let mut pieces: Vec<Tree<'s>> = Vec::new();
        let mut rest = rewritten.into_iter();
        while runs > 0 {
            pieces.push(Term::Str(format, rest.by_ref().take(RUN).collect()));
            runs -= 1;
        }
        let text =
            balanced(pieces, &|left, right| Term::BinOp(Box::new(left), BinaryOp::Math(Math::Add), Box::new(right)));
        // The first part varies fastest.
        bindings.into_iter().fold(text, |body, (name, value)| bind(value, Pattern::Var(name), body))
    }

    fn object(&mut self, entries: Vec<(Tree<'s>, Option<Tree<'s>>)>, level: usize) -> Tree<'s> {
        let mut rewritten = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let value = match (&key, value) {
                (_, Some(value)) => Some(self.term(value, level)),
                (Term::Var("$__loc__"), None) => {
                    rewritten.push((text("__loc__"), Some(self.location())));
                    continue;
                }
                (_, None) => None,
            };
            let key = if matches!(key, Term::Var(_)) { key } else { self.term(key, level) };
            rewritten.push((key, value));
        }
        if rewritten.len() <= RUN {
            return Term::Obj(rewritten);
        }
        let mut pieces = Vec::new();
        let mut rest = rewritten.into_iter().peekable();
        while rest.peek().is_some() {
            pieces.push(Term::Obj(rest.by_ref().take(RUN).collect()));
        }
        balanced(pieces, &|left, right| Term::BinOp(Box::new(left), BinaryOp::Math(Math::Add), Box::new(right)))
    }

    fn operator(&mut self, left: Tree<'s>, op: BinaryOp<&'s str>, right: Tree<'s>, level: usize) -> Tree<'s> {
        match op {
            BinaryOp::Comma => self.generator(left, right, level),
            BinaryOp::Math(_) | BinaryOp::Cmp(_) if is_right_first(&left, &right) => {
                let name = self.fresh();
                let right = self.term(right, level);
                let left = self.boxed(left, level);
                bind(right, Pattern::Var(name), Term::BinOp(left, op, Box::new(Term::Var(name))))
            }
            BinaryOp::Pipe(Some(pattern)) => self.binding(left, pattern, right, level),
            BinaryOp::Assign => {
                let name = self.fresh();
                let (target, value) = (self.term(left, level), self.term(right, level));
                bind(value, Pattern::Var(name), call("__assign", vec![target, Term::Var(name)]))
            }
            BinaryOp::Update => {
                let (target, update) = (self.term(left, level), self.term(right, level));
                call("__modify", vec![target, update])
            }
            BinaryOp::UpdateMath(math) => self.update(left, BinaryOp::Math(math), right, level),
            BinaryOp::UpdateAlt => self.update(left, BinaryOp::Alt, right, level),
            op => {
                let left = self.boxed(left, level);
                Term::BinOp(left, op, self.boxed(right, level))
            }
        }
    }

    /// `left op= right`.
    fn update(&mut self, left: Tree<'s>, op: BinaryOp<&'s str>, right: Tree<'s>, level: usize) -> Tree<'s> {
        let name = self.fresh();
        let (target, value) = (self.term(left, level), self.term(right, level));
        let update = Term::BinOp(Box::new(Term::Id), op, Box::new(Term::Var(name)));
        bind(value, Pattern::Var(name), call("__modify", vec![target, update]))
    }

    /// `left, right`: a balanced tree instead of a deep one, after a step.
    fn generator(&mut self, left: Tree<'s>, right: Tree<'s>, level: usize) -> Tree<'s> {
        let mut items = vec![right];
        let mut left = left;
        while let Term::BinOp(before, BinaryOp::Comma, item) = left {
            items.push(*item);
            left = *before;
        }
        items.push(left);
        items.reverse();
        let items = self.all(items, level);
        let generator = balanced(items, &|left, right| Term::BinOp(Box::new(left), BinaryOp::Comma, Box::new(right)));
        pipe(call("__step", vec![]), generator)
    }

    /// `left as pattern | right`.
    fn binding(&mut self, left: Tree<'s>, pattern: Pattern<&'s str>, right: Tree<'s>, level: usize) -> Tree<'s> {
        let left = self.term(left, level);
        match pattern {
            Pattern::Arr(mut patterns) if is_alternatives(&patterns) => {
                patterns.pop();
                self.alternatives(left, patterns, right, level)
            }
            pattern => {
                let pattern = self.pattern(pattern, level);
                bind(left, pattern, self.term(right, level))
            }
        }
    }

    fn pattern(&mut self, pattern: Pattern<&'s str>, level: usize) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(name) => Pattern::Var(name),
            Pattern::Arr(patterns) => {
                Pattern::Arr(patterns.into_iter().map(|pattern| self.pattern(pattern, level)).collect())
            }
            Pattern::Obj(entries) => {
                let entries = entries.into_iter();
                Pattern::Obj(
                    entries.map(|(key, pattern)| (self.term(key, level), self.pattern(pattern, level))).collect(),
                )
            }
        }
    }

    /// `left as p ?// q | right`: the next pattern is tried when one does not fit or what follows fails. Variables of
    /// the other patterns are null.
    #[expect(clippy::needless_pass_by_value, reason = "trees are taken apart as they are rewritten")]
    fn alternatives(
        &mut self,
        left: Tree<'s>,
        patterns: Vec<Pattern<&'s str>>,
        right: Tree<'s>,
        level: usize,
    ) -> Tree<'s> {
        let (value, input) = (self.fresh(), self.fresh());
        let mut names = Vec::new();
        for pattern in &patterns {
            variables(pattern, &mut names);
        }
        let mut tries = Vec::new();
        for pattern in patterns {
            let body = self.term(right.clone(), level);
            let pattern = self.pattern(pattern, level);
            let bound = bind(Term::Var(value), pattern, body);
            let with_nulls =
                names.iter().fold(bound, |body, name| bind(call("null", vec![]), Pattern::Var(name), body));
            tries.push(with_nulls);
        }
        let whole = tries.into_iter().rev().reduce(|later, earlier| {
            let handler = pipe(Term::Var(input), later);
            Term::TryCatch(Box::new(earlier), Some(Box::new(handler)))
        });
        let body = bind(left, Pattern::Var(value), whole.unwrap_or_default());
        bind(Term::Id, Pattern::Var(input), body)
    }

    fn fold(
        &mut self,
        name: &'s str,
        items: Tree<'s>,
        pattern: Pattern<&'s str>,
        arguments: Vec<Tree<'s>>,
        level: usize,
    ) -> Tree<'s> {
        let pattern = match pattern {
            Pattern::Arr(patterns) if is_alternatives(&patterns) => {
                return self.fold_of_alternatives(name, items, patterns, arguments, level);
            }
            pattern => self.pattern(pattern, level),
        };
        let items = self.boxed(items, level);
        let is_exact = arguments.get(1).is_some_and(|update| outputs(update) == Outputs::One);
        let mut arguments = self.all(arguments, level);
        if is_exact {
            return Term::Fold(name, items, pattern, arguments);
        }
        match (name, arguments.len()) {
            ("reduce", 2) => {
                let update = arguments.pop().unwrap_or_default();
                arguments.push(call("__last_or_null", vec![update]));
                Term::Fold(name, items, pattern, arguments)
            }
            ("foreach", 2 | 3) => foreach(items, pattern, arguments),
            _ => Term::Fold(name, items, pattern, arguments),
        }
    }

    /// `reduce` or `foreach` over `p ?// q`: each item is bound within the update. What `foreach` extracts is
    /// calculated there as well, as the next pattern is tried when that fails.
    fn fold_of_alternatives(
        &mut self,
        name: &'s str,
        items: Tree<'s>,
        mut patterns: Vec<Pattern<&'s str>>,
        arguments: Vec<Tree<'s>>,
        level: usize,
    ) -> Tree<'s> {
        patterns.pop();
        let items = self.boxed(items, level);
        let item = self.fresh();
        let mut arguments = arguments.into_iter();
        let init = arguments.next().unwrap_or_default();
        let init = self.term(init, level);
        let update = arguments.next().unwrap_or_default();
        let Some(extract) = arguments.next() else {
            let update = self.alternatives(Term::Var(item), patterns, update, level);
            return match name {
                "reduce" => {
                    let update = call("__last_or_null", vec![update]);
                    Term::Fold(name, items, Pattern::Var(item), vec![init, update])
                }
                _ => foreach(items, Pattern::Var(item), vec![init, update]),
            };
        };
        let extracted = Term::Arr(Some(Box::new(extract)));
        let pair = Term::BinOp(Box::new(Term::Id), BinaryOp::Comma, Box::new(extracted));
        let update = pipe(update, Term::Arr(Some(Box::new(pair))));
        let update = pipe(path(vec![index("0")]), self.alternatives(Term::Var(item), patterns, update, level));
        let init = pipe(init, Term::Arr(Some(Box::new(Term::Id))));
        foreach(items, Pattern::Var(item), vec![init, update, path(vec![index("1"), each()])])
    }

    fn definition(&mut self, def: Def<&'s str>, level: usize) -> Def<&'s str> {
        let is_recursive = calls_of(&def.body).contains(&(def.name, def.args.len()));
        let passes_filters = def.args.iter().any(|argument| !argument.starts_with('$'));
        let body = self.term(def.body, level);
        let body = match (is_recursive, passes_filters) {
            (false, _) => body,
            (true, false) => pipe(call("__tick", vec![]), body),
            (true, true) => pipe(call("__closure", vec![]), body),
        };
        Def { body, ..def }
    }

    /// A filter passed to a definition. Definitions that pass on what they were given make chains of filters that call
    /// each other: each link looks at the stack.
    fn passed(&mut self, argument: Tree<'s>, level: usize) -> Tree<'s> {
        match self.term(argument, level) {
            argument @ (Term::Id | Term::Num(_) | Term::Var(_)) => argument,
            argument => pipe(call("__step", vec![]), argument),
        }
    }

    /// Natives evaluate their last argument first.
    fn call(&mut self, name: &'s str, arguments: Vec<Tree<'s>>, level: usize) -> Tree<'s> {
        if name.starts_with('@') && !is_native(name, 0) {
            return Self::unknown_format(name);
        }
        if self.defined.contains(name) {
            return Term::Call(name, arguments.into_iter().map(|argument| self.passed(argument, level)).collect());
        }
        let many = arguments.iter().filter(|argument| is_many(argument)).count();
        if many < 2 || !is_native(name, arguments.len()) {
            return Term::Call(name, self.all(arguments, level));
        }
        let mut bindings = Vec::new();
        let mut names = Vec::new();
        for argument in arguments {
            let name = self.fresh();
            bindings.push((name, self.term(argument, level)));
            names.push(Term::Var(name));
        }
        let call = Term::Call(name, names);
        bindings.into_iter().fold(call, |body, (name, value)| bind(value, Pattern::Var(name), body))
    }
}

/// `foreach` whose update may yield any number of outputs: the state is the last one and the outputs are kept beside it.
fn foreach<'s>(items: Box<Tree<'s>>, pattern: Pattern<&'s str>, arguments: Vec<Tree<'s>>) -> Tree<'s> {
    let mut arguments = arguments.into_iter();
    let init = Term::Arr(Some(Box::new(arguments.next().unwrap_or_default())));
    let update = pipe(path(vec![index("0")]), arguments.next().unwrap_or_default());
    let collected = Term::Arr(Some(Box::new(update)));
    let last = path(vec![index("-1")]);
    let pair = Term::BinOp(Box::new(last), BinaryOp::Comma, Box::new(Term::Id));
    let update = pipe(collected, Term::Arr(Some(Box::new(pair))));
    let outputs = path(vec![index("1"), each()]);
    let extract = match arguments.next() {
        Some(extract) => pipe(outputs, extract),
        None => outputs,
    };
    Term::Fold("foreach", items, pattern, vec![init, update, extract])
}

/// Joins terms by an associative operator with as few levels as possible.
fn balanced<'s>(mut terms: Vec<Tree<'s>>, join: &dyn Fn(Tree<'s>, Tree<'s>) -> Tree<'s>) -> Tree<'s> {
    while terms.len() > 1 {
        let mut joined = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            joined.push(match rest.next() {
                Some(right) => join(left, right),
                None => left,
            });
        }
        terms = joined;
    }
    terms.pop().unwrap_or_default()
}

/// Whether it shows that jq evaluates the right side of an operator first: in the order of the outputs, or in that there
/// is an error or no output.
fn is_right_first(left: &Tree<'_>, right: &Tree<'_>) -> bool {
    (outputs(left) != Outputs::One && !is_leaf(right)) || (outputs(right) != Outputs::One && !is_leaf(left))
}

/// Whether a term has exactly one output and cannot fail.
fn is_leaf(term: &Tree<'_>) -> bool {
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) => true,
        Term::Str(None, parts) => parts.iter().all(|part| !matches!(part, StrPart::Term(_))),
        _ => false,
    }
}

/// Whether the patterns are those of `p ?// q`.
fn is_alternatives(patterns: &[Pattern<&str>]) -> bool {
    matches!(patterns.last(), Some(Pattern::Var(name)) if *name == ALTERNATIVES)
}

fn variables<'s>(pattern: &Pattern<&'s str>, names: &mut Vec<&'s str>) {
    match pattern {
        Pattern::Var(name) => names.push(name),
        Pattern::Arr(patterns) => patterns.iter().for_each(|pattern| variables(pattern, names)),
        Pattern::Obj(entries) => entries.iter().for_each(|(_, pattern)| variables(pattern, names)),
    }
}
