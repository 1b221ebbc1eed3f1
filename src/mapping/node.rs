//! A document read with the place of every value, so that a finding can point at its line.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// Where something stands in a document: line and column, both from 1; 0 where unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value begins.
    pub position: Position,
    /// The value.
    pub content: Content,
}

/// What a YAML or JSON value can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// An integer or a fraction.
    Number(Number),
    /// Text, quoted or plain.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the document.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Where the key begins.
    pub position: Position,
    /// The key.
    pub name: String,
}

impl Node {
    /// Reads a YAML or JSON document.
    ///
    /// # Errors
    /// The text is no YAML, has duplicate keys, or is larger or deeper than the reader's budget.
    pub fn parse(text: &str) -> Result<Self, serde_saphyr::Error> {
        serde_saphyr::from_str::<Spanned<Bare>>(text).map(Self::from)
    }

    /// The value without positions, as JSON; non-finite numbers become null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Content::Map(entries) => Value::Object(
                entries.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// A word for the sort of value, as an error message uses it.
    #[must_use]
    pub fn sort(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    /// The value of a key, where this is a map that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Whether the value is null or missing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.content == Content::Null
    }
}

impl From<Spanned<Bare>> for Node {
    fn from(spanned: Spanned<Bare>) -> Self {
        Self { position: position(&spanned.defined), content: spanned.value.0 }
    }
}

fn position(location: &serde_saphyr::Location) -> Position {
    Position {
        line: u32::try_from(location.line()).unwrap_or(u32::MAX),
        column: u32::try_from(location.column()).unwrap_or(u32::MAX),
    }
}

/// The content alone, as the reader hands it over; its position comes from the wrapper around it.
struct Bare(Content);

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BareVisitor)
    }
}

struct BareVisitor;

impl<'de> Visitor<'de> for BareVisitor {
    type Value = Bare;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Bare, E> {
        Ok(Bare(Content::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Bare, E> {
        Ok(Bare(Content::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bare, D::Error> {
        Bare::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Bare, E> {
        Ok(Bare(Content::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Bare, E> {
        Ok(Bare(Content::Number(value.into())))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Bare, E> {
        Ok(Bare(Content::Number(value.into())))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Bare, E> {
        Ok(Bare(Number::from_f64(value).map_or(Content::Null, Content::Number)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Bare, E> {
        Ok(Bare(Content::Text(value.to_owned())))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Bare, E> {
        Ok(Bare(Content::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bare, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Spanned<Bare>>()? {
            items.push(item.into());
        }
        Ok(Bare(Content::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bare, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let node = map.next_value::<Spanned<Bare>>()?.into();
            entries.push((Key { position: position(&key.defined), name: key.value }, node));
        }
        Ok(Bare(Content::Map(entries)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line() {
        let node = Node::parse("resources:\n  - kind: project\n    selector:\n      query: 'true'\n").unwrap();
        let resources = node.get("resources").unwrap();
        let Content::List(items) = &resources.content else { panic!("no list") };
        assert_eq!(items[0].get("kind").unwrap().position, Position { line: 2, column: 11 });
        assert_eq!(items[0].get("selector").unwrap().get("query").unwrap().position.line, 4);
    }

    #[test]
    fn json_is_read_as_well() {
        let node = Node::parse(r#"{"a": [1, true, null, 1.5, "x"], "b": {}}"#).unwrap();
        assert_eq!(node.to_json(), serde_json::json!({"a": [1, true, null, 1.5, "x"], "b": {}}));
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        assert!(Node::parse("a: 1\na: 2\n").is_err());
    }
}
