//! What can go wrong with a SQLite file.

use std::sync::Arc;

use rusqlite::ErrorCode;

/// A failure of a SQLite file; `path` is the file as a person knows it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SqliteError {
    /// Another process holds the file.
    #[error("{path} is in use by {holder}; wait for it to end or stop it, or name another file")]
    InUse {
        /// The file.
        path: String,
        /// Who holds it, for a person.
        holder: String,
    },
    /// The file is one of ours but what it holds cannot be trusted.
    #[error("{path} is damaged ({detail}); bring back a copy of it, or move it away to start with a new one")]
    Damaged {
        /// The file.
        path: String,
        /// What was found.
        detail: String,
    },
    /// The file belongs to another program.
    #[error("{path} is not a file of this kind ({detail}); it was left as it is, name another file")]
    Foreign {
        /// The file.
        path: String,
        /// What was found.
        detail: String,
    },
    /// A newer version of this program wrote the file.
    #[error(
        "{path} was written by a newer version of this program (layout {found}, this version knows up to {supported}); \
         run that version, or name another file"
    )]
    Newer {
        /// The file.
        path: String,
        /// Layout version in the file.
        found: i64,
        /// Newest layout version that this program knows.
        supported: i64,
    },
    /// There is no space left.
    #[error("no space is left to write {path}; free some, or name a file on another disk")]
    Full {
        /// The file.
        path: String,
    },
    /// The file, its folder or the file system cannot be written.
    #[error(
        "{path} cannot be written: the file, its folder or the file system is read-only; grant write access, or name another file"
    )]
    ReadOnly {
        /// The file.
        path: String,
    },
    /// The file may not be read.
    #[error("{path} may not be read by this user; grant access to it and its folder, or name another file")]
    Forbidden {
        /// The file.
        path: String,
    },
    /// The file cannot be opened or created.
    #[error("{path} cannot be opened; check that its folder exists and may be entered")]
    CannotOpen {
        /// The file.
        path: String,
        /// The cause.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// SQLite refused for another reason.
    #[error("{path}: SQLite could not carry out a request")]
    Failed {
        /// The file.
        path: String,
        /// The cause.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// The file was closed, or its thread ended.
    #[error("{path} is closed")]
    Closed {
        /// The file.
        path: String,
    },
}

impl SqliteError {
    /// Puts a failure of SQLite into the words of this program.
    pub(crate) fn new(path: &str, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match &error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                    Self::InUse { path, holder: "another process".to_owned() }
                }
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                    Self::Damaged { path, detail: error.to_string() }
                }
                ErrorCode::DiskFull => Self::Full { path },
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly { path },
                ErrorCode::CannotOpen => Self::CannotOpen { path, source: Arc::new(error) },
                _ => Self::Failed { path, source: Arc::new(error) },
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Damaged { path, detail: error.to_string() },
            _ => Self::Failed { path, source: Arc::new(error) },
        }
    }

    /// Puts a failure to read from the file system into the words of this program.
    pub(crate) fn reading(path: &str, error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => Self::Forbidden { path: path.to_owned() },
            _ => Self::io(path, error),
        }
    }

    /// Puts a failure of the file system into the words of this program.
    pub(crate) fn io(path: &str, error: std::io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full { path },
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => Self::ReadOnly { path },
            _ => Self::CannotOpen { path, source: Arc::new(error) },
        }
    }
}
