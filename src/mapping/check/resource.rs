//! The check of one resource: kind, selector, items.

use serde_json::Value;

use super::checker::{Checker, Portability, length, suggestion};
use super::expression::{Judged, Scope};
use super::finding::{Level, Rule};
use super::portable;
use super::shape::Shape;
use super::sorts::Sorts;
use crate::kinds::Kind;
use crate::mapping::reading::PORT_KEYS;
use crate::mapping::{Content, Node, items};

/// What is known of a resource when its mappings are checked.
pub(super) struct Context<'a> {
    pub(super) kind: Option<Kind>,
    pub(super) scope: Scope<'a>,
    /// The key under which items are added, where objects are taken apart.
    pub(super) item: Option<String>,
}

impl<'a> Checker<'a> {
    pub(super) fn resource(&mut self, node: &Node) {
        let Some(entries) = self.map(node, "the resource") else { return };
        self.known_keys(entries, &["kind", "selector", "port"], "the resource");
        let kind = self.needed(node, "kind", "the resource").and_then(|node| self.kind(node));
        let selector = self.needed(node, "selector", "the resource");
        let scope = self.scope(kind, selector);
        if let Some(selector) = selector {
            self.selector(selector, kind, node.get("kind"));
        }
        let mut context = Context { kind, scope, item: None };
        let port = self.needed(node, "port", "the resource");
        if let Some(port) = port {
            if let Some(entries) = self.map(port, "`port`") {
                self.known_keys(entries, PORT_KEYS, "`port`");
            }
            self.items(port, &mut context);
        }
        if let Some(query) = selector.and_then(|selector| self.needed(selector, "query", "the selector")) {
            self.condition(query, &context.scope);
        }
        if let Some(port) = port {
            self.mappings(port, &context);
        }
    }

    fn kind(&mut self, node: &Node) -> Option<Kind> {
        let Content::Text(name) = &node.content else {
            let message = format!("`kind` is {}; it must be the name of a kind", node.sort());
            self.report(Level::Error, Rule::UnknownKind, node.position, 1, message);
            return None;
        };
        let kinds = self.check.kinds;
        let found = kinds.iter().copied().find(|kind| kind.name() == name);
        let at_port = portable::selector_fields(self.check.product, name).is_some();
        match (found, at_port) {
            (Some(_), false) if self.check.portability == Portability::Required => {
                let message = format!("Port's runtime does not have the kind `{name}` and refuses the whole mapping");
                self.report(Level::Error, Rule::NotPortable, node.position, length(name), message);
            }
            (Some(_), _) => {}
            (None, true) => {
                let message = format!("this version does not have the kind `{name}`; the resource is left out");
                self.report(Level::Warning, Rule::UnknownKind, node.position, length(name), message);
                self.help("the entities that it wrote elsewhere are not deleted");
            }
            (None, false) => {
                let message = format!("there is no kind `{name}`");
                self.report(Level::Error, Rule::UnknownKind, node.position, length(name), message);
                self.help(suggestion(name, kinds.iter().map(|kind| kind.name()), "kinds"));
            }
        }
        found
    }

    fn scope(&self, kind: Option<Kind>, selector: Option<&Node>) -> Scope<'a> {
        let Some(kind) = kind else { return Scope { input: Shape::any(), object: "the object".to_owned() } };
        let known = self.schemas.iter().find(|(known, _)| *known == kind);
        let Some((_, schema)) = known else {
            return Scope { input: Shape::any(), object: "the object".to_owned() };
        };
        let title = kind.info().title.to_lowercase();
        let requested =
            kind.info().enrichments.iter().map(|name| {
                (format!("__{name}"), Shape::requested(&requested(selector, name)).at(&format!("__{name}")))
            });
        let extras = kind.info().extras.iter().map(|name| ((*name).to_owned(), Shape::any().at(name)));
        let added: Vec<(String, Shape<'a>)> = requested.chain(extras).collect();
        let input = Shape::from_schema(schema, schema).at("").with(added);
        Scope { input, object: format!("a {title}") }
    }

