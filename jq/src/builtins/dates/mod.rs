//! Dates, as the C library's functions that jq calls treat them. Times are UTC throughout.

mod calendar;
mod read;
mod write;

use std::time::{SystemTime, UNIX_EPOCH};

use calendar::{BrokenDown, MAX_SECONDS};

use crate::budget;
use crate::value::{Error, Value, ValueResult, error, exceeded};

/// Longest format, in bytes.
const FORMAT_BYTES: usize = 4096;

#[expect(clippy::unnecessary_wraps, reason = "natives have one form")]
pub(super) fn now(_: Value) -> ValueResult {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Value::float(elapsed.as_secs_f64()))
}

/// Seconds since 1970, without their fraction.
fn seconds(value: f64) -> Result<i64, Error> {
    if value.is_nan() || value.abs() > MAX_SECONDS {
        return Err(error("error converting number of seconds since epoch to datetime"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the range of years that a calendar has")]
    Ok(value as i64)
}

fn broken_down(time: &BrokenDown, fraction: f64) -> Value {
    let number = |value: i64| Value::float(value as f64);
    [
        number(time.year),
        number(time.month),
        number(time.day),
        number(time.hour),
        number(time.minute),
        Value::float(time.second as f64 + fraction),
        number(time.weekday),
        number(time.yearday),
    ]
    .into_iter()
    .collect()
}

pub(super) fn gmtime(value: Value) -> ValueResult {
    let number = value.as_f64().ok_or_else(|| error("gmtime() requires numeric inputs"))?;
    Ok(broken_down(&BrokenDown::from_seconds(seconds(number)?), number - number.floor()))
}

/// The numbers of a broken-down time; missing ones are 0, a missing year is 1900.
fn fields(value: &Value, complaint: &str) -> Result<BrokenDown, Error> {
    let items = value.as_items().ok_or_else(|| error(complaint))?;
    let mut fields = [1900, 0, 0, 0, 0, 0, 0, 0];
    for (field, item) in fields.iter_mut().zip(items) {
        let number = item.as_f64().filter(|number| number.abs() < 2_147_483_648.0).ok_or_else(|| error(complaint))?;
        #[expect(clippy::cast_possible_truncation, reason = "within 32 bits")]
        let whole = number as i64;
        *field = whole;
    }
    let [year, month, day, hour, minute, second, weekday, yearday] = fields;
    Ok(BrokenDown { year, month, day, hour, minute, second, weekday, yearday })
}

pub(super) fn mktime(value: Value) -> ValueResult {
    if value.as_items().is_none() {
        return Err(error("mktime requires array inputs"));
    }
    let time = fields(&value, "mktime requires parsed datetime inputs")?;
    match time.to_seconds() {
        // What the C library's function gives for a failure, and jq's own sign that there is no such function.
        -1 => Err(error("invalid gmtime representation")),
        -2 => Err(error("mktime not supported on this platform")),
        seconds => Ok(Value::float(seconds as f64)),
    }
}

fn format_text(format: &Value, complaint: &str) -> Result<String, Error> {
    let format = format.as_text().filter(|format| format.len() <= FORMAT_BYTES).ok_or_else(|| error(complaint))?;
    budget::allocate(64 + format.len().saturating_mul(64)).map_err(exceeded)?;
    Ok(format.to_string())
}

fn written(value: &Value, format: &Value, name: &str, zone: &str) -> ValueResult {
    let time = if let Some(number) = value.as_f64() {
        BrokenDown::from_seconds(seconds(number)?)
    } else {
        let time = fields(value, &format!("{name} requires parsed datetime inputs"))?;
        BrokenDown::from_seconds(time.to_seconds())
    };
    let format = format_text(format, &format!("{name} requires a string format"))?;
    Ok(Value::text(write::write(&time, &format, zone)))
}

pub(super) fn strftime(value: Value, format: Value) -> ValueResult {
    written(&value, &format, "strftime/1", "GMT")
}

pub(super) fn strflocaltime(value: Value, format: Value) -> ValueResult {
    written(&value, &format, "strflocaltime/1", "UTC")
}

/// What follows the date after a blank is added as a last item.
pub(super) fn strptime(value: Value, format: Value) -> ValueResult {
    let complaint = "strptime/1 requires string inputs and arguments";
    let text = value.as_text().ok_or_else(|| error(complaint))?;
    let format = format_text(&format, complaint)?;
    let read = read::read(text, &format).filter(|(_, rest)| rest.chars().next().is_none_or(char::is_whitespace));
    let (time, rest) = read.ok_or_else(|| error(format!("date \"{text}\" does not match format \"{format}\"")))?;
    let time = broken_down(&time, 0.0);
    if rest.is_empty() {
        return Ok(time);
    }
    Ok(time.as_items().unwrap_or_default().iter().cloned().chain([Value::text(rest)]).collect())
}
