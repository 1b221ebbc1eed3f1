//! The mapping document: which objects become which entities.
//!
//! Its schema is Port's (`resources[].{kind, selector, port.{itemsToParse…, entity.mappings}}`). Reading never
//! gives up at the first fault: a resource that cannot be used is set aside with its reason and the literal
//! blueprints that it names, so that the others run and its own entities are protected from deletion.

use indexmap::IndexMap;
use serde_json::Value;

use super::MappingError;
use super::node::{Content, Node, Position};

/// A mapping document, read but not compiled.
#[derive(Clone, Debug)]
pub struct Document {
    /// What holds for all resources.
    pub flags: Flags,
    /// The resources that can be used, in the order of the document.
    pub resources: Vec<ResourceSource>,
    /// The resources that cannot.
    pub invalid: Vec<InvalidResource>,
    /// Keys that nothing reads.
    pub unknown_keys: Vec<UnknownKey>,
}

/// Settings of a mapping that hold for all its resources.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flags {
    /// `deleteDependentEntities`: what a required relation to a deleted entity means.
    pub delete_dependent_entities: bool,
    /// `createMissingRelatedEntities`: what a relation to a missing entity means.
    pub create_missing_related_entities: bool,
    /// `enableMergeEntity`: whether an upsert keeps what it does not name.
    pub enable_merge_entity: bool,
    /// `entityDeletionThreshold`: the largest part of a blueprint's entities (0 to 1) that one sync may delete.
    pub entity_deletion_threshold: f64,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            delete_dependent_entities: true,
            create_missing_related_entities: true,
            enable_merge_entity: true,
            entity_deletion_threshold: 0.9,
        }
    }
}

/// One resource of a mapping document.
#[derive(Clone, Debug)]
pub struct ResourceSource {
    /// Its place in the document's list, from 0.
    pub index: usize,
    /// Where it stands.
    pub position: Position,
    /// The kind, as written.
    pub kind: String,
    /// The whole selector as JSON, `query` included; the kind's own selector is read from it.
    pub selector: Value,
    /// `selector.query`.
    pub query: ExpressionSource,
    /// Whether and how each object is taken apart first.
    pub items: Option<ItemsSource>,
    /// What each object (or item) becomes: usually one mapping, in our own extension several.
    pub mappings: Vec<EntitySource>,
}

/// `port.itemsToParse` and its companions.
#[derive(Clone, Debug)]
pub struct ItemsSource {
    /// Gives the list of items.
    pub expression: ExpressionSource,
    /// The key under which an item is added to its object.
    pub name: String,
    /// Whether the list itself is taken out of the object.
    pub strip_source: bool,
}

/// `port.entity.mappings`.
#[derive(Clone, Debug)]
pub struct EntitySource {
    /// Gives the identifier, or finds it.
    pub identifier: TemplateSource,
    /// Gives the blueprint; usually a quoted literal.
    pub blueprint: ExpressionSource,
    /// Gives the title.
    pub title: Option<ExpressionSource>,
    /// Gives the icon.
    pub icon: Option<ExpressionSource>,
    /// Gives or finds the team.
    pub team: Option<TemplateSource>,
    /// Gives each property.
    pub properties: Option<IndexMap<String, ExpressionSource>>,
    /// Gives or finds each relation's target.
    pub relations: Option<IndexMap<String, TemplateSource>>,
}

/// A jq program and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpressionSource {
    /// The program's text; a scalar of another type is taken as its JSON text.
    pub text: String,
    /// Where it stands.
    pub position: Position,
}

/// A value given by a program, or found by a search in the catalog.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplateSource {
    /// A program gives it.
    Expression(ExpressionSource),
    /// A search finds it.
    Search(SearchSource),
}

/// A search query whose values are programs.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSource {
    /// `and` or `or`.
    pub combinator: String,
    /// What must hold.
    pub rules: Vec<RuleSource>,
}

/// One rule of a search query.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleSource {
    /// Property, operator and value: each is a program, so a literal needs quotes of its own.
    Leaf {
        /// Which property.
        property: ExpressionSource,
        /// How it is compared.
        operator: ExpressionSource,
        /// With what; absent for operators such as `isEmpty`.
        value: Option<ExpressionSource>,
    },
    /// A nested query.
    Nested(SearchSource),
}

/// A resource that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub struct InvalidResource {
    /// Its place in the document's list, from 0.
    pub index: usize,
    /// Where the fault stands.
    pub position: Position,
    /// The kind, where it could be read.
    pub kind: Option<String>,
    /// What is wrong and what to do.
    pub reason: String,
    /// What it could have written.
    pub blueprints: FedBlueprints,
}

/// The blueprints that a resource can write to, as far as its text tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FedBlueprints {
    /// All are quoted literals.
    Literal(Vec<String>),
    /// At least one is computed or unreadable: it could be any.
    Unknown,
}

/// A key that nothing reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// Where it stands.
    pub position: Position,
    /// Its path, for example `resources[0].port.entitty`.
    pub path: String,
}

impl Document {
    /// Reads a mapping document in YAML or JSON.
    ///
    /// # Errors
    /// The text is no YAML or JSON map, or a setting that holds for all resources is out of range.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let root = Node::parse(text).map_err(|source| MappingError::Syntax { message: source.to_string() })?;
        Self::read(&root)
    }

    /// Reads a mapping document that was parsed already.
    ///
    /// # Errors
    /// As for [`Document::parse`].
    pub fn read(root: &Node) -> Result<Self, MappingError> {
        super::reading::document(root)
    }
}

impl EntitySource {
    /// The blueprint where it is a quoted literal.
    #[must_use]
    pub fn literal_blueprint(&self) -> Option<String> {
        literal(&self.blueprint.text)
    }
}

impl ResourceSource {
    /// The blueprints that this resource can write to.
    #[must_use]
    pub fn blueprints(&self) -> FedBlueprints {
        let literals: Option<Vec<_>> = self.mappings.iter().map(EntitySource::literal_blueprint).collect();
        literals.map_or(FedBlueprints::Unknown, FedBlueprints::Literal)
    }
}

/// The text of a program that is nothing but a quoted word, in double or (as Port rewrites them) single quotes.
pub(super) fn literal(program: &str) -> Option<String> {
    let trimmed = program.trim();
    let quoted = trimmed
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .map_or_else(|| trimmed.to_owned(), |inner| format!("\"{inner}\""));
    match serde_json::from_str(&quoted) {
        Ok(Value::String(text)) if !text.contains("\\(") && !program.contains("\\(") => Some(text),
        _ => None,
    }
}

impl Content {
    /// The program that a scalar stands for; `None` for lists, maps and null.
    pub(super) fn program(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Number(number) => Some(number.to_string()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }
}
