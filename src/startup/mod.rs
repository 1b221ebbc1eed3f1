//! From settings to the parts of a sync: the Bitbucket to read from, the mapping, the catalog, the state file.

mod bitbucket;
mod catalog;
mod error;
mod into_port;
mod mapping;
mod plan;
mod port;
mod port_observer;
mod refresh;
mod resources;
mod retry;
mod run;
mod state;

pub use bitbucket::bitbucket;
pub use catalog::{CatalogPlace, catalog};
pub use error::StartupError;
pub use into_port::{IntoPort, resync_into_port};
pub use mapping::{MappingSource, blueprints, compiler, mapping, released_mapping};
pub use plan::{PlanRequest, Planned, Setup, plan};
pub use port::{port_client, port_mapping, provision, reporter_settings};
pub use port_observer::PortObserver;
pub use refresh::{RefreshError, RefreshRequest, refresh};
pub use run::Run;
pub use state::{KeptState, OpenedState, open_state, wait_for_state};
