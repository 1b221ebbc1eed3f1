//! What each credential may spend.

use serde::{Deserialize, Serialize};

use super::window::Quota;

/// What Bitbucket counts separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Calls of the API.
    Rest,
    /// Contents of files.
    Files,
}

impl Class {
    pub(crate) const ALL: [Self; 2] = [Self::Rest, Self::Files];

    /// The name shown to people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rest => "API",
            Self::Files => "file contents",
        }
    }
}

/// What to make of the limit that the service names in its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adapt {
    /// Believe it.
    #[default]
    BothWays,
    /// Believe it only where it is lower: the limit was set by hand.
    OnlyDown,
    /// Pay no attention: the headers mean something else (Data Center counts in a bucket, not in an hour).
    Never,
}

/// What each credential may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetSettings {
    /// Calls of the API; none means without limit.
    pub rest: Option<Quota>,
    /// Contents of files; none means without limit.
    pub files: Option<Quota>,
    /// What to make of the limits that answers to calls of the API name.
    pub adapt: Adapt,
    /// The same for contents of files.
    pub adapt_files: Adapt,
}

impl BudgetSettings {
    /// Bitbucket Cloud's published limits for one account or access token.
    #[must_use]
    pub const fn cloud() -> Self {
        Self {
            rest: Some(Quota::per_hour(1_000)),
            files: Some(Quota::per_hour(5_000)),
            adapt: Adapt::BothWays,
            adapt_files: Adapt::BothWays,
        }
    }

    /// Bitbucket Cloud's published limits without a credential.
    #[must_use]
    pub const fn cloud_anonymous() -> Self {
        Self { rest: Some(Quota::per_hour(60)), ..Self::cloud() }
    }

    /// No limit of our own; a 429 is still heeded.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { rest: None, files: None, adapt: Adapt::Never, adapt_files: Adapt::Never }
    }

    pub(crate) fn adapt(&self, class: Class) -> Adapt {
        match class {
            Class::Rest => self.adapt,
            Class::Files => self.adapt_files,
        }
    }

    pub(crate) fn quota(&self, class: Class) -> Option<Quota> {
        match class {
            Class::Rest => self.rest,
            Class::Files => self.files,
        }
    }
}
