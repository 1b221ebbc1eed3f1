//! Builtins on objects, and on all containers alike.

use std::sync::Arc;

use crate::budget;
use crate::value::{Array, Error, Object, Value, ValueResult, char_count, error, exceeded, not_iterable};

pub(super) fn length(value: Value) -> ValueResult {
    Ok(match &value {
        Value::Null => Value::int(0),
        Value::Bool(_) => return Err(error(format!("{} has no length", value.described()))),
        Value::Number(number) => Value::float(number.to_f64().abs()),
        Value::Text(text) => Value::int(char_count(text)),
        Value::Array(array) => Value::int(array.items().len()),
        Value::Object(object) => Value::int(object.len()),
    })
}

pub(super) fn keys(value: Value) -> ValueResult {
    match &value {
        Value::Object(object) => {
            budget::allocate(object.size()).map_err(exceeded)?;
            object.sorted().into_iter().map(|(key, _)| Ok(Value::Text(key.clone()))).collect()
        }
        _ => keys_unsorted(value),
    }
}

pub(super) fn keys_unsorted(value: Value) -> ValueResult {
    match &value {
        Value::Object(object) => object.iter().map(|(key, _)| Ok(Value::Text(key.clone()))).collect(),
        Value::Array(array) => (0..array.items().len()).map(|index| Ok(Value::int(index))).collect(),
        _ => Err(error(format!("{} has no keys", value.described()))),
    }
}

/// The keys of what has entries.
pub(super) fn entry_keys(value: Value) -> ValueResult {
    match value {
        Value::Object(_) | Value::Array(_) => keys_unsorted(value),
        other => Err(not_iterable(&other)),
    }
}

pub(super) fn has(value: Value, key: Value) -> ValueResult {
    let found = match (&value, &key) {
        (Value::Null, _) => false,
        (Value::Object(object), Value::Text(key)) => object.get(key).is_some(),
        (Value::Array(array), Value::Number(index)) => {
            let index = index.to_index().and_then(|index| usize::try_from(index).ok());
            index.is_some_and(|index| index < array.items().len())
        }
        _ => {
            let message = format!("Cannot check whether {} has a {} key", value.type_name(), key.type_name());
            return Err(error(message));
        }
    };
    Ok(Value::Bool(found))
}

pub(super) fn contains(value: Value, part: Value) -> ValueResult {
    if value.type_name() != part.type_name() {
        let message = format!("{} and {} cannot have their containment checked", value.described(), part.described());
        return Err(error(message));
    }
    contains_part(&value, &part).map(Value::Bool)
}

fn contains_part(value: &Value, part: &Value) -> Result<bool, Error> {
    budget::spend(1).map_err(exceeded)?;
    match (value, part) {
        (Value::Object(object), Value::Object(part)) => part.iter().try_fold(true, |all, (key, part)| {
            let inside = |value| contains_part(value, part);
            Ok(all && object.get(key).map_or(Ok(false), inside)?)
        }),
        (Value::Array(array), Value::Array(part)) => {
            part.items().iter().try_fold(true, |all, part| Ok(all && any_contains(array, part)?))
        }
        (Value::Text(text), Value::Text(part)) => {
            budget::spend(text.len() / 64).map_err(exceeded)?;
            Ok(text.contains(part.as_str()))
        }
        _ => Ok(value == part),
    }
}

fn any_contains(array: &Array, part: &Value) -> Result<bool, Error> {
    array.items().iter().try_fold(false, |any, item| Ok(any || contains_part(item, part)?))
}

/// Builds an array or an object, as the input is, from pairs of key and value. A pair without value is left out.
pub(super) fn like(value: Value, pairs: Value) -> ValueResult {
    let pairs = pairs.as_items().unwrap_or_default().iter().filter_map(|pair| match pair.as_items() {
        Some([key, value]) => Some((key.clone(), value.clone())),
        _ => None,
    });
    if value.as_object().is_none() {
        return pairs.map(|(_, value)| Ok(value)).collect();
    }
    let mut object = Object::default();
    for (key, value) in pairs {
        if let Value::Text(key) = key {
            object.insert(key, value).map_err(exceeded)?;
        }
    }
    Ok(Value::Object(Arc::new(object)))
}

/// Refuses what cannot be a key, with the message that `from_entries` gives.
pub(super) fn entry_key(value: Value) -> ValueResult {
    match value {
        Value::Text(_) => Ok(value),
        Value::Bool(false) => Err(error("Cannot use null (null) as object key")),
        other => Err(error(format!("Cannot use {} as object key", other.described()))),
    }
}
