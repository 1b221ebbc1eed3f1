//! The first line of the log.

use crate::config::Settings;

/// Says which program runs, for which integration, and what starts a resync.
#[must_use]
pub fn banner(settings: &Settings) -> String {
    format!(
        "bitbucket-port {} as {} `{}`, listener {}, state in {}",
        env!("CARGO_PKG_VERSION"),
        settings.product.kind().integration_type(),
        settings.integration.identifier,
        settings.listener.kind.name(),
        settings.state_path.display(),
    )
}
