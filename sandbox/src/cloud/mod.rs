//! Bitbucket Cloud.

mod change;
mod facts;
mod fields;
mod files;
mod listing;
mod page;
mod people;
mod project;
mod pull_request;
mod query;
mod quota;
mod repository;
mod route;
mod server;
mod source;
mod spec;
mod world;

pub use crate::http::{Access, Account};
pub use crate::missing::Missing;
pub use project::Project;
pub use pull_request::{PullRequestEdit, PullRequestState};
pub use quota::Quota;
pub use server::{Options, Server};
pub use spec::WorldSpec;
pub use world::World;
