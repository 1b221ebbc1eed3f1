//! `@base64` and the other formats.

use std::fmt::Write as _;

use ::base64::Engine as _;
use ::base64::alphabet::STANDARD;
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::strings;
use crate::budget;
use crate::value::{Error, Value, ValueResult, error, exceeded, to_json_text};

/// Takes padded and unpadded text, as jq does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Bytes as text: what is no UTF-8 becomes U+FFFD as jq does it, which takes a character that the end cuts off for one.
fn decoded(bytes: &[u8]) -> String {
    let mut output = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let length = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        let whole = rest.get(..length).unwrap_or(rest);
        let follow = whole.iter().skip(1).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
        let taken = if whole.len() < length { whole.len() } else { 1 + follow };
        let text = rest.get(..taken).and_then(|bytes| std::str::from_utf8(bytes).ok());
        output.push_str(text.filter(|_| taken == length).unwrap_or("\u{fffd}"));
        rest = rest.get(taken..).unwrap_or_default();
    }
    output
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The text that a format works on.
fn text_of(value: &Value) -> Result<String, Error> {
    let text = match value.as_text() {
        Some(text) => text.to_string(),
        None => to_json_text(value).map_err(exceeded)?,
    };
    // Formats make texts longer, six times at most.
    budget::allocate(text.len().saturating_mul(6)).map_err(exceeded)?;
    Ok(text)
}

pub(super) fn format(value: Value, name: Value) -> ValueResult {
    let format = match name.as_text().map(smol_str::SmolStr::as_str) {
        Some("text") => strings::tostring,
        Some("json") => strings::tojson,
        Some("csv") => csv,
        Some("tsv") => tsv,
        Some("html") => html,
        Some("uri") => uri,
        Some("urid") => urid,
        Some("sh") => sh,
        Some("base64") => base64,
        Some("base64d") => base64d,
        Some("base32") => base32,
        Some("base32d") => base32d,
        Some(other) => return Err(error(format!("{other} is not a valid format"))),
        None => return Err(error(format!("{} is not a valid format", name.described()))),
    };
    format(value)
}

/// The cells of a row, joined.
fn row(value: &Value, kind: &str, separator: &str, quote: fn(&str) -> String) -> ValueResult {
    let Some(cells) = value.as_items() else {
        return Err(error(format!("{} cannot be {kind}-formatted, only array", value.described())));
    };
    let mut output = String::new();
    for (position, cell) in cells.iter().enumerate() {
        if position > 0 {
            output.push_str(separator);
        }
        match cell {
            Value::Null => {}
            Value::Number(number) if number.is_nan() => {}
            Value::Bool(_) | Value::Number(_) => output.push_str(&text_of(cell)?),
            Value::Text(_) => output.push_str(&quote(&text_of(cell)?)),
            other => return Err(error(format!("{} is not valid in a csv row", other.described()))),
        }
    }
    Ok(Value::Text(output.into()))
}

pub(super) fn csv(value: Value) -> ValueResult {
    row(&value, "csv", ",", |text| format!("\"{}\"", text.replace('"', "\"\"")))
}

pub(super) fn tsv(value: Value) -> ValueResult {
    row(&value, "tsv", "\t", |text| {
        let text = text.replace('\\', "\\\\").replace('\t', "\\t");
        text.replace('\n', "\\n").replace('\r', "\\r")
    })
}

pub(super) fn html(value: Value) -> ValueResult {
    let text = text_of(&value)?;
    let mut output = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            '&' => output.push_str("&amp;"),
            '\'' => output.push_str("&apos;"),
            '"' => output.push_str("&quot;"),
            other => output.push(other),
        }
    }
    Ok(Value::Text(output.into()))
}

pub(super) fn uri(value: Value) -> ValueResult {
    let mut output = String::new();
    for byte in text_of(&value)?.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => output.push(char::from(byte)),
            other => _ = write!(output, "%{other:02X}"),
        }
    }
    Ok(Value::Text(output.into()))
}

pub(super) fn urid(value: Value) -> ValueResult {
    let text = text_of(&value)?;
    let invalid = || error(format!("{} is not a valid uri encoding", Value::text(&text).described()));
    let mut output = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%' {
            let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).filter(|hex| !hex.starts_with('+'));
            output.push(hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).ok_or_else(invalid)?);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            output.push(byte);
        }
    }
    String::from_utf8(output).map(|text| Value::Text(text.into())).map_err(|_| invalid())
}

pub(super) fn sh(value: Value) -> ValueResult {
    let own = [value.clone()];
    let words = value.as_items().unwrap_or(&own);
    let mut output = String::new();
    for (position, word) in words.iter().enumerate() {
        if position > 0 {
            output.push(' ');
        }
        match word {
            Value::Text(text) => {
                budget::allocate(text.len().saturating_mul(4)).map_err(exceeded)?;
                _ = write!(output, "'{}'", text.replace('\'', "'\\''"));
            }
            Value::Array(_) | Value::Object(_) => {
                return Err(error(format!("{} can not be escaped for shell", word.described())));
            }
            other => output.push_str(&text_of(other)?),
        }
    }
    Ok(Value::Text(output.into()))
}

pub(super) fn base64(value: Value) -> ValueResult {
    Ok(Value::Text(BASE64.encode(text_of(&value)?).into()))
}

/// Decodes up to the first padding; what is no UTF-8 becomes U+FFFD.
pub(super) fn base64d(value: Value) -> ValueResult {
    let text = text_of(&value)?;
    let end = text.find('=').unwrap_or(text.len());
    let data = text.get(..end).unwrap_or_default();
    if data.len() % 4 == 1 && data.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/') {
        return Err(error(format!("{} trailing base64 byte found", Value::text(&text).described())));
    }
    let bytes = BASE64.decode(data).ok().filter(|bytes| !bytes.is_empty() || data.is_empty());
    let bytes = bytes.ok_or_else(|| error(format!("{} is not valid base64 data", Value::text(&text).described())))?;
    Ok(Value::Text(decoded(&bytes).into()))
}

pub(super) fn base32(value: Value) -> ValueResult {
    let text = text_of(&value)?;
    let mut output = String::new();
    for chunk in text.as_bytes().chunks(5) {
        let bits = chunk.iter().enumerate().fold(0_u64, |bits, (at, byte)| bits | u64::from(*byte) << (32 - 8 * at));
        let digits = (chunk.len() * 8).div_ceil(5);
        for at in 0..8 {
            let digit = BASE32.get(usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or(0)).copied();
            output.push(if at < digits { digit.map_or('=', char::from) } else { '=' });
        }
    }
    Ok(Value::Text(output.into()))
}

pub(super) fn base32d(value: Value) -> ValueResult {
    let text = text_of(&value)?;
    let (mut output, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = BASE32.iter().position(|digit| *digit == byte).and_then(|digit| u32::try_from(digit).ok());
        let digit =
            digit.ok_or_else(|| error(format!("{} is not valid base32 data", Value::text(&text).described())))?;
        bits = (bits << 5 | digit) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            output.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
    }
    Ok(Value::text(String::from_utf8_lossy(&output)))
}
