//! The part of the state that belongs to one catalog.

use std::sync::Arc;

use rusqlite::Connection;

use super::StateError;
use crate::sqlite::Database;

/// What is remembered about one catalog and the integration that writes to it; cheap to clone.
#[derive(Clone, Debug)]
pub struct CatalogState {
    pub(super) database: Database,
    pub(super) id: i64,
    /// What else the marks of a sync depend on, for example where objects come from.
    pub(super) about: Arc<str>,
}

/// How many rows one job deletes: large enough to be quick, small enough for the log to stay small.
pub(super) const CHUNK: usize = 10_000;

impl CatalogState {
    pub(super) async fn open(database: Database, name: String) -> Result<Self, StateError> {
        let id = database
            .write(move |connection| {
                connection.execute("INSERT INTO catalogs (name) VALUES (?1) ON CONFLICT DO NOTHING", [&name])?;
                connection.query_row("SELECT id FROM catalogs WHERE name = ?1", [&name], |row| row.get(0))
            })
            .await?;
        Ok(Self { database, id, about: Arc::from("") })
    }

    /// The same for objects of that source (an address and a workspace, say): an interrupted sync is gone on with only
    /// if it read from the same one.
    #[must_use]
    pub fn about(mut self, source: &str) -> Self {
        self.about = Arc::from(source);
        self
    }

    /// Deletes rows chunk by chunk; the statement must delete at most `?2` rows of catalog `?1`.
    pub(super) async fn delete_in_chunks(&self, sql: &'static str) -> Result<(), StateError> {
        let catalog = self.id;
        let chunk = i64::try_from(CHUNK).unwrap_or(i64::MAX);
        let delete = move |connection: &Connection| connection.prepare_cached(sql)?.execute((catalog, chunk));
        while self.database.write(delete).await? == CHUNK {}
        Ok(())
    }
}

/// A count that SQLite gives as a signed number.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
