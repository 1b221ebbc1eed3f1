//! The catalog that a command names.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::catalog::jsonl::ChangeLog;
use crate::catalog::local::LocalCatalog;
use crate::catalog::port::PortCatalog;
use crate::config::Settings;
use crate::port::ResyncId;

use super::{StartupError, port_client};

/// Where a catalog is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogPlace {
    /// `sqlite:PATH`: a catalog in a file.
    Sqlite(PathBuf),
    /// `jsonl:PATH`: a log of changes; `-` is standard output.
    Jsonl(PathBuf),
    /// `port`: Port, with the credentials of the settings.
    Port,
}

impl CatalogPlace {
    /// Whether changes are written to standard output.
    #[must_use]
    pub fn is_standard_output(&self) -> bool {
        matches!(self, Self::Jsonl(path) if path.as_os_str() == "-")
    }
}

impl FromStr for CatalogPlace {
    type Err = StartupError;

    fn from_str(given: &str) -> Result<Self, StartupError> {
        if given == "port" {
            return Ok(Self::Port);
        }
        match given.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("jsonl", path)) if !path.is_empty() => Ok(Self::Jsonl(path.into())),
            _ => Err(StartupError::CatalogName { given: given.to_owned() }),
        }
    }
}

/// Opens a catalog for the integration of the settings.
///
/// # Errors
/// The file is not ours, damaged, or cannot be written.
pub async fn catalog(place: &CatalogPlace, settings: &Settings) -> Result<Arc<dyn Catalog>, StartupError> {
    let owner = &settings.integration.identifier;
    Ok(match place {
        CatalogPlace::Port => Arc::new(PortCatalog::new(port_client(settings)?, Some(ResyncId::random()))),
        CatalogPlace::Sqlite(path) => Arc::new(LocalCatalog::open(path, owner.as_str()).await?),
        CatalogPlace::Jsonl(path) => Arc::new(ChangeLog::open(path, owner.as_str())?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_is_named_by_its_form_and_place() {
        assert_eq!("sqlite:a:b.db".parse::<CatalogPlace>().unwrap(), CatalogPlace::Sqlite("a:b.db".into()));
        assert_eq!("jsonl:-".parse::<CatalogPlace>().unwrap(), CatalogPlace::Jsonl("-".into()));
        assert_eq!("port".parse::<CatalogPlace>().unwrap(), CatalogPlace::Port);
        for wrong in ["", "sqlite:", "catalog.db", "postgres:x", "port:"] {
            assert!(wrong.parse::<CatalogPlace>().is_err(), "{wrong}");
        }
    }
}
