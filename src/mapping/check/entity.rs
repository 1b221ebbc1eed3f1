//! The check of what objects become: identifier, blueprint, properties, relations.

use serde_json::Value;

use super::checker::{Checker, Portability, length, suggestion};
use super::expression::Judged;
use super::finding::{Level, Rule};
use super::resource::Context;
use super::sorts::Sorts;
use crate::catalog::{Blueprint, Relation};
use crate::mapping::node::Key;
use crate::mapping::reading::MAPPING_KEYS;
use crate::mapping::{Content, Node};

/// Part of the object that an identifier reads and that says where in Bitbucket it is.
const TELLING: &[&str] = &["links", "source", "full_name"];

impl<'a> Checker<'a> {
    pub(super) fn mappings(&mut self, port: &Node, context: &Context<'a>) {
        let Some(entity) = self.needed(port, "entity", "`port`") else { return };
        let Some(entries) = self.map(entity, "`port.entity`") else { return };
        self.known_keys(entries, &["mappings"], "`port.entity`");
        let Some(mappings) = self.needed(entity, "mappings", "`port.entity`") else { return };
        match &mappings.content {
            Content::List(several) => {
                if self.check.portability == Portability::Required {
                    let message = "Port's runtime refuses a list of mappings, and with it the whole document";
                    self.report(Level::Error, Rule::NotPortable, mappings.position, 1, message);
                    self.help("write one resource for each of them");
                }
                for mapping in several {
                    self.mapping(mapping, context);
                }
            }
            _ => self.mapping(mappings, context),
        }
    }

    fn mapping(&mut self, node: &Node, context: &Context<'a>) {
        let Some(entries) = self.map(node, "`mappings`") else { return };
        self.known_keys(entries, MAPPING_KEYS, "a mapping");
        if let Some(identifier) = self.needed(node, "identifier", "the mapping") {
            self.identifier(identifier, context);
        }
        let blueprint = self.needed(node, "blueprint", "the mapping").and_then(|node| self.blueprint(node, context));
        self.plain(node.get("title"), "title", Sorts::TEXT | Sorts::NUMBER, context);
        self.plain(node.get("icon"), "icon", Sorts::TEXT | Sorts::NUMBER, context);
        self.plain(node.get("team"), "team", Sorts::TEXT | Sorts::LIST | Sorts::OBJECT, context);
        self.properties(node, blueprint, context);
        self.relations(node, blueprint, context);
    }

    fn identifier(&mut self, node: &Node, context: &Context<'a>) {
        if matches!(node.content, Content::Map(_)) {
            self.search(node, "identifier", context);
            return;
        }
        let Some(judged) = self.expression(node, "identifier", &context.scope) else { return };
        let width = length(&judged.text);
        if judged.shape.sorts == Sorts::NULL || judged.literal.as_ref().is_some_and(|value| value == "") {
            let message = "the identifier is always empty, so there are no entities";
            self.report(Level::Error, Rule::Identifier, node.position, width, message);
        } else if judged.literal.is_some() {
            let message = "the identifier is the same for all objects, so they become one entity";
            self.report(Level::Warning, Rule::Identifier, node.position, width, message);
        } else if judged.never(Sorts::TEXT | Sorts::NUMBER) {
            let message = format!("the identifier gives {}; it must give text", judged.shape.sorts);
            self.report(Level::Warning, Rule::WrongType, node.position, width, message);
        } else {
            self.uniqueness(node, &judged, context);
        }
    }

