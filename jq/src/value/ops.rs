//! Arithmetic.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::sync::Arc;

use smol_str::{SmolStr, SmolStrBuilder};

use super::engine::exceeded;
use super::{Array, Error, Number, Object, Value, ValueResult, error};
use crate::budget;

fn refuse(left: &Value, right: &Value, what: &str) -> Error {
    error(format!("{} and {} cannot be {what}", left.described(), right.described()))
}

fn calculate(left: &Number, right: &Number, exact: fn(i64, i64) -> Option<i64>, op: fn(f64, f64) -> f64) -> Value {
    Value::Number(
        Number::exact(left, right, exact).unwrap_or_else(|| Number::from_f64(op(left.to_f64(), right.to_f64()))),
    )
}

/// `left + right`.
pub(crate) fn add(left: Value, right: Value) -> ValueResult {
    Ok(match (left, right) {
        (Value::Null, other) | (other, Value::Null) => other,
        (Value::Number(left), Value::Number(right)) => calculate(&left, &right, i64::checked_add, f64::add),
        (Value::Text(left), Value::Text(right)) => Value::Text(concat(left, right)?),
        (Value::Array(left), Value::Array(right)) => {
            budget::allocate((left.items().len() + right.items().len()) * size_of::<Value>()).map_err(exceeded)?;
            let mut items = Arc::try_unwrap(left).map_or_else(|left| left.items().to_vec(), Array::into_items);
            items.extend_from_slice(right.items());
            Value::Array(Arc::new(Array::new(items).map_err(exceeded)?))
        }
        (Value::Object(left), Value::Object(right)) => Value::Object(merge(left, &right)?),
        (left, right) => return Err(refuse(&left, &right, "added")),
    })
}

fn concat(left: SmolStr, right: SmolStr) -> Result<SmolStr, Error> {
    if left.is_empty() {
        return Ok(right);
    }
    if right.is_empty() {
        return Ok(left);
    }
    budget::allocate(left.len() + right.len()).map_err(exceeded)?;
    let mut builder = SmolStrBuilder::new();
    builder.push_str(&left);
    builder.push_str(&right);
    Ok(builder.finish())
}

fn merge(mut left: Arc<Object>, right: &Object) -> Result<Arc<Object>, Error> {
    own(&mut left)?;
    let target = Arc::make_mut(&mut left);
    for (key, value) in right.iter() {
        target.insert(key.clone(), value.clone()).map_err(exceeded)?;
    }
    Ok(left)
}

/// Counts the copy that a change to a shared object makes.
fn own(object: &mut Arc<Object>) -> Result<(), Error> {
    if Arc::get_mut(object).is_none() {
        budget::allocate(object.size()).map_err(exceeded)?;
    }
    Ok(())
}

/// `left * right` of objects: values that are objects on both sides are merged in turn.
fn merge_deeply(mut left: Arc<Object>, right: &Object) -> Result<Arc<Object>, Error> {
    own(&mut left)?;
    let target = Arc::make_mut(&mut left);
    for (key, value) in right.iter() {
        let merged = match (target.take(key), value) {
            (Value::Object(before), Value::Object(after)) => Value::Object(merge_deeply(before, after)?),
            _ => value.clone(),
        };
        target.insert(key.clone(), merged).map_err(exceeded)?;
    }
    Ok(left)
}

