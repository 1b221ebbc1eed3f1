//! JSON Schema of mapping documents, for editors.

use serde_json::{Map, Value, json};

use crate::kinds::Kind;

/// The schema of a mapping document with these kinds; what a selector may say depends on the kind.
#[must_use]
pub fn document_schema(kinds: &[Kind]) -> Value {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let selectors: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            json!({
                "if": { "properties": { "kind": { "const": kind.name() } }, "required": ["kind"] },
                "then": { "properties": { "selector": { "$ref": format!("#/$defs/selector-{}", kind.name()) } } },
            })
        })
        .collect();
    let mut definitions = fixed_definitions();
    for kind in kinds {
        definitions.insert(format!("selector-{}", kind.name()), selector(*kind));
    }
    let documented: Vec<String> = kinds.iter().map(|kind| format!("{}: {}", kind.name(), kind.info().doc)).collect();
    definitions.insert(
        "resource".to_owned(),
        json!({
            "type": "object",
            "required": ["kind", "selector", "port"],
            "additionalProperties": false,
            "properties": {
                "kind": { "enum": names, "description": documented.join("\n") },
                "selector": {
                    "type": "object",
                    "required": ["query"],
                    "description": "Which objects are taken.",
                },
                "port": { "$ref": "#/$defs/port" },
            },
            "allOf": selectors,
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mapping of Bitbucket's objects to entities",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "deleteDependentEntities": flag("Whether entities go that need a deleted one."),
            "createMissingRelatedEntities": flag("Whether entities that a relation names are created where they are missing."),
            "enableMergeEntity": flag("Whether what a mapping does not name stays as it is."),
            "entityDeletionThreshold": {
                "type": "number", "minimum": 0, "maximum": 1, "default": 0.9,
                "description": "The largest part of a blueprint's entities that one resync may delete.",
            },
            "resources": {
                "type": "array",
                "items": { "$ref": "#/$defs/resource" },
                "description": "Which objects become which entities.",
            },
        },
        "$defs": definitions,
    })
}

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "default": true, "description": description })
}

/// The selector of a kind; `query` may be a bare boolean too, as the reader takes it.
fn selector(kind: Kind) -> Value {
    let mut schema = kind.selector_schema();
    if let Value::Object(fields) = &mut schema {
        fields.remove("$schema");
        fields.insert("additionalProperties".to_owned(), Value::Bool(false));
        fields.insert("title".to_owned(), Value::String(format!("Selector of {kind}")));
    }
    if let Some(query) = schema.pointer_mut("/properties/query/type") {
        *query = json!(["string", "boolean"]);
    }
    schema
}

fn fixed_definitions() -> Map<String, Value> {
    let definitions = json!({
        "expression": {
            "type": ["string", "number", "boolean"],
            "description": "A jq expression. A fixed text needs quotes of its own: '\"text\"'.",
        },
        "search": {
            "type": "object",
            "required": ["combinator", "rules"],
            "additionalProperties": false,
            "description": "Finds entities in the catalog.",
            "properties": {
                "combinator": { "enum": ["and", "or", "\"and\"", "\"or\""] },
                "rules": {
                    "type": "array",
                    "items": { "anyOf": [{ "$ref": "#/$defs/rule" }, { "$ref": "#/$defs/search" }] },
                },
            },
        },
        "rule": {
            "type": "object",
            "required": ["property", "operator"],
            "additionalProperties": false,
            "properties": {
                "property": { "$ref": "#/$defs/expression" },
                "operator": { "$ref": "#/$defs/expression" },
                "value": { "$ref": "#/$defs/expression" },
            },
        },
        "template": { "anyOf": [{ "$ref": "#/$defs/expression" }, { "$ref": "#/$defs/search" }] },
        "port": {
            "type": "object",
            "required": ["entity"],
            "additionalProperties": false,
            "properties": {
                "itemsToParse": {
                    "$ref": "#/$defs/expression",
                    "description": "Gives a list; each of its items becomes an entity of its own.",
                },
                "itemsToParseName": {
                    "type": "string", "default": "item",
                    "description": "The key under which expressions find the item.",
                },
                "itemsToParseTopLevelTransform": {
                    "type": "boolean", "default": true,
                    "description": "Whether the list itself is taken out of the object.",
                },
                "entity": {
                    "type": "object",
                    "required": ["mappings"],
                    "additionalProperties": false,
                    "properties": {
                        "mappings": {
                            "anyOf": [
                                { "$ref": "#/$defs/mapping" },
                                { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/mapping" } },
                            ],
                        },
                    },
                },
            },
        },
        "mapping": {
            "type": "object",
            "required": ["identifier", "blueprint"],
            "additionalProperties": false,
            "properties": {
                "identifier": { "$ref": "#/$defs/template", "description": "What the entity is known by." },
                "blueprint": { "$ref": "#/$defs/expression", "description": "Its type, usually a fixed text: '\"service\"'." },
                "title": { "$ref": "#/$defs/expression" },
                "icon": { "$ref": "#/$defs/expression" },
                "team": { "$ref": "#/$defs/template" },
                "properties": {
                    "type": "object", "additionalProperties": { "$ref": "#/$defs/expression" },
                    "description": "The value of each property.",
                },
                "relations": {
                    "type": "object", "additionalProperties": { "$ref": "#/$defs/template" },
                    "description": "Identifiers of the entities that it is related to.",
                },
            },
        },
    });
    match definitions {
        Value::Object(definitions) => definitions,
        _ => Map::new(),
    }
}
