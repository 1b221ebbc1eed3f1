//! What would become of one entity.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::EntityId;

/// One entity that would not stay as it is, or that stays although its object was not met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The entity.
    #[serde(flatten)]
    pub entity: EntityId,
    /// What would happen.
    #[serde(flatten)]
    pub action: Action,
}

/// What would happen to an entity. How it is written in JSON is part of the output of `plan`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// It does not exist yet.
    Create {
        /// What it would have.
        fields: Vec<FieldChange>,
    },
    /// It would be written over.
    Update {
        /// What would differ; nothing where only its owner changes.
        fields: Vec<FieldChange>,
        /// Whose it is now, where it is not ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken_from: Option<String>,
    },
    /// It would be created in place of another that goes, because its object was renamed or moved.
    Rename {
        /// The entity that goes.
        from: EntityId,
        /// What the new one would have.
        #[serde(default)]
        fields: Vec<FieldChange>,
        /// What the old one has, the mapping does not set, and the new one would not have.
        #[serde(default)]
        lost: Vec<FieldChange>,
        /// Entities that would go because they depend on the old one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dependents: Vec<EntityId>,
    },
    /// It would be deleted.
    Delete {
        /// Why, by the names of [`crate::sync::Gone::name`].
        reason: String,
        /// Entities that would go because they depend on it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dependents: Vec<EntityId>,
    },
    /// It was not met, and stays.
    Protect {
        /// Why.
        reason: String,
    },
}

/// A part of an entity that would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// `title`, `icon`, `team`, `properties.NAME` or `relations.NAME`.
    pub field: String,
    /// What it is; absent where there is nothing, which null is as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What it would be; absent where it would be lost because nothing is sent for it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub new: Option<Value>,
}

/// Tells a field that is there and null from one that is not there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// How many entities of a blueprint would be treated how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Created.
    pub create: u64,
    /// Written over.
    pub update: u64,
    /// Deleted, dependents included.
    pub delete: u64,
    /// Left as they are because the catalog has them already.
    pub unchanged: u64,
    /// Not met, and left alone.
    pub protected: u64,
    /// Of those written over: those that belong to another.
    pub taken_over: u64,
    /// Of those created: those that replace one that is deleted, because their object was renamed or moved.
    pub renamed: u64,
}

impl Totals {
    /// Whether anything would be written.
    #[must_use]
    pub const fn has_changes(&self) -> bool {
        self.create + self.update + self.delete > 0
    }
}

impl Action {
    /// The order in which actions are shown.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            Self::Rename { .. } => 1,
            Self::Update { .. } => 2,
            Self::Delete { .. } => 3,
            Self::Protect { .. } => 4,
        }
    }

    /// What of an entity an action is about; of several about the same the last counts.
    pub(super) const fn side(&self) -> Side {
        match self {
            Self::Create { .. } | Self::Rename { .. } | Self::Update { .. } => Side::Written,
            Self::Delete { .. } => Side::Deleted,
            Self::Protect { .. } => Side::Kept,
        }
    }
}

/// What of an entity an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Written,
    Deleted,
    Kept,
}
