//! Regular expressions: Oniguruma's in jq, with bounded backtracking here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use fancy_regex::{Captures, Regex, RegexBuilder};
use smol_str::SmolStr;

use crate::budget;
use crate::value::{self, Error, Object, Value, ValueResult, char_count, error, exceeded};

/// Longest pattern, in bytes.
const PATTERN_BYTES: usize = 16 << 10;

/// Most compiled patterns that a thread keeps.
const CACHED: usize = 64;

/// Most steps back that one search may take.
const BACKTRACKS: usize = 200_000;

/// Most bytes that a compiled pattern may take.
const COMPILED_BYTES: usize = 4 << 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of a regular expression are independent switches")]
struct Flags {
    global: bool,
    skip_empty: bool,
    ignore_case: bool,
    extended: bool,
    dot_all: bool,
    /// `$` also matches before a line break that ends the text. Only set if the text ends in one, because patterns
    /// without it run faster.
    ends_in_newline: bool,
}

impl Flags {
    fn parse(flags: &Value) -> Result<Self, Error> {
        let mut parsed = Self::default();
        let text = match flags {
            Value::Null => return Ok(parsed),
            Value::Text(text) => text,
            other => return Err(error(format!("{} is not a string", other.described()))),
        };
        for flag in text.chars() {
            match flag {
                'g' => parsed.global = true,
                'n' => parsed.skip_empty = true,
                'i' => parsed.ignore_case = true,
                'x' => parsed.extended = true,
                'p' => parsed.dot_all = true,
                // Single-line anchors are the default; the longest match is not sought.
                's' | 'l' => {}
                _ => return Err(error(format!("{text} is not a valid modifier string"))),
            }
        }
        Ok(parsed)
    }
}

type Cache = HashMap<(SmolStr, Flags), Rc<Regex>>;

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::new(Cache::new());
}

/// A compiled pattern, from the cache if it is there.
fn compiled(pattern: &SmolStr, flags: Flags) -> Result<Rc<Regex>, Error> {
    let key = (pattern.clone(), Flags { global: false, skip_empty: false, ..flags });
    if let Some(regex) = CACHE.with_borrow(|cache| cache.get(&key).cloned()) {
        return Ok(regex);
    }
    if pattern.len() > PATTERN_BYTES {
        return Err(error("Regex failure: the pattern is too long"));
    }
    // Compiling takes time and memory in proportion to the pattern, beyond what steps would show.
    budget::allocate(4096 + pattern.len() * 64).map_err(exceeded)?;
    let regex = build(pattern, flags).map_err(|cause| error(format!("Regex failure: {cause}")))?;
    let regex = Rc::new(regex);
    CACHE.with_borrow_mut(|cache| {
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(key, Rc::clone(&regex));
    });
    Ok(regex)
}

fn build(pattern: &str, flags: Flags) -> Result<Regex, Box<fancy_regex::Error>> {
    let mut options = String::new();
    for (option, on) in [('i', flags.ignore_case), ('x', flags.extended), ('s', flags.dot_all)] {
        if on {
            options.push(option);
        }
    }
    let pattern = if flags.ends_in_newline { dollar_before_newline(pattern) } else { pattern.to_owned() };
    let pattern = if options.is_empty() { pattern } else { format!("(?{options}){pattern}") };
    RegexBuilder::new(&pattern)
        .backtrack_limit(BACKTRACKS)
        .delegate_size_limit(COMPILED_BYTES)
        .delegate_dfa_size_limit(COMPILED_BYTES)
        .build()
        .map_err(Box::new)
}

/// Replaces each `$` that is an anchor by one that also matches before a final line break.
fn dollar_before_newline(pattern: &str) -> String {
    let (mut output, mut in_class, mut escaped) = (String::new(), 0_usize, false);
    for c in pattern.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class += 1,
            ']' => in_class = in_class.saturating_sub(1),
            '$' if in_class == 0 => {
                output.push_str("(?=\\n?\\z)");
                continue;
            }
            _ => {}
        }
        output.push(c);
    }
    output
}

/// A pattern and its flags from a single argument, which may be an array of both.
pub(super) fn unpacked(argument: &Value) -> Result<(Value, Value), Error> {
    match (argument, argument.as_items()) {
        (Value::Text(_), _) => Ok((argument.clone(), Value::Null)),
        (_, Some([pattern])) => Ok((pattern.clone(), Value::Null)),
        (_, Some([pattern, flags, ..])) => Ok((pattern.clone(), flags.clone())),
        _ => Err(error(format!("{} not a string or array", argument.type_name()))),
    }
}

