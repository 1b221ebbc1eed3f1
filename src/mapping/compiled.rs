//! A mapping document with its programs compiled, ready for objects.

use std::sync::Arc;

use bitbucket_port_jq::{Compiler, Limits, Program};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::document::{
    Document, EntitySource, ExpressionSource, FedBlueprints, Flags, InvalidResource, ResourceSource, RuleSource,
    SearchSource, TemplateSource,
};
use super::file_reference;
use super::node::Position;

/// A mapping whose programs are compiled once and shared by all worker threads.
#[derive(Debug)]
pub struct Mapping {
    /// What holds for all resources.
    pub flags: Flags,
    /// Bounds under which objects are read and programs run.
    pub limits: Limits,
    /// The resources that run, in the order of the document.
    pub resources: Vec<Arc<Resource>>,
    /// The resources that do not, with the reason.
    pub invalid: Vec<InvalidResource>,
    /// What a person should know although everything runs.
    pub warnings: Vec<Warning>,
    /// Stands for the document: two mappings with the same digest do the same.
    pub digest: [u8; 32],
}

/// Something in a mapping that runs but hardly does what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub position: Position,
    /// What, and what follows from it.
    pub message: String,
}

/// One resource with compiled programs.
#[derive(Debug)]
pub struct Resource {
    /// Its place in the document's list, from 0.
    pub index: usize,
    /// Where it stands in the document.
    pub position: Position,
    /// The kind, as written.
    pub kind: String,
    /// The whole selector as JSON.
    pub selector: Value,
    /// The blueprints that it can write to.
    pub blueprints: FedBlueprints,
    /// The dotted paths of all programs that may give null, by the number used in `Mapped::nulls`.
    pub paths: Vec<String>,
    pub(super) blueprint_text: String,
    pub(super) query: Program,
    pub(super) items: Option<Items>,
    pub(super) mappings: Vec<EntityMapping>,
}

#[derive(Debug)]
pub(super) struct Items {
    pub(super) expression: Program,
    pub(super) name: String,
    pub(super) strip: Option<Program>,
}

#[derive(Debug)]
pub(super) struct EntityMapping {
    pub(super) identifier: Template,
    pub(super) blueprint: Blueprint,
    pub(super) title: Option<Slot>,
    pub(super) icon: Option<Slot>,
    pub(super) team: Option<Template>,
    pub(super) properties: Option<Vec<(String, Slot)>>,
    pub(super) relations: Option<Vec<(String, Template)>>,
}

#[derive(Debug)]
pub(super) enum Blueprint {
    Literal(String),
    Computed(Program),
}

/// A program with the number of its path; one that does not compile gives null, as at Port.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) path: u16,
    pub(super) program: Option<Program>,
}

#[derive(Debug)]
pub(super) enum Template {
    Value(Slot),
    Search(Search),
}

#[derive(Debug)]
pub(super) struct Search {
    pub(super) combinator: String,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug)]
pub(super) enum Rule {
    Leaf { property: Slot, operator: Slot, value: Option<Slot> },
    Nested(Search),
}

impl Mapping {
    /// Compiles every program of a document. A resource whose selector, identifier, blueprint or item list
    /// does not compile is set aside; a title, property or relation that does not compile gives null, as at
    /// Port, and a warning.
    #[must_use]
    pub fn compile(document: Document, compiler: &Compiler) -> Self {
        let digest = Sha256::digest(format!("{document:?}")).into();
        let mut mapping = Self {
            digest,
            flags: document.flags,
            limits: *compiler.limits(),
            resources: Vec::with_capacity(document.resources.len()),
            invalid: document.invalid,
            warnings: document
                .unknown_keys
                .into_iter()
                .map(|key| Warning { position: key.position, message: format!("nothing reads the key `{}`", key.path) })
                .collect(),
        };
        for source in document.resources {
            let mut compile = Compilation { compiler, paths: vec![], warnings: vec![], files: vec![] };
            match compile.resource(&source) {
                Ok(resource) => mapping.resources.push(Arc::new(resource)),
                Err((position, reason)) => mapping.invalid.push(InvalidResource {
                    index: source.index,
                    position,
                    kind: Some(source.kind.clone()),
                    reason,
                    blueprints: source.blueprints(),
                }),
            }
            mapping.warnings.append(&mut compile.warnings);
        }
        mapping
    }
}

