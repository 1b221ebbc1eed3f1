//! A document of settings before it is matched with the table: texts, lists and maps, each with its origin.

use super::Origin;

/// A value as a source gives it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// Where it stands.
    pub(crate) origin: Origin,
    /// What stands there.
    pub(crate) shape: Shape,
}

/// Scalars stay text: only the setting knows whether `0123` is a number or a secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// Explicitly nothing: the same as not given.
    Null,
    /// A scalar exactly as written.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// Keys in the order of the document.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// A scalar.
    pub(crate) fn text(text: impl Into<String>, origin: Origin) -> Self {
        Self { origin, shape: Shape::Text(text.into()) }
    }
}
