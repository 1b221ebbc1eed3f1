//! From one object to its entities.

use bitbucket_port_jq::{EvalError, Input, Output, Program};
use serde_json::{Map, Value, json};

use super::compiled::{Blueprint, EntityMapping, Resource, Rule, Search, Slot, Template};
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
        let mut mapped = Mapped::default();
        match self.parts(object) {
            Ok(parts) => {
                for part in &parts {
                    self.map_part(part, &mut mapped);
                }
            }
            Err(outcome) => mapped.outcomes.push(outcome),
        }
        mapped.nulls.sort_unstable();
        mapped.nulls.dedup();
        mapped
    }

    fn parts(&self, object: Input) -> Result<Vec<Input>, Outcome> {
        let Some(items) = &self.items else { return Ok(vec![object]) };
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

    fn map_part(&self, part: &Input, mapped: &mut Mapped) {
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

    fn selects(&self, part: &Input) -> Result<bool, ObjectError> {
        match self.query.first(part) {
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
    fn assemble(&self, part: &Input, nulls: &mut Vec<u16>) -> Result<Outcome, ObjectError> {
        let blueprint = match &self.blueprint {
            Blueprint::Literal(literal) => literal.clone(),
            Blueprint::Computed(program) => match value(program, part)? {
                blank if !truthy(&blank) => return Ok(Outcome::Skipped(SkipReason::EmptyBlueprint)),
                Value::String(name) => name,
                other => other.to_string(),
            },
        };
        let identifier = self.identifier.evaluate(part, nulls)?;
        if !truthy(&identifier) {
            return Ok(Outcome::Skipped(SkipReason::EmptyIdentifier));
        }
        let mut entity = Entity { identifier, blueprint, ..Entity::default() };
        entity.icon = evaluate(self.icon.as_ref(), part, nulls)?.map(icon).transpose()?;
        entity.title = evaluate(self.title.as_ref(), part, nulls)?;
        entity.team = self.team.as_ref().map(|team| team.evaluate(part, nulls)).transpose()?.map(team).transpose()?;
        entity.properties = section(self.properties.as_deref(), |slot| slot.evaluate(part, nulls))?;
        entity.relations = section(self.relations.as_deref(), |template| template.evaluate(part, nulls))?;
        Ok(Outcome::Entity(Box::new(entity)))
    }
}

fn evaluate(slot: Option<&Slot>, part: &Input, nulls: &mut Vec<u16>) -> Result<Option<Value>, ObjectError> {
    slot.map(|slot| slot.evaluate(part, nulls)).transpose()
}

fn section<T>(
    entries: Option<&[(String, T)]>,
    mut evaluate: impl FnMut(&T) -> Result<Value, ObjectError>,
) -> Result<Option<Map<String, Value>>, ObjectError> {
    entries
        .map(|entries| entries.iter().map(|(name, entry)| Ok((name.clone(), evaluate(entry)?))).collect())
        .transpose()
}

impl Slot {
    /// The value; a program that fails gives null, as at Port, but one that breaks a limit fails the object,
    /// because null would overwrite what the catalog has.
    fn evaluate(&self, part: &Input, nulls: &mut Vec<u16>) -> Result<Value, ObjectError> {
        let result = match &self.program {
            Some(program) => value(program, part)?,
            None => Value::Null,
        };
        if result.is_null() {
            nulls.push(self.path);
        }
        Ok(result)
    }
}

impl Template {
    fn evaluate(&self, part: &Input, nulls: &mut Vec<u16>) -> Result<Value, ObjectError> {
        match self {
            Self::Value(slot) => slot.evaluate(part, nulls),
            Self::Search(search) => search.evaluate(part, nulls),
        }
    }
}

impl Search {
    fn evaluate(&self, part: &Input, nulls: &mut Vec<u16>) -> Result<Value, ObjectError> {
        let rules = self.rules.iter().map(|rule| rule.evaluate(part, nulls)).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "combinator": self.combinator, "rules": rules }))
    }
}

impl Rule {
    fn evaluate(&self, part: &Input, nulls: &mut Vec<u16>) -> Result<Value, ObjectError> {
        match self {
            Self::Nested(search) => search.evaluate(part, nulls),
            Self::Leaf { property, operator, value } => {
                let mut rule = Map::new();
                rule.insert("property".to_owned(), property.evaluate(part, nulls)?);
                rule.insert("operator".to_owned(), operator.evaluate(part, nulls)?);
                if let Some(value) = value {
                    rule.insert("value".to_owned(), value.evaluate(part, nulls)?);
                }
                Ok(Value::Object(rule))
            }
        }
    }
}

fn value(program: &Program, part: &Input) -> Result<Value, ObjectError> {
    match program.first(part) {
        Ok(output) => Ok(output.map_or(Value::Null, Output::into_json)),
        Err(error) if !matches!(error, EvalError::Runtime(_)) => {
            Err(ObjectError::Evaluation { path: "expression", source: error })
        }
        Err(_) => Ok(Value::Null),
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
