//! Port as a catalog, and what is set up there before the first sync.

mod bulk;
mod delete;
mod dependents;
mod failure;
mod owned;
mod port_catalog;
mod provision;
mod read;
mod setup;
mod upsert;

#[cfg(test)]
mod tests;

pub use port_catalog::PortCatalog;
pub use setup::{
    FirstResources, Origin, ProvisionError, ProvisionPlan, ProvisionRequest, ProvisionResult, Provisioner,
    RegistrationChange, Runtime, Scorecards, WhenMissing, read_mapping, runtime_form,
};