/// Calls `visit` with each match until it returns false.
fn search(
    value: &Value,
    pattern: &Value,
    flags: &Value,
    force_global: bool,
    mut visit: impl FnMut(&Regex, &str, &Captures<'_>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let Some(text) = value.as_text() else {
        return Err(error(format!("{} cannot be matched, as it is not a string", value.described())));
    };
    let Some(pattern) = pattern.as_text() else {
        return Err(error(format!("{} is not a string", pattern.described())));
    };
    let flags = Flags::parse(flags)?;
    let flags = Flags { global: flags.global || force_global, ..flags };
    let regex = compiled(pattern, Flags { ends_in_newline: text.ends_with('\n') && pattern.contains('$'), ..flags })?;
    let mut from = 0;
    while from <= text.len() {
        budget::spend(1 + (text.len() - from) / 64).map_err(exceeded)?;
        let captures = regex.captures_from_pos(text, from).map_err(|cause| error(format!("Regex failure: {cause}")))?;
        let Some(captures) = captures else { return Ok(()) };
        let Some(whole) = captures.get(0) else { return Ok(()) };
        let empty = whole.start() == whole.end();
        from = if empty { next_char(text, whole.end()) } else { whole.end() };
        if empty && flags.skip_empty {
            continue;
        }
        if !visit(&regex, text, &captures)? || !flags.global {
            return Ok(());
        }
    }
    Ok(())
}

/// The position after the character that starts at `at`.
fn next_char(text: &str, at: usize) -> usize {
    at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

#[expect(clippy::needless_pass_by_value, reason = "natives have one form")]
pub(super) fn test(value: Value, pattern: Value, flags: Value) -> ValueResult {
    let mut found = false;
    search(&value, &pattern, &flags, false, |_, _, _| {
        found = true;
        Ok(false)
    })?;
    Ok(Value::Bool(found))
}

/// How often a pattern that matched nothing before a character matches within its bytes. jq moves on by a byte there.
fn matches_within_char(regex: &Regex, text: &str, captures: &Captures<'_>) -> usize {
    const BETWEEN: &str = "\u{fffd}\u{fffd}";
    let Some(at) = captures.get(0).filter(|whole| whole.start() == whole.end()).map(|whole| whole.start()) else {
        return 0;
    };
    let length = next_char(text, at) - at;
    if length < 2 {
        return 0;
    }
    let between = regex.captures_from_pos(BETWEEN, BETWEEN.len() / 2).ok().flatten();
    let is_match = between
        .and_then(|found| found.get(0).map(|whole| whole.range()))
        .is_some_and(|whole| whole.is_empty() && whole.start == BETWEEN.len() / 2);
    if is_match { length - 1 } else { 0 }
}

/// A match object with its positions moved by one code point.
fn one_further(found: &Value) -> ValueResult {
    let Some(fields) = found.as_object() else { return Ok(found.clone()) };
    let mut output = Object::with_capacity(fields.len());
    for (key, field) in fields.iter() {
        let field = match (key.as_str(), field) {
            ("offset", Value::Number(at)) if at.to_f64() >= 0.0 => Value::float(at.to_f64() + 1.0),
            ("captures", Value::Array(groups)) => groups.items().iter().map(one_further).collect::<ValueResult>()?,
            _ => field.clone(),
        };
        output.insert(key.clone(), field).map_err(exceeded)?;
    }
    Ok(Value::Object(Arc::new(output)))
}

/// Code points before a position, counted on from the position asked for last.
struct Offsets<'t> {
    text: &'t str,
    byte: usize,
    chars: usize,
}

impl Offsets<'_> {
    fn at(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            (self.byte, self.chars) = (0, 0);
        }
        self.chars += self.text.get(self.byte..byte).map_or(0, char_count);
        self.byte = byte;
        self.chars
    }
}

