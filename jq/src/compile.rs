//! From source text to a program.

use std::sync::Arc;

use jaq_core::data::JustLut;
use jaq_core::load::lex::{Lexer, StrPart};
use jaq_core::load::parse::{Parser, Term};
use jaq_core::load::{Arena, File, Loader};
use jaq_json::Val;

use crate::program::{Inner, Program};
use crate::quotes::double_outer_quotes;
use crate::walk::reads_of;
use crate::{CompileError, Environment, Limits, Reads, is_file_reference};

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
        let code = double_outer_quotes(source);
        let fail = |message: &str| CompileError::at(source, 0, message);
        let literal = literal(&code);
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let funs = jaq_core::funs::<JustLut<Val>>().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let modules = Loader::new(defs)
            .load(&arena, File { code: code.as_str(), path: () })
            .map_err(|_| fail("the expression is no valid jq"))?;
        let filter = jaq_core::Compiler::default()
            .with_funs(funs)
            .with_global_vars(["$ENV"])
            .compile(modules)
            .map_err(|_| fail("the expression calls an unknown function or variable"))?;
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| (Val::from(name.to_owned()), Val::from(value.to_owned())))
            .collect();
        let reads = reads(&code);
        let inner = Inner { source: source.to_owned(), filter, environment: Val::obj(environment), literal, reads };
        Ok(Program(Arc::new(inner)))
    }
}

/// The paths that an expression reads; what cannot be parsed reads anything.
fn reads(code: &str) -> Reads {
    let unknown = Reads { reads: Vec::new(), incomplete: true };
    let Ok(tokens) = Lexer::new(code).lex() else { return unknown };
    let Ok(term) = Parser::new(&tokens).parse(Parser::term) else { return unknown };
    reads_of(&term, |piece| {
        let start = (piece.as_ptr() as usize).checked_sub(code.as_ptr() as usize)?;
        Some(start..start + piece.len())
    })
}

/// The value of a term that is a constant.
fn literal(code: &str) -> Option<serde_json::Value> {
    let tokens = Lexer::new(code).lex().ok()?;
    match Parser::new(&tokens).parse(Parser::term).ok()? {
        Term::Str(None, parts) => {
            let text = parts.into_iter().map(|part| match part {
                StrPart::Str(text) => Some(text.to_owned()),
                StrPart::Char(c) => Some(c.to_string()),
                StrPart::Term(_) => None,
            });
            text.collect::<Option<String>>().map(serde_json::Value::String)
        }
        Term::Num(number) => serde_json::from_str(number).ok(),
        Term::Call("true", _) => Some(true.into()),
        Term::Call("false", _) => Some(false.into()),
        Term::Call("null", _) => Some(serde_json::Value::Null),
        _ => None,
    }
}
