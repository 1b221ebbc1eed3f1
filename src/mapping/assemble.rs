//! From one object to its entities.

use bitbucket_port_jq::{EvalError, Input, Output, Program};
use serde_json::{Map, Value, json};

use super::compiled::{Blueprint, EntityMapping, Resource, Rule, Search, Slot, Template};
use super::part::Part;
use crate::catalog::Entity;

/// What one resource makes of one object.
#[derive(Debug, Default)]
pub struct Mapped {
    /// One outcome per item and mapping; one alone for an object that is not taken apart.
    pub outcomes: Vec<Outcome>,
    /// Numbers (see [`Resource::paths`]) of the programs that gave null.
    pub nulls: Vec<u16>,
}

/// What became of one object or item.
#[derive(Debug)]
pub enum Outcome {
    /// It is an entity.
    Entity(Box<Entity>),
    /// Its selector says no.
    FilteredOut,
    /// It has no identifier or no blueprint, so it is left out (as at Port).
    Skipped(SkipReason),
    /// It failed alone; what the catalog has of it stays.
    Failed(ObjectError),
}

/// Why a selected object became no entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The identifier is null, false, 0 or empty.
    EmptyIdentifier,
    /// The blueprint is null, false, 0 or empty.
    EmptyBlueprint,
    /// `itemsToParse` gives no list.
    NoItems,
}

/// Why one object failed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The object's text cannot be read.
    #[error("the object cannot be read: {0}")]
    Input(String),
    /// The selector gives something other than true or false.
    #[error("`selector.query` gives {0}; it must give true or false")]
    Selector(String),
    /// A program failed where null is no answer, or broke a limit.
    #[error("`{path}`: {source}")]
    Evaluation {
        /// Which program.
        path: &'static str,
        /// Why.
        #[source]
        source: EvalError,
    },
    /// A program without which there is no entity reads something that could not be fetched.
    #[error("`{path}` reads what could not be fetched")]
    Unavailable {
        /// Which program.
        path: &'static str,
    },
    /// A value has a type that the section cannot hold.
    #[error("`{path}` gives {found}; it must give {expected}")]
    Type {
        /// Which section.
        path: &'static str,
        /// What it gave.
        found: &'static str,
        /// What it may give.
        expected: &'static str,
    },
}

impl Resource {
    /// Takes an object apart where the mapping says so, selects, and assembles entities.
    #[must_use]
    pub fn map(&self, object: Input) -> Mapped {
        self.map_without(object, &[])
    }

    /// The same for an object of which something could not be fetched: the paths in `missing`, each a list of
    /// keys. A property, relation, title, icon or team whose program may read one of them is left out of the
    /// entity, so that the catalog keeps what it has; a selector, identifier or blueprint that may read one
    /// fails the object.
    #[must_use]
    pub fn map_without(&self, object: Input, missing: &[Vec<String>]) -> Mapped {
        let mut mapped = Mapped::default();
        match self.parts(object, missing) {
            Ok(parts) => {
                for input in &parts {
                    self.map_part(&Part { input, missing }, &mut mapped);
                }
            }
            Err(outcome) => mapped.outcomes.push(outcome),
        }
        mapped.nulls.sort_unstable();
        mapped.nulls.dedup();
        mapped
    }

    /// The entities that the object and its items would be if the selector let them all through: for one that is gone,
    /// of which it does not matter any more whether it was selected. What cannot be mapped is left out.
    #[must_use]
    pub fn map_unselected(&self, object: Input) -> Vec<Entity> {
        let parts = self.parts(object, &[]).unwrap_or_default();
        let outcomes = parts.iter().flat_map(|input| {
            let part = Part { input, missing: &[] };
            self.mappings.iter().map(move |mapping| mapping.assemble(&part, &mut vec![]))
        });
        let entity = |outcome| match outcome {
            Ok(Outcome::Entity(entity)) => Some(*entity),
            _ => None,
        };
        outcomes.filter_map(entity).collect()
    }

    pub(super) fn parts(&self, object: Input, missing: &[Vec<String>]) -> Result<Vec<Input>, Outcome> {
        let Some(items) = &self.items else { return Ok(vec![object]) };
        Part { input: &object, missing }.available("itemsToParse", &items.expression).map_err(Outcome::Failed)?;
        let failed = |source| Outcome::Failed(ObjectError::Evaluation { path: "itemsToParse", source });
        let list = items.expression.first(&object).map_err(failed)?;
        let Some(elements) = list.and_then(Output::items) else {
            return Err(Outcome::Skipped(SkipReason::NoItems));
        };
        let base = match &items.strip {
            Some(strip) => strip.first(&object).map_err(failed)?.map_or(object, Input::from),
            None => object,
        };
        elements
            .map(|element| {
                let mut part = base.clone();
                part.insert(&items.name, element)
                    .map_err(|error| Outcome::Failed(ObjectError::Input(error.to_string())))?;
                Ok(part)
            })
            .collect()
    }

    fn map_part(&self, part: &Part<'_>, mapped: &mut Mapped) {
        match self.selects(part) {
            Err(error) => mapped.outcomes.push(Outcome::Failed(error)),
            Ok(false) => mapped.outcomes.push(Outcome::FilteredOut),
            Ok(true) => {
                for mapping in &self.mappings {
                    let outcome = mapping.assemble(part, &mut mapped.nulls).unwrap_or_else(Outcome::Failed);
                    mapped.outcomes.push(outcome);
                }
            }
        }
    }

