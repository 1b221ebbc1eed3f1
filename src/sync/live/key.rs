//! The unit of live work.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::kinds::{Kind, ObjectKey};

/// One object that is to be brought up to date.
#[derive(Clone, Debug)]
pub struct LiveKey {
    /// Its kind.
    pub kind: Kind,
    /// Its key, or what stands for it when one object is fetched (on Cloud a slug in place of a UUID).
    pub key: ObjectKey,
    /// The name by which a person asked for it.
    pub called: Option<String>,
    /// The object as it was last known, from the event that it is gone, say. Where it is gone and the state file
    /// remembers nothing of it, the identifiers of its entities are made from this.
    pub last_known: Option<Arc<RawValue>>,
}

impl LiveKey {
    /// An object by its key.
    #[must_use]
    pub fn new(kind: Kind, key: ObjectKey) -> Self {
        Self { kind, key, called: None, last_known: None }
    }

    /// The same with the object as it was last known.
    #[must_use]
    pub fn last_known(self, object: Box<RawValue>) -> Self {
        Self { last_known: Some(object.into()), ..self }
    }
}
