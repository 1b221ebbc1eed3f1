//! The check of a whole document.

use bitbucket_port_jq::{Compiler, WORKER_STACK_BYTES};
use serde_json::Value;

use super::finding::{Finding, Level, Rule};
use super::nearest::nearest;
use super::place::Lines;
use crate::catalog::Blueprint;
use crate::kinds::Kind;
use crate::mapping::node::Key;
use crate::mapping::reading::TOP_KEYS;
use crate::mapping::{Content, Document, FedBlueprints, MappingError, Node, Position};

/// Against what a mapping is checked.
#[derive(Debug)]
pub struct Check<'a> {
    /// `cloud` or `datacenter`.
    pub product: &'a str,
    /// The kinds of the product.
    pub kinds: &'a [Kind],
    /// The blueprints of the catalog; without them nothing is compared with them.
    pub blueprints: Option<&'a [Blueprint]>,
    /// Compiles the expressions.
    pub compiler: &'a Compiler,
    /// Whether the mapping must also work at Port.
    pub portability: Portability,
}

/// Whether a mapping must work in Port's own runtime too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portability {
    /// It is for this program only.
    Free,
    /// What Port's runtime refuses is an error.
    Required,
}

impl Check<'_> {
    /// Everything that is wrong with a document, in its order.
    ///
    /// Works on a thread of its own, whose stack suits the deepest expressions that compile.
    #[must_use]
    pub fn run(&self, text: &str) -> Vec<Finding> {
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("check".to_owned()).stack_size(WORKER_STACK_BYTES);
            match thread.spawn_scoped(scope, || self.run_here(text)) {
                Ok(thread) => thread.join().unwrap_or_else(|_| vec![broken_off("the check broke off")]),
                Err(error) => vec![broken_off(&format!("the check cannot start a thread: {error}"))],
            }
        })
    }

    fn run_here(&self, text: &str) -> Vec<Finding> {
        let root = match Node::parse(text) {
            Ok(root) => root,
            Err(error) => return vec![unreadable(&error)],
        };
        let schemas: Vec<(Kind, Value)> =
            self.kinds.iter().map(|kind| (*kind, serde_json::from_str(kind.schema()).unwrap_or_default())).collect();
        let mut checker = Checker {
            check: self,
            schemas: &schemas,
            lines: Lines::of(text),
            findings: vec![],
            relations: vec![],
            resource: None,
            failed: vec![],
        };
        checker.document(&root);
        let mut findings = checker.findings;
        findings.sort_by_key(|finding| (finding.position, finding.rule));
        findings.dedup();
        findings
    }
}

pub(super) struct Checker<'a> {
    pub(super) check: &'a Check<'a>,
    pub(super) schemas: &'a [(Kind, Value)],
    pub(super) lines: Lines<'a>,
    findings: Vec<Finding>,
    /// Relations of the mapping and the blueprints that they point at.
    pub(super) relations: Vec<(Position, String, String)>,
    /// The resource that is being checked.
    resource: Option<usize>,
    /// Resources with errors.
    failed: Vec<usize>,
}

