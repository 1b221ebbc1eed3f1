//! The overlay: what each source says about each setting, weakest source first.

use std::collections::BTreeMap;

use super::Origin;
use super::key::{shorten, snake_case};
use super::node::{Node, Shape};
use super::problem::Findings;
use super::source::read_json;
use super::table::{Effect, Kind, Match, Setting, Spelling, find, nearest_path, variable};
use super::value::is_quoted;

/// Branches whose keys other versions of the runtime know; nothing here reads them and no one need hear of it.
const SILENT: [&str; 3] = ["database", "live_events.redis", "actions_processor"];

/// A value as given, with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) raw: Raw,
    pub(crate) origin: Origin,
    source: usize,
}

/// The two shapes in which a setting can be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    Text(String),
    List(Vec<String>),
}

/// All sources laid over each other; the last one given wins.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    given: BTreeMap<&'static str, Given>,
    source: usize,
}

/// A key on its way to the table: where it leads and how its author wrote it.
struct Place<'a> {
    path: &'a str,
    written: &'a str,
}

impl Overlay {
    /// The strongest value of a setting.
    pub(crate) fn get(&self, path: &str) -> Option<&Given> {
        self.given.get(path)
    }

    /// What follows is stronger than everything so far.
    pub(crate) fn next_source(&mut self) {
        self.source += 1;
    }

    /// Lays a whole document over what is there.
    pub(crate) fn lay_document(&mut self, root: Node, findings: &mut Findings) {
        match root.shape {
            Shape::Null => {}
            Shape::Map(members) => self.lay_members("", "", members, findings),
            Shape::Text(_) | Shape::List(_) => {
                findings.problem("settings file", Some(root.origin), "expected keys and values", None);
            }
        }
    }

    /// Lays one value at a path; `written` is the key as its author wrote it.
    pub(crate) fn lay(&mut self, path: &str, written: &str, node: Node, findings: &mut Findings) {
        let place = Place { path, written };
        match find(path) {
            Match::Leaf(setting, spelling) => self.lay_leaf(setting, spelling, &place, node, findings),
            Match::Group(branch, spelling) => self.lay_group(branch, spelling, &place, node, findings),
            Match::Unknown => unknown(&place, node, findings),
        }
    }

    fn lay_members(&mut self, path: &str, written: &str, members: Vec<(String, Node)>, findings: &mut Findings) {
        let mut members: Vec<_> = members
            .into_iter()
            .map(|(key, node)| {
                let path = join(path, &snake_case(&key));
                (matches!(find(&path), Match::Leaf(_, Spelling::Exact)), path, join(written, &key), node)
            })
            .collect();
        // Stable: of two keys for one setting the exactly spelt one wins, else the later.
        members.sort_by_key(|(exact, ..)| *exact);
        for (_, path, written, node) in members {
            self.lay(&path, &written, node, findings);
        }
    }

    fn lay_group(&mut self, branch: &str, spelling: Spelling, place: &Place<'_>, node: Node, findings: &mut Findings) {
        let members = match node.shape {
            Shape::Null => return,
            Shape::Text(text) if text.trim().is_empty() => return,
            Shape::Map(members) => members,
            Shape::Text(text) => match read_json(&text, &node.origin) {
                Ok(Node { shape: Shape::Map(members), .. }) => members,
                Ok(_) => return not_an_object(branch, node.origin, "expected a JSON object", findings),
                Err(unreadable) => {
                    let quotes =
                        if is_quoted(&text) { "; the quotes around it are part of the value here" } else { "" };
                    return not_an_object(branch, node.origin, &format!("{}{quotes}", unreadable.what), findings);
                }
            },
            Shape::List(_) => return not_an_object(branch, node.origin, "expected keys and values", findings),
        };
        if spelling == Spelling::Off {
            misspelt(branch, place, node.origin, findings);
        }
        self.lay_members(branch, place.written, members, findings);
    }

