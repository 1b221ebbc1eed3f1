//! What a listing per object needs of its object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key::{KeyError, ObjectKey};
use crate::bitbucket::CallError;

/// The object that a listing belongs to: its key, and the values that go into the path of the listing.
///
/// Small on purpose: the parents of a large workspace are spooled as text between the two listings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Parent {
    #[serde(rename = "k")]
    key: ObjectKey,
    #[serde(rename = "b")]
    bound: BTreeMap<String, String>,
}

impl Parent {
    pub(crate) fn new<'a>(key: ObjectKey, bound: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let bound = bound.into_iter().map(|(parameter, value)| (parameter.to_owned(), value)).collect();
        Self { key, bound }
    }

    /// The key of the object.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The value for a path parameter of the listing.
    pub(crate) fn bound(&self, parameter: &str) -> Result<&str, CallError> {
        let value = self.bound.get(parameter).map(String::as_str);
        value.ok_or_else(|| CallError::Invalid(format!("`{}` does not give `{parameter}` to its listing", self.key)))
    }

    /// Compact text, from which [`Parent::decode`] reads it back.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::json!({ "k": self.key, "b": self.bound }).to_string()
    }

    /// Reads what [`Parent::encode`] wrote.
    pub fn decode(text: &str) -> Result<Self, KeyError> {
        serde_json::from_str(text).map_err(|_| KeyError::Text(text.to_owned()))
    }
}
