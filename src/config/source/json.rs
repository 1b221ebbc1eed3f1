//! JSON held in a variable. Scalars keep their text, so `1e3` or a long number is not rewritten on the way.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{DEEPEST, Unreadable};
use crate::config::Origin;
use crate::config::node::{Node, Shape};

/// Reads a JSON text; every node gets the same origin, as a variable has no lines worth naming.
pub(crate) fn read_json(text: &str, origin: &Origin) -> Result<Node, Unreadable> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    convert(raw.get(), origin, DEEPEST)
}

fn convert(text: &str, origin: &Origin, depth: usize) -> Result<Node, Unreadable> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Unreadable { line: None, what: format!("the JSON is nested deeper than {DEEPEST} levels") });
    };
    let shape = match text.trim_start().chars().next() {
        Some('{') => {
            let Members(members) = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
            let convert_member = |(key, raw): (String, &RawValue)| Ok((key, convert(raw.get(), origin, depth)?));
            Shape::Map(members.into_iter().map(convert_member).collect::<Result<_, Unreadable>>()?)
        }
        Some('[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
            Shape::List(items.into_iter().map(|raw| convert(raw.get(), origin, depth)).collect::<Result<_, _>>()?)
        }
        Some('"') => Shape::Text(serde_json::from_str(text).map_err(|error| unreadable(&error))?),
        _ if text.trim() == "null" => Shape::Null,
        _ => Shape::Text(text.trim().to_owned()),
    };
    Ok(Node { origin: origin.clone(), shape })
}

/// Position and category only: serde's message may quote the text, which may be a secret.
fn unreadable(error: &serde_json::Error) -> Unreadable {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "ends too early",
        _ => "is malformed",
    };
    Unreadable { line: None, what: format!("the JSON {what} (line {}, column {})", error.line(), error.column()) }
}

/// The members of an object in order, doubles included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Unreadable> {
        read_json(text, &Origin::Default)
    }

    #[test]
    fn scalars_keep_their_text() {
        let node = read(r#"{"a": 10000000000000000000001, "b": "0123", "c": true, "d": null, "e": [1.50]}"#).unwrap();
        let Shape::Map(members) = node.shape else { panic!("not a map") };
        let text = |index: usize| members[index].1.shape.clone();
        assert_eq!(text(0), Shape::Text("10000000000000000000001".into()));
        assert_eq!(text(1), Shape::Text("0123".into()));
        assert_eq!(text(2), Shape::Text("true".into()));
        assert_eq!(text(3), Shape::Null);
        assert_eq!(text(4), Shape::List(vec![Node::text("1.50", Origin::Default)]));
    }

    #[test]
    fn errors_say_where_and_quote_nothing() {
        let error = read("{\"secret\": hunter2}").unwrap_err();
        assert!(error.what.contains("column"), "{}", error.what);
        assert!(!error.what.contains("hunter2"));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(read(&"[".repeat(100_000)).is_err());
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        assert!(read(&deep).unwrap_err().what.contains("nested"));
    }
}
