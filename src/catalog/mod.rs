//! Where entities go.
//!
//! [`Catalog`] is what a sync writes to; the submodules are its forms.

mod blueprint;
#[cfg(test)]
pub(crate) mod conformance;
mod contract;
mod entity;
mod error;
pub mod jsonl;
pub mod local;
pub mod port;
mod present;

pub use blueprint::{Blueprint, BlueprintSchema, Relation};
pub use contract::{
    Access, BulkLimits, Catalog, DeleteResult, Dependents, Existing, MissingRelated, OwnedPage, Provisioned,
    Registered, Retry, UpsertResult, WriteFailure, WriteOptions, Writes,
};
pub use entity::{Entity, EntityId, identifier_text};
pub use error::CatalogError;
pub use jsonl::ChangeLog;
pub use local::{LocalCatalog, StoredEntity};
pub use present::{Dependent, Extent, Owner, Present};
