//! From objects to entities: the mapping document, its jq programs, and the assembly of entities. No I/O.

mod assemble;
mod compiled;
mod document;
mod error;
mod items;
mod node;
mod part;
mod pool;
mod reading;
mod released;

pub use assemble::{Mapped, ObjectError, Outcome, SkipReason};
pub use compiled::{Mapping, Resource, Warning};
pub use document::{
    Document, EntitySource, ExpressionSource, FedBlueprints, Flags, InvalidResource, ItemsSource, ResourceSource,
    RuleSource, SearchSource, TemplateSource, UnknownKey,
};
pub use error::MappingError;
pub use node::{Content, Key, Node, Position};
pub use pool::{Pool, PoolClosed};
pub use released::{
    CLOUD_DEFAULT, CLOUD_PREFIXED, DATACENTER_DEFAULT, DATACENTER_DOCUMENTED, DATACENTER_PREFIXED, RELEASED, Released,
    released,
};
