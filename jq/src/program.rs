//! Compiled expressions.

use std::fmt;
use std::sync::Arc;

use jaq_core::{Ctx, Filter, Vars};

use crate::budget::Evaluation;
use crate::builtins::Engine;
use crate::shortcut::Shortcut;
use crate::value::Value;
use crate::{EvalError, Input, Limits, Output, Reads};

/// A compiled expression. Cheap to clone and shared by threads.
#[derive(Clone)]
pub struct Program(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) source: String,
    pub(crate) filter: Filter<Engine>,
    pub(crate) shortcut: Option<Shortcut>,
    pub(crate) environment: Value,
    pub(crate) literal: Option<serde_json::Value>,
    pub(crate) reads: Reads,
    pub(crate) limits: Limits,
}

impl Inner {
    /// Evaluates up to the first output.
    pub(crate) fn first(&self, input: &Value) -> Result<Option<Value>, EvalError> {
        match &self.shortcut {
            Some(shortcut) => self.take(shortcut, input),
            None => self.run(input),
        }
    }

    /// Evaluates without the engine.
    fn take(&self, shortcut: &Shortcut, input: &Value) -> Result<Option<Value>, EvalError> {
        let found = match shortcut.take(input) {
            Ok(found) => found,
            Err(error) => return Err(EvalError::Runtime(error.to_string())),
        };
        if let Some(value @ (Value::Array(_) | Value::Object(_))) = found {
            let evaluation = Evaluation::begin(&self.limits)?;
            _ = crate::value::count_copy(value);
            evaluation.breach().map_or(Ok(()), Err)?;
        }
        Ok(found.cloned())
    }

    /// Evaluates up to the first output by the engine.
    pub(crate) fn run(&self, input: &Value) -> Result<Option<Value>, EvalError> {
        let evaluation = Evaluation::begin(&self.limits)?;
        let ctx = Ctx::<Engine>::new(&self.filter.lut, Vars::new([self.environment.clone()]));
        let mut outputs = self.filter.id.run((ctx, input.clone()));
        let first = outputs.next();
        drop(outputs);
        // Whoever takes the value writes it out in full. A breach is found right below.
        if let Some(Ok(Value::Array(_) | Value::Object(_))) = &first {
            _ = first.iter().flatten().try_for_each(crate::value::count_copy);
        }
        if let Some(breach) = evaluation.breach() {
            return Err(breach);
        }
        match first {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(exception)) => match exception.get_err() {
                Ok(error) => Err(EvalError::Runtime(error.to_string())),
                // `halt`: the program ends without an output.
                Err(_) => Ok(None),
            },
        }
    }
}

impl Program {
    /// The expression as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Evaluates up to the first output. `None` if there is none.
    ///
    /// Safe on any thread: what is left of its stack bounds the evaluation. Deep expressions want a thread from
    /// [`crate::spawn_worker`].
    pub fn first(&self, input: &Input) -> Result<Option<Output>, EvalError> {
        Ok(self.0.first(&input.0)?.map(Output))
    }

    /// The value of an expression that is a constant, such as `"bitbucketProject"`, `true` or `5`.
    #[must_use]
    pub fn literal(&self) -> Option<serde_json::Value> {
        self.0.literal.clone()
    }

    /// The paths that the expression reads from its input.
    #[must_use]
    pub fn reads(&self) -> &Reads {
        &self.0.reads
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.0.source).finish()
    }
}
