//! What is asked for when Port is set up.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::Blueprint;

/// How Port is to be set up for an integration.
#[derive(Clone, Debug)]
pub struct ProvisionRequest {
    /// What to begin with.
    pub first: FirstResources,
    /// `initialize_port_resources`: whether first blueprints and mapping are created.
    pub initialize: bool,
    /// `create_port_resources_origin`; `None` leaves it to Port.
    pub origin: Option<Origin>,
    /// Where this program runs; must agree with what Port has of the integration.
    pub runtime: Runtime,
    /// Where Port asks this program for a resync by HTTP; `None` where it does not (`changelogDestination`).
    pub resync_url: Option<String>,
    /// What to do if there is no such integration.
    pub when_missing: WhenMissing,
    /// How long to wait for Port to bring mapping and blueprints itself.
    pub port_origin_wait: Duration,
}

impl ProvisionRequest {
    /// A request with the usual settings: create what is missing, wait up to 5 minutes for Port.
    #[must_use]
    pub fn new(first: FirstResources) -> Self {
        Self {
            first,
            initialize: true,
            origin: None,
            runtime: Runtime::OnPrem,
            resync_url: None,
            when_missing: WhenMissing::Create,
            port_origin_wait: Duration::from_secs(300),
        }
    }
}

/// What a first start creates at Port.
#[derive(Clone, Debug, Default)]
pub struct FirstResources {
    /// The mapping to begin with, as JSON; it is sent in the form of [`super::runtime_form`].
    pub mapping: Value,
    /// The blueprints; if Port has one of them, nothing but the mapping is created.
    pub blueprints: Vec<Blueprint>,
    /// Self-service actions, as Port's API takes them.
    pub actions: Vec<Value>,
    /// Scorecards by blueprint.
    pub scorecards: Vec<Scorecards>,
    /// Pages, as Port's API takes them.
    pub pages: Vec<Value>,
}

/// The scorecards of one blueprint.
#[derive(Clone, Debug, Deserialize)]
pub struct Scorecards {
    /// The blueprint.
    pub blueprint: String,
    /// Its scorecards, as Port's API takes them.
    pub data: Vec<Value>,
}

/// Where first blueprints and mapping come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: no blueprints and a mapping without resources.
    Empty,
    /// From this program.
    Default,
    /// From Port itself.
    Port,
}

impl Origin {
    /// The origin of that name; `Ocean` is an old name of `Default`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "Empty" => Some(Self::Empty),
            "Ocean" | "Default" => Some(Self::Default),
            "Port" => Some(Self::Port),
            _ => None,
        }
    }

    /// Its name at Port.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Default => "Default",
            Self::Port => "Port",
        }
    }
}

/// Where the program runs (`installationType` at Port).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// On machines of the user's.
    OnPrem,
    /// At Port.
    Saas,
}

impl Runtime {
    /// Its name at Port.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnPrem => "OnPrem",
            Self::Saas => "Saas",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What to do if the integration does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenMissing {
    /// Create it.
    Create,
    /// End with an error that says how to create it.
    Refuse,
}
