//! The one way this program speaks to a SQLite file.
//!
//! Each open file has one thread that owns its only connection. Callers hand it jobs through a bounded queue
//! and wait for the answer; jobs that queue up while a commit is under way share the next one.

mod checksum;
mod database;
mod error;
mod file;
mod lock;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use checksum::Checksum;
pub(crate) use database::{Database, Place};
pub use error::SqliteError;
pub(crate) use file::{Examine, FileKind, Found};
pub(crate) use lock::FileLock;