/// A text as often as the number says, which is rounded down; null if it is negative or NaN.
pub(crate) fn repeat(text: &SmolStr, times: &Number) -> ValueResult {
    let times = times.to_f64();
    if times.is_nan() || times < 0.0 {
        return Ok(Value::Null);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; the size is checked next")]
    let times = if text.is_empty() { 0 } else { times as usize };
    budget::allocate(text.len().saturating_mul(times)).map_err(exceeded)?;
    Ok(Value::text(text.repeat(times)))
}

/// The pieces of a text between a separator; its characters if the separator is empty.
pub(crate) fn split_text(text: &str, separator: &str) -> ValueResult {
    if text.is_empty() {
        return std::iter::empty::<ValueResult>().collect();
    }
    budget::allocate(text.len()).map_err(exceeded)?;
    if separator.is_empty() {
        return text.chars().map(|c| Ok(Value::text(c.encode_utf8(&mut [0; 4])))).collect();
    }
    text.split(separator).map(|piece| Ok(Value::text(piece))).collect()
}

/// Length in code points.
pub(crate) fn char_count(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

fn remainder(left: &Number, right: &Number) -> Option<Value> {
    let (left, right) = (left.to_f64(), right.to_f64());
    if left.is_nan() || right.is_nan() {
        return Some(Value::float(f64::NAN));
    }
    #[expect(clippy::cast_possible_truncation, reason = "jq calculates remainders of 64-bit integers")]
    let (left, right) = (left as i64, (right as i64).unsigned_abs());
    if right == 0 {
        return None;
    }
    let remainder = left.unsigned_abs() % right;
    let magnitude = remainder as f64;
    Some(Value::float(if left < 0 && remainder > 0 { -magnitude } else { magnitude }))
}

impl Add for Value {
    type Output = ValueResult;

    fn add(self, right: Self) -> ValueResult {
        add(self, right)
    }
}

/// The product, unless it is a zero whose sign a double would show.
fn exact_product(left: i64, right: i64) -> Option<i64> {
    left.checked_mul(right).filter(|product| *product != 0 || (left >= 0 && right >= 0))
}

impl Sub for Value {
    type Output = ValueResult;

    #[expect(clippy::suspicious_arithmetic_impl, reason = "the division is of the cost, not of the value")]
    fn sub(self, right: Self) -> ValueResult {
        match (&self, &right) {
            (Value::Number(left), Value::Number(right)) => Ok(calculate(left, right, i64::checked_sub, f64::sub)),
            (Value::Array(left), Value::Array(right)) => {
                let (left, right) = (left.items(), right.items());
                budget::spend(left.len().saturating_mul(right.len()) / 4).map_err(exceeded)?;
                left.iter().filter(|item| !right.contains(item)).map(|item| Ok(item.clone())).collect()
            }
            _ => Err(refuse(&self, &right, "subtracted")),
        }
    }
}

impl Mul for Value {
    type Output = ValueResult;

    fn mul(self, right: Self) -> ValueResult {
        match (self, right) {
            (Value::Number(left), Value::Number(right)) => Ok(calculate(&left, &right, exact_product, f64::mul)),
            (Value::Text(text), Value::Number(times)) | (Value::Number(times), Value::Text(text)) => {
                repeat(&text, &times)
            }
            (Value::Object(left), Value::Object(right)) => merge_deeply(left, &right).map(Value::Object),
            (left, right) => Err(refuse(&left, &right, "multiplied")),
        }
    }
}

impl Div for Value {
    type Output = ValueResult;

    fn div(self, right: Self) -> ValueResult {
        match (&self, &right) {
            (Value::Number(_), Value::Number(divisor)) if divisor.to_f64() == 0.0 => {
                Err(refuse(&self, &right, "divided because the divisor is zero"))
            }
            (Value::Number(left), Value::Number(right)) => Ok(Value::float(left.to_f64() / right.to_f64())),
            (Value::Text(text), Value::Text(separator)) => split_text(text, separator),
            _ => Err(refuse(&self, &right, "divided")),
        }
    }
}

impl Rem for Value {
    type Output = ValueResult;

    fn rem(self, right: Self) -> ValueResult {
        match (&self, &right) {
            (Value::Number(left), Value::Number(divisor)) => remainder(left, divisor)
                .ok_or_else(|| refuse(&self, &right, "divided (remainder) because the divisor is zero")),
            _ => Err(refuse(&self, &right, "divided (remainder)")),
        }
    }
}

impl Neg for Value {
    type Output = ValueResult;

    fn neg(self) -> ValueResult {
        match &self {
            Value::Number(number) => Ok(Value::Number(number.negated())),
            _ => Err(error(format!("{} cannot be negated", self.described()))),
        }
    }
}