    fn uniqueness(&mut self, node: &Node, judged: &Judged<'a>, context: &Context<'a>) {
        let first = |path: &str| path.split(['.', '[']).next().unwrap_or_default().to_owned();
        let reads: Vec<String> = judged.reads.iter().map(|path| first(path)).collect();
        if reads.is_empty() {
            return;
        }
        let width = length(judged.text.lines().next().unwrap_or_default());
        if let Some(item) = &context.item
            && !reads.contains(item)
        {
            let message = format!("the identifier does not use `.{item}`, so all items of an object become one entity");
            self.report(Level::Warning, Rule::Identifier, node.position, width, message);
            return;
        }
        let Some(kind) = context.kind else { return };
        let components = kind.info().key;
        let lacking = components.iter().find(|component| !reads.contains(&first(component)));
        let telling = reads.iter().any(|read| TELLING.contains(&read.as_str()) || read.starts_with("__"));
        if let (Some(lacking), false, true) = (lacking, telling, components.len() > 1) {
            let title = kind.info().title.to_lowercase();
            let parent = kind.each().map_or("parent", |each| each.name());
            let message = format!("`{}` is unique within one {parent} only, not for every {title}", judged.text.trim());
            self.report(Level::Warning, Rule::Identifier, node.position, width, message);
            self.help(format!("add something of the {parent}, for example `.{lacking}`"));
        } else if components.len() == 1 && judged.shape.path.is_some() && coarse(judged) {
            let message = format!("`{}` has the same value for many objects", judged.text.trim());
            self.report(Level::Warning, Rule::Identifier, node.position, width, message);
        }
    }

