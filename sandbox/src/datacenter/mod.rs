//! Bitbucket Data Center and Server, 7.x to 10.x.

mod change;
mod commit;
mod files;
mod listing;
mod page;
mod person;
mod project;
mod pull_request;
mod refusal;
mod repository;
mod repository_route;
mod rights;
mod route;
mod server;
mod server_route;
mod source;
mod spec;
mod throttle;
mod version;
mod webhook;
mod webhook_route;
mod world;

pub use crate::http::{Access, Account};
pub use crate::missing::Missing;
pub use project::Project;
pub use pull_request::{PullRequestEdit, PullRequestState};
pub use rights::Rights;
pub use server::{ApiVersions, Options, Server};
pub use spec::WorldSpec;
pub use throttle::Throttle;
pub use webhook::Webhook;
pub use world::World;
