//! One process per file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::SqliteError;

/// An exclusive lock beside a file, held as long as this value lives.
///
/// The lock file stays behind when the lock goes: removing it could hand the same lock to two processes.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock of `path`, or says which process holds it. The file beside it is `path` + `.lock`.
    pub(crate) fn take(path: &Path) -> Result<Self, SqliteError> {
        let label = path.display().to_string();
        let io = |error| SqliteError::io(&label, error);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(lock_path(path)).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(io)?;
                writeln!(file, "{}", std::process::id()).map_err(io)?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(SqliteError::InUse { holder: holder(&mut file), path: label }),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }
}

/// The lock file of a file.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// The process named in a lock file; it may be about to write its name, then it stays nameless.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(32).read_to_string(&mut text));
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(pid)) => format!("process {pid}"),
        _ => "another process".to_owned(),
    }
}
