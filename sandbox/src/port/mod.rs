//! Port's API, as far as an exporter uses it.
//!
//! What is published is followed: limits (20 entities and 1 MiB in a bulk, 100 identifiers in a deletion, 5,000 owned
//! entities in a page), forms, statuses, the owner taken from the `User-Agent`. Where nothing is published the stricter
//! reading was taken: properties and relations that the blueprint does not have are refused, an entity that others
//! point at is not deleted without them, and `merge=false` leaves nothing of what was there. An entity of a wrong form
//! fails alone, or with its whole bulk under [`World::refuse_whole_bulks`]. Calculated properties are not calculated.

mod blueprint;
mod check;
mod delete;
mod entity;
mod entity_route;
mod ingest_route;
mod integration;
mod integration_route;
mod refusal;
mod route;
mod search;
mod server;
mod token;
mod upsert;
mod world;

pub use entity::Entity;
pub use integration::Provision;
pub use refusal::Refused;
pub use server::{Options, Server};
pub use world::World;
