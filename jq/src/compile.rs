//! From source text to a program.

use std::sync::Arc;

use jaq_core::compile::Undefined;
use jaq_core::load::lex::{Lexer, Tok, Token};
use jaq_core::load::parse::{Def, Parser, Term};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Filter, ValT as _};

use crate::builtins::{self, Engine};
use crate::program::{Inner, Program};
use crate::quotes::double_outer_quotes;
use crate::shortcut::Shortcut;
use crate::tree::{self, Normalized, Refusal, Rewriter, Unreadable};
use crate::value::{Object, Value};
use crate::walk::reads_of;
use crate::{CompileError, Environment, Limits, is_file_reference};

/// Stack of the thread that compiles, in bytes: parsing goes as deep as the expression.
const COMPILE_STACK_BYTES: usize = 64 << 20;

/// Most terms that an expression may have after rewriting.
const MAX_TERMS: usize = 200_000;

/// The definition that holds the expression.
const MAIN: &str = "__main";

/// Compiles expressions under the same limits and with the same environment.
#[derive(Debug, Clone)]
pub struct Compiler {
    limits: Limits,
    environment: Environment,
}

impl Compiler {
    /// A compiler whose programs see the given environment and run within the given limits.
    #[must_use]
    pub fn new(limits: Limits, environment: Environment) -> Self {
        Self { limits, environment }
    }

    /// The limits that its programs run within.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Compiles one expression.
    pub fn compile(&self, source: &str) -> Result<Program, CompileError> {
        if is_file_reference(source) {
            return Err(CompileError::FileReference(source.trim().to_owned()));
        }
        if source.len() > self.limits.expression_length {
            return Err(CompileError::TooLong { length: source.len(), limit: self.limits.expression_length });
        }
        let compile = || self.compile_here(source);
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(COMPILE_STACK_BYTES).spawn_scoped(scope, compile);
            let thread = thread.map_err(|cause| CompileError::Thread(cause.to_string()))?;
            thread.join().unwrap_or_else(|_| Err(CompileError::at(source, 0, "the expression cannot be compiled")))
        })
    }

    fn compile_here(&self, source: &str) -> Result<Program, CompileError> {
        let quoted = double_outer_quotes(source);
        let limit = self.limits.expression_depth;
        let normalized = tree::normalize(&quoted, limit).map_err(|refusal| match refusal {
            // Both kinds of quotes are as long.
            Unreadable::HalfCharacter(offset) => {
                let message = "half of a character: write the other half (`\\udc00` to `\\udfff`) right behind it";
                CompileError::at(source, offset, message)
            }
            Unreadable::TooDeep => CompileError::TooDeep { limit },
        })?;
        let code = normalized.code.as_str();
        let place = Place { source, normalized: &normalized };
        let tokens = Lexer::new(code).lex().map_err(|errors| place.lexical(&errors))?;
        let tokens = tree::prepare(code, tokens, limit).map_err(|refusal| match refusal {
            Refusal::TooDeep => CompileError::TooDeep { limit },
            Refusal::Misplaced { piece, message } => place.error(piece, message),
        })?;
        let tokens = complete(tokens);
        let parsed =
            Parser::new(&tokens).parse(jaq_core::load::Parser::term).map_err(|errors| place.syntactic(&errors))?;
        if let Some((name, _)) = tree::calls_of(&parsed).iter().find(|(name, _)| name.starts_with("__")) {
            return Err(place.error(name, format!("`{name}` is not defined")));
        }
        let is_constant = tree::is_constant(&parsed);
        let reads = reads_of(&parsed, |piece| place.span(piece));
        let shortcut = Shortcut::of(&parsed);
        let uses_environment = tree::uses_variable(&parsed, "$ENV") || tree::calls_of(&parsed).contains(&("env", 0));
        let arena = Arena::default();
        let mut rewriter = Rewriter::new(&arena, code, MAX_TERMS);
        let rewritten = rewriter.term(parsed, 0);
        if rewriter.is_exhausted() || tree::depth_of(&rewritten) > limit * 4 {
            return Err(CompileError::TooDeep { limit });
        }
        let filter = link(rewritten, &place)?;
        let environment = if uses_environment { self.environment_value() } else { Value::Null };
        let source = source.to_owned();
        let limits = self.limits;
        let mut inner = Inner { source, filter, shortcut, environment, literal: None, reads, limits };
        if is_constant {
            let output = inner.run(&Value::Null).ok().flatten();
            inner.literal = output.clone().map(|output| crate::Output(output).into_json());
            inner.shortcut = output.map(Shortcut::Constant);
        }
        Ok(Program(Arc::new(inner)))
    }

    fn environment_value(&self) -> Value {
        let entries = self.environment.iter().map(|(name, value)| (Value::text(name), Value::text(value)));
        Value::from_map(entries).unwrap_or(Value::Object(Arc::<Object>::default()))
    }
}

