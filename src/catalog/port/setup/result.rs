//! What setting up Port came to, or would come to.

use serde_json::Value;

use super::{Origin, RegistrationChange};
use crate::port::Integration;

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionResult {
    /// The integration as Port has it now.
    pub integration: Integration,
    /// Whether the integration was created now.
    pub is_new: bool,
    /// Where first blueprints and mapping come from.
    pub origin: Origin,
    /// The mapping to use; `None` if Port has none, and then there is nothing to sync by.
    pub mapping: Option<Value>,
    /// What of the registration was brought up to date.
    pub changes: Vec<RegistrationChange>,
    /// Identifiers of the blueprints created now.
    pub blueprints_created: Vec<String>,
    /// Identifiers of default blueprints that were there; if there was any, none was created.
    pub blueprints_found: Vec<String>,
}

/// What setting up would do; nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionPlan {
    /// Whether the integration would be created.
    pub would_create: bool,
    /// Where first blueprints and mapping would come from.
    pub origin: Origin,
    /// The mapping that would be used; `None` if there is none yet, or Port would bring it.
    pub mapping: Option<Value>,
    /// What of the registration would be brought up to date.
    pub changes: Vec<RegistrationChange>,
    /// Identifiers of the blueprints that would be created.
    pub blueprints_to_create: Vec<String>,
    /// Actions, scorecards and pages that would be created after those, for a person.
    pub first_resources: Vec<String>,
    /// Identifiers of default blueprints that are there.
    pub blueprints_found: Vec<String>,
}