    fn lay_leaf(
        &mut self,
        setting: &'static Setting,
        spelling: Spelling,
        place: &Place<'_>,
        node: Node,
        findings: &mut Findings,
    ) {
        let raw = match node.shape {
            Shape::Null => return,
            Shape::Text(text) if text.trim().is_empty() => return,
            Shape::Text(text) => Raw::Text(text),
            Shape::List(nodes) if setting.kind == Kind::List => match texts(nodes) {
                Some(texts) => Raw::List(texts),
                None => return wrong_shape(setting, node.origin, findings),
            },
            Shape::List(_) | Shape::Map(_) => return wrong_shape(setting, node.origin, findings),
        };
        if spelling == Spelling::Off {
            misspelt(setting.path, place, node.origin.clone(), findings);
        }
        if let Effect::Warned(reason) = setting.effect {
            findings.warn(setting.variable(), Some(node.origin.clone()), format!("has no effect: {reason}"));
        }
        let given = Given { raw, origin: node.origin, source: self.source };
        if let Some(before) = self.given.insert(setting.path, given) {
            self.report_double(setting, &before, findings);
        }
    }

    fn report_double(&self, setting: &'static Setting, before: &Given, findings: &mut Findings) {
        let Some(now) = self.given.get(setting.path) else { return };
        if before.source == now.source && before.raw != now.raw {
            let what = format!("is given twice with different values; the one from {} is ignored", before.origin);
            findings.warn(setting.variable(), Some(now.origin.clone()), what);
        }
    }
}

fn join(branch: &str, key: &str) -> String {
    if branch.is_empty() { key.to_owned() } else { format!("{branch}.{key}") }
}

fn texts(nodes: Vec<Node>) -> Option<Vec<String>> {
    nodes
        .into_iter()
        .map(|node| match node.shape {
            Shape::Text(text) => Some(text),
            _ => None,
        })
        .collect()
}

fn wrong_shape(setting: &Setting, origin: Origin, findings: &mut Findings) {
    let what = format!("expected {}", setting.kind.expected());
    match setting.effect {
        Effect::Works => findings.problem(setting.variable(), Some(origin), what, None),
        Effect::Inert(_) | Effect::Warned(_) => {
            findings.warn(setting.variable(), Some(origin), format!("is ignored: {what}"));
        }
    }
}

fn not_an_object(branch: &str, origin: Origin, what: &str, findings: &mut Findings) {
    let example = match branch {
        "event_listener" => r#"write for example {"type":"ONCE"}"#.to_owned(),
        _ => format!("write a JSON object, or set single values as {}__<KEY>", variable(branch)),
    };
    findings.problem(variable(branch), Some(origin), what, Some(example));
}

fn misspelt(path: &str, place: &Place<'_>, origin: Origin, findings: &mut Findings) {
    let right = right_name(path, &origin);
    findings.warn(place.written, Some(origin), format!("is read as {right}; please spell it so"));
}

/// The right name in the language of the source.
fn right_name(path: &str, origin: &Origin) -> String {
    match origin {
        Origin::File { .. } => path.split('.').map(super::key::camel_case).collect::<Vec<_>>().join("."),
        _ => variable(path),
    }
}

fn unknown(place: &Place<'_>, node: Node, findings: &mut Findings) {
    let silent = SILENT
        .iter()
        .any(|branch| place.path.strip_prefix(branch).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
    let is_empty = match &node.shape {
        Shape::Null => true,
        Shape::Text(text) => text.trim().is_empty(),
        Shape::List(_) | Shape::Map(_) => false,
    };
    if silent || is_empty {
        return;
    }
    let hint = if findings.is_full() { None } else { nearest_path(place.path) };
    let hint = hint.map(|path| format!("; did you mean {}?", right_name(path, &node.origin)));
    let what = format!("is unknown and ignored{}", hint.unwrap_or_default());
    findings.warn(shorten(place.written), Some(node.origin), what);
}
