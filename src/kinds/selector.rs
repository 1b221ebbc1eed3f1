//! What a mapping says under `selector`.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::kind::Kind;
use super::listing::Listing;

/// A selector, read: the condition in jq, the listing that gives the objects, and what is added to each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Condition in jq; only objects for which it gives true are taken.
    pub query: String,
    /// The listing that gives the objects.
    pub listing: Arc<Listing>,
    /// Keys that the kind does not know. They have no effect, which is worth a warning.
    pub unknown: Vec<String>,
    enrichments: BTreeMap<&'static str, Vec<String>>,
}

/// A selector cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SelectorError {
    /// It is no object.
    #[error("the selector of {kind} is not an object; write at least `query: \"true\"`")]
    NotAnObject {
        /// The kind of the resource.
        kind: Kind,
    },
    /// A value in it has the wrong form.
    #[error("the selector of {kind} cannot be used: {source}")]
    Value {
        /// The kind of the resource.
        kind: Kind,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

impl Selector {
    pub(crate) fn new(
        query: String,
        listing: Listing,
        enrichments: impl IntoIterator<Item = (&'static str, Vec<String>)>,
        unknown: Vec<String>,
    ) -> Self {
        Self { query, listing: Arc::new(listing), unknown, enrichments: enrichments.into_iter().collect() }
    }

    /// What to add to each object by a field such as `includedFiles`; empty when nothing is asked for.
    #[must_use]
    pub fn enrichment(&self, name: &str) -> &[String] {
        self.enrichments.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Decodes a generated selector and collects the keys that it does not know.
///
/// A null counts as left out, and `query: true` as the condition `true`, as YAML writers mean it.
pub(crate) fn read<S: DeserializeOwned>(
    kind: Kind,
    fields: &[&str],
    value: &Value,
) -> Result<(S, Vec<String>), SelectorError> {
    let given = value.as_object().ok_or(SelectorError::NotAnObject { kind })?;
    let mut known = Map::new();
    let mut unknown = Vec::new();
    for (name, value) in given {
        match (fields.contains(&name.as_str()), value) {
            (false, _) => unknown.push(name.clone()),
            (true, Value::Null) => {}
            (true, Value::Bool(condition)) if name == "query" => {
                known.insert(name.clone(), Value::String(condition.to_string()));
            }
            (true, value) => {
                known.insert(name.clone(), value.clone());
            }
        }
    }
    let selector = S::deserialize(Value::Object(known)).map_err(|source| SelectorError::Value { kind, source })?;
    Ok((selector, unknown))
}

/// JSON Schema of a generated selector.
pub(crate) fn schema<S: JsonSchema>() -> Value {
    schemars::schema_for!(S).to_value()
}
