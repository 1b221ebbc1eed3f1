//! What becomes of an entity that a sync did not meet, and why.

use std::borrow::Cow;
use std::fmt;

use crate::catalog::EntityId;

/// Whether an entity goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes.
    Goes(Gone),
    /// It stays, for this reason.
    Stays(Cow<'static, str>),
    /// It stays because nobody knows, for this reason.
    Unsure(Cow<'static, str>),
}

/// Why an entity goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Its object does not exist any more.
    Object,
    /// Its object exists, but the selector leaves it out, or the mapping makes nothing of it.
    FilteredOut,
    /// Its object exists, but gives another entity now.
    BecameAnother,
    /// Its object was renamed or moved: this entity, new in this sync, stands for it now.
    Renamed(EntityId),
    /// Its object is not listed any more: it is gone, or the selector's parameters leave it out.
    NotListed,
    /// No resource of the mapping writes to its blueprint any more.
    Unmapped,
}

impl Gone {
    /// A name for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Object => "gone",
            Self::FilteredOut => "filtered_out",
            Self::BecameAnother => "became_another",
            Self::Renamed(_) => "renamed",
            Self::NotListed => "not_listed",
            Self::Unmapped => "unmapped",
        }
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Renamed(to) => return write!(f, "its object was renamed or moved and is {:?} now", to.identifier),
            Self::Object => "its object is gone",
            Self::FilteredOut => "its object is filtered out",
            Self::BecameAnother => "its object gives another entity now",
            Self::NotListed => "its object is not listed any more",
            Self::Unmapped => "its blueprint is no longer mapped",
        };
        f.write_str(text)
    }
}
