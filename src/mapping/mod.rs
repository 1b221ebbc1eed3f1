//! From objects to entities: the mapping document, its jq programs, and the assembly of entities. No I/O.

mod assemble;
pub mod check;
mod compiled;
mod document;
mod error;
mod explain;
mod file_reference;
mod items;
mod node;
mod part;
mod pool;
mod reading;
mod released;
mod schema;
#[cfg(test)]
mod tests;
mod trial;
mod writing;

pub use assemble::{Mapped, ObjectError, Outcome, SkipReason};
pub use compiled::{Mapping, Resource, Warning};
pub use document::{
    Document, EntitySource, ExpressionSource, FedBlueprints, Flags, InvalidResource, ItemsSource, ResourceSource,
    RuleSource, SearchSource, TemplateSource, UnknownKey,
};
pub use error::MappingError;
pub use explain::{Step, StepResult};
pub use node::{Content, Key, Node, Position};
pub use pool::{Pool, PoolClosed};
pub use released::{
    CLOUD_DEFAULT, CLOUD_PREFIXED, DATACENTER_DEFAULT, DATACENTER_PREFIXED, Released, all as released_mappings,
    released,
};
pub use schema::document_schema;
pub use trial::{Remark, Trial};
pub use writing::yaml;
