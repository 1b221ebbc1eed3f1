//! JSON text to values.
//!
//! A reader of our own because the usual ones lose what jq keeps: the digits of long numbers, numbers beyond doubles,
//! and texts with lone surrogates.

use std::sync::Arc;

use smol_str::SmolStr;

use super::{Array, Number, Object, Value};
use crate::InputError;
use crate::budget;

/// Bytes of a document between two looks at the budget.
const BUDGET_INTERVAL: usize = 4096;

/// Parses one document, nested at most `max_depth` levels deep. A lone surrogate becomes U+FFFD.
pub(crate) fn parse(text: &str, max_depth: usize) -> Result<Value, InputError> {
    parse_as(text, max_depth, Dialect::Lenient)
}

/// Parses as jq's `fromjson` does: numbers may have a `+` and a point at either end, while lone surrogates and raw control
/// characters are errors.
pub(crate) fn parse_like_jq(text: &str, max_depth: usize) -> Result<Value, InputError> {
    parse_as(text, max_depth, Dialect::Jq)
}

/// What the text may contain beside JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Lenient,
    Jq,
}

fn parse_as(text: &str, max_depth: usize, dialect: Dialect) -> Result<Value, InputError> {
    let mut parser = Parser { text, at: 0, max_depth, counted: 0, dialect, items: Vec::new(), entries: Vec::new() };
    parser.skip_blanks();
    let value = parser.value(0)?;
    parser.skip_blanks();
    if parser.at < text.len() { Err(parser.fail("more follows the document")) } else { Ok(value) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    max_depth: usize,
    /// Up to where the budget has been charged.
    counted: usize,
    dialect: Dialect,
    /// Items of the arrays that are still open, the innermost last: each array is allocated once, in its size.
    items: Vec<Value>,
    /// Entries of the objects that are still open.
    entries: Vec<(SmolStr, Value)>,
}

impl Parser<'_> {
    fn fail(&self, message: &'static str) -> InputError {
        InputError::Syntax { message, offset: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, InputError> {
        if self.at - self.counted > BUDGET_INTERVAL {
            // Only `fromjson` runs within a budget; a breach ends the evaluation whatever comes back from here.
            budget::allocate(3 * (self.at - self.counted)).map_err(|_| self.fail("limit reached"))?;
            self.counted = self.at;
        }
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'+' | b'.') if self.dialect == Dialect::Jq => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') if self.rest().starts_with("nan") => self.word("nan", Value::float(f64::NAN)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'N') => self.word("NaN", Value::float(f64::NAN)),
            Some(b'I') => self.word("Infinity", Value::float(f64::INFINITY)),
            Some(_) => Err(self.fail("a value was expected")),
            None => Err(self.fail("the text ends before the document")),
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, InputError> {
        if !self.rest().starts_with(word) {
            return Err(self.fail("a value was expected"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn enter(&mut self, depth: usize) -> Result<(), InputError> {
        if depth > self.max_depth {
            return Err(InputError::TooDeep { limit: self.max_depth });
        }
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<Value, InputError> {
        self.enter(depth)?;
        let outer = self.items.len();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                let item = self.value(depth)?;
                self.items.push(item);
                if self.ends_or_separates(b']')? {
                    break;
                }
            }
        }
        let items = self.items.drain(outer..).collect();
        let array = Array::new(items).map_err(|_| InputError::TooDeep { limit: self.max_depth })?;
        Ok(Value::Array(Arc::new(array)))
    }

    fn object(&mut self, depth: usize) -> Result<Value, InputError> {
        self.enter(depth)?;
        let outer = self.entries.len();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                let key = if self.peek() == Some(b'"') {
                    self.string()?
                } else {
                    return Err(self.fail("a key was expected"));
                };
                self.skip_blanks();
                if self.peek() != Some(b':') {
                    return Err(self.fail("a colon was expected"));
                }
                self.at += 1;
                self.skip_blanks();
                let value = self.value(depth)?;
                self.entries.push((key, value));
                if self.ends_or_separates(b'}')? {
                    break;
                }
            }
        }
        let object = Object::parsed(self.entries.drain(outer..));
        Ok(Value::Object(Arc::new(object)))
    }

    /// After an item: true at the closing bracket, false at a comma.
    fn ends_or_separates(&mut self, end: u8) -> Result<bool, InputError> {
        self.skip_blanks();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_blanks();
                Ok(false)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.fail("a comma or a closing bracket was expected")),
        }
    }

    fn number(&mut self) -> Result<Value, InputError> {
        if self.peek() == Some(b'+') {
            self.at += 1;
        }
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.rest().starts_with("Infinity") {
                return self.word("Infinity", Value::float(f64::NEG_INFINITY));
            }
        }
        if self.dialect == Dialect::Jq {
            return self.loose_number(start);
        }
        self.digits()?;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Value::Number(Number::from_literal(self.text.get(start..self.at).unwrap_or("0"))))
    }

    /// A number whose point may stand at either end.
    fn loose_number(&mut self, start: usize) -> Result<Value, InputError> {
        let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
        self.at += self.rest().bytes().take_while(is_part).count();
        let text = self.text.get(start..self.at).unwrap_or_default();
        Number::from_loose(text).map(Value::Number).ok_or_else(|| self.fail("a number was expected"))
    }

    fn digits(&mut self) -> Result<(), InputError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.fail("a digit was expected")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<SmolStr, InputError> {
        self.at += 1;
        let start = self.at;
        self.skip_plain();
        if self.peek() == Some(b'"') {
            let text = SmolStr::new(self.text.get(start..self.at).unwrap_or_default());
            self.at += 1;
            return Ok(text);
        }
        let mut output = self.text.get(start..self.at).unwrap_or_default().to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(SmolStr::from(output));
                }
                Some(b'\\') => output.push(self.escape()?),
                Some(_) => {
                    let start = self.at;
                    self.skip_plain();
                    if self.at == start {
                        // A raw control character in a document is taken as it is, as jq does.
                        if self.dialect == Dialect::Jq {
                            return Err(self.fail("a raw control character"));
                        }
                        self.at += 1;
                    }
                    output.push_str(self.text.get(start..self.at).unwrap_or_default());
                }
                None => return Err(self.fail("the text ends within a string")),
            }
        }
    }

    /// Moves to the next quote, backslash or control character.
    fn skip_plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += plain_length(rest);
    }

    fn escape(&mut self) -> Result<char, InputError> {
        self.at += 1;
        let byte = self.peek().ok_or_else(|| self.fail("the text ends within a string"))?;
        let character = match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode_escape();
            }
            _ => return Err(self.fail("an unknown escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// The code point after `\u`; a lone surrogate becomes U+FFFD.
    fn unicode_escape(&mut self) -> Result<char, InputError> {
        let unit = self.hex4()?;
        let is_strict = self.dialect == Dialect::Jq;
        if !(0xd800..0xdc00).contains(&unit) || !self.rest().starts_with("\\u") {
            if is_strict && (0xd800..0xe000).contains(&unit) {
                return Err(self.fail("a lone surrogate"));
            }
            return Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        self.at += 2;
        let low = self.hex4()?;
        if (0xdc00..0xe000).contains(&low) {
            let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.at = before;
        if is_strict { Err(self.fail("a lone surrogate")) } else { Ok(char::REPLACEMENT_CHARACTER) }
    }

    fn hex4(&mut self) -> Result<u32, InputError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.fail("four hexadecimal digits were expected"))?;
        self.at += 4;
        Ok(unit)
    }
}

/// How many bytes stand before the next quote, backslash or control character, looked at eight at a time.
fn plain_length(bytes: &[u8]) -> usize {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    for (position, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest high bit that is set stands in the first byte below the bound; those above it may be wrong.
        let below = |word: u64, bound: u8| word.wrapping_sub(LOW * u64::from(bound)) & !word & HIGH;
        let is = |byte: u8| below(word ^ (LOW * u64::from(byte)), 1);
        let ends = below(word, 0x20) | is(b'"') | is(b'\\');
        if ends != 0 {
            return position * 8 + ends.trailing_zeros() as usize / 8;
        }
    }
    let plain = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\');
    words.len() * 8 + plain.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::to_json_text;
    use super::{parse, plain_length};

    #[test]
    fn surrogates_are_paired_or_replaced() {
        for (text, expected) in [
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""a\ud83d""#, "a\u{fffd}"),
            (r#""\ud83dx""#, "\u{fffd}x"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
        ] {
            let value = parse(text, 8).expect("a string");
            assert_eq!(value.as_text().map(smol_str::SmolStr::as_str), Some(expected), "{text}");
        }
    }

    #[test]
    fn broken_documents_are_refused() {
        for text in
            ["", "[", "[1,]", "{\"a\"}", "{a:1}", "01x", "\"", "\"\\x\"", "\"\\u12\"", "tru", "1 2", "-", "1.", "1e"]
        {
            assert!(parse(text, 8).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(1_000_000), 512).is_err());
    }

    fn document() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::vec((".*", inner), 0..4)
                    .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_parsed_is_written_back(document in document()) {
            let text = document.to_string();
            let value = parse(&text, 16).expect("a document");
            let written: serde_json::Value = serde_json::from_str(&to_json_text(&value).expect("no limit")).expect("JSON");
            prop_assert_eq!(written, document);
        }

        #[test]
        fn the_end_of_plain_text_is_found(bytes in prop::collection::vec(any::<u8>(), 0..40), plain in 0_usize..40) {
            let mut text = vec![0xe9_u8; plain];
            text.extend(bytes);
            let first = text.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\');
            prop_assert_eq!(plain_length(&text), first.unwrap_or(text.len()));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "[\\[\\]{}\":,0-9a-z\\\\ .eE+-]{0,40}") {
            let _ = parse(&text, 8);
        }
    }
}