impl Resource {
    /// The expression that gives the blueprint, as the document writes it; of several mappings the first.
    #[must_use]
    pub fn blueprint_text(&self) -> &str {
        &self.blueprint_text
    }

    /// Whether any of its programs may look at the value under these keys of an object.
    #[must_use]
    pub fn may_read(&self, keys: &[&str]) -> bool {
        self.programs().iter().any(|program| program.reads().may_read(keys))
    }

    /// Whether one of the expressions may read the value under a key that it names. One that takes an object whole or
    /// computes its keys does not count.
    #[must_use]
    pub fn names(&self, key: &str) -> bool {
        let names = |program: &&Program| program.source().contains(key) && program.reads().may_read(&[key]);
        self.programs().iter().any(names)
    }

    /// Whether its entities can have this part from the mapping: `title`, `icon`, `team`, `properties.NAME` or
    /// `relations.NAME`.
    #[must_use]
    pub fn sets(&self, field: &str) -> bool {
        self.mappings.iter().any(|mapping| match field.split_once('.') {
            None => match field {
                "title" => mapping.title.is_some(),
                "icon" => mapping.icon.is_some(),
                "team" => mapping.team.is_some(),
                _ => false,
            },
            Some(("properties", name)) => mapping.properties.iter().flatten().any(|(known, _)| known == name),
            Some(("relations", name)) => mapping.relations.iter().flatten().any(|(known, _)| known == name),
            Some(_) => false,
        })
    }

    fn programs(&self) -> Vec<&Program> {
        let mut programs = vec![&self.query];
        programs.extend(self.items.iter().map(|items| &items.expression));
        for mapping in &self.mappings {
            if let Blueprint::Computed(program) = &mapping.blueprint {
                programs.push(program);
            }
            let slots = [&mapping.title, &mapping.icon].into_iter().flatten();
            let properties = mapping.properties.iter().flatten().map(|(_, slot)| slot);
            programs.extend(slots.chain(properties).filter_map(|slot| slot.program.as_ref()));
            let templates = std::iter::once(&mapping.identifier).chain(&mapping.team);
            for template in templates.chain(mapping.relations.iter().flatten().map(|(_, template)| template)) {
                template.collect(&mut programs);
            }
        }
        programs
    }
}

impl Template {
    fn collect<'a>(&'a self, programs: &mut Vec<&'a Program>) {
        match self {
            Self::Value(slot) => programs.extend(&slot.program),
            Self::Search(search) => search.collect(programs),
        }
    }
}

impl Search {
    fn collect<'a>(&'a self, programs: &mut Vec<&'a Program>) {
        for rule in &self.rules {
            match rule {
                Rule::Nested(search) => search.collect(programs),
                Rule::Leaf { property, operator, value } => {
                    let slots = [Some(property), Some(operator), value.as_ref()].into_iter().flatten();
                    programs.extend(slots.filter_map(|slot| slot.program.as_ref()));
                }
            }
        }
    }
}

type Refused = (Position, String);

struct Compilation<'a> {
    compiler: &'a Compiler,
    paths: Vec<String>,
    warnings: Vec<Warning>,
    /// Files that properties name in the old way.
    files: Vec<String>,
}

