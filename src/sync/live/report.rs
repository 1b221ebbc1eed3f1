//! What came of bringing single objects up to date.

use std::time::Duration;

use serde::Serialize;

use crate::catalog::EntityId;
use crate::sync::report::{Notice, SyncOutcome, milliseconds};

/// What was done, object by object.
#[derive(Clone, Debug, Serialize)]
pub struct LiveReport {
    /// Whether nothing is left to be done.
    pub outcome: SyncOutcome,
    /// Name of the catalog.
    pub catalog: String,
    /// Whether nothing was written, so that all this is what would be done.
    pub rehearsed: bool,
    /// The objects that were due, then those that had to be looked at for their sake.
    pub objects: Vec<ObjectReport>,
    /// What a person should know.
    pub notices: Vec<Notice>,
    /// Requests sent to Bitbucket, repeated attempts included.
    pub requests: u64,
    /// From start to end, in milliseconds.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// What came of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectReport {
    /// Its kind.
    pub kind: &'static str,
    /// Its key.
    pub key: String,
    /// The name by which it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// Why it was looked at, if it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Whether it exists.
    #[serde(flatten)]
    pub found: Found,
    /// Its entities: those that it gives, then those that it gave.
    pub entities: Vec<EntityReport>,
    /// Why the object stays to be done; `None` where all is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

/// Whether an object exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "found", content = "why")]
pub enum Found {
    /// Bitbucket has it.
    There,
    /// Bitbucket does not have it, and that is certain.
    Gone,
    /// It cannot be told; nothing of it is deleted.
    Unknown(String),
}

/// What became of one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntityReport {
    /// The entity.
    #[serde(flatten)]
    pub entity: EntityId,
    /// What became of it.
    #[serde(flatten)]
    pub became: Became,
}

/// What became of an entity; in a rehearsal, what would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "became", content = "why")]
pub enum Became {
    /// It did not exist before.
    Created,
    /// It was written over.
    Changed,
    /// The catalog had it just so.
    Unchanged,
    /// Its identifier is a search that finds nothing.
    Unmatched,
    /// It went.
    Deleted(String),
    /// It stays by a rule or a setting.
    Kept(String),
    /// It stays because something is not certain or did not succeed.
    Withheld(String),
    /// It was not written.
    Refused(String),
}

impl Became {
    /// Why it has to be looked at again, if it has.
    pub(super) fn open(&self) -> Option<&str> {
        match self {
            Self::Withheld(why) | Self::Refused(why) => Some(why),
            _ => None,
        }
    }
}

impl LiveReport {
    /// How many entities became something.
    #[must_use]
    pub fn count(&self, is: impl Fn(&Became) -> bool) -> usize {
        let entities = self.objects.iter().flat_map(|object| &object.entities);
        entities.filter(|entity| is(&entity.became)).count()
    }
}
