//! Why a sync cannot start.

use std::path::PathBuf;

use crate::bitbucket::CredentialError;
use crate::catalog::CatalogError;
use crate::catalog::port::ProvisionError;
use crate::config::SettingsErrors;
use crate::http::HttpClientError;
use crate::mapping::MappingError;
use crate::state::StateError;
use crate::sync::SyncError;

/// A part of a sync that cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartupError {
    /// The name of a catalog cannot be understood.
    #[error("`{given}` names no catalog: write `sqlite:PATH`, `jsonl:PATH`, `jsonl:-` or `port`")]
    CatalogName {
        /// What was given.
        given: String,
    },
    /// The catalog cannot be opened.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The state file cannot be opened.
    #[error(transparent)]
    State(#[from] StateError),
    /// Port cannot be set up.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// Settings that this command needs are missing.
    #[error(transparent)]
    Settings(#[from] SettingsErrors),
    /// Port has no mapping.
    #[error("the integration {identifier:?} has no mapping at Port: edit its mapping there, or pass --mapping FILE")]
    NoMapping {
        /// Its identifier.
        identifier: String,
    },
    /// A plan needs a catalog that can be read.
    #[error("a change log cannot be read, so a plan has nothing to compare with: use `sqlite:PATH` or `port`")]
    NotReadable,
    /// A plan would take more requests than are allowed.
    #[error("{}", too_many(*most, *expected))]
    TooManyRequests {
        /// Those that are allowed.
        most: u64,
        /// Those that would be needed, where that is known.
        expected: Option<u64>,
    },
    /// What a plan finds cannot be kept until its end.
    #[error("the folder for temporary files cannot be used; TMPDIR may name another one")]
    Temporary(#[source] std::io::Error),
    /// The sync could not come to its end.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The sync was told to stop.
    #[error("the resync was interrupted; the next run goes on where this one stopped")]
    Interrupted,
    /// A credential cannot be used.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// No HTTP client can be built.
    #[error(transparent)]
    Http(#[from] HttpClientError),
    /// A document cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A mapping document cannot be used.
    #[error("{name}: {source}")]
    Mapping {
        /// Which.
        name: String,
        /// Why.
        source: MappingError,
    },
    /// A document of blueprints cannot be used.
    #[error("{name}: the blueprints cannot be read: {message}")]
    Blueprints {
        /// Which.
        name: String,
        /// Why.
        message: String,
    },
    /// A document of first resources for Port cannot be used.
    #[error("{name}: {message}")]
    Resource {
        /// Which.
        name: String,
        /// Why.
        message: String,
    },
}

fn too_many(most: u64, expected: Option<u64>) -> String {
    let needs = match expected {
        Some(expected) => format!("about {expected} requests to Bitbucket where {most} are allowed"),
        None => format!("more requests to Bitbucket than the {most} that are allowed"),
    };
    format!(
        "the plan was stopped, since it takes {needs}: raise --max-requests, or look at a part with --only KIND or \
         --repo SLUG"
    )
}
