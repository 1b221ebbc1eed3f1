//! Results of expressions.

use std::sync::Arc;

use serde_json::Number as JsonNumber;

use crate::value::{Array, Number, Object, Value};

/// A value that an expression yields. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Output(pub(crate) Value);

/// The items of an output that is an array.
#[derive(Debug)]
pub struct Items {
    array: Arc<Array>,
    next: usize,
}

impl Iterator for Items {
    type Item = Output;

    fn next(&mut self) -> Option<Output> {
        let item = self.array.items().get(self.next)?.clone();
        self.next += 1;
        Some(Output(item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.array.items().len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Items {}

impl Output {
    /// A value to be added to an input. What is nested too deeply for an expression becomes null.
    #[must_use]
    pub fn from_json(value: &serde_json::Value) -> Self {
        Self(from_json(value))
    }

    /// The value as Port receives it: integral numbers become integers, those of up to 64 bits exactly, larger ones with
    /// the precision of a double; NaN becomes null and infinity the largest double.
    #[must_use]
    pub fn into_json(self) -> serde_json::Value {
        to_json(&self.0)
    }

    /// The value if it is exactly `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.0 {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The text if the value is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_text().map(smol_str::SmolStr::as_str)
    }

    /// Whether the value is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.0, Value::Null)
    }

    /// Whether Port takes the value for true: neither null, `false`, `0`, `""`, `[]` nor `{}`.
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        match &self.0 {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(number) => number.to_f64() != 0.0 && !number.is_nan(),
            Value::Text(text) => !text.is_empty(),
            Value::Array(array) => !array.items().is_empty(),
            Value::Object(object) => !object.is_empty(),
        }
    }

    /// The name of the value's type as jq's `type` gives it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    /// The items if the value is an array.
    #[must_use]
    pub fn items(self) -> Option<Items> {
        match self.0 {
            Value::Array(array) => Some(Items { array, next: 0 }),
            _ => None,
        }
    }
}

fn from_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => Value::Number(Number::from_literal(&number.to_string())),
        serde_json::Value::String(text) => Value::text(text),
        serde_json::Value::Array(items) => Array::new(items.iter().map(from_json).collect())
            .map(|array| Value::Array(Arc::new(array)))
            .unwrap_or_default(),
        serde_json::Value::Object(entries) => {
            let mut object = Object::with_capacity(entries.len());
            for (key, value) in entries {
                if object.insert(key.into(), from_json(value)).is_err() {
                    return Value::Null;
                }
            }
            Value::Object(Arc::new(object))
        }
    }
}

fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => serde_json::Value::Bool(*value),
        Value::Number(number) => number_to_json(number),
        Value::Text(text) => serde_json::Value::String(text.to_string()),
        Value::Array(array) => array.items().iter().map(to_json).collect(),
        Value::Object(object) => {
            serde_json::Value::Object(object.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect())
        }
    }
}

fn number_to_json(number: &Number) -> serde_json::Value {
    if let Number::Int(value) = number {
        return (*value).into();
    }
    if let Some(value) = number.as_u64() {
        return value.into();
    }
    let value = number.to_f64();
    if value.is_nan() {
        return serde_json::Value::Null;
    }
    let value = if value.is_infinite() { f64::MAX.copysign(value) } else { value };
    // Integral numbers are integers to Port; a double of this size is one exactly.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and in range")]
    if value.fract() == 0.0 && value.abs() < 9_223_372_036_854_775_808.0 {
        return (value as i64).into();
    } else if value.fract() == 0.0 && value > 0.0 && value < 18_446_744_073_709_551_616.0 {
        return (value as u64).into();
    }
    JsonNumber::from_f64(value).map_or(serde_json::Value::Null, serde_json::Value::Number)
}
