//! Builtins on arrays.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::budget;
use crate::value::{Array, Error, Value, ValueResult, error, exceeded, index, sort_order, to_json_text};

fn items<'a>(value: &'a Value, refusal: &str) -> Result<&'a [Value], Error> {
    value.as_items().ok_or_else(|| error(format!("{} {refusal}", value.described())))
}

/// Counts the work of looking at all items, and of sorting them if asked.
fn count(items: &[Value], rounds: usize) -> Result<(), Error> {
    budget::spend(items.len().saturating_mul(rounds)).map_err(exceeded)
}

/// Counts the work of comparing all items as often as sorting does. Sorting cannot be stopped on its way.
fn weigh(items: &[Value], rounds: usize) -> Result<(), Error> {
    let weight = crate::value::weigh(items).map_err(exceeded)?;
    budget::spend(weight.saturating_mul(rounds)).map_err(exceeded)
}

fn array(items: Vec<Value>) -> ValueResult {
    Array::counted(items).map(|array| Value::Array(Arc::new(array))).map_err(exceeded)
}

pub(super) fn add(value: Value) -> ValueResult {
    let mut sum = Value::Null;
    let texts = value.as_items().unwrap_or_default();
    if texts.len() > 2 && texts.iter().all(|item| item.as_text().is_some()) {
        return concat(texts);
    }
    for item in jaq_core::ValT::values(value) {
        sum = crate::value::add(sum, item?)?;
    }
    Ok(sum)
}

fn concat(texts: &[Value]) -> ValueResult {
    let length = texts.iter().filter_map(Value::as_text).map(smol_str::SmolStr::len).sum();
    budget::allocate(length).map_err(exceeded)?;
    let mut output = String::with_capacity(length);
    texts.iter().filter_map(Value::as_text).for_each(|text| output.push_str(text));
    Ok(Value::text(output))
}

/// Null items are empty, numbers and booleans are written; the separator is added as `+` would.
pub(super) fn join(value: Value, separator: Value) -> ValueResult {
    let items: Vec<Value> = jaq_core::ValT::values(value).collect::<Result<_, _>>()?;
    let mut output = String::new();
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            match &separator {
                Value::Text(separator) => output.push_str(separator),
                Value::Null => {}
                other => return Err(not_added(&Value::text(&output), other)),
            }
        }
        match item {
            Value::Null => {}
            Value::Text(text) => output.push_str(text),
            Value::Bool(_) | Value::Number(_) => output.push_str(&to_json_text(item).map_err(exceeded)?),
            other => return Err(not_added(&Value::text(&output), other)),
        }
        let added =
            separator.as_text().map_or(0, smol_str::SmolStr::len) + item.as_text().map_or(8, smol_str::SmolStr::len);
        budget::allocate(added).map_err(exceeded)?;
    }
    Ok(Value::text(output))
}

fn not_added(left: &Value, right: &Value) -> Error {
    error(format!("{} and {} cannot be added", left.described(), right.described()))
}

pub(super) fn flatten(value: Value, depth: Value) -> ValueResult {
    if depth < Value::int(0) {
        return Err(error("flatten depth must not be negative"));
    }
    let mut output = Vec::new();
    for item in jaq_core::ValT::values(value) {
        flatten_into(item?, &depth, &mut output)?;
    }
    array(output)
}

/// Counts the depth down to 0, which a fraction passes by.
fn flatten_into(item: Value, depth: &Value, output: &mut Vec<Value>) -> Result<(), Error> {
    match &item {
        Value::Array(array) if *depth != Value::int(0) => {
            count(array.items(), 1)?;
            let depth = (depth.clone() - Value::int(1))?;
            array.items().iter().try_for_each(|item| flatten_into(item.clone(), &depth, output))
        }
        _ => {
            output.push(item);
            budget::allocate(size_of::<Value>()).map_err(exceeded)
        }
    }
}

/// The items from the last to the first. What has no length is an error, what is empty is an empty array.
pub(super) fn reverse(value: Value) -> ValueResult {
    if let Some(items) = value.as_items() {
        return array(items.iter().rev().cloned().collect());
    }
    let length = super::objects::length(value.clone())?.as_f64().unwrap_or(0.0);
    if length < 1.0 { array(Vec::new()) } else { index(&value, &Value::float(length - 1.0)) }
}

fn sorted(value: &Value) -> Result<Vec<Value>, Error> {
    let items = items(value, "cannot be sorted, as it is not an array")?;
    weigh(items, rounds(items.len()))?;
    let mut items = items.to_vec();
    items.sort_by(sort_order);
    Ok(items)
}

