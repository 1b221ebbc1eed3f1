//! What a mapping makes of objects of one kind, as a document that a person compares.

use bitbucket_port_jq::Input;
use serde_json::{Value, json};

use super::assemble::{Outcome, SkipReason};
use super::compiled::Mapping;
use crate::catalog::Entity;

/// What comes of one object in one resource.
#[derive(Debug)]
pub struct Trial {
    /// The resource's place in the document, from 0.
    pub resource: usize,
    /// The entities.
    pub entities: Vec<Entity>,
    /// Why there is none, or fewer than expected, and which expressions gave null.
    pub remarks: Vec<Remark>,
}

/// Something about an object that is no entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The selector does not take it.
    FilteredOut,
    /// It has no identifier, no blueprint or no items.
    Skipped(&'static str),
    /// It failed.
    Failed(String),
    /// An expression gave null.
    Null(String),
}

impl Mapping {
    /// What each resource of a kind makes of an object.
    ///
    /// # Errors
    /// The text is no JSON, or beyond the limits.
    pub fn trial(&self, kind: &str, object: &str) -> Result<Vec<Trial>, bitbucket_port_jq::InputError> {
        let input = Input::parse(object, &self.limits)?;
        let resources = self.resources.iter().filter(|resource| resource.kind == kind);
        Ok(resources
            .map(|resource| {
                let mapped = resource.map(input.clone());
                let mut trial = Trial { resource: resource.index, entities: vec![], remarks: vec![] };
                for outcome in mapped.outcomes {
                    match outcome {
                        Outcome::Entity(entity) => trial.entities.push(*entity),
                        Outcome::FilteredOut => trial.remarks.push(Remark::FilteredOut),
                        Outcome::Skipped(reason) => trial.remarks.push(reason.into()),
                        Outcome::Failed(error) => trial.remarks.push(Remark::Failed(error.to_string())),
                    }
                }
                let nulls = mapped.nulls.iter().filter_map(|number| resource.paths.get(usize::from(*number)));
                trial.remarks.extend(nulls.map(|path| Remark::Null(path.clone())));
                trial
            })
            .collect())
    }
}

impl From<SkipReason> for Remark {
    fn from(reason: SkipReason) -> Self {
        Self::Skipped(words(reason))
    }
}

fn words(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::EmptyIdentifier => "the identifier is empty",
        SkipReason::EmptyBlueprint => "the blueprint is empty",
        SkipReason::NoItems => "`itemsToParse` gives no list",
    }
}

impl Trial {
    /// The document in which expected entities are kept.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = json!({ "resource": self.resource, "entities": self.entities });
        let remarks: Vec<String> = self.remarks.iter().map(ToString::to_string).collect();
        if let (Value::Object(fields), false) = (&mut document, remarks.is_empty()) {
            fields.insert("remarks".to_owned(), json!(remarks));
        }
        document
    }
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FilteredOut => f.write_str("not selected"),
            Self::Skipped(reason) => write!(f, "left out: {reason}"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::Null(path) => write!(f, "`{path}` is null"),
        }
    }
}
