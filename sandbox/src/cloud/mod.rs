//! Bitbucket Cloud.

mod access;
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
mod repository;
mod route;
mod server;
mod source;
mod spec;
mod words;
mod world;

pub use access::{Access, Account, Quota};
pub use change::Missing;
pub use project::Project;
pub use pull_request::{PullRequestEdit, PullRequestState};
pub use server::{Options, Server};
pub use spec::WorldSpec;
pub use world::World;
