//! Opening the state file, or starting a new one where the old cannot be used.

use std::path::{Path, PathBuf};

use super::schema::KIND;
use super::{CatalogState, StateError};
use crate::catalog::local;
use crate::sqlite::{Database, FileLock, Found, Place, SqliteError};

/// The open state; cheap to clone.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) database: Database,
}

/// A state and what was there before.
#[derive(Debug)]
pub struct Opened {
    /// The state, ready for use.
    pub state: State,
    /// What was found in its place.
    pub origin: Origin,
}

/// What was found where the state file was to be opened. After anything but `Existing` nothing is known, and a
/// sync compares everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A state file of this program, whole and usable.
    Existing,
    /// Nothing; a new file was made.
    Fresh,
    /// Something that cannot be used; it was set aside and a new file was made.
    Replaced {
        /// Why it cannot be used.
        reason: String,
        /// Where it is now.
        kept_as: PathBuf,
    },
}

impl State {
    /// Opens the state file, creating it and its folder where they are missing.
    ///
    /// A damaged or foreign file is renamed and replaced by a new one. A file that another process uses or that a
    /// newer version wrote is an error, as is a catalog, or one that cannot be written.
    pub async fn open(path: &Path) -> Result<Opened, StateError> {
        prepare_folder(path)?;
        match Self::attempt(path).await {
            Ok((state, Found::Existing)) => Ok(Opened { state, origin: Origin::Existing }),
            Ok((state, Found::Nothing)) => Ok(Opened { state, origin: Origin::Fresh }),
            Err(SqliteError::Foreign { path: label, .. }) if local::is_catalog(path) => {
                Err(StateError::Catalog { path: label })
            }
            Err(SqliteError::Damaged { detail, .. } | SqliteError::Foreign { detail, .. }) => {
                Self::replace(path, detail).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A state that is forgotten when the last handle goes.
    pub async fn in_memory() -> Result<Self, StateError> {
        let (database, _) = Database::open(Place::Memory, &KIND).await?;
        Ok(Self { database })
    }

    /// The part of the state that belongs to one catalog and integration, under the catalog's name.
    pub async fn catalog(&self, name: &str) -> Result<CatalogState, StateError> {
        CatalogState::open(self.database.clone(), name.to_owned()).await
    }

    /// Writes out what is pending, closes the file and lets other processes have it.
    pub async fn close(&self) -> Result<(), StateError> {
        Ok(self.database.close().await?)
    }

    async fn attempt(path: &Path) -> Result<(Self, Found), SqliteError> {
        let lock = FileLock::take(path)?;
        let (database, found) = Database::open(Place::File(path.to_owned(), Some(lock)), &KIND).await?;
        Ok((Self { database }, found))
    }

    async fn replace(path: &Path, reason: String) -> Result<Opened, StateError> {
        let lock = FileLock::take(path)?;
        let kept_as = set_aside(path).map_err(|error| SqliteError::io(&path.display().to_string(), error))?;
        let (database, _) = Database::open(Place::File(path.to_owned(), Some(lock)), &KIND).await?;
        Ok(Opened { state: Self { database }, origin: Origin::Replaced { reason, kept_as } })
    }
}

fn prepare_folder(path: &Path) -> Result<(), SqliteError> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).map_err(|error| SqliteError::io(&path.display().to_string(), error))
        }
        _ => Ok(()),
    }
}

/// Renames a file and the logs that SQLite keeps beside it to the first name that is free.
fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let mut number = 1_u32;
    let kept_as = loop {
        let candidate = with_suffix(path, &format!(".unusable-{number}"));
        if !candidate.try_exists()? {
            break candidate;
        }
        number += 1;
    };
    for log in ["-wal", "-shm", "-journal"] {
        match std::fs::rename(with_suffix(path, log), with_suffix(&kept_as, log)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::rename(path, &kept_as)?;
    Ok(kept_as)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
