//! `setpath` and `delpaths`, which all assignments come down to.

use std::sync::Arc;

use crate::budget::{self, MAX_VALUE_DEPTH};
use crate::value::{Array, Error, Object, Value, ValueResult, error, exceeded, index, slice_bounds, sort_order};

fn keys(path: &Value) -> Result<&[Value], Error> {
    let keys = path.as_items().ok_or_else(|| error("Path must be specified as an array"))?;
    if keys.len() > MAX_VALUE_DEPTH as usize {
        budget::depth(u32::MAX).map_err(exceeded)?;
    }
    Ok(keys)
}

pub(super) fn setpath(value: Value, path: Value, new: Value) -> ValueResult {
    set(value, keys(&path)?, new)
}

fn set(value: Value, path: &[Value], new: Value) -> ValueResult {
    let Some((key, rest)) = path.split_first() else { return Ok(new) };
    match (value, key) {
        (Value::Null, Value::Text(_)) => set_key(Arc::default(), key, rest, new),
        (Value::Object(object), Value::Text(_)) => set_key(object, key, rest, new),
        (Value::Null, Value::Number(_)) => set_item(Arc::default(), key, rest, new),
        (Value::Array(array), Value::Number(_)) => set_item(array, key, rest, new),
        (Value::Null, Value::Object(bounds)) => set_slice(Arc::default(), bounds, rest, new),
        (Value::Array(array), Value::Object(bounds)) => set_slice(array, bounds, rest, new),
        (Value::Array(_), Value::Array(_)) => Err(error("Cannot update field at array index of array")),
        (Value::Text(_), Value::Object(_)) => Err(error("Cannot update string slices")),
        (other, _) => Err(error(format!("Cannot index {} with {}", other.type_name(), key.described()))),
    }
}

/// Counts the copy that changing a shared value makes.
fn count_copy<T>(shared: &mut Arc<T>, size: impl FnOnce(&T) -> usize) -> Result<(), Error> {
    if Arc::get_mut(shared).is_none() {
        budget::allocate(size(shared)).map_err(exceeded)?;
    }
    Ok(())
}

fn set_key(mut object: Arc<Object>, key: &Value, rest: &[Value], new: Value) -> ValueResult {
    let Value::Text(key) = key else { return Err(error("Object keys must be strings")) };
    count_copy(&mut object, Object::size)?;
    let target = Arc::make_mut(&mut object);
    let before = if rest.is_empty() { Value::Null } else { target.take(key) };
    target.insert(key.clone(), set(before, rest, new)?).map_err(exceeded)?;
    Ok(Value::Object(object))
}

fn set_item(mut array: Arc<Array>, key: &Value, rest: &[Value], new: Value) -> ValueResult {
    let at = key.as_number().and_then(crate::value::Number::to_index);
    let at = at.ok_or_else(|| error("Cannot set array element at NaN index"))?;
    let length = array.items().len();
    let at = if at < 0 { i64::try_from(length).unwrap_or(i64::MAX).saturating_add(at) } else { at };
    let at = usize::try_from(at).map_err(|_| error("Out of bounds negative array index"))?;
    if at >= 1 << 29 {
        return Err(error("Array index too large"));
    }
    count_copy(&mut array, |array| size_of_val(array.items()))?;
    let target = Arc::make_mut(&mut array);
    let before = if rest.is_empty() { Value::Null } else { target.take(at) };
    target.set(at, set(before, rest, new)?).map_err(exceeded)?;
    Ok(Value::Array(array))
}

fn set_slice(array: Arc<Array>, bounds: &Object, rest: &[Value], new: Value) -> ValueResult {
    let range = slice_range(&array, bounds)?;
    let before = array.items().get(range.clone()).unwrap_or_default().to_vec();
    let before = Array::counted(before).map(|array| Value::Array(Arc::new(array))).map_err(exceeded)?;
    let after = set(before, rest, new)?;
    let Some(after) = after.as_items() else {
        return Err(error("A slice of an array can only be assigned another array"));
    };
    let mut items = array.items().to_vec();
    items.splice(range, after.iter().cloned());
    Array::counted(items).map(|array| Value::Array(Arc::new(array))).map_err(exceeded)
}

fn slice_range(array: &Array, bounds: &Object) -> Result<std::ops::Range<usize>, Error> {
    let (Some(start), Some(end)) = (bounds.get("start"), bounds.get("end")) else {
        return Err(error("Array/string slice indices must be integers"));
    };
    slice_bounds(start, end, array.items().len())
}

