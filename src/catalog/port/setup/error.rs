//! Why Port could not be set up.

use std::time::Duration;

use super::Runtime;
use crate::port::PortError;

/// Why Port could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// A call failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The integration must exist and does not.
    #[error("there is no integration {identifier:?} at Port: check the identifier, or pass --create to create it")]
    NoIntegration {
        /// Its identifier.
        identifier: String,
    },
    /// The integration belongs to another form of installation.
    #[error(
        "the integration {identifier:?} is installed as {found:?} at Port, but this program runs as {runtime}: choose another identifier, or set OCEAN__RUNTIME"
    )]
    RuntimeMismatch {
        /// Its identifier.
        identifier: String,
        /// `installationType` at Port.
        found: String,
        /// Where this program runs.
        runtime: Runtime,
    },
    /// Port was to bring mapping and blueprints and did not within the time.
    #[error(
        "Port did not bring mapping and blueprints for {identifier:?} within {} seconds: look at the integration in Port, or set OCEAN__CREATE_PORT_RESOURCES_ORIGIN=Default",
        waited.as_secs()
    )]
    NotProvisioned {
        /// Identifier of the integration.
        identifier: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// First blueprints could not be created; those that were created are taken back.
    #[error("the first blueprints could not be created, so none was kept")]
    Blueprints(#[source] PortError),
    /// A default blueprint is no JSON document.
    #[error("a default blueprint cannot be written as JSON")]
    Document(#[source] serde_json::Error),
}
