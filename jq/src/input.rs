//! Objects that expressions look at.

use jaq_json::{Rc, Val};

use crate::{InputError, Limits, Output};

/// A JSON document, parsed once and shared by all expressions that look at it.
#[derive(Debug, Clone)]
pub struct Input(pub(crate) Val);

impl Input {
    /// Parses a JSON text.
    ///
    /// The order of keys is kept, of duplicate keys the last wins, and a lone surrogate becomes U+FFFD.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, InputError> {
        if text.len() > limits.input_length {
            return Err(InputError::TooLong { length: text.len(), limit: limits.input_length });
        }
        serde_json::from_str(text)
            .map(Self)
            .map_err(|error| InputError::Syntax { message: "invalid", offset: error.column() })
    }

    /// Adds or replaces a top-level key.
    pub fn insert(&mut self, key: &str, value: Output) -> Result<(), InputError> {
        let Val::Obj(object) = &mut self.0 else {
            return Err(InputError::NotAnObject { key: key.to_owned(), actual: "another value" });
        };
        Rc::make_mut(object).insert(Val::from(key.to_owned()), value.0);
        Ok(())
    }
}

impl From<Output> for Input {
    fn from(output: Output) -> Self {
        Self(output.0)
    }
}
