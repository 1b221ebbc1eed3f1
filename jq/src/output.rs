//! Results of expressions.

use jaq_json::Val;

/// A value that an expression yields.
#[derive(Debug, Clone)]
pub struct Output(pub(crate) Val);

/// The items of an output that is an array.
pub type Items = std::vec::IntoIter<Output>;

impl Output {
    /// A value to be added to an input.
    #[must_use]
    pub fn from_json(value: &serde_json::Value) -> Self {
        Self(serde_json::from_value(value.clone()).unwrap_or_default())
    }

    /// The value as Port receives it: integral numbers become integers, NaN becomes null.
    #[must_use]
    pub fn into_json(self) -> serde_json::Value {
        serde_json::from_str(&self.0.to_string()).unwrap_or_default()
    }

    /// The value if it is exactly `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.0 {
            Val::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The text if the value is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Val::TStr(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Whether the value is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.0, Val::Null)
    }

    /// Whether Port takes the value for true: neither null, `false`, `0`, `""`, `[]` nor `{}`.
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        match &self.0 {
            Val::Null => false,
            Val::Bool(value) => *value,
            Val::Num(number) => number.to_string() != "0",
            Val::TStr(text) | Val::BStr(text) => !text.is_empty(),
            Val::Arr(items) => !items.is_empty(),
            Val::Obj(object) => !object.is_empty(),
        }
    }

    /// The items if the value is an array.
    #[must_use]
    pub fn items(self) -> Option<Items> {
        match self.0 {
            Val::Arr(items) => Some(items.iter().cloned().map(Output).collect::<Vec<_>>().into_iter()),
            _ => None,
        }
    }
}
