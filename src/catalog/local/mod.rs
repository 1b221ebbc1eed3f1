//! A catalog in a SQLite file: blueprints, entities and relations that one can open, read and query.

mod blueprints;
mod content;
mod delete;
mod inspect;
mod listing;
mod open;
mod query;
mod rows;
mod schema;
mod upsert;
mod validate;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

pub use inspect::StoredEntity;
pub use open::LocalCatalog;
pub(crate) use open::is_catalog;
