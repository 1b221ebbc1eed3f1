//! The few shapes a JSON Schema comes down to for a lenient reader.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

/// What a value looks like. Only what can be relied on is kept: bounds, patterns and closed sets are not, since
/// the service does not hold to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) shape: Shape,
    pub(crate) nullable: bool,
    /// Format of a string (`date-time`, `uri`), told to readers of the schema, not enforced.
    pub(crate) format: Option<String>,
    /// Known values of a string, told to readers of the schema, not enforced.
    pub(crate) values: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) observed: Option<String>,
    pub(crate) complete: bool,
}

/// The shape of a [`Schema`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Any,
    /// Name of a component schema.
    Reference(String),
    Object(IndexMap<String, Schema>),
    Map(Box<Schema>),
    Array(Box<Schema>),
    String,
    Integer,
    Number,
    Boolean,
}

impl Schema {
    pub(crate) fn of(shape: Shape) -> Self {
        Self {
            shape,
            nullable: false,
            format: None,
            values: Vec::new(),
            description: None,
            observed: None,
            complete: false,
        }
    }

    /// `self` laid over `base`, property by property; where both say something, `self` wins.
    pub(crate) fn over(self, base: Self) -> Self {
        let shape = match (self.shape, base.shape) {
            (Shape::Object(ours), Shape::Object(theirs)) => Shape::Object(merge_properties(ours, theirs)),
            (Shape::Array(ours), Shape::Array(theirs)) => Shape::Array(Box::new(ours.over(*theirs))),
            (ours, _) => ours,
        };
        Self {
            shape,
            nullable: self.nullable || base.nullable,
            format: self.format.or(base.format),
            values: if self.values.is_empty() { base.values } else { self.values },
            description: self.description.or(base.description),
            observed: self.observed.or(base.observed),
            complete: self.complete || base.complete,
        }
    }

    /// Calls `visit` with each component name this schema refers to.
    pub(crate) fn references(&self, visit: &mut impl FnMut(&str)) {
        match &self.shape {
            Shape::Reference(name) => visit(name),
            Shape::Object(properties) => properties.values().for_each(|property| property.references(visit)),
            Shape::Map(inner) | Shape::Array(inner) => inner.references(visit),
            Shape::Any | Shape::String | Shape::Integer | Shape::Number | Shape::Boolean => {}
        }
    }

    /// JSON Schema text of this schema with `reference` naming the components, as embedded for checks of mappings.
    pub(crate) fn to_json(&self, reference: &impl Fn(&str) -> String) -> Value {
        let mut out = match &self.shape {
            Shape::Any => Map::new(),
            Shape::Reference(name) => object([("$ref", json!(reference(name)))]),
            Shape::Object(properties) => {
                let properties: Map<String, Value> =
                    properties.iter().map(|(name, property)| (name.clone(), property.to_json(reference))).collect();
                object([("type", json!("object")), ("properties", Value::Object(properties))])
            }
            Shape::Map(inner) => {
                object([("type", json!("object")), ("additionalProperties", inner.to_json(reference))])
            }
            Shape::Array(inner) => object([("type", json!("array")), ("items", inner.to_json(reference))]),
            Shape::String => object([("type", json!("string"))]),
            Shape::Integer => object([("type", json!("integer"))]),
            Shape::Number => object([("type", json!("number"))]),
            Shape::Boolean => object([("type", json!("boolean"))]),
        };
        if let Some(format) = &self.format {
            out.insert("format".into(), json!(format));
        }
        if !self.values.is_empty() {
            out.insert("enum".into(), json!(self.values));
        }
        if self.nullable {
            out.insert("nullable".into(), json!(true));
        }
        if self.complete {
            out.insert("x-complete".into(), json!(true));
        }
        if let Some(observed) = &self.observed {
            out.insert("x-observed".into(), json!(observed));
        }
        Value::Object(out)
    }
}

/// Ours in their order, then what only they have.
fn merge_properties(ours: IndexMap<String, Schema>, mut theirs: IndexMap<String, Schema>) -> IndexMap<String, Schema> {
    let mut merged: IndexMap<String, Schema> = ours
        .into_iter()
        .map(|(name, schema)| {
            let schema = match theirs.shift_remove(&name) {
                Some(base) => schema.over(base),
                None => schema,
            };
            (name, schema)
        })
        .collect();
    merged.extend(theirs);
    merged
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
