//! Port's API, as far as an exporter uses it.

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
