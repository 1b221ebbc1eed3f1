//! Objects that expressions look at.

use std::sync::Arc;

use crate::value::{self, Value};
use crate::{InputError, Limits, Output};

/// Deepest nesting that any limit allows: a key of the input's own may be added on top.
const MAX_DEPTH: usize = 900;

/// A JSON document, parsed once and shared by all expressions that look at it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Input(pub(crate) Value);

impl Input {
    /// Parses a JSON text.
    ///
    /// The order of keys is kept, of duplicate keys the last wins, and a lone surrogate becomes U+FFFD. Numbers keep
    /// their digits until an expression calculates with them.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, InputError> {
        if text.len() > limits.input_length {
            return Err(InputError::TooLong { length: text.len(), limit: limits.input_length });
        }
        value::parse(text, limits.input_depth.min(MAX_DEPTH)).map(Self)
    }

    /// Adds or replaces a top-level key.
    pub fn insert(&mut self, key: &str, value: Output) -> Result<(), InputError> {
        let Value::Object(object) = &mut self.0 else {
            return Err(InputError::NotAnObject { key: key.to_owned(), actual: self.0.type_name() });
        };
        Arc::make_mut(object).insert(key.into(), value.0).map_err(|_| InputError::TooDeep { limit: MAX_DEPTH })
    }
}

impl From<Output> for Input {
    fn from(output: Output) -> Self {
        Self(output.0)
    }
}