fn object(entries: impl IntoIterator<Item = (&'static str, Value)>) -> ValueResult {
    let mut object = Object::with_capacity(5);
    for (key, value) in entries {
        object.insert(SmolStr::new_static(key), value).map_err(exceeded)?;
    }
    Ok(Value::Object(Arc::new(object)))
}

#[expect(clippy::needless_pass_by_value, reason = "natives have one form")]
pub(super) fn matches(value: Value, pattern: Value, flags: Value) -> ValueResult {
    let mut found = Vec::new();
    let is_global = flags.as_text().is_some_and(|flags| flags.contains('g'));
    let text = value.as_text().cloned().unwrap_or_default();
    let mut offsets = Offsets { text: &text, byte: 0, chars: 0 };
    search(&value, &pattern, &flags, false, |regex, text, captures| {
        budget::allocate(text.len() / 16).map_err(exceeded)?;
        let object = match_object(regex, captures, &mut offsets)?;
        let within = matches_within_char(regex, text, captures);
        found.push(object.clone());
        if within > 0 && is_global {
            let shifted = one_further(&object)?;
            found.extend(std::iter::repeat_n(shifted, within));
        }
        Ok(true)
    })?;
    Ok(found.into_iter().collect())
}

fn match_object(regex: &Regex, captures: &Captures<'_>, offsets: &mut Offsets<'_>) -> ValueResult {
    let whole = captures.get(0).map_or(0..0, |group| group.range());
    let start = offsets.at(whole.start);
    let string = captures.get(0).map_or("", |group| group.as_str());
    let mut groups = Vec::new();
    for (index, name) in regex.capture_names().enumerate().skip(1) {
        let name = name.map_or(Value::Null, Value::text);
        groups.push(match captures.get(index) {
            Some(group) => object([
                ("offset", Value::int(offsets.at(group.start()))),
                ("length", Value::int(char_count(group.as_str()))),
                ("string", Value::text(group.as_str())),
                ("name", name),
            ])?,
            None => object([
                ("offset", Value::float(-1.0)),
                ("string", Value::Null),
                ("length", Value::int(0)),
                ("name", name),
            ])?,
        });
    }
    offsets.at(whole.start);
    object([
        ("offset", Value::int(start)),
        ("length", Value::int(char_count(string))),
        ("string", Value::text(string)),
        ("captures", groups.into_iter().collect()),
    ])
}

/// The named groups of a match: `{"name": "text"}`.
pub(super) fn captured(found: Value) -> ValueResult {
    let captures = found.as_object().and_then(|found| found.get("captures")).cloned().unwrap_or_default();
    let mut output = Object::default();
    for group in captures.as_items().unwrap_or_default() {
        let Some(group) = group.as_object() else { continue };
        if let Some(Value::Text(name)) = group.get("name") {
            let string = group.get("string").cloned().unwrap_or_default();
            output.insert(name.clone(), string).map_err(exceeded)?;
        }
    }
    Ok(Value::Object(Arc::new(output)))
}

#[expect(clippy::needless_pass_by_value, reason = "natives have one form")]
pub(super) fn split(value: Value, pattern: Value, flags: Value) -> ValueResult {
    let (mut pieces, mut last) = (Vec::new(), 0);
    search(&value, &pattern, &flags, true, |regex, text, captures| {
        let whole = captures.get(0).map_or(0..0, |group| group.range());
        pieces.push(Value::text(text.get(last..whole.start).unwrap_or_default()));
        last = whole.end;
        let within = matches_within_char(regex, text, captures);
        if within > 0 {
            last = next_char(text, whole.end);
            pieces.push(Value::text(text.get(whole.end..last).unwrap_or_default()));
            pieces.extend(std::iter::repeat_n(Value::text(""), within - 1));
        }
        Ok(true)
    })?;
    let rest = value.as_text().and_then(|text| text.get(last..)).unwrap_or_default();
    pieces.push(Value::text(rest));
    Ok(pieces.into_iter().collect())
}

/// Replaces matches: one result for each replacement that the matches yield, and `+` decides what can be one.
pub(super) fn splice(_: Value, text: Value, edits: Value, inserts: Value) -> ValueResult {
    let text = text.as_text().cloned().unwrap_or_default();
    let chars: Vec<(usize, char)> = if text.is_ascii() { Vec::new() } else { text.char_indices().collect() };
    let byte_at = |at: usize| if text.is_ascii() { at } else { chars.get(at).map_or(text.len(), |(byte, _)| *byte) };
    let number = |edit: &Value, key: &str| {
        let value = edit.as_object().and_then(|edit| edit.get(key)).and_then(Value::as_number).cloned();
        value.and_then(|value| value.to_index()).and_then(|value| usize::try_from(value).ok()).unwrap_or(0)
    };
    let mut results: Vec<String> = Vec::new();
    let mut previous = 0;
    let inserts = inserts.as_items().unwrap_or_default();
    for (edit, inserts) in edits.as_items().unwrap_or_default().iter().zip(inserts) {
        let (offset, length) = (number(edit, "offset"), number(edit, "length"));
        let gap = text.get(byte_at(previous)..byte_at(offset)).unwrap_or_default();
        for (index, insert) in inserts.as_items().unwrap_or_default().iter().enumerate() {
            let piece = value::add(Value::text(gap), insert.clone())?;
            let piece = piece.as_text().cloned().unwrap_or_default();
            budget::allocate(piece.len() + 16).map_err(exceeded)?;
            if results.len() <= index {
                results.resize(index + 1, String::new());
            }
            if let Some(result) = results.get_mut(index) {
                result.push_str(&piece);
            }
        }
        previous = offset + length;
    }
    let rest = text.get(byte_at(previous)..).unwrap_or_default();
    budget::allocate(rest.len().saturating_mul(results.len())).map_err(exceeded)?;
    results.into_iter().map(|result| Ok(Value::Text((result + rest).into()))).collect()
}
