//! Builtins on strings and conversions.

use smol_str::SmolStr;

use crate::budget;
use crate::value::{self, Error, Number, Value, ValueResult, char_count, error, exceeded, to_json_text};

/// The text of a string, or the given complaint.
fn text<'a>(value: &'a Value, complaint: &str) -> Result<&'a SmolStr, Error> {
    value.as_text().ok_or_else(|| error(complaint))
}

/// Counts a copy of a text.
fn copy(text: &str) -> Result<(), Error> {
    budget::allocate(text.len()).map_err(exceeded)
}

pub(super) fn tostring(value: Value) -> ValueResult {
    if value.as_text().is_some() { Ok(value) } else { tojson(value) }
}

pub(super) fn tojson(value: Value) -> ValueResult {
    to_json_text(&value).map(|text| Value::Text(text.into())).map_err(exceeded)
}

pub(super) fn fromjson(value: Value) -> ValueResult {
    let Some(text) = value.as_text() else {
        return Err(error(format!("{} only strings can be parsed", value.described())));
    };
    budget::allocate(text.len()).map_err(exceeded)?;
    value::parse_like_jq(text, budget::MAX_VALUE_DEPTH as usize)
        .map_err(|cause| error(format!("{cause} (while parsing '{text}')")))
}

pub(super) fn tonumber(value: Value) -> ValueResult {
    let parsed = match &value {
        Value::Number(_) => return Ok(value),
        Value::Text(text) => {
            budget::spend(text.len()).map_err(exceeded)?;
            number(text)
        }
        _ => None,
    };
    parsed.ok_or_else(|| error(format!("{} cannot be parsed as a number", value.described())))
}

/// A number as `tonumber` takes it: like JSON's, but a sign, a leading or a trailing point are fine.
fn number(text: &str) -> Option<Value> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => ("-", text.get(1..)?),
        b'+' => ("", text.get(1..)?),
        _ => ("", text),
    };
    if unsigned.eq_ignore_ascii_case("nan") {
        return Some(Value::float(f64::NAN));
    }
    if unsigned.eq_ignore_ascii_case("infinity") || unsigned.eq_ignore_ascii_case("inf") {
        return Some(Value::float(if sign.is_empty() { f64::INFINITY } else { f64::NEG_INFINITY }));
    }
    Number::from_loose(&format!("{sign}{unsigned}")).map(Value::Number)
}

pub(super) fn toboolean(value: Value) -> ValueResult {
    match &value {
        Value::Bool(_) => return Ok(value),
        Value::Text(text) if text == "true" => return Ok(Value::Bool(true)),
        Value::Text(text) if text == "false" => return Ok(Value::Bool(false)),
        _ => {}
    }
    Err(error(format!("{} cannot be parsed as a boolean", value.described())))
}

fn both<'a>(value: &'a Value, part: &'a Value, complaint: &str) -> Result<(&'a SmolStr, &'a SmolStr), Error> {
    Ok((text(value, complaint)?, text(part, complaint)?))
}

pub(super) fn startswith(value: Value, part: Value) -> ValueResult {
    let (text, part) = both(&value, &part, "startswith() requires string inputs")?;
    Ok(Value::Bool(text.starts_with(part.as_str())))
}

pub(super) fn endswith(value: Value, part: Value) -> ValueResult {
    let (text, part) = both(&value, &part, "endswith() requires string inputs")?;
    Ok(Value::Bool(text.ends_with(part.as_str())))
}

/// The text without what `strip` takes off; the text itself if it takes nothing.
fn stripped(value: &Value, part: &str, strip: fn(&str, &str) -> Option<usize>, from_start: bool) -> ValueResult {
    let Some(text) = value.as_text() else { return Ok(value.clone()) };
    let Some(length) = strip(text, part) else { return Ok(value.clone()) };
    copy(text)?;
    let rest = if from_start { text.get(length..) } else { text.get(..text.len() - length) };
    Ok(Value::text(rest.unwrap_or_default()))
}

fn prefix(text: &str, part: &str) -> Option<usize> {
    text.starts_with(part).then_some(part.len())
}

fn suffix(text: &str, part: &str) -> Option<usize> {
    text.ends_with(part).then_some(part.len())
}

pub(super) fn ltrimstr(value: Value, part: Value) -> ValueResult {
    let (_, part) = both(&value, &part, "startswith() requires string inputs")?;
    stripped(&value, part, prefix, true)
}

pub(super) fn rtrimstr(value: Value, part: Value) -> ValueResult {
    let (_, part) = both(&value, &part, "endswith() requires string inputs")?;
    stripped(&value, part, suffix, false)
}

pub(super) fn trimstr(value: Value, part: Value) -> ValueResult {
    let (_, part) = both(&value, &part, "startswith() requires string inputs")?;
    let start = stripped(&value, part, prefix, true)?;
    stripped(&start, part, suffix, false)
}

fn trimmed(value: &Value, trim: fn(&str) -> &str) -> ValueResult {
    let text = text(value, "trim input must be a string")?;
    copy(text)?;
    Ok(Value::text(trim(text)))
}

pub(super) fn trim(value: Value) -> ValueResult {
    trimmed(&value, str::trim)
}

pub(super) fn ltrim(value: Value) -> ValueResult {
    trimmed(&value, str::trim_start)
}

pub(super) fn rtrim(value: Value) -> ValueResult {
    trimmed(&value, str::trim_end)
}

pub(super) fn explode(value: Value) -> ValueResult {
    let text = text(&value, "explode input must be a string")?;
    text.chars().map(|c| Ok(Value::int(c as usize))).collect()
}

pub(super) fn implode(value: Value) -> ValueResult {
    let points = value.as_items().ok_or_else(|| error("implode input must be an array"))?;
    budget::allocate(points.len()).map_err(exceeded)?;
    let mut output = String::with_capacity(points.len());
    for point in points {
        let code = point.as_number().and_then(Number::to_index).ok_or_else(|| {
            let described = point.described();
            error(format!("{described} can't be imploded, unicode codepoint needs to be numeric"))
        })?;
        let character = u32::try_from(code).ok().and_then(char::from_u32);
        output.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(Value::Text(output.into()))
}

pub(super) fn ascii_downcase(value: Value) -> ValueResult {
    let text = text(&value, "explode input must be a string")?;
    copy(text)?;
    Ok(Value::Text(text.to_ascii_lowercase().into()))
}

pub(super) fn ascii_upcase(value: Value) -> ValueResult {
    let text = text(&value, "explode input must be a string")?;
    copy(text)?;
    Ok(Value::Text(text.to_ascii_uppercase().into()))
}

pub(super) fn utf8bytelength(value: Value) -> ValueResult {
    let length = value.as_text().map(smol_str::SmolStr::len);
    let length = length.ok_or_else(|| error(format!("{} only strings have UTF-8 byte length", value.described())))?;
    Ok(Value::int(length))
}

pub(super) fn split(value: Value, separator: Value) -> ValueResult {
    let (text, separator) = both(&value, &separator, "split input and separator must be strings")?;
    if char_count(text) == 0 {
        return std::iter::empty::<ValueResult>().collect();
    }
    value::split_text(text, separator)
}
