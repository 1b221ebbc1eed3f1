//! Whether an entity fits its blueprint, as Port would judge it.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::content::{Content, kind_of};
use crate::catalog::{Blueprint, Entity, Relation};

/// Everything that is wrong with an entity: what it sends, and what it lacks once it is written.
pub(super) fn faults(blueprint: &Blueprint, sent: &Entity, written: &Content) -> Vec<String> {
    let properties = sent.properties.iter().flatten().filter_map(|(name, value)| property(blueprint, name, value));
    let relations = sent.relations.iter().flatten().filter_map(|(name, value)| relation(blueprint, name, value));
    properties.chain(relations).chain(missing(blueprint, written)).collect()
}

fn property(blueprint: &Blueprint, name: &str, value: &Value) -> Option<String> {
    let Some(schema) = blueprint.schema.properties.get(name) else {
        return Some(format!("blueprint {:?} has no property {name:?}", blueprint.identifier));
    };
    if value.is_null() {
        return None;
    }
    mismatch(schema, value).map(|fault| format!("property {name:?} {fault}"))
}

/// How a value differs from what its schema asks for. Formats other than dates and URLs are labels for people.
fn mismatch(schema: &Value, value: &Value) -> Option<String> {
    let field = |name: &str| schema.get(name).and_then(Value::as_str);
    let (wanted, fits) = match field("type") {
        Some("string") => ("a string", value.is_string()),
        Some("number") => ("a number", value.is_number()),
        Some("integer") => ("a whole number", value.as_f64().is_some_and(|number| number.fract() == 0.0)),
        Some("boolean") => ("a boolean", value.is_boolean()),
        Some("array") => ("a list", value.is_array()),
        Some("object") => ("an object", value.is_object()),
        _ => ("", true),
    };
    if !fits {
        return Some(format!("must be {wanted}, not {}", kind_of(value)));
    }
    if let (Some(format), Some(text)) = (field("format"), value.as_str())
        && let Some(fault) = badly_formed(format, text)
    {
        return Some(fault);
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        return Some(format!("must be one of {}", Value::Array(allowed.clone())));
    }
    let (items, values) = (schema.get("items")?, value.as_array()?);
    values.iter().find_map(|value| mismatch(items, value)).map(|fault| format!("holds an item that {fault}"))
}

fn badly_formed(format: &str, text: &str) -> Option<String> {
    match format {
        "date-time" if OffsetDateTime::parse(text, &Rfc3339).is_err() => {
            Some("must be a date and time such as 2024-05-17T08:30:00Z".to_owned())
        }
        "url" if url::Url::parse(text).is_err() => Some("must be a URL with its scheme".to_owned()),
        _ => None,
    }
}

/// Checks the shape of a relation; whether its targets exist is asked of the catalog.
fn relation(blueprint: &Blueprint, name: &str, value: &Value) -> Option<String> {
    let Some(Relation { many, .. }) = blueprint.relations.get(name) else {
        return Some(format!("blueprint {:?} has no relation {name:?}", blueprint.identifier));
    };
    let named = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let fault = match value {
        Value::Null | Value::Object(_) => return None,
        Value::Array(targets) if *many && targets.iter().all(named) => return None,
        Value::String(text) if !*many && !text.is_empty() => return None,
        Value::String(_) if !*many => "must not be an empty text",
        _ if *many => "must be a list of identifiers, since it holds several",
        _ => "must be one identifier, since it holds a single entity",
    };
    Some(format!("relation {name:?} {fault}"))
}

/// Required properties and relations that are absent or empty.
fn missing(blueprint: &Blueprint, written: &Content) -> Vec<String> {
    let empty = |section: &Map<String, Value>, name: &str| section.get(name).is_none_or(Value::is_null);
    let properties = blueprint.schema.required.iter().filter(|name| empty(&written.properties, name));
    let required = blueprint.relations.iter().filter(|(_, relation)| relation.required);
    let nothing = |name: &str| {
        empty(&written.relations, name)
            || written.relations.get(name).is_some_and(|value| value == &Value::Array(vec![]))
    };
    let relations = required.map(|(name, _)| name).filter(|name| nothing(name));
    properties
        .map(|name| format!("required property {name:?} is missing"))
        .chain(relations.map(|name| format!("required relation {name:?} is missing")))
        .collect()
}
