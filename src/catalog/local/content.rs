//! What an entity holds, and what an upsert makes of it.

use serde_json::{Map, Value};

use crate::catalog::{Entity, Existing};

/// Everything of an entity but its name and its history.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Content {
    pub(super) title: Option<String>,
    pub(super) icon: Option<String>,
    /// A name, a list of names, a search query, or null.
    pub(super) team: Value,
    /// A property that was set to null stays as null: it is there and empty.
    pub(super) properties: Map<String, Value>,
    pub(super) relations: Map<String, Value>,
}

impl Content {
    /// What is there after `sent` was written over this. Sections that are sent win in either way; those and the keys
    /// that are not sent stay with `Merge` and go with `Replace`. `Err` says why `sent` cannot be stored.
    pub(super) fn written_over(self, sent: &Entity, existing: Existing) -> Result<Self, String> {
        let kept = match existing {
            Existing::Merge => self,
            Existing::Replace => Self::default(),
        };
        Ok(Self {
            title: text("title", sent.title.as_ref(), kept.title)?,
            icon: text("icon", sent.icon.as_ref(), kept.icon)?,
            team: team(sent.team.as_ref(), kept.team)?,
            properties: overlay(kept.properties, sent.properties.as_ref()),
            relations: overlay(kept.relations, sent.relations.as_ref()),
        })
    }
}

/// The keys of `kept` with those of `sent` over them.
fn overlay(mut kept: Map<String, Value>, sent: Option<&Map<String, Value>>) -> Map<String, Value> {
    for (key, value) in sent.into_iter().flatten() {
        kept.insert(key.clone(), value.clone());
    }
    kept
}

fn text(section: &str, sent: Option<&Value>, kept: Option<String>) -> Result<Option<String>, String> {
    match sent {
        None => Ok(kept),
        Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("{section} must be a string, not {}", kind_of(other))),
    }
}

fn team(sent: Option<&Value>, kept: Value) -> Result<Value, String> {
    match sent {
        None => Ok(kept),
        Some(team @ (Value::Null | Value::String(_) | Value::Object(_))) => Ok(team.clone()),
        Some(team @ Value::Array(names)) if names.iter().all(Value::is_string) => Ok(team.clone()),
        Some(_) => Err("team must be a string, a list of strings or a search query".to_owned()),
    }
}

/// A value's type with its article, for messages.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