    fn blueprint(&mut self, node: &Node, context: &Context<'a>) -> Option<&'a Blueprint> {
        let judged = self.expression(node, "blueprint", &context.scope)?;
        if judged.never(Sorts::TEXT) {
            let message = format!("the blueprint gives {}; it must give text", judged.shape.sorts);
            self.report(Level::Error, Rule::WrongType, node.position, length(&judged.text), message);
        }
        let (Some(Value::String(name)), Some(blueprints)) = (&judged.literal, self.check.blueprints) else {
            return None;
        };
        let found = blueprints.iter().find(|blueprint| blueprint.identifier == *name);
        if found.is_none() {
            let message = format!("there is no blueprint `{name}`");
            self.report(Level::Error, Rule::UnknownBlueprint, node.position, length(&judged.text), message);
            let known = blueprints.iter().map(|blueprint| blueprint.identifier.as_str());
            self.help(suggestion(name, known, "blueprints"));
        }
        found
    }

    fn plain(&mut self, node: Option<&Node>, what: &str, expected: Sorts, context: &Context<'a>) {
        let Some(node) = node.filter(|node| !node.is_null()) else { return };
        if what == "team" && matches!(node.content, Content::Map(_)) {
            self.search(node, what, context);
            return;
        }
        let Some(judged) = self.expression(node, what, &context.scope) else { return };
        if judged.never(expected) {
            let message = format!("`{what}` gives {}; it must give {expected}", judged.shape.sorts);
            self.report(Level::Error, Rule::WrongType, node.position, length(&judged.text), message);
        }
    }

    fn properties(&mut self, node: &Node, blueprint: Option<&'a Blueprint>, context: &Context<'a>) {
        let section = node.get("properties").filter(|node| !node.is_null());
        let entries = match section {
            Some(section) => self.map(section, "`properties`").unwrap_or_default(),
            None => &[],
        };
        for (key, value) in entries {
            let judged = self.expression(value, &format!("properties.{}", key.name), &context.scope);
            let Some(blueprint) = blueprint else { continue };
            match (blueprint.schema.properties.get(&key.name), judged) {
                (Some(definition), Some(judged)) => self.fits(key, value, definition, &judged),
                (Some(_), None) => {}
                (None, _) => self.lacks(key, blueprint),
            }
        }
        for required in blueprint.iter().flat_map(|blueprint| &blueprint.schema.required) {
            if !entries.iter().any(|(key, _)| key.name == *required) {
                let at = section.map_or(node.position, |section| section.position);
                let message = format!("the blueprint requires the property `{required}`, which the mapping leaves out");
                self.report(Level::Warning, Rule::MissingProperty, at, 1, message);
            }
        }
    }

    fn lacks(&mut self, key: &Key, blueprint: &Blueprint) {
        let name = &key.name;
        let message = format!("the blueprint `{}` has no property `{name}`", blueprint.identifier);
        self.report(Level::Error, Rule::UnknownProperty, key.position, length(name), message);
        if blueprint.relations.contains_key(name) {
            self.help("it has a relation of that name: move it to `relations`");
        } else {
            let known = blueprint.schema.properties.keys().map(String::as_str);
            self.help(suggestion(name, known, "properties"));
        }
    }

    fn fits(&mut self, key: &Key, node: &Node, definition: &Value, judged: &Judged<'a>) {
        let expected = Sorts::of_schema(definition).without(Sorts::NULL);
        let width = length(judged.text.lines().next().unwrap_or_default());
        if judged.never(expected) {
            let message =
                format!("`properties.{}` gives {}, but the blueprint wants {expected}", key.name, judged.shape.sorts);
            self.report(Level::Error, Rule::WrongType, node.position, width, message);
            return;
        }
        let allowed = definition.get("enum").and_then(Value::as_array);
        if let (Some(allowed), Some(literal)) = (allowed, &judged.literal)
            && !literal.is_null()
            && !allowed.contains(literal)
        {
            let message = format!("`properties.{}` gives {literal}, which the blueprint does not allow", key.name);
            self.report(Level::Error, Rule::WrongType, node.position, width, message);
            self.help(format!("values: {}", Value::Array(allowed.clone())));
        }
    }

    fn relations(&mut self, node: &Node, blueprint: Option<&'a Blueprint>, context: &Context<'a>) {
        let Some(section) = node.get("relations").filter(|node| !node.is_null()) else { return };
        for (key, value) in self.map(section, "`relations`").unwrap_or_default() {
            let what = format!("relations.{}", key.name);
            let definition = blueprint.and_then(|blueprint| blueprint.relations.get(&key.name));
            match definition {
                Some(relation) => self.relations.push((key.position, key.name.clone(), relation.target.clone())),
                None => self.unknown_relation(key, blueprint),
            }
            if matches!(value.content, Content::Map(_)) {
                self.search(value, &what, context);
            } else if let Some(judged) = self.expression(value, &what, &context.scope) {
                self.relation_fits(&what, value, definition, &judged);
            }
        }
    }

    fn unknown_relation(&mut self, key: &Key, blueprint: Option<&Blueprint>) {
        let Some(blueprint) = blueprint else { return };
        let message = format!("the blueprint `{}` has no relation `{}`", blueprint.identifier, key.name);
        self.report(Level::Error, Rule::UnknownRelation, key.position, length(&key.name), message);
        self.help(suggestion(&key.name, blueprint.relations.keys().map(String::as_str), "relations"));
    }

    fn relation_fits(&mut self, what: &str, node: &Node, definition: Option<&Relation>, judged: &Judged<'a>) {
        let expected = match definition {
            Some(relation) if !relation.many => Sorts::TEXT | Sorts::OBJECT,
            Some(_) => Sorts::LIST | Sorts::TEXT | Sorts::OBJECT,
            None => Sorts::TEXT | Sorts::LIST | Sorts::OBJECT,
        };
        if judged.never(expected) {
            let width = length(judged.text.lines().next().unwrap_or_default());
            let single = definition.is_some_and(|relation| !relation.many);
            let message = if single && judged.values() == Sorts::LIST {
                format!("`{what}` gives a list, but the relation holds one entity")
            } else {
                format!("`{what}` gives {}; it must give identifiers", judged.shape.sorts)
            };
            self.report(Level::Error, Rule::WrongType, node.position, width, message);
        }
    }

    fn search(&mut self, node: &Node, what: &str, context: &Context<'a>) {
        let Some(entries) = self.map(node, &format!("`{what}`")) else { return };
        self.known_keys(entries, &["combinator", "rules"], &format!("the search `{what}`"));
        let rules = node.get("rules").map(|rules| &rules.content);
        let Some(Content::List(rules)) = rules else { return };
        for rule in rules {
            if rule.get("combinator").is_some() {
                self.search(rule, what, context);
                continue;
            }
            let Some(entries) = self.map(rule, &format!("a rule of `{what}`")) else { continue };
            self.known_keys(entries, &["property", "operator", "value"], &format!("a rule of `{what}`"));
            for name in ["property", "operator", "value"] {
                if let Some(node) = rule.get(name).filter(|node| !node.is_null()) {
                    self.expression(node, &format!("{what}.{name}"), &context.scope);
                }
            }
        }
    }
}

/// Whether an expression gives one of a few values.
fn coarse(judged: &Judged<'_>) -> bool {
    judged.shape.sorts.without(Sorts::NULL) == Sorts::BOOLEAN || judged.shape.is_enumerated()
}