impl Compilation<'_> {
    fn resource(&mut self, source: &ResourceSource) -> Result<Resource, Refused> {
        let query = self.needed("selector.query", &source.query)?;
        let items = source
            .items
            .as_ref()
            .map(|items| {
                Ok(Items {
                    expression: self.needed("itemsToParse", &items.expression)?,
                    name: items.name.clone(),
                    strip: items.strip_source.then(|| self.strip(&items.expression.text)).flatten(),
                })
            })
            .transpose()?;
        let mappings = source.mappings.iter().map(|mapping| self.entity(mapping)).collect::<Result<_, _>>()?;
        let mut selector = source.selector.clone();
        if !self.files.is_empty() {
            file_reference::include(&mut selector, &self.files);
        }
        Ok(Resource {
            index: source.index,
            position: source.position,
            kind: source.kind.clone(),
            selector,
            blueprints: source.blueprints(),
            blueprint_text: source.mappings.first().map(|mapping| mapping.blueprint.text.clone()).unwrap_or_default(),
            paths: std::mem::take(&mut self.paths),
            query,
            items,
            mappings,
        })
    }

    /// A program that takes the item list out of its object. A computed list has no place in the object, so
    /// nothing is taken out (Port's own runtime loses such objects).
    fn strip(&self, expression: &str) -> Option<Program> {
        let path = super::items::source_path(expression)?;
        self.compiler.compile(&format!("del({path})")).ok()
    }

    fn entity(&mut self, source: &EntitySource) -> Result<EntityMapping, Refused> {
        let blueprint = match source.literal_blueprint() {
            Some(literal) => Blueprint::Literal(literal),
            None => Blueprint::Computed(self.needed("blueprint", &source.blueprint)?),
        };
        let identifier = match &source.identifier {
            TemplateSource::Expression(expression) => {
                let program = self.needed("identifier", expression)?;
                Template::Value(Slot { path: self.path("identifier"), program: Some(program) })
            }
            TemplateSource::Search(search) => Template::Search(self.search("identifier", search)),
        };
        Ok(EntityMapping {
            identifier,
            blueprint,
            title: source.title.as_ref().map(|title| self.slot("title", title)),
            icon: source.icon.as_ref().map(|icon| self.slot("icon", icon)),
            team: source.team.as_ref().map(|team| self.template("team", team)),
            properties: source.properties.as_ref().map(|section| {
                section
                    .iter()
                    .map(|(name, value)| (name.clone(), self.property(&format!("properties.{name}"), value)))
                    .collect()
            }),
            relations: source.relations.as_ref().map(|section| {
                section
                    .iter()
                    .map(|(name, value)| (name.clone(), self.template(&format!("relations.{name}"), value)))
                    .collect()
            }),
        })
    }

    fn template(&mut self, path: &str, source: &TemplateSource) -> Template {
        match source {
            TemplateSource::Expression(expression) => Template::Value(self.slot(path, expression)),
            TemplateSource::Search(search) => Template::Search(self.search(path, search)),
        }
    }

    fn search(&mut self, path: &str, source: &SearchSource) -> Search {
        let rules = source
            .rules
            .iter()
            .map(|rule| match rule {
                RuleSource::Nested(search) => Rule::Nested(self.search(path, search)),
                RuleSource::Leaf { property, operator, value } => Rule::Leaf {
                    property: self.slot(&format!("{path}.property"), property),
                    operator: self.slot(&format!("{path}.operator"), operator),
                    value: value.as_ref().map(|value| self.slot(&format!("{path}.value"), value)),
                },
            })
            .collect();
        Search { combinator: source.combinator.clone(), rules }
    }

    /// A property may name a file instead of being a program.
    fn property(&mut self, path: &str, source: &ExpressionSource) -> Slot {
        let Some(file) = file_reference::file(&source.text) else { return self.slot(path, source) };
        let text = file_reference::program(&file);
        let message = format!("`{path}` names a file in the old way; include it in the selector and write `{text}`");
        self.warnings.push(Warning { position: source.position, message });
        self.files.push(file);
        self.slot(path, &ExpressionSource { text, position: source.position })
    }

    fn slot(&mut self, path: &str, source: &ExpressionSource) -> Slot {
        let program = match self.compiler.compile(&source.text) {
            Ok(program) => Some(program),
            Err(error) => {
                let message = format!("`{path}` does not compile and gives null: {error}");
                self.warnings.push(Warning { position: source.position, message });
                None
            }
        };
        Slot { path: self.path(path), program }
    }

    fn needed(&self, path: &str, source: &ExpressionSource) -> Result<Program, Refused> {
        self.compiler
            .compile(&source.text)
            .map_err(|error| (source.position, format!("`{path}` does not compile: {error}")))
    }

    fn path(&mut self, path: &str) -> u16 {
        let known = self.paths.iter().position(|known| known == path);
        let at = known.unwrap_or_else(|| {
            self.paths.push(path.to_owned());
            self.paths.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }
}
