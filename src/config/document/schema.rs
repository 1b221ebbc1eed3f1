//! A JSON Schema of `config.yaml`.

use serde_json::{Map, Value, json};

use crate::config::key::camel_case;
use crate::config::table::{Kind, Setting, all};

/// JSON Schema (2020-12) of the settings document, keys in camelCase. Templates (`{{ from env NAME }}`) are
/// allowed wherever a value is.
#[must_use]
pub fn json_schema() -> Value {
    let mut properties = Map::new();
    for setting in all() {
        insert(&mut properties, setting.path, setting);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of bitbucket-port",
        "type": "object",
        "properties": properties,
    })
}

fn insert(properties: &mut Map<String, Value>, path: &str, setting: &Setting) {
    let Some((first, rest)) = path.split_once('.') else {
        properties.insert(camel_case(path), leaf(setting));
        return;
    };
    let branch = properties.entry(camel_case(first)).or_insert_with(|| json!({ "type": "object", "properties": {} }));
    if let Some(Value::Object(below)) = branch.get_mut("properties") {
        insert(below, rest, setting);
    }
}

fn leaf(setting: &Setting) -> Value {
    let template = json!({ "type": "string", "pattern": r"^\s*\{\{.*\}\}\s*$" });
    let mut schema = match setting.kind {
        Kind::Text | Kind::Path | Kind::Url => json!({ "type": ["string", "number", "null"] }),
        Kind::Choice(words) => json!({ "anyOf": [{ "enum": words }, template, { "type": "null" }] }),
        Kind::Flag => json!({ "anyOf": [{ "type": "boolean" }, template, { "type": "null" }] }),
        Kind::Whole { least, most } => {
            let mut number = json!({ "type": "integer", "minimum": least });
            if most < u64::MAX {
                number["maximum"] = json!(most);
            }
            json!({ "anyOf": [number, template, { "type": "null" }] })
        }
        Kind::Decimal => json!({ "anyOf": [{ "type": "number", "minimum": 0 }, template, { "type": "null" }] }),
        Kind::List => {
            json!({ "anyOf": [{ "type": "array", "items": { "type": "string" } }, { "type": ["string", "null"] }] })
        }
        Kind::Duration => {
            json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": r"^\d+\s*(ms|s|m|h|d)?$" }, template, { "type": "null" }] })
        }
        Kind::Minutes(allowed) => {
            json!({ "anyOf": [{ "enum": allowed }, { "type": "string", "pattern": r"^\d+[mh]?$" }, template, { "type": "null" }] })
        }
    };
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".into(), json!(setting.doc));
        if let Some(default) = setting.default {
            schema.insert("default".into(), default_value(setting.kind, default));
        }
        if setting.sensitive {
            schema.insert("writeOnly".into(), json!(true));
        }
    }
    schema
}

fn default_value(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Flag | Kind::Whole { .. } | Kind::Decimal | Kind::Minutes(_) => {
            serde_json::from_str(text).unwrap_or_else(|_| json!(text))
        }
        _ => json!(text),
    }
}
