//! What the engine asks of a value.

use std::fmt;
use std::sync::Arc;

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::path::Opt;
use jaq_core::{Exn, ValT, ValX};
use smol_str::SmolStr;

use super::print::beginning;
use super::{Array, Error, Number, Object, Value, ValueResult, access, entry_at, error, excerpt, to_json_text};
use crate::budget::{self, Exceeded};

/// The error that a value's operator gives once a limit is reached. The evaluation ends with the limit whatever the
/// expression does with this error.
pub(crate) fn exceeded(_: Exceeded) -> Error {
    error("limit reached")
}

/// The items of an array, one at a time.
struct Items {
    array: Arc<Array>,
    next: usize,
}

impl Iterator for Items {
    type Item = ValueResult;

    fn next(&mut self) -> Option<ValueResult> {
        let item = self.array.items().get(self.next)?.clone();
        self.next += 1;
        Some(budget::spend(1).map(|()| item).map_err(exceeded))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.array.items().len() - self.next;
        (left, Some(left))
    }
}

/// The entries of an object, one at a time.
struct Entries {
    object: Arc<Object>,
    next: usize,
}

impl Iterator for Entries {
    type Item = Result<(Value, Value), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = entry_at(&self.object, self.next)?;
        self.next += 1;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.object.len() - self.next;
        (left, Some(left))
    }
}

pub(crate) fn not_iterable(value: &Value) -> Error {
    error(format!("Cannot iterate over {}", value.described()))
}

impl ValT for Value {
    fn from_num(text: &str) -> ValueResult {
        Ok(Self::Number(Number::from_literal(text)))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(entries: I) -> ValueResult {
        let mut object = Object::default();
        for (key, value) in entries {
            let Self::Text(key) = key else {
                return Err(error(format!("Object keys must be strings, but got {}", key.described())));
            };
            object.insert(key, value).map_err(exceeded)?;
        }
        Ok(Self::Object(Arc::new(object)))
    }

    fn key_values(self) -> BoxIter<'static, Result<(Self, Self), Error>> {
        match self {
            Self::Array(array) => {
                let items = Items { array, next: 0 }.enumerate();
                Box::new(items.map(|(position, item)| item.map(|item| (Self::int(position), item))))
            }
            Self::Object(object) => Box::new(Entries { object, next: 0 }),
            other => box_once(Err(not_iterable(&other))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValueResult>> {
        match self {
            Self::Array(array) => Box::new(Items { array, next: 0 }),
            Self::Object(object) => Box::new(Entries { object, next: 0 }.map(|entry| entry.map(|(_, value)| value))),
            other => box_once(Err(not_iterable(&other))),
        }
    }

    fn index(self, index: &Self) -> ValueResult {
        access::index(&self, index)
    }

    fn range(self, range: jaq_core::val::Range<&Self>) -> ValueResult {
        let null = Self::Null;
        access::slice(&self, range.start.unwrap_or(&null), range.end.unwrap_or(&null))
    }

    // Assignments are rewritten to `setpath` before compiling; see `rewrite`. These three are never called.

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(self, _: Opt, _: impl Fn(Self) -> I) -> ValX<'a, Self> {
        Err(Exn::from(error("cannot update in place")))
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: &Self,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(Exn::from(error("cannot update in place")))
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: jaq_core::val::Range<&Self>,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(Exn::from(error("cannot update in place")))
    }

    fn as_bool(&self) -> bool {
        self.is_true()
    }

    fn into_string(self) -> Self {
        match self {
            Self::Text(_) => self,
            other => Self::text(to_json_text(&other).unwrap_or_default()),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<isize> for Value {
    fn from(value: isize) -> Self {
        Self::Number(Number::Int(value as i64))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::float(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(SmolStr::from(value))
    }
}

/// A slice in a path: `{"start": 1, "end": 2}`.
impl From<jaq_core::val::Range<Value>> for Value {
    fn from(range: jaq_core::val::Range<Value>) -> Self {
        let mut object = Object::with_capacity(2);
        for (key, bound) in [("start", range.start), ("end", range.end)] {
            _ = object.insert(SmolStr::new_static(key), bound.unwrap_or_default());
        }
        Self::Object(Arc::new(object))
    }
}

/// Collects an array, counting each item. Stops early once a limit is reached: the evaluation ends with that anyway.
impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        let mut collected = Vec::new();
        for item in items {
            if budget::allocate(size_of::<Value>()).is_err() {
                break;
            }
            collected.push(item);
        }
        Array::new(collected).map(|array| Self::Array(Arc::new(array))).unwrap_or_default()
    }
}

/// Longest text that is shown as an error's message, in bytes.
const MESSAGE_BYTES: usize = 4096;

/// The beginning of the value's JSON text, or of the text that it is: how an error that nothing catches is shown.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(beginning(text, MESSAGE_BYTES)),
            other => f.write_str(&excerpt(other)),
        }
    }
}

impl jaq_std::ValT for Value {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        self.as_items().map(|items| items.iter().cloned().collect()).ok_or(self)
    }

    fn is_int(&self) -> bool {
        self.as_isize().is_some()
    }

    fn as_isize(&self) -> Option<isize> {
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as C's conversions of exponents do in effect")]
        self.as_f64().map(|value| value as isize)
    }

    fn as_f64(&self) -> Option<f64> {
        Value::as_f64(self)
    }

    fn is_utf8_str(&self) -> bool {
        self.as_text().is_some()
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.as_text().map(|text| text.as_bytes())
    }

    fn as_sub_str(&self, part: &[u8]) -> Self {
        Self::text(String::from_utf8_lossy(part))
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self::text(String::from_utf8_lossy(bytes.as_ref()))
    }
}
