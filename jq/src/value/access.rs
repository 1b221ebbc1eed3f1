//! Indexing and slicing.

use std::ops::Range;
use std::sync::Arc;

use smol_str::SmolStr;

use super::engine::exceeded;
use super::{Array, Number, Object, Value, ValueResult, error};
use crate::budget;

/// What stands where nothing does.
static NULL: Value = Value::Null;

/// `.[index]`.
pub(crate) fn index(value: &Value, index: &Value) -> ValueResult {
    match (value, index) {
        (Value::Null, Value::Object(_)) => Ok(Value::Null),
        (Value::Array(_), Value::Object(bounds)) => {
            let (Some(start), Some(end)) = (bounds.get("start"), bounds.get("end")) else { return Err(no_bounds()) };
            slice(value, start, end)
        }
        (Value::Array(array), Value::Array(part)) => positions(array, part),
        _ => entry(value, index).cloned(),
    }
}

/// `.[index]` for a key or a position.
pub(crate) fn entry<'v>(value: &'v Value, index: &Value) -> Result<&'v Value, super::Error> {
    Ok(match (value, index) {
        (Value::Object(object), Value::Text(key)) => object.get(key).unwrap_or(&NULL),
        (Value::Array(array), Value::Number(number)) => {
            position(number, array.items().len()).and_then(|at| array.items().get(at)).unwrap_or(&NULL)
        }
        (Value::Null, Value::Text(_) | Value::Number(_)) => &NULL,
        _ => {
            let message = format!("Cannot index {} with {}", value.type_name(), index.described());
            return Err(error(message));
        }
    })
}

/// Where an index points in an array of the given length; negative ones count from the end.
fn position(index: &Number, length: usize) -> Option<usize> {
    let index = index.to_index()?;
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { index + length } else { index }).ok()
}

/// The positions at which an array contains another.
fn positions(array: &Array, part: &Array) -> ValueResult {
    let (items, part) = (array.items(), part.items());
    if part.is_empty() {
        return std::iter::empty::<ValueResult>().collect();
    }
    budget::spend(items.len().saturating_mul(part.len()) / 4).map_err(exceeded)?;
    let found = items.windows(part.len()).enumerate().filter(|(_, window)| *window == part);
    found.map(|(at, _)| Ok(Value::int(at))).collect()
}

/// `.[from:upto]`.
pub(crate) fn slice(value: &Value, from: &Value, upto: &Value) -> ValueResult {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Array(array) => {
            let range = slice_bounds(from, upto, array.items().len())?;
            let items = array.items().get(range).unwrap_or_default().to_vec();
            Array::counted(items).map(|array| Value::Array(Arc::new(array))).map_err(exceeded)
        }
        Value::Text(text) => {
            let length = super::char_count(text);
            let range = slice_bounds(from, upto, length)?;
            budget::allocate(text.len()).map_err(exceeded)?;
            Ok(Value::Text(slice_chars(text, range)))
        }
        _ => {
            let mut bounds = super::Object::default();
            for (key, bound) in [("start", from), ("end", upto)] {
                bounds.insert(key.into(), bound.clone()).map_err(exceeded)?;
            }
            let bounds = Value::Object(Arc::new(bounds));
            Err(error(format!("Cannot index {} with {}", value.type_name(), bounds.described())))
        }
    }
}

fn no_bounds() -> super::Error {
    error("Array/string slice indices must be integers")
}

fn slice_chars(text: &SmolStr, range: Range<usize>) -> SmolStr {
    if text.is_ascii() {
        return SmolStr::new(text.get(range).unwrap_or_default());
    }
    text.chars().skip(range.start).take(range.len()).collect()
}

/// The bounds of a slice within a length: the start is rounded down, the end up, negative ones count from the end.
pub(crate) fn slice_bounds(from: &Value, upto: &Value, length: usize) -> Result<Range<usize>, super::Error> {
    let bound = |value: &Value, default: f64| match value {
        Value::Null => Ok(default),
        Value::Number(number) => Ok(number.to_f64()),
        _ => Err(no_bounds()),
    };
    let length_f64 = length as f64;
    let absolute = |value: f64| if value < 0.0 { value + length_f64 } else { value };
    let start = absolute(bound(from, 0.0)?).clamp(0.0, length_f64).floor();
    let end = absolute(bound(upto, length_f64)?).clamp(0.0, length_f64).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the length of a value")]
    let (start, end) = (start as usize, end as usize);
    Ok(start..end.max(start))
}

/// The key and value of an entry, counting a step.
pub(crate) fn entry_at(object: &Object, position: usize) -> Option<Result<(Value, Value), super::Error>> {
    let (key, value) = object.entry_at(position)?;
    let entry = (Value::Text(key.clone()), value.clone());
    Some(budget::spend(1).map(|()| entry).map_err(exceeded))
}
