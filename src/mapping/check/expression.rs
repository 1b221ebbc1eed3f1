//! The check of one expression.

use std::collections::BTreeSet;

use bitbucket_port_jq::{CompileError, double_outer_quotes, is_file_reference};
use serde_json::Value;

use super::checker::{Checker, Portability, length, suggestion};
use super::finding::{Level, Rule};
use super::shape::{Missing, Shape, Why};
use super::sorts::Sorts;
use super::walk::{Expected, Slip, SlipKind, walk};
use crate::mapping::{Content, Node};

/// Fields that Port's own default mapping reads although Bitbucket does not send them. Whoever took that mapping over
/// is told, but not held up.
const AT_PORT: &[(&str, &str)] = &[("reviewers[]", "user")];

/// What expressions of a resource look at.
#[derive(Clone)]
pub(super) struct Scope<'s> {
    /// The object, or the object with its item.
    pub(super) input: Shape<'s>,
    /// `a pull request`, for messages.
    pub(super) object: String,
}

/// What is known of an expression that compiles.
pub(super) struct Judged<'s> {
    pub(super) text: String,
    pub(super) shape: Shape<'s>,
    pub(super) literal: Option<Value>,
    pub(super) reads: BTreeSet<String>,
}

impl Judged<'_> {
    /// The sorts of value that it gives when it gives one.
    pub(super) fn values(&self) -> Sorts {
        self.shape.sorts.without(Sorts::NULL | Sorts::NOTHING)
    }

    /// Whether it is known to give none of these.
    pub(super) fn never(&self, sorts: Sorts) -> bool {
        !self.shape.is_unknown() && !self.values().is_none() && !self.values().has(sorts)
    }
}

impl<'a> Checker<'a> {
    /// Compiles and follows an expression; `what` names its place.
    pub(super) fn expression(&mut self, node: &Node, what: &str, scope: &Scope<'a>) -> Option<Judged<'a>> {
        let Some(text) = node.content.program() else {
            let message = format!("`{what}` is {}; it must be a jq expression", node.sort());
            self.report(Level::Error, Rule::Document, node.position, 1, message);
            return None;
        };
        if let (Portability::Required, Content::Bool(value)) = (self.check.portability, &node.content) {
            let message = "Port's runtime reads a bare true or false as `True` or `False`, which is no jq";
            self.report(Level::Error, Rule::NotPortable, node.position, length(&text), message);
            self.help(format!("quote it: \"{value}\""));
        }
        if is_file_reference(&text) {
            self.file_reference(node, &text, what);
            return None;
        }
        let program = match self.check.compiler.compile(&text) {
            Ok(program) => program,
            Err(error) => {
                self.does_not_compile(node, &text, what, &error);
                return None;
            }
        };
        let literal = program.literal();
        let code = double_outer_quotes(&text);
        let walked = walk(&code, &scope.input);
        let Some(walked) = walked else {
            return Some(Judged { text, shape: Shape::any(), literal, reads: BTreeSet::new() });
        };
        for slip in &walked.slips {
            self.slip(node, &text, slip, scope);
        }
        let shape = match &literal {
            Some(value) => Shape::of(Sorts::of_value(value)),
            None => walked.result,
        };
        Some(Judged { text, shape, literal, reads: walked.reads })
    }

    fn file_reference(&mut self, node: &Node, text: &str, what: &str) {
        let file = text.trim().trim_start_matches("file://");
        if what.starts_with("properties.") {
            let message = format!("`{what}` names a file in the old way");
            self.report(Level::Note, Rule::Deprecated, node.position, length(text), message);
            self.help(format!("list `{file}` under `selector.includedFiles` and write `.__includedFiles[\"{file}\"]`"));
        } else {
            let message = format!("`{what}` names a file, which only a property can");
            self.report(Level::Error, Rule::Syntax, node.position, length(text), message);
        }
    }

    fn does_not_compile(&mut self, node: &Node, text: &str, what: &str, error: &CompileError) {
        let (offset, message) = match error {
            CompileError::Syntax { offset, message, .. } => (*offset, message.clone()),
            other => (0, other.to_string()),
        };
        let position = self.lines.place(node.position, text, offset);
        self.report(Level::Error, Rule::Syntax, position, 1, format!("`{what}` does not compile: {message}"));
        if !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            self.help(format!("a fixed text is quoted twice: '\"{text}\"'; a field begins with a dot: .{text}"));
        }
    }

    fn slip(&mut self, node: &Node, text: &str, slip: &Slip, scope: &Scope<'a>) {
        let position = self.lines.place(node.position, text, slip.span.start);
        let width = length(&slip.key);
        let object = match slip.of.as_deref() {
            Some("") => scope.object.clone(),
            Some(path) => format!("`.{path}` of {}", scope.object),
            None => "the value here".to_owned(),
        };
        let key = &slip.key;
        let level = if slip.expected == Expected::Present { Level::Error } else { Level::Warning };
        match &slip.what {
            SlipKind::NoFields(sorts) => {
                let message = format!("{object} is {sorts} and has no field `{key}`");
                self.report(level, Rule::UnknownField, position, width, message);
                if sorts.has(Sorts::LIST) {
                    self.help(format!("look at its items: `[].{key}`, or at one: `[0].{key}`"));
                }
            }
            SlipKind::Missing(Missing { known, why: Why::NotRequested }) => {
                let message = format!("`{key}` is read from {object}, but the selector does not ask for it");
                self.report(level, Rule::NotRequested, position, width, message);
                let mut help = "add it to `selector.includedFiles`".to_owned();
                if !known.is_empty() {
                    let near = suggestion(key, known.iter().map(String::as_str), "requested");
                    help = format!("{help}; {near}");
                }
                self.help(help);
            }
            SlipKind::Missing(Missing { known, why }) => {
                let at_port = AT_PORT.contains(&(slip.of.as_deref().unwrap_or_default(), key));
                let level = if *why == Why::Complete && !at_port { level } else { Level::Warning };
                let message = format!("{object} has no field `{key}`");
                self.report(level, Rule::UnknownField, position, width, message);
                if at_port {
                    self.help("Port's own default mapping reads it all the same; the fields stand one level higher");
                } else {
                    self.help(suggestion(key, known.iter().map(String::as_str), "fields"));
                }
            }
        }
    }
}