    fn selector(&mut self, node: &Node, kind: Option<Kind>, kind_node: Option<&Node>) {
        let Some(entries) = self.map(node, "`selector`") else { return };
        let Some(kind) = kind else {
            if let Some(Content::Text(name)) = kind_node.map(|node| &node.content) {
                self.absent_kind(name, entries);
            }
            return;
        };
        let mut known = vec!["query"];
        known.extend(kind.info().selector.iter().map(|field| field.name));
        self.known_keys(entries, &known, &format!("the selector of {kind}"));
        if let Err(error) = kind.selector(&with_query(node.to_json())) {
            let message = error.to_string();
            let at = entries.iter().find(|(key, _)| message.contains(&format!("`{}`", key.name)));
            let at =
                at.or_else(|| entries.iter().find(|(key, value)| key.name != "query" && !fits(kind, &key.name, value)));
            let (position, width) =
                at.map_or((node.position, 1), |(key, value)| (value.position, length(&value_text(value, &key.name))));
            self.report(Level::Error, Rule::Selector, position, width, message);
        }
        let at_port = kind_node.and_then(|_| portable::selector_fields(self.check.product, kind.name()));
        if let (Portability::Required, Some(fields)) = (self.check.portability, at_port) {
            for (key, _) in entries.iter().filter(|(key, _)| known.contains(&key.name.as_str())) {
                if !fields.contains(&key.name.as_str()) {
                    let message = format!("Port's runtime ignores `{}` in the selector of {kind}", key.name);
                    self.report(Level::Error, Rule::NotPortable, key.position, length(&key.name), message);
                }
            }
        }
    }

    /// A selector's condition must give true or false for every object.
    fn condition(&mut self, node: &Node, scope: &Scope<'a>) {
        let Some(judged) = self.expression(node, "selector.query", scope) else { return };
        self.must_be_boolean(node, &judged);
    }

    fn must_be_boolean(&mut self, node: &Node, judged: &Judged<'a>) {
        if judged.shape.is_unknown() {
            return;
        }
        let others = judged.shape.sorts.without(Sorts::BOOLEAN);
        if others.is_none() {
            return;
        }
        let width = length(judged.text.lines().next().unwrap_or_default());
        if judged.shape.sorts.has(Sorts::BOOLEAN) {
            let message =
                format!("the condition may give {others}; such objects fail, and nothing of the kind is deleted");
            self.report(Level::Warning, Rule::NotBoolean, node.position, width, message);
            self.help("compare: `… == true` gives true or false for every object");
        } else {
            let message = format!("the condition gives {others}; it must give true or false");
            self.report(Level::Error, Rule::NotBoolean, node.position, width, message);
        }
    }

    fn items(&mut self, port: &Node, context: &mut Context<'a>) {
        let Some(node) = port.get("itemsToParse").filter(|node| !node.is_null()) else { return };
        let name = port.get("itemsToParseName").and_then(|name| name.content.program()).unwrap_or("item".to_owned());
        let judged = self.expression(node, "itemsToParse", &context.scope);
        let item = match &judged {
            Some(judged) => {
                if judged.never(Sorts::LIST) {
                    let message = format!("`itemsToParse` gives {}; it must give a list", judged.shape.sorts);
                    self.report(Level::Error, Rule::WrongType, node.position, length(&judged.text), message);
                }
                judged.shape.items()
            }
            None => Shape::any(),
        };
        if let Some(judged) = judged {
            self.portable_items(port, node, &judged);
        }
        context.scope.input = context.scope.input.clone().with(vec![(name.clone(), item.at(&name))]);
        context.item = Some(name);
    }

    /// Port's runtime takes the list out of the object by a guess at its place, and loses the object if it has none.
    fn portable_items(&mut self, port: &Node, node: &Node, judged: &Judged<'a>) {
        let transform = port.get("itemsToParseTopLevelTransform").map(|node| &node.content);
        let strips = !matches!(transform, Some(Content::Bool(false)));
        if self.check.portability == Portability::Required && strips && items::source_path(&judged.text).is_none() {
            let message = "Port's runtime loses every object whose items are computed";
            self.report(Level::Error, Rule::NotPortable, node.position, length(&judged.text), message);
            self.help("set `itemsToParseTopLevelTransform: false`, or begin the expression with the list's path");
        }
    }
}

/// What a selector asks to be added to each object.
fn requested(selector: Option<&Node>, name: &str) -> Vec<String> {
    let Some(Content::List(items)) = selector.and_then(|node| node.get(name)).map(|node| &node.content) else {
        return vec![];
    };
    items.iter().filter_map(|item| item.content.program()).collect()
}

/// A missing `query` is reported on its own.
fn with_query(mut selector: Value) -> Value {
    if let Value::Object(fields) = &mut selector {
        fields.insert("query".to_owned(), Value::String("true".to_owned()));
    }
    selector
}

/// Whether the kind takes this value of a selector field.
fn fits(kind: Kind, name: &str, value: &Node) -> bool {
    kind.selector(&serde_json::json!({ "query": "true", name: value.to_json() })).is_ok()
}

fn value_text(value: &Node, name: &str) -> String {
    value.content.program().unwrap_or_else(|| name.to_owned())
}
