//! A JSON or YAML document with a name, whose lines can be looked up by JSON pointer.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use serde_saphyr::Spanned;

use crate::finding::{Finding, Findings};

/// A named text that generation starts from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// How messages call it, usually its path.
    pub name: &'a str,
    /// Its content.
    pub text: &'a str,
}

/// A parsed document.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    source: Source<'a>,
    syntax: Syntax,
    pub(crate) root: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Json,
    Yaml,
}

impl<'a> Document<'a> {
    /// Parses JSON when the text starts like it, YAML otherwise.
    pub(crate) fn parse(source: Source<'a>) -> Result<Self, Findings> {
        let text = source.text.trim_start_matches('\u{feff}');
        let syntax = if text.trim_start().starts_with('{') { Syntax::Json } else { Syntax::Yaml };
        let parsed = match syntax {
            Syntax::Json => serde_json::from_str(text).map_err(|error| (Some(error.line()), error.to_string())),
            Syntax::Yaml => serde_saphyr::from_str(text).map_err(|error| {
                let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
                let message = error.to_string();
                let first = message.lines().next().unwrap_or_default();
                (line, first.strip_prefix("error: ").unwrap_or(first).to_owned())
            }),
        };
        match parsed {
            Ok(root) => Ok(Self { source: Source { text, ..source }, syntax, root }),
            Err((line, message)) => {
                let mut findings = Findings::default();
                findings.push(Finding {
                    document: source.name.to_owned(),
                    line,
                    pointer: String::new(),
                    message: format!("cannot be read as {}: {message}", syntax.name()),
                });
                Err(findings)
            }
        }
    }

    /// A finding at a JSON pointer of this document.
    pub(crate) fn finding(&self, pointer: &Pointer, message: impl Into<String>) -> Finding {
        Finding {
            document: self.source.name.to_owned(),
            line: self.line(pointer),
            pointer: format!("#{pointer}"),
            message: message.into(),
        }
    }

    /// The value at a local reference such as `#/components/schemas/link`.
    pub(crate) fn at(&self, pointer: &Pointer) -> Option<&Value> {
        self.root.pointer(&pointer.0)
    }

    /// The line of the value at `pointer`, or of its nearest parent that exists.
    pub(crate) fn line(&self, pointer: &Pointer) -> Option<usize> {
        let segments: Vec<String> = pointer.segments();
        match self.syntax {
            Syntax::Json => json_line(self.source.text, &segments),
            Syntax::Yaml => yaml_line(self.source.text, &segments),
        }
    }
}

impl Syntax {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
        }
    }
}

/// A JSON pointer (RFC 6901) under construction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pointer(String);

impl Pointer {
    /// This pointer, one step deeper.
    pub(crate) fn at(&self, segment: impl fmt::Display) -> Self {
        let escaped = segment.to_string().replace('~', "~0").replace('/', "~1");
        Self(format!("{}/{escaped}", self.0))
    }

    /// The pointer of a reference within the same document.
    pub(crate) fn of_reference(reference: &str) -> Option<Self> {
        reference.strip_prefix('#').filter(|rest| rest.starts_with('/')).map(|rest| Self(rest.to_owned()))
    }

    fn segments(&self) -> Vec<String> {
        self.0.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect()
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Walks the raw text: the address of a borrowed slice within the text is its offset.
fn json_line(text: &str, segments: &[String]) -> Option<usize> {
    let mut here: &RawValue = serde_json::from_str(text).ok()?;
    for segment in segments {
        let next = serde_json::from_str::<IndexMap<String, &RawValue>>(here.get())
            .ok()
            .and_then(|map| map.get(segment).copied())
            .or_else(|| {
                let list = serde_json::from_str::<Vec<&RawValue>>(here.get()).ok()?;
                list.get(segment.parse::<usize>().ok()?).copied()
            });
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    let offset = (here.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    Some(1 + text.get(..offset)?.matches('\n').count())
}

fn yaml_line(text: &str, segments: &[String]) -> Option<usize> {
    let root: Spanned<Node> = serde_saphyr::from_str(text).ok()?;
    let mut here = &root;
    for segment in segments {
        let next = match &here.value {
            Node::Map(map) => map.get(segment),
            Node::List(list) => segment.parse::<usize>().ok().and_then(|index| list.get(index)),
            Node::Scalar => None,
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    usize::try_from(here.referenced.line()).ok().filter(|line| *line > 0)
}

/// A YAML tree that only remembers where its nodes stand.
enum Node {
    Map(IndexMap<String, Spanned<Node>>),
    List(Vec<Spanned<Node>>),
    Scalar,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML node")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut map = IndexMap::new();
        while let Some((key, value)) = access.next_entry()? {
            map.insert(key, value);
        }
        Ok(Node::Map(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
}
