//! Entities as a catalog has them now, and whose they are.

use std::fmt;

use super::{Entity, EntityId};

/// An entity as the catalog has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Present {
    /// Its content, as far as it was asked for.
    pub entity: Entity,
    /// Who wrote it last.
    pub owner: Owner,
}

/// Who wrote an entity last; a write of ours makes it ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This integration.
    Ours,
    /// Somebody else: another integration, a person, a script.
    Other(String),
    /// The catalog does not say who.
    Unknown,
}

/// How much of an entity is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The sections and keys that the one like it has.
    Like,
    /// Everything but what the catalog calculates itself.
    Whole,
}

/// An entity that a deletion would take along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Identifier of the entity that it cannot be without.
    pub of: String,
    /// The entity that would go too.
    pub entity: EntityId,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => f.write_str("this integration"),
            Self::Other(name) => f.write_str(name),
            Self::Unknown => f.write_str("not known"),
        }
    }
}
