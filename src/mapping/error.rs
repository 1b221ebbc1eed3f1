//! Why a mapping document cannot be used at all.

use super::node::Position;

/// A fault of the document as a whole; faults of single resources are set aside instead
/// ([`super::InvalidResource`]).
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The text is neither YAML nor JSON, has a key twice, or exceeds the reader's budget.
    #[error("the mapping cannot be read: {message}")]
    Syntax {
        /// What the reader says, with line and column.
        message: String,
    },
    /// The document is a list, a word or nothing.
    #[error("line {position}: the mapping is {found}; it must be a map with the key `resources`")]
    NotAMap {
        /// Where.
        position: Position,
        /// What stands there.
        found: &'static str,
    },
    /// `resources` is no list.
    #[error("line {position}: `resources` is {found}; it must be a list")]
    ResourcesNotAList {
        /// Where.
        position: Position,
        /// What stands there.
        found: &'static str,
    },
    /// A setting of the whole document is out of range.
    #[error("line {position}: `{name}` must be {expected}")]
    Flag {
        /// Where.
        position: Position,
        /// Which setting.
        name: &'static str,
        /// What it may be.
        expected: &'static str,
    },
}
