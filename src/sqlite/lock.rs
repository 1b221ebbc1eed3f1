//! One process per file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

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
                write!(file, "{}\n{}\n{}\n", std::process::id(), host(), now()).map_err(io)?;
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

/// The process named in a lock file, with its machine and since when it has the lock; it may be about to write all
/// that, then it stays nameless.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(512).read_to_string(&mut text));
    let mut lines = text.lines().map(str::trim);
    match (read, lines.next().map(str::parse::<u32>)) {
        (Ok(_), Some(Ok(pid))) => {
            let more = |word: &str, text: Option<&str>| {
                text.filter(|text| !text.is_empty()).map(|text| format!(" {word} {text}")).unwrap_or_default()
            };
            let (host, since) = (more("on", lines.next()), more("since", lines.next()));
            format!("process {pid}{host}{since}")
        }
        _ => "another process".to_owned(),
    }
}

/// The name of this machine, which in a container is the container's; empty where it is not known.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| {
        std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).map_err(std::io::Error::other)
    });
    name.unwrap_or_default().trim().to_owned()
}

fn now() -> String {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default()
}