    fn selects(&self, part: &Part<'_>) -> Result<bool, ObjectError> {
        part.available("selector.query", &self.query)?;
        match self.query.first(part.input) {
            Ok(Some(output)) => match output.as_bool() {
                Some(selected) => Ok(selected),
                None => Err(ObjectError::Selector(sort(&output.into_json()).to_owned())),
            },
            Ok(None) => Err(ObjectError::Selector("nothing".to_owned())),
            Err(source) => Err(ObjectError::Evaluation { path: "selector.query", source }),
        }
    }
}

impl EntityMapping {
    fn assemble(&self, part: &Part<'_>, nulls: &mut Vec<u16>) -> Result<Outcome, ObjectError> {
        let blueprint = match &self.blueprint {
            Blueprint::Literal(literal) => literal.clone(),
            Blueprint::Computed(program) => {
                part.available("blueprint", program)?;
                match value(program, part)? {
                    blank if !truthy(&blank) => return Ok(Outcome::Skipped(SkipReason::EmptyBlueprint)),
                    Value::String(name) => name,
                    other => other.to_string(),
                }
            }
        };
        let identifier = self.identifier.evaluate(part, nulls)?;
        let Some(identifier) = identifier else { return Err(ObjectError::Unavailable { path: "identifier" }) };
        if !truthy(&identifier) {
            return Ok(Outcome::Skipped(SkipReason::EmptyIdentifier));
        }
        let mut entity = Entity { identifier, blueprint, ..Entity::default() };
        entity.icon = optional(self.icon.as_ref(), |slot| slot.evaluate(part, nulls))?.map(icon).transpose()?;
        entity.title = optional(self.title.as_ref(), |slot| slot.evaluate(part, nulls))?;
        entity.team = optional(self.team.as_ref(), |team| team.evaluate(part, nulls))?.map(team).transpose()?;
        entity.properties = section(self.properties.as_deref(), |slot| slot.evaluate(part, nulls))?;
        entity.relations = section(self.relations.as_deref(), |template| template.evaluate(part, nulls))?;
        Ok(Outcome::Entity(Box::new(entity)))
    }
}

fn optional<T>(
    section: Option<&T>,
    evaluate: impl FnOnce(&T) -> Result<Option<Value>, ObjectError>,
) -> Result<Option<Value>, ObjectError> {
    section.map_or(Ok(None), evaluate)
}

fn section<T>(
    entries: Option<&[(String, T)]>,
    mut evaluate: impl FnMut(&T) -> Result<Option<Value>, ObjectError>,
) -> Result<Option<Map<String, Value>>, ObjectError> {
    let Some(entries) = entries else { return Ok(None) };
    let mut section = Map::with_capacity(entries.len());
    for (name, entry) in entries {
        if let Some(value) = evaluate(entry)? {
            section.insert(name.clone(), value);
        }
    }
    Ok(Some(section))
}

impl Slot {
    /// The value; `None` where the program reads something that could not be fetched. A program that fails
    /// gives null, as at Port, but one that breaks a limit fails the object, because null would overwrite what
    /// the catalog has.
    fn evaluate(&self, part: &Part<'_>, nulls: &mut Vec<u16>) -> Result<Option<Value>, ObjectError> {
        let result = match &self.program {
            Some(program) if part.lacks(program) => return Ok(None),
            Some(program) => value(program, part)?,
            None => Value::Null,
        };
        if result.is_null() {
            nulls.push(self.path);
        }
        Ok(Some(result))
    }
}

impl Template {
    fn evaluate(&self, part: &Part<'_>, nulls: &mut Vec<u16>) -> Result<Option<Value>, ObjectError> {
        match self {
            Self::Value(slot) => slot.evaluate(part, nulls),
            Self::Search(search) => search.evaluate(part, nulls),
        }
    }
}

impl Search {
    fn evaluate(&self, part: &Part<'_>, nulls: &mut Vec<u16>) -> Result<Option<Value>, ObjectError> {
        let mut rules = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            match rule.evaluate(part, nulls)? {
                Some(rule) => rules.push(rule),
                None => return Ok(None),
            }
        }
        Ok(Some(json!({ "combinator": self.combinator, "rules": rules })))
    }
}

impl Rule {
    fn evaluate(&self, part: &Part<'_>, nulls: &mut Vec<u16>) -> Result<Option<Value>, ObjectError> {
        match self {
            Self::Nested(search) => search.evaluate(part, nulls),
            Self::Leaf { property, operator, value } => {
                let mut rule = Map::new();
                let leaves = [("property", Some(property)), ("operator", Some(operator)), ("value", value.as_ref())];
                for (name, slot) in leaves.into_iter().filter_map(|(name, slot)| Some((name, slot?))) {
                    let Some(value) = slot.evaluate(part, nulls)? else { return Ok(None) };
                    rule.insert(name.to_owned(), value);
                }
                Ok(Some(Value::Object(rule)))
            }
        }
    }
}

fn value(program: &Program, part: &Part<'_>) -> Result<Value, ObjectError> {
    match program.first(part.input) {
        Ok(output) => Ok(output.map_or(Value::Null, Output::into_json)),
        Err(EvalError::Runtime(_)) => Ok(Value::Null),
        Err(source) => Err(ObjectError::Evaluation { path: "expression", source }),
    }
}

/// What Python takes for true, because Port's runtime asks Python.
fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

fn icon(value: Value) -> Result<Value, ObjectError> {
    match value {
        Value::Null | Value::String(_) => Ok(value),
        Value::Number(number) => Ok(Value::String(number.to_string())),
        other => Err(ObjectError::Type { path: "icon", found: sort(&other), expected: "text or null" }),
    }
}

fn team(value: Value) -> Result<Value, ObjectError> {
    match value {
        Value::Bool(_) | Value::Number(_) => {
            Err(ObjectError::Type { path: "team", found: sort(&value), expected: "text, a list, a search or null" })
        }
        other => Ok(other),
    }
}

fn sort(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