/// An empty program, or one of definitions only, is the identity.
fn complete(mut tokens: Vec<Token<&str>>) -> Vec<Token<&str>> {
    if matches!(tokens.last(), None | Some(Token(";", Tok::Sym))) {
        tokens.push(Token(".", Tok::Sym));
    }
    tokens
}

/// Puts the expression and the builtins that it needs together.
fn link(main: Term<&str>, place: &Place<'_>) -> Result<Filter<Engine>, CompileError> {
    let calls = tree::calls_of(&main);
    let mut defs: Vec<Def<&str>> = builtins::definitions(&calls);
    let mut names = calls;
    names.extend(defs.iter().flat_map(|def| tree::calls_of(&def.body)));
    defs.push(Def { name: MAIN, args: Vec::new(), body: main });
    let funs = builtins::natives().filter(|(name, binds, _)| names.contains(&(*name, binds.len())));
    let arena = Arena::default();
    let modules = Loader::new(defs)
        .load(&arena, File { code: MAIN, path: () })
        .map_err(|_| place.error("", "the expression cannot be loaded"))?;
    jaq_core::Compiler::default().with_funs(funs).with_global_vars(["$ENV"]).compile(modules).map_err(|errors| {
        let first = errors.into_iter().flat_map(|(_, errors)| errors).next();
        match first {
            Some((name, Undefined::Filter(arguments))) => {
                place.error(name, format!("`{name}/{arguments}` is not defined"))
            }
            Some((name, undefined)) => place.error(name, format!("{} `{name}` is not defined", undefined.as_str())),
            None => place.error("", "the expression cannot be compiled"),
        }
    })
}

/// Finds positions in the source.
struct Place<'a> {
    source: &'a str,
    normalized: &'a Normalized,
}

impl Place<'_> {
    /// Where a piece of the code stands in the source. `None` if the piece is not from the code.
    fn span(&self, piece: &str) -> Option<std::ops::Range<usize>> {
        let code = &self.normalized.code;
        let start = piece.as_ptr().addr().checked_sub(code.as_ptr().addr())?;
        let end = start.checked_add(piece.len()).filter(|end| *end <= code.len())?;
        Some(self.normalized.in_source(start)..self.normalized.in_source(end))
    }

    fn error(&self, piece: &str, message: impl Into<String>) -> CompileError {
        let offset = self.span(piece).map_or(0, |span| span.start);
        CompileError::at(self.source, offset, message)
    }

    fn lexical(&self, errors: &[jaq_core::load::lex::Error<&str>]) -> CompileError {
        match errors.first() {
            Some((expected, piece)) => self.error(piece, format!("expected {}", expected.as_str())),
            None => self.error("", "the expression is no valid jq"),
        }
    }

    fn syntactic(&self, errors: &[jaq_core::load::parse::TError<'_, &str>]) -> CompileError {
        let Some((expected, found)) = errors.first() else {
            return self.error("", "the expression is no valid jq");
        };
        let message = match expected.as_str() {
            "nothing" => "expected an operator or the end".to_owned(),
            word @ ("variable" | "pattern" | "term" | "key" | "identifier" | "argument" | "string") => {
                format!("expected a {word}")
            }
            other => format!("expected `{other}`"),
        };
        match found {
            Some(Token(piece, _)) => self.error(piece, message),
            None => CompileError::at(self.source, self.source.len(), message),
        }
    }
}
