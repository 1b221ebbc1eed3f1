//! Values as JSON text.

use std::fmt::Write as _;

use super::Value;
use crate::budget::{self, Exceeded};

/// Longest excerpt of a value in a message, in bytes.
const EXCERPT_BYTES: usize = 29;

/// The compact JSON text that `tojson` gives.
pub(crate) fn to_json_text(value: &Value) -> Result<String, Exceeded> {
    let mut output = String::new();
    write(value, &mut output, usize::MAX)?;
    Ok(output)
}

/// The beginning of a value's JSON text, as messages show it.
pub(crate) fn excerpt(value: &Value) -> String {
    let mut text = String::new();
    _ = write(value, &mut text, EXCERPT_BYTES * 2);
    if text.len() <= EXCERPT_BYTES {
        return text;
    }
    let (end, room) = match value {
        Value::Text(_) => ("\"", 4),
        Value::Array(_) => ("]", 4),
        Value::Object(_) => ("}", 4),
        _ => ("", 3),
    };
    format!("{}...{end}", beginning(&text, EXCERPT_BYTES - room))
}

/// The text up to so many bytes, ending between two characters.
pub(super) fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Appends a value's text until the output is longer than `enough`.
fn write(value: &Value, output: &mut String, enough: usize) -> Result<(), Exceeded> {
    let before = output.len();
    match value {
        Value::Null => output.push_str("null"),
        Value::Bool(true) => output.push_str("true"),
        Value::Bool(false) => output.push_str("false"),
        Value::Number(number) => number.write(output),
        Value::Text(text) => {
            let text = beginning(text, enough);
            // Counted before the work, and below what escapes add.
            budget::allocate(text.len())?;
            write_text(text, output);
            return budget::allocate((output.len() - before).saturating_sub(text.len()));
        }
        Value::Array(array) => {
            output.push('[');
            for (position, item) in array.items().iter().enumerate() {
                if output.len() > enough {
                    return Ok(());
                }
                if position > 0 {
                    output.push(',');
                }
                write(item, output, enough)?;
            }
            output.push(']');
            return budget::spend(1);
        }
        Value::Object(object) => {
            output.push('{');
            for (position, (key, item)) in object.iter().enumerate() {
                if output.len() > enough {
                    return Ok(());
                }
                if position > 0 {
                    output.push(',');
                }
                write_text(key, output);
                output.push(':');
                write(item, output, enough)?;
            }
            output.push('}');
            return budget::spend(1);
        }
    }
    budget::allocate(output.len() - before)
}

/// Appends a string with its quotes and the escapes that jq uses.
fn write_text(text: &str, output: &mut String) {
    output.push('"');
    let mut plain = 0;
    for (position, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f {
            continue;
        }
        output.push_str(&text[plain..position]);
        plain = position + 1;
        match byte {
            b'"' => output.push_str("\\\""),
            b'\\' => output.push_str("\\\\"),
            b'\n' => output.push_str("\\n"),
            b'\t' => output.push_str("\\t"),
            b'\r' => output.push_str("\\r"),
            0x08 => output.push_str("\\b"),
            0x0c => output.push_str("\\f"),
            byte => _ = write!(output, "\\u{byte:04x}"),
        }
    }
    output.push_str(&text[plain..]);
    output.push('"');
}
