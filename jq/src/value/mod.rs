//! Values as jq knows them.

mod access;
mod containers;
mod engine;
mod entries;
mod number;
mod ops;
mod order;
mod parse;
mod print;
mod weight;

pub(crate) use access::{entry, entry_at, index, slice_bounds};
pub(crate) use containers::{Array, Object};
pub(crate) use engine::{exceeded, not_iterable};
pub(crate) use number::Number;
pub(crate) use ops::{add, char_count, split_text};
pub(crate) use order::sort_order;
pub(crate) use parse::{parse, parse_like_jq};
pub(crate) use print::{excerpt, to_json_text};
pub(crate) use weight::{count_copy, weigh};

use std::sync::Arc;

use smol_str::SmolStr;

/// A JSON value; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(SmolStr),
    Array(Arc<Array>),
    Object(Arc<Object>),
}

/// An error that an expression raises.
pub(crate) type Error = jaq_core::Error<Value>;
/// A value or the error that there is none.
pub(crate) type ValueResult = Result<Value, Error>;

impl Value {
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(SmolStr::new(text))
    }

    pub(crate) fn int(value: usize) -> Self {
        Self::Number(Number::from(value))
    }

    pub(crate) fn float(value: f64) -> Self {
        Self::Number(Number::from_f64(value))
    }

    /// The name that `type` gives.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// All but null and `false` are true to jq.
    pub(crate) fn is_true(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    pub(crate) fn as_text(&self) -> Option<&SmolStr> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::to_f64)
    }

    pub(crate) fn as_items(&self) -> Option<&[Value]> {
        match self {
            Self::Array(array) => Some(array.items()),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Arc<Object>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Levels of nesting: 0 for scalars.
    pub(crate) fn depth(&self) -> u32 {
        match self {
            Self::Array(array) => array.depth(),
            Self::Object(object) => object.depth(),
            _ => 0,
        }
    }

    /// `string ("abc")`: how messages name a value.
    pub(crate) fn described(&self) -> String {
        format!("{} ({})", self.type_name(), excerpt(self))
    }
}

/// An error whose value is a message.
pub(crate) fn error(message: impl AsRef<str>) -> Error {
    Error::new(Value::text(message))
}
