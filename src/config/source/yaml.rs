//! The settings file. Read from parser events and not through serde, so that every value keeps its line and
//! plain scalars keep their text (a secret `0123456789` is no number).

use std::collections::HashSet;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};

use super::{DEEPEST, Unreadable};
use crate::config::Origin;
use crate::config::key::shorten;
use crate::config::node::{Node, Shape};

/// Reads the one document of a settings file named `name`; `None` where it holds nothing.
pub(crate) fn read_yaml(name: &str, text: &str) -> Result<Option<Node>, Unreadable> {
    let mut reader = Reader { name, open: Vec::new(), root: None };
    let mut documents = 0_usize;
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| Unreadable::at(error.marker().line(), describe(&error)))?;
        let line = span.start.line();
        match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return Err(Unreadable::at(line, "a second document starts here; keep one"));
                }
            }
            Event::Scalar(value, style, ..) => reader.scalar(&value, style, line)?,
            Event::SequenceStart(..) => reader.start(Shape::List(Vec::new()), line)?,
            Event::MappingStart(..) => reader.start(Shape::Map(Vec::new()), line)?,
            Event::SequenceEnd | Event::MappingEnd => reader.end()?,
            Event::Alias(_) => {
                return Err(Unreadable::at(line, "aliases (*name) are not supported here; repeat the value"));
            }
            _ => {}
        }
    }
    Ok(reader.root.filter(|root| root.shape != Shape::Null))
}

/// The parser's words without anything of the text.
fn describe(error: &serde_saphyr::granit_parser::ScanError) -> String {
    format!("this is not valid YAML (column {})", error.marker().col() + 1)
}

struct Reader<'a> {
    name: &'a str,
    open: Vec<Open>,
    root: Option<Node>,
}

/// A collection that is being read, with the key that waits for its value.
struct Open {
    node: Node,
    key: Option<String>,
    keys: HashSet<String>,
}

impl Reader<'_> {
    fn origin(&self, line: usize) -> Origin {
        Origin::File { name: self.name.to_owned(), line, template: None }
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, line: usize) -> Result<(), Unreadable> {
        if let Some(Open { node: Node { shape: Shape::Map(_), .. }, key: key @ None, keys }) = self.open.last_mut() {
            if !keys.insert(value.to_owned()) {
                return Err(Unreadable::at(line, format!("the key `{}` stands twice in one map", shorten(value))));
            }
            *key = Some(value.to_owned());
            return Ok(());
        }
        let null = matches!(style, ScalarStyle::Plain) && matches!(value, "" | "~" | "null" | "Null" | "NULL");
        let shape = if null { Shape::Null } else { Shape::Text(value.to_owned()) };
        let origin = self.origin(line);
        self.add(Node { origin, shape })
    }

    fn start(&mut self, shape: Shape, line: usize) -> Result<(), Unreadable> {
        if self.open.len() >= DEEPEST {
            return Err(Unreadable::at(line, format!("nested deeper than {DEEPEST} levels")));
        }
        if let Some(Open { node: Node { shape: Shape::Map(_), .. }, key: None, .. }) = self.open.last() {
            return Err(Unreadable::at(
                line,
                "a key must be plain text; put templates in quotes: \"{{ from env NAME }}\"",
            ));
        }
        let origin = self.origin(line);
        self.open.push(Open { node: Node { origin, shape }, key: None, keys: HashSet::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        match self.open.pop() {
            Some(open) => self.add(open.node),
            None => Ok(()),
        }
    }

    fn add(&mut self, node: Node) -> Result<(), Unreadable> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { node: Node { shape: Shape::List(items), .. }, .. }) => items.push(node),
            Some(Open { node: Node { shape: Shape::Map(members), .. }, key, .. }) => {
                if let Some(key) = key.take() {
                    members.push((key, node));
                }
            }
            Some(_) => return Err(Unreadable { line: None, what: "this is not valid YAML".into() }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn values_keep_text_and_line() {
        let root =
            read_yaml("config.yaml", "# settings\nport:\n  clientId: 0123456789\n  list: [a, 2]\nempty:\n").unwrap();
        let Some(Node { shape: Shape::Map(top), .. }) = root else { panic!("not a map") };
        let Shape::Map(port) = &top[0].1.shape else { panic!("not a map") };
        assert_eq!(port[0].1.shape, Shape::Text("0123456789".into()));
        assert_eq!(port[0].1.origin.to_string(), "config.yaml line 3");
        assert!(matches!(&port[1].1.shape, Shape::List(items) if items.len() == 2));
        assert_eq!(top[1].1.shape, Shape::Null);
    }

    #[rstest]
    #[case::duplicate("a: 1\na: 2\n", 2, "twice")]
    #[case::alias("a: &x 1\nb: *x\n", 2, "alias")]
    #[case::two_documents("a: 1\n---\nb: 2\n", 2, "second document")]
    #[case::unquoted_template("a: {{ from env X }}\n", 1, "quotes")]
    #[case::broken("a: [1\nb: 2\n", 2, "valid YAML")]
    fn refusals(#[case] text: &str, #[case] line: usize, #[case] word: &str) {
        let error = read_yaml("config.yaml", text).unwrap_err();
        assert_eq!(error.line, Some(line), "{error:?}");
        assert!(error.what.contains(word), "{error:?}");
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(read_yaml("config.yaml", "# only a comment\n").unwrap(), None);
        assert_eq!(read_yaml("config.yaml", "").unwrap(), None);
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(read_yaml("config.yaml", &"[".repeat(100_000)).is_err());
    }
}
