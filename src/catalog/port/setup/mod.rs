//! What happens at Port before the first sync: registering the integration, first mapping, first blueprints.

mod error;
mod further;
mod mapping;
mod provisioner;
mod registration;
mod request;
mod result;

pub use error::ProvisionError;
pub use mapping::{read_mapping, runtime_form};
pub use provisioner::Provisioner;
pub use registration::RegistrationChange;
pub use request::{FirstResources, Origin, ProvisionRequest, Runtime, Scorecards, WhenMissing};
pub use result::{ProvisionPlan, ProvisionResult};
