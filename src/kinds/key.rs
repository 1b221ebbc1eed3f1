//! The key of an object: the few fields by which it is known and fetched again.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use super::kind::Kind;
use crate::bitbucket::{DecodeError, decode};

/// The key of an object as compact text: its fields joined by `/`. A slash or percent sign within a field is escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey(Box<str>);

/// An object or a stored text has no usable key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Fields that identify objects are missing or have another type.
    #[error("the {kind} cannot be identified by {}: {source}", kind.info().key.join(", "))]
    Object {
        /// Its kind.
        kind: Kind,
        /// What is wrong.
        #[source]
        source: DecodeError,
    },
    /// The fields that tell where an object's files are have another type.
    #[error("where the files of a {kind} are cannot be read: {source}")]
    Files {
        /// Its kind.
        kind: Kind,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// Listings of this kind do not belong to an object.
    #[error("{kind} is not listed once per object of another kind")]
    NoParent {
        /// The kind.
        kind: Kind,
    },
    /// A stored key or parent cannot be read back.
    #[error("`{0}` is not a stored key; it was written by another version or is damaged")]
    Text(String),
}

impl ObjectKey {
    /// The key with these fields.
    pub fn new<I>(fields: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut text = String::new();
        for (index, field) in fields.into_iter().enumerate() {
            if index > 0 {
                text.push('/');
            }
            for c in field.as_ref().chars() {
                match c {
                    '/' => text.push_str("%2F"),
                    '%' => text.push_str("%25"),
                    c => text.push(c),
                }
            }
        }
        Self(text.into())
    }

    /// The fields, unescaped.
    #[must_use]
    pub fn fields(&self) -> Vec<String> {
        self.0.split('/').map(|field| field.replace("%2F", "/").replace("%25", "%")).collect()
    }

    /// The compact text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ObjectKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut escapes = text.split('%').skip(1);
        if escapes.all(|rest| rest.starts_with("2F") || rest.starts_with("25")) {
            Ok(Self(text.into()))
        } else {
            Err(KeyError::Text(text.to_owned()))
        }
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> Self {
        key.0.into()
    }
}

/// Reading the identifying fields of an object and nothing else of it.
pub(crate) struct Key;

impl Key {
    pub(crate) fn read<T: DeserializeOwned>(kind: Kind, raw: &str) -> Result<T, KeyError> {
        decode(raw).map_err(|source| KeyError::Object { kind, source })
    }
}

/// A text or whole number that is part of a key; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyPart(String);

impl KeyPart {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for KeyPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl Visitor<'_> for PartVisitor {
    type Value = KeyPart;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text that is not empty, or a whole number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<KeyPart, E> {
        if text.is_empty() {
            Err(E::invalid_value(de::Unexpected::Str(text), &self))
        } else {
            Ok(KeyPart(text.to_owned()))
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<KeyPart, E> {
        Ok(KeyPart(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<KeyPart, E> {
        Ok(KeyPart(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_joined_by_slashes() {
        let key = ObjectKey::new(["{1b2c}", "17"]);
        assert_eq!(key.to_string(), "{1b2c}/17");
        assert_eq!(ObjectKey::new(["a/b%2F", "c"]).as_str(), "a%2Fb%252F/c");
    }

    #[test]
    fn damaged_text_is_refused() {
        assert!("a%zz".parse::<ObjectKey>().is_err());
        assert!(serde_json::from_str::<ObjectKey>("\"a%\"").is_err());
    }

    proptest! {
        #[test]
        fn text_leads_back_to_the_fields(fields in proptest::collection::vec("[a-z%/2F5é]{0,8}", 1..4)) {
            let key = ObjectKey::new(&fields);
            prop_assert_eq!(key.fields(), fields);
            prop_assert_eq!(key.as_str().parse::<ObjectKey>().unwrap(), key.clone());
            let json = serde_json::to_string(&key).unwrap();
            prop_assert_eq!(serde_json::from_str::<ObjectKey>(&json).unwrap(), key);
        }
    }
}