impl Checker<'_> {
    fn document(&mut self, root: &Node) {
        let document = match Document::read(root) {
            Ok(document) => document,
            Err(error) => {
                let position = position_of(&error).unwrap_or(root.position);
                self.report(Level::Error, Rule::Document, position, 1, error.to_string());
                return;
            }
        };
        if let Content::Map(entries) = &root.content {
            self.known_keys(entries, TOP_KEYS, "the mapping");
        }
        match root.get("resources").map(|node| (&node.content, node)) {
            Some((Content::List(resources), _)) if !resources.is_empty() => {
                for (index, resource) in resources.iter().enumerate() {
                    self.resource = Some(index);
                    self.resource(resource);
                }
            }
            Some((_, node)) => {
                self.report(Level::Warning, Rule::Document, node.position, 1, "the mapping has no resources");
            }
            None => self.report(Level::Warning, Rule::Document, root.position, 1, "the mapping has no resources"),
        }
        self.resource = None;
        self.what_runs_refuse(&document);
        self.fed_relations(&document);
    }

    /// What the program itself sets aside is an error, whatever the rules above say.
    fn what_runs_refuse(&mut self, document: &Document) {
        for invalid in &document.invalid {
            if !self.failed.contains(&invalid.index) {
                self.report(Level::Error, Rule::Document, invalid.position, 1, invalid.reason.clone());
            }
        }
    }

    fn fed_relations(&mut self, document: &Document) {
        let fed: Option<Vec<String>> = document
            .resources
            .iter()
            .map(crate::mapping::ResourceSource::blueprints)
            .chain(document.invalid.iter().map(|invalid| invalid.blueprints.clone()))
            .map(|blueprints| match blueprints {
                FedBlueprints::Literal(names) => Some(names),
                FedBlueprints::Unknown => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(|lists| lists.concat());
        let Some(fed) = fed else { return };
        for (position, name, target) in std::mem::take(&mut self.relations) {
            if !fed.contains(&target) && !target.starts_with('_') {
                let message = format!("the relation `{name}` points at `{target}`, which no resource writes to");
                self.report(Level::Warning, Rule::UnfedRelation, position, length(&name), message);
                self.help("its targets must come from elsewhere, or stay empty");
            }
        }
    }

    pub(super) fn report(
        &mut self,
        level: Level,
        rule: Rule,
        position: Position,
        length: u32,
        message: impl Into<String>,
    ) {
        if level == Level::Error
            && let Some(resource) = self.resource
        {
            self.failed.push(resource);
        }
        let length = length.max(1);
        self.findings.push(Finding { level, rule, position, length, message: message.into(), help: None });
    }

    /// Says what to do about the finding reported last.
    pub(super) fn help(&mut self, help: impl Into<String>) {
        if let Some(finding) = self.findings.last_mut() {
            finding.help = Some(help.into());
        }
    }

    /// Reports keys that nothing reads.
    pub(super) fn known_keys(&mut self, entries: &[(Key, Node)], known: &[&str], of: &str) {
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
            let message = format!("nothing reads the key `{}` of {of}", key.name);
            self.report(Level::Warning, Rule::UnknownKey, key.position, length(&key.name), message);
            self.help(suggestion(&key.name, known.iter().copied(), "keys"));
        }
    }

    /// The value of a key that must be there.
    pub(super) fn needed<'n>(&mut self, node: &'n Node, name: &str, of: &str) -> Option<&'n Node> {
        let found = node.get(name).filter(|value| !value.is_null());
        if found.is_none() {
            let at = node.get(name).map_or(node.position, |value| value.position);
            self.report(Level::Error, Rule::Document, at, 1, format!("`{name}` of {of} is missing"));
        }
        found
    }

    /// The entries of what must be a map.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Key, Node)]> {
        if let Content::Map(entries) = &node.content {
            return Some(entries);
        }
        let message = format!("{what} is {}; it must be a map", node.sort());
        self.report(Level::Error, Rule::Document, node.position, 1, message);
        None
    }
}

pub(super) fn length(name: &str) -> u32 {
    u32::try_from(name.chars().count()).unwrap_or(u32::MAX)
}

/// The nearest known name, else the known names.
pub(super) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone, what: &str) -> String {
    const SHOWN: usize = 16;
    if let Some(near) = nearest(name, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let names: Vec<&str> = known.into_iter().collect();
    if names.is_empty() {
        return format!("there are no {what}");
    }
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{what}: {}{more}", names.get(..SHOWN).unwrap_or(&names).join(", "))
}

/// Nothing was checked, which must not look like nothing was found.
fn broken_off(message: &str) -> Finding {
    Finding {
        level: Level::Error,
        rule: Rule::Document,
        position: Position { line: 1, column: 1 },
        length: 1,
        message: message.to_owned(),
        help: None,
    }
}

fn unreadable(error: &serde_saphyr::Error) -> Finding {
    let position = error.location().map_or(Position { line: 1, column: 1 }, |location| Position {
        line: u32::try_from(location.line()).unwrap_or(u32::MAX),
        column: u32::try_from(location.column()).unwrap_or(u32::MAX),
    });
    let message = error.to_string();
    let first = message.lines().next().unwrap_or_default();
    Finding {
        level: Level::Error,
        rule: Rule::Document,
        position,
        length: 1,
        message: format!("the document is no YAML or JSON: {first}"),
        help: None,
    }
}

fn position_of(error: &MappingError) -> Option<Position> {
    match error {
        MappingError::Syntax { .. } => None,
        MappingError::NotAMap { position, .. }
        | MappingError::ResourcesNotAList { position, .. }
        | MappingError::Flag { position, .. } => Some(*position),
    }
}
