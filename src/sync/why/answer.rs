//! What an inquiry finds, for people and programs.

use serde::Serialize;

use crate::catalog::{Entity, EntityId};
use crate::mapping::Step;

/// Everything about one object.
#[derive(Clone, Debug, Serialize)]
pub struct Why {
    /// Its kind.
    pub kind: String,
    /// The name under which it was asked for.
    pub name: String,
    /// Its key.
    pub key: String,
    /// What each resource of its kind makes of it, in the order of the mapping.
    pub resources: Vec<ResourceAnswer>,
    /// Resources of its kind that do not run.
    pub left_out: Vec<LeftOut>,
    /// Entities that earlier syncs made from it and that none of the resources makes now.
    pub remembered: Vec<Remembered>,
}

/// What one resource makes of the object.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceAnswer {
    /// The resource's place in the mapping, from 0.
    pub resource: usize,
    /// The line at which it begins.
    pub line: u32,
    /// Whether its listing has the object.
    pub listed: Listed,
    /// What was added to the object for its expressions.
    pub added: Vec<Added>,
    /// Every expression with its value or failure.
    pub steps: Vec<Step>,
    /// Expressions that gave null.
    pub nulls: Vec<String>,
    /// What becomes of the object, or of each of its items.
    pub fates: Vec<Becomes>,
}

/// Whether a listing has the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// `None` where it cannot be told.
    pub listed: Option<bool>,
    /// What is listed.
    pub listing: String,
    /// Why it is or is not there.
    pub because: String,
}

/// Something that was added to the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Added {
    /// Its path in the object, for example `__includedFiles.README.md`.
    pub what: String,
    /// What came of it.
    #[serde(flatten)]
    pub state: AddedState,
}

/// What came of something to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "why")]
pub enum AddedState {
    /// It was found.
    Found,
    /// It does not exist, so it is null.
    Absent,
    /// It could not be fetched; what reads it is kept back.
    Failed(String),
}

/// What becomes of the object or one of its items.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "fate")]
pub enum Becomes {
    /// The selector's query says no.
    NotSelected,
    /// It has no identifier, blueprint or items, so it is left out.
    LeftOut {
        /// What is missing.
        why: String,
    },
    /// It fails, and what the catalog has of it stays as it is.
    KeptBack {
        /// Why.
        why: String,
    },
    /// It is an entity.
    Entity {
        /// The entity.
        entity: Box<Entity>,
        /// What the catalog has of it; `None` where no catalog was named.
        #[serde(skip_serializing_if = "Option::is_none")]
        catalog: Option<Entry>,
    },
}

/// What the catalog has of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What a sync would do.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Whose it is, in words.
    pub owner: String,
    /// Where the state file says that it came from, if that is another object or resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also_from: Option<String>,
}

/// What a sync would do about an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// The catalog has it just so.
    Unchanged,
    /// It would be created.
    WouldCreate,
    /// It would be written over.
    WouldChange {
        /// What differs, for example `properties.url`.
        differs: Vec<String>,
    },
    /// It would be refused.
    WouldBeRefused {
        /// Why.
        why: String,
    },
    /// The catalog cannot be asked.
    Unknown {
        /// Why.
        why: String,
    },
}

/// A resource of the kind that does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The resource's place in the mapping, from 0.
    pub resource: usize,
    /// Where the fault stands.
    pub line: u32,
    /// Why.
    pub why: String,
}

/// An entity that an earlier sync made from the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remembered {
    /// Its blueprint.
    pub blueprint: String,
    /// Its identifier.
    pub identifier: String,
    /// What becomes of it.
    pub then: String,
}

impl Remembered {
    pub(super) fn new(id: EntityId, then: &str) -> Self {
        Self { blueprint: id.blueprint, identifier: id.identifier, then: then.to_owned() }
    }
}
