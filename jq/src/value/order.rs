//! Equality and order of values.

use std::cmp::Ordering;

use super::{Number, Object, Value};
use crate::budget;

/// How `sort` and its relatives order values: null, false, true, numbers, strings, arrays, objects. A total order in
/// which NaN equals itself and comes before all other numbers.
pub(crate) fn sort_order(left: &Value, right: &Value) -> Ordering {
    compare(left, right, true)
}

fn compare(left: &Value, right: &Value, total: bool) -> Ordering {
    // Sorting weighs its items beforehand. Elsewhere the evaluation ends with the breach, whatever this yields.
    if !total && left.depth() > 0 && right.depth() > 0 && budget::spend(1).is_err() {
        return Ordering::Equal;
    }
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => compare_numbers(left, right, total),
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Array(left), Value::Array(right)) => compare_items(left.items(), right.items(), total),
        (Value::Object(left), Value::Object(right)) => compare_objects(left, right, total),
        _ => rank(left).cmp(&rank(right)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::Text(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// NaN is below every number, itself included unless the order is to be total.
fn compare_numbers(left: &Number, right: &Number, total: bool) -> Ordering {
    if let (Number::Int(left), Number::Int(right)) = (left, right) {
        return left.cmp(right);
    }
    if let Some(order) = Number::compare_literals(left, right) {
        return order;
    }
    match (left.is_nan(), right.is_nan()) {
        (true, true) if total => Ordering::Equal,
        (true, _) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.to_f64().partial_cmp(&right.to_f64()).unwrap_or(Ordering::Equal),
    }
}

fn compare_items(left: &[Value], right: &[Value], total: bool) -> Ordering {
    left.iter()
        .zip(right)
        .map(|(left, right)| compare(left, right, total))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// First the sorted keys decide, then the values in the order of the keys.
fn compare_objects(left: &Object, right: &Object, total: bool) -> Ordering {
    let (left, right) = (left.sorted(), right.sorted());
    let keys =
        |entries: &[(&smol_str::SmolStr, &Value)]| entries.iter().map(|(key, _)| (*key).clone()).collect::<Vec<_>>();
    keys(&left).cmp(&keys(&right)).then_with(|| {
        left.iter()
            .zip(&right)
            .map(|((_, left), (_, right))| compare(left, right, total))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

/// Equality without the detour over sorted keys.
fn equal(left: &Value, right: &Value) -> bool {
    if left.depth() > 0 && right.depth() > 0 && budget::spend(1).is_err() {
        return true;
    }
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            let (left, right) = (left.items(), right.items());
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => compare(left, right, false).is_eq(),
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        equal(self, other)
    }
}

impl Eq for Value {}

#[expect(clippy::non_canonical_partial_ord_impl, reason = "jq compares NaN in another way than it sorts it")]
impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(compare(self, other, false))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        sort_order(self, other)
    }
}