/// Comparisons per item that sorting takes, roughly.
fn rounds(length: usize) -> usize {
    1 + length.checked_ilog2().map_or(0, |bits| bits as usize) / 4
}

pub(super) fn sort(value: Value) -> ValueResult {
    array(sorted(&value)?)
}

pub(super) fn unique(value: Value) -> ValueResult {
    let mut items = sorted(&value)?;
    items.dedup_by(|left, right| sort_order(left, right).is_eq());
    array(items)
}

pub(super) fn min(value: Value) -> ValueResult {
    extreme(&value, &value, Ordering::is_lt)
}

pub(super) fn max(value: Value) -> ValueResult {
    extreme(&value, &value, Ordering::is_ge)
}

/// The items with their keys, which were calculated for each item beforehand.
fn keyed(value: &Value, keys: &Value, refusal: &str) -> Result<Vec<(Value, Value)>, Error> {
    let Some(items) = value.as_items() else {
        return Err(error(format!("{} and {} {refusal}", value.described(), keys.described())));
    };
    weigh(keys.as_items().unwrap_or_default(), rounds(items.len()))?;
    budget::allocate(std::mem::size_of_val(items) * 2).map_err(exceeded)?;
    Ok(keys.as_items().unwrap_or_default().iter().cloned().zip(items.iter().cloned()).collect())
}

fn sorted_by_key(value: &Value, keys: &Value) -> Result<Vec<(Value, Value)>, Error> {
    let mut keyed = keyed(value, keys, "cannot be sorted, as they are not both arrays")?;
    keyed.sort_by(|(left, _), (right, _)| sort_order(left, right));
    Ok(keyed)
}

pub(super) fn sort_by(value: Value, keys: Value) -> ValueResult {
    array(sorted_by_key(&value, &keys)?.into_iter().map(|(_, item)| item).collect())
}

pub(super) fn group_by(value: Value, keys: Value) -> ValueResult {
    let sorted = sorted_by_key(&value, &keys)?;
    let groups = sorted.chunk_by(|(left, _), (right, _)| sort_order(left, right).is_eq());
    groups.map(|group| array(group.iter().map(|(_, item)| item.clone()).collect())).collect()
}

fn extreme(value: &Value, keys: &Value, replaces: fn(Ordering) -> bool) -> ValueResult {
    let mut best: Option<(Value, Value)> = None;
    for (key, item) in keyed(value, keys, "cannot be iterated over")? {
        match &best {
            Some((best_key, _)) if !replaces(sort_order(&key, best_key)) => {}
            _ => best = Some((key, item)),
        }
    }
    Ok(best.map(|(_, item)| item).unwrap_or_default())
}

pub(super) fn min_by(value: Value, keys: Value) -> ValueResult {
    extreme(&value, &keys, Ordering::is_lt)
}

pub(super) fn max_by(value: Value, keys: Value) -> ValueResult {
    extreme(&value, &keys, Ordering::is_ge)
}

/// Where a value occurs: code points in a string, positions in an array.
pub(super) fn indices(value: Value, part: Value) -> ValueResult {
    match (&value, &part) {
        (Value::Text(text), Value::Text(part)) => text_indices(text, part),
        (Value::Array(_), Value::Array(_)) => index(&value, &part),
        (Value::Array(array), _) => {
            count(array.items(), 1)?;
            let found = array.items().iter().enumerate().filter(|(_, item)| **item == part);
            found.map(|(position, _)| Ok(Value::int(position))).collect()
        }
        _ => index(&value, &part),
    }
}

/// Occurrences may overlap.
fn text_indices(text: &str, part: &str) -> ValueResult {
    let Some(first) = part.chars().next() else { return array(Vec::new()) };
    budget::spend(text.len() / 16).map_err(exceeded)?;
    let (mut output, mut from, mut chars) = (Vec::new(), 0, 0);
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(part)) {
        chars += text.get(from..from + found).map_or(0, crate::value::char_count);
        output.push(Value::int(chars));
        budget::spend(1 + part.len() / 16).map_err(exceeded)?;
        from += found + first.len_utf8();
        chars += 1;
    }
    array(output)
}

/// The position of a value in a sorted array, or `-1 - position` of where it would be inserted.
pub(super) fn bsearch(value: Value, target: Value) -> ValueResult {
    let items = items(&value, "cannot be searched from")?;
    weigh(std::slice::from_ref(&target), rounds(items.len()))?;
    Ok(match items.binary_search_by(|item| sort_order(item, &target)) {
        Ok(position) => Value::int(position),
        Err(position) => Value::float(-1.0 - position as f64),
    })
}

pub(super) fn toarray(value: Value) -> ValueResult {
    if value.as_items().is_some() { Ok(value) } else { array(vec![value]) }
}
