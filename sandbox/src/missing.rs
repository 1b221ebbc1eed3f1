//! What a change to a world names, but the world has not.

/// There is nothing of that name to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the world has no {0}")]
pub struct Missing(pub String);
