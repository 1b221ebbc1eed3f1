//! Checking values against the properties of a blueprint.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Whether a text can be an identifier: letters of any script, digits and `@_.+:\/=-`, but neither `.` nor `..`.
pub(super) fn is_name(text: &str) -> bool {
    let allowed =
        |character: char| character.is_alphabetic() || character.is_ascii_digit() || r"@_.+:\/=-".contains(character);
    !text.is_empty() && text != "." && text != ".." && text.chars().count() <= 1_000 && text.chars().all(allowed)
}

/// Checks all properties of an entity; `complete` says that those that are missing are missing for good.
pub(super) fn properties(blueprint: &Value, sent: &Map<String, Value>, complete: bool) -> Result<(), String> {
    let empty = Map::new();
    let defined = blueprint.pointer("/schema/properties").and_then(Value::as_object).unwrap_or(&empty);
    let required: Vec<&str> = blueprint
        .pointer("/schema/required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    for (name, value) in sent {
        let Some(definition) = defined.get(name) else {
            return Err(format!("properties must NOT have additional properties: \"{name}\""));
        };
        if value.is_null() {
            if required.contains(&name.as_str()) {
                return Err(format!("properties/{name} must not be null: it is required"));
            }
            continue;
        }
        one(definition, value).map_err(|reason| format!("properties/{name} {reason}"))?;
    }
    match required.iter().find(|name| complete && !sent.contains_key(**name)) {
        Some(name) => Err(format!("properties must have required property '{name}'")),
        None => Ok(()),
    }
}

fn one(definition: &Value, value: &Value) -> Result<(), String> {
    let kind = definition["type"].as_str().unwrap_or_default();
    let fits = match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        _ => true,
    };
    if !fits {
        return Err(format!("must be {kind}"));
    }
    if let Some(allowed) = definition["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err("must be equal to one of the allowed values".to_owned());
    }
    match value {
        Value::String(text) => string(definition, text),
        Value::Number(number) => bounds(definition, number.as_f64().unwrap_or(0.0), "minimum", "maximum"),
        Value::Array(items) => {
            bounds(definition, items.len() as f64, "minItems", "maxItems")?;
            match definition.get("items") {
                Some(item) => {
                    items.iter().try_for_each(|value| one(item, value).map_err(|reason| format!("items {reason}")))
                }
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn string(definition: &Value, text: &str) -> Result<(), String> {
    bounds(definition, text.chars().count() as f64, "minLength", "maxLength")?;
    let format = definition["format"].as_str().unwrap_or_default();
    let fits = match format {
        "date-time" => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
        "url" => url::Url::parse(text).is_ok(),
        "email" | "idn-email" => {
            text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        }
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("must match format \"{format}\"")) }
}

fn bounds(definition: &Value, size: f64, least: &str, most: &str) -> Result<(), String> {
    if let Some(least) = definition[least].as_f64()
        && size < least
    {
        return Err(format!("must be at least {least}"));
    }
    match definition[most].as_f64() {
        Some(most) if size > most => Err(format!("must be at most {most}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn check(definition: &Value, value: &Value) -> Result<(), String> {
        let blueprint = json!({"schema": {"properties": {"p": definition}, "required": []}});
        let sent = json!({ "p": value });
        super::properties(&blueprint, sent.as_object().expect("an object"), true)
    }

    #[test]
    fn values_are_checked() {
        for (definition, good, bad) in [
            (json!({"type": "string"}), json!("x"), json!(5)),
            (json!({"type": "number"}), json!(1.5), json!("1")),
            (json!({"type": "boolean"}), json!(true), json!("true")),
            (json!({"type": "array", "items": {"type": "string"}}), json!(["a"]), json!([1])),
            (json!({"type": "string", "enum": ["OPEN"]}), json!("OPEN"), json!("SUPERSEDED")),
            (json!({"type": "string", "format": "url"}), json!("https://x.example/a"), json!("x")),
            (
                json!({"type": "string", "format": "date-time"}),
                json!("2024-05-06T07:08:09.1+00:00"),
                json!("2024-05-06"),
            ),
            (json!({"type": "string", "format": "user"}), json!("Uma Rao"), json!(1)),
            (json!({"type": "number", "maximum": 3}), json!(3), json!(4)),
        ] {
            assert_eq!(check(&definition, &good), Ok(()), "{definition} {good}");
            assert!(check(&definition, &bad).is_err(), "{definition} {bad}");
            assert_eq!(check(&definition, &Value::Null), Ok(()));
        }
    }

    #[test]
    fn required_and_unknown() {
        let blueprint = json!({"schema": {"properties": {"a": {"type": "string"}}, "required": ["a"]}});
        let check =
            |sent: Value, complete| super::properties(&blueprint, sent.as_object().expect("an object"), complete);
        assert!(check(json!({}), true).is_err());
        assert!(check(json!({}), false).is_ok());
        assert!(check(json!({"a": null}), false).is_err());
        assert!(check(json!({"a": "x", "b": 1}), false).is_err());
    }

    #[test]
    fn names() {
        assert!(super::is_name("Überweisung-1@a.b+c:d\\e/f=g"));
        assert!(!["", ".", "..", "a b", "a#b", "{a}"].into_iter().any(super::is_name));
    }
}
