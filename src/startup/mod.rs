//! From settings to the parts of a sync: the Bitbucket to read from, the mapping, the catalog, the state file.

mod bitbucket;
mod catalog;
mod error;
mod mapping;
mod state;

pub use bitbucket::bitbucket;
pub use catalog::{CatalogPlace, catalog};
pub use error::StartupError;
pub use mapping::{MappingSource, blueprints, mapping};
pub use state::{OpenedState, open_state};
