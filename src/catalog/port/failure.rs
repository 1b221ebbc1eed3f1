//! Turns failures of calls into what a sync knows.

use http::StatusCode;

use crate::catalog::{CatalogError, Retry, WriteFailure};
use crate::port::PortError;

/// A call that failed as a whole.
pub(super) fn catalog_error(catalog: &str, error: PortError) -> CatalogError {
    let catalog = catalog.to_owned();
    if error.is_passing() {
        return CatalogError::Unreachable {
            catalog,
            // Notices show the message alone, so it has to say all.
            message: error.in_full(),
            source: Box::new(error),
        };
    }
    CatalogError::Refused { catalog, message: error.in_full() }
}

/// The failure of one entity that was sent alone, or with others that share its fate.
pub(super) fn write_failure(error: &PortError) -> WriteFailure {
    let unmet = error.status() == Some(StatusCode::NOT_FOUND);
    let retry = if unmet || error.is_passing() { Retry::Later } else { Retry::Never };
    WriteFailure { reason: error.in_full(), retry }
}

/// Whether an entity that Port refused with this status may be taken later: a fault of Port's, or a relation
/// whose target another write may bring.
pub(super) fn retry_of(status: Option<u16>) -> Retry {
    match status {
        None | Some(404 | 408 | 409 | 423 | 425 | 429 | 500..) => Retry::Later,
        Some(_) => Retry::Never,
    }
}
