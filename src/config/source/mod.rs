//! Readers of the single sources; each gives nodes, none knows the settings.

mod dotenv;
mod json;
mod template;
mod yaml;

pub(crate) use dotenv::{DotEnvLine, read_dotenv};
pub(crate) use json::read_json;
pub(crate) use template::resolve_templates;
pub(crate) use yaml::read_yaml;

/// Nesting that a document may have; settings need four levels.
pub(crate) const DEEPEST: usize = 16;

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Line from 1, where the source has lines.
    pub(crate) line: Option<usize>,
    /// What is wrong; never holds text of the document beyond key names.
    pub(crate) what: String,
}

impl Unreadable {
    fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line: Some(line), what: what.into() }
    }
}
