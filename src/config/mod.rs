//! Settings: one overlay of flags, variables, `.env`, `config.yaml` and defaults that remembers where each value
//! came from, checked as a whole and typed.
//!
//! The table in `table/` says which settings exist; reading, defaults, documentation and schema come from it.
//! [`load`] is pure, [`load_from_process`] does the reading.

mod base_url;
mod build;
mod credentials;
mod document;
mod explain;
mod key;
mod listener;
mod load;
mod node;
mod origin;
mod overlay;
mod problem;
mod process;
mod product;
mod secret;
mod sections;
mod settings;
mod source;
mod surroundings;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod values;

pub use base_url::BaseUrl;
pub use credentials::{CloudCredentials, DataCenterCredentials};
pub use document::{defaults_document, json_schema, markdown};
pub use explain::{Explained, Explanation};
pub use listener::{EventListener, KafkaListener, Listener};
pub use load::{Loaded, Override, Sources, TextFile, load, product_of};
pub use origin::Origin;
pub use problem::{Problem, SettingsErrors, Warning};
pub use process::{Files, load_from_process, read_secret, read_sources};
pub use product::{CloudConfig, DataCenterConfig, HourlyBudget, HourlyLimit, Product, ProductKind, RateQuota};
pub use secret::{Email, IntegrationIdentifier, Secret, Username, Workspace};
pub use sections::{
    Batches, DeletionSettings, EmptyListing, EnduranceSettings, ExitPolicy, Integration, JqEnvironment, JqSettings,
    LiveSettings, LogFormat, LogLevel, LogSettings, Outbound, PortSettings, Provisioning, ResourcesOrigin,
    ResyncSettings, RetrySettings, Runtime, ServerSettings, TlsSettings, UnmappedBlueprints, Verification, WriteMode,
};
pub use settings::Settings;
pub use surroundings::Surroundings;
pub use table::{Effect, Group, Kind, Provenance, Setting};
