//! Compiled expressions.

use std::fmt;
use std::sync::Arc;

use jaq_core::{Ctx, Filter, Vars, data::JustLut, unwrap_valr};
use jaq_json::Val;

use crate::{EvalError, Input, Output, Reads};

/// A compiled expression. Cheap to clone and shared by threads.
#[derive(Clone)]
pub struct Program(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) source: String,
    pub(crate) filter: Filter<JustLut<Val>>,
    pub(crate) environment: Val,
    pub(crate) literal: Option<serde_json::Value>,
    pub(crate) reads: Reads,
}

impl Program {
    /// The expression as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Evaluates up to the first output. `None` if there is none.
    pub fn first(&self, input: &Input) -> Result<Option<Output>, EvalError> {
        let ctx = Ctx::<JustLut<Val>>::new(&self.0.filter.lut, Vars::new([self.0.environment.clone()]));
        let mut outputs = self.0.filter.id.run((ctx, input.0.clone())).map(unwrap_valr);
        let first = outputs.next().transpose().map_err(|error| EvalError::Runtime(error.to_string()))?;
        Ok(first.map(Output))
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
