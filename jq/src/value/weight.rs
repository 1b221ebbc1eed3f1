//! The size of a value as a tree.

use super::Value;
use crate::budget::{self, Exceeded};

/// Bytes that an item counts for beside its text once it is written out.
const ITEM_BYTES: usize = 32;

/// Counts the items of values, however often they are shared: parts that are shared take little memory, but whoever
/// walks through the value meets each of them again.
pub(crate) fn weigh(values: &[Value]) -> Result<usize, Exceeded> {
    values.iter().try_fold(0, |weight: usize, value| Ok(weight.saturating_add(weight_of(value)?)))
}

fn weight_of(value: &Value) -> Result<usize, Exceeded> {
    let mut weight = 1_usize;
    match value {
        Value::Array(array) => {
            budget::spend(1 + array.items().len())?;
            weight = weight.saturating_add(weigh(array.items())?);
        }
        Value::Object(object) => {
            budget::spend(1 + object.len())?;
            for (_, value) in object.iter() {
                weight = weight.saturating_add(weight_of(value)?);
            }
        }
        _ => {}
    }
    Ok(weight)
}

/// Counts the bytes that a value takes once each part is written out on its own.
pub(crate) fn count_copy(value: &Value) -> Result<(), Exceeded> {
    match value {
        Value::Array(array) => {
            budget::allocate(array.items().len() * ITEM_BYTES)?;
            array.items().iter().try_for_each(count_copy)
        }
        Value::Object(object) => {
            budget::allocate(object.len() * ITEM_BYTES)?;
            object.iter().try_for_each(|(key, value)| {
                budget::allocate(key.len())?;
                count_copy(value)
            })
        }
        Value::Text(text) => budget::allocate(text.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}
