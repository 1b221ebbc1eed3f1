//! What became of each entity by name, where only few are written.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::catalog::EntityId;

/// What became of one entity that an object gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It did not exist before.
    Created,
    /// It was written over.
    Updated,
    /// The catalog had it just so.
    Unchanged,
    /// Its identifier is a search that finds nothing.
    Unmatched,
    /// It was not written, for this reason.
    Refused(String),
}

/// Keeps the last word on each entity.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<HashMap<EntityId, Written>>);

impl Journal {
    pub(crate) fn note(&self, id: &EntityId, written: Written) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), written);
    }

    pub(crate) fn of(&self, id: &EntityId) -> Option<Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}
