//! How the requests of an operation are to be treated.

use super::budget_settings::Class;

/// Whether the answer of an operation is read before it is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyMode {
    /// Read whole, so that one cut off is fetched again. Bounded in size.
    #[default]
    Whole,
    /// Handed on while it comes, without bound in size or time; one cut off is the reader's matter. It occupies one of
    /// the concurrent requests until it is dropped.
    Stream,
}

/// How the requests of an operation are to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Treatment {
    /// Which budget they are counted in.
    pub class: Class,
    /// How their answers are read.
    pub body: BodyMode,
}

impl Treatment {
    /// A call of the API whose answer is read whole.
    pub const REST: Self = Self { class: Class::Rest, body: BodyMode::Whole };
    /// The content of a file, read whole.
    pub const FILE: Self = Self { class: Class::Files, body: BodyMode::Whole };
    /// The content of a file, read as a stream.
    pub const FILE_STREAM: Self = Self { class: Class::Files, body: BodyMode::Stream };

    /// How Bitbucket Cloud counts an operation: contents of files have an allowance of their own.
    #[must_use]
    pub fn cloud(operation: &str) -> Self {
        match operation {
            "getFile" => Self::FILE,
            _ => Self::REST,
        }
    }

    /// How Data Center counts an operation: all alike.
    #[must_use]
    pub fn data_center(_operation: &str) -> Self {
        Self::REST
    }
}
