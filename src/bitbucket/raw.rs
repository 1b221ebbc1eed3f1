//! Objects as Bitbucket sent them, with the typed view on demand.

use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The JSON text of an object and the type it can be viewed as.
///
/// The text is what arrived, byte for byte: fields no type knows, big numbers and lone surrogates are all kept.
pub struct Raw<T> {
    text: Box<RawValue>,
    view: PhantomData<fn() -> T>,
}

/// An object does not look like its type.
#[derive(Debug, thiserror::Error)]
#[error("the object does not have the expected form: {0}")]
pub struct DecodeError(#[source] serde_json::Error);

impl<T> Raw<T> {
    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.get()
    }

    /// The JSON text, without a copy.
    #[must_use]
    pub fn into_text(self) -> Box<RawValue> {
        self.text
    }
}

impl<T: DeserializeOwned> Raw<T> {
    /// Decodes the typed view.
    pub fn view(&self) -> Result<T, DecodeError> {
        decode(self.text())
    }
}

impl<T> From<Box<RawValue>> for Raw<T> {
    fn from(text: Box<RawValue>) -> Self {
        Self { text, view: PhantomData }
    }
}

/// Decodes JSON text. A lone surrogate, which Java may send and no Rust string can hold, reads as U+FFFD.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) => match without_lone_surrogates(text) {
            Some(repaired) => serde_json::from_str(&repaired).map_err(DecodeError),
            None => Err(DecodeError(error)),
        },
    }
}

/// The text with each escaped half of a surrogate pair that stands alone replaced; `None` when there is none.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut replaced = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (piece, lone) = next_escape(escape);
        out.push_str(if lone { "\\ufffd" } else { piece });
        replaced |= lone;
        rest = escape.get(piece.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    replaced.then_some(out)
}

/// The escape at the start of `text` (a whole pair when there is one) and whether it is a lone half.
fn next_escape(text: &str) -> (&str, bool) {
    match unit(text) {
        Some(0xD800..=0xDBFF) => match text.get(6..).and_then(unit) {
            Some(0xDC00..=0xDFFF) => (text.get(..12).unwrap_or(text), false),
            _ => (text.get(..6).unwrap_or(text), true),
        },
        Some(0xDC00..=0xDFFF) => (text.get(..6).unwrap_or(text), true),
        Some(_) => (text.get(..6).unwrap_or(text), false),
        // Any other escape is a backslash and one character.
        None => (text.get(..1 + text.chars().nth(1).map_or(0, char::len_utf8)).unwrap_or(text), false),
    }
}

/// The number in `\uXXXX` at the start of `text`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

impl<T> Clone for Raw<T> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), view: PhantomData }
    }
}

/// Only the length: the content may be anyone's business.
impl<T> fmt::Debug for Raw<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.text().len())
    }
}

impl<T> Serialize for Raw<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Raw<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Titled {
        title: String,
    }

    fn raw(text: &str) -> Raw<Titled> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn keeps_the_text_byte_for_byte() {
        let text = r#"{"title":"a\u0062", "size":12345678901234567890123,"x":[1.0, 1e3]}"#;
        assert_eq!(raw(text).text(), text);
        assert_eq!(serde_json::to_string(&raw(text)).unwrap(), text);
        assert_eq!(raw(text).view().unwrap().title, "ab");
    }

    #[test]
    fn a_lone_surrogate_is_kept_in_the_text_and_replaced_in_the_view() {
        let text = r#"{"title":"left \ud83d right \\ud83d \ud83d\ude00 \ude00\ud83d"}"#;
        assert_eq!(raw(text).text(), text);
        assert_eq!(raw(text).view().unwrap().title, "left \u{fffd} right \\ud83d \u{1f600} \u{fffd}\u{fffd}");
    }

    #[test]
    fn other_faults_are_still_faults() {
        assert!(raw(r#"{"title":7}"#).view().is_err());
    }

    #[test]
    fn debug_tells_the_length_only() {
        assert_eq!(format!("{:?}", raw(r#"{"title":"secret"}"#)), "Raw(18 bytes)");
    }

    proptest! {
        #[test]
        fn repairing_never_touches_well_formed_text(title in any::<String>()) {
            let text = serde_json::to_string(&title).unwrap();
            prop_assert_eq!(without_lone_surrogates(&text), None);
        }

        #[test]
        fn repaired_text_always_decodes(units in proptest::collection::vec(any::<u16>(), 0..40)) {
            let escaped = units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
            let decoded: String = decode(&format!("\"{escaped}\"")).unwrap();
            prop_assert_eq!(decoded, String::from_utf16_lossy(&units));
        }

        #[test]
        fn arbitrary_text_never_panics(text in any::<String>()) {
            let _ = without_lone_surrogates(&text);
        }
    }
}