/// Deletes the last paths first, so that the others stay where they are.
pub(super) fn delpaths(value: Value, paths: Value) -> ValueResult {
    let paths = paths.as_items().ok_or_else(|| error("Paths must be specified as an array"))?;
    budget::allocate(size_of_val(paths)).map_err(exceeded)?;
    crate::value::weigh(paths).map_err(exceeded)?;
    let mut paths: Vec<&Value> = paths.iter().collect();
    paths.sort_by(|left, right| sort_order(right, left));
    let mut paths = paths.as_slice();
    let mut value = value;
    while let Some(path) = paths.first() {
        // Keys of one object go in one pass.
        let group = paths.iter().take_while(|other| are_siblings(path, other)).count().max(1);
        let (together, rest) = paths.split_at(group);
        value = if group > 1 { delete_keys(value, together)? } else { delete(value, keys(path)?)? };
        paths = rest;
    }
    Ok(value)
}

/// Whether two paths differ only in their last key, which is a text.
fn are_siblings(left: &Value, right: &Value) -> bool {
    let (Some([left @ .., Value::Text(_)]), Some([right @ .., Value::Text(_)])) = (left.as_items(), right.as_items())
    else {
        return false;
    };
    left == right
}

fn delete_keys(value: Value, paths: &[&Value]) -> ValueResult {
    let Some([parent @ .., _]) = paths.first().and_then(|path| path.as_items()) else { return Ok(value) };
    let last = |path: &&Value| path.as_items().and_then(<[Value]>::last).and_then(Value::as_text).cloned();
    let gone: std::collections::HashSet<_> = paths.iter().filter_map(last).collect();
    edit(value, parent, &|at| match at {
        Value::Object(mut object) => {
            count_copy(&mut object, Object::size)?;
            budget::spend(object.len()).map_err(exceeded)?;
            Arc::make_mut(&mut object).remove_all(|key| gone.contains(key));
            Ok(Value::Object(object))
        }
        Value::Null => Ok(Value::Null),
        other => Err(cannot_delete(&other, &Value::text(""))),
    })
}

fn delete(value: Value, path: &[Value]) -> ValueResult {
    let Some((last, parent)) = path.split_last() else { return Ok(Value::Null) };
    edit(value, parent, &|at| delete_one(at, last))
}

/// Changes the value at a path that exists; what leads through null stays as it is.
fn edit(value: Value, path: &[Value], change: &dyn Fn(Value) -> ValueResult) -> ValueResult {
    let Some((key, rest)) = path.split_first() else { return change(value) };
    if matches!(value, Value::Null) {
        return Ok(value);
    }
    let before = index(&value, key)?;
    if matches!(before, Value::Null) {
        return Ok(value);
    }
    let after = edit(before, rest, change)?;
    set(value, std::slice::from_ref(key), after)
}

fn cannot_delete(value: &Value, key: &Value) -> Error {
    let (kind, key) = (value.type_name(), key.type_name());
    match (value, key) {
        (Value::Array(_), _) => error(format!("Cannot delete {key} element of {kind}")),
        (Value::Object(_), _) => error(format!("Cannot delete {key} field of {kind}")),
        _ => error(format!("Cannot delete fields from {kind}")),
    }
}

fn delete_one(value: Value, key: &Value) -> ValueResult {
    match (value, key) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Object(mut object), Value::Text(key)) => {
            count_copy(&mut object, Object::size)?;
            budget::spend(object.len()).map_err(exceeded)?;
            Arc::make_mut(&mut object).remove_all(|other| other == key.as_str());
            Ok(Value::Object(object))
        }
        (Value::Array(array), Value::Number(at)) => {
            let at = at.to_index().unwrap_or(0);
            let length = i64::try_from(array.items().len()).unwrap_or(i64::MAX);
            let at = if at < 0 { length.saturating_add(at) } else { at };
            match usize::try_from(at) {
                Ok(at) if at < array.items().len() => without(&array, at..at + 1),
                _ => Ok(Value::Array(array)),
            }
        }
        (Value::Array(array), Value::Object(bounds)) => {
            let range = slice_range(&array, bounds)?;
            without(&array, range)
        }
        (other, key) => Err(cannot_delete(&other, key)),
    }
}

fn without(array: &Arc<Array>, range: std::ops::Range<usize>) -> ValueResult {
    let mut items = array.items().to_vec();
    items.drain(range);
    Array::counted(items).map(|array| Value::Array(Arc::new(array))).map_err(exceeded)
}
