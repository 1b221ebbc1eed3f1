//! Syncs: their numbers, beginnings and ends.

use rusqlite::{Connection, OptionalExtension, Row};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{CatalogState, StateError};

/// The number of a sync; later ones are greater, over all catalogs of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SyncId(pub(super) i64);

impl std::fmt::Display for SyncId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What is remembered of a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRecord {
    /// Its number.
    pub id: SyncId,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// When it ended; `None` while it runs, or when it was killed.
    pub finished_at: Option<OffsetDateTime>,
    /// Whether it did all that it was to do.
    pub complete: bool,
    /// What `finish_sync` was given.
    pub summary: Option<String>,
}

/// How many finished syncs are kept for each catalog.
const KEPT: i64 = 50;

impl CatalogState {
    /// Begins a sync: gives it a number and empties the spool. What an earlier one left cannot be gone on with any more.
    pub async fn begin_sync(&self) -> Result<SyncId, StateError> {
        // First: nobody may go on with a spool that is half empty.
        self.clear_checkpoints().await?;
        self.clear_spool().await?;
        let (catalog, now) = (self.id, timestamp(OffsetDateTime::now_utc()));
        let id = self
            .database
            .write(move |connection| {
                connection.execute("INSERT INTO syncs (catalog, started_at) VALUES (?1, ?2)", (catalog, now))?;
                let id = connection.last_insert_rowid();
                connection.execute(
                    "DELETE FROM syncs WHERE catalog = ?1 AND id <= (
                       SELECT id FROM syncs WHERE catalog = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                    (catalog, KEPT),
                )?;
                Ok(id)
            })
            .await?;
        Ok(SyncId(id))
    }

    /// Ends a sync. `summary` is JSON text, kept as it is. After a complete one, what is remembered of entities that
    /// were neither seen nor owned any more is dropped.
    pub async fn finish_sync(&self, sync: SyncId, summary: String, complete: bool) -> Result<(), StateError> {
        if complete && self.owned_ended(sync).await? {
            self.forget_vanished(sync).await?;
        }
        let (catalog, now) = (self.id, timestamp(OffsetDateTime::now_utc()));
        self.database
            .write(move |connection| {
                connection.execute(
                    "UPDATE syncs SET finished_at = ?3, complete = ?4, summary = ?5 WHERE id = ?1 AND catalog = ?2",
                    (sync.0, catalog, now, complete, summary),
                )
            })
            .await?;
        self.clear_checkpoints().await?;
        self.clear_spool().await
    }

    /// The last sync that was begun, ended or not.
    pub async fn last_sync(&self) -> Result<Option<SyncRecord>, StateError> {
        let catalog = self.id;
        Ok(self.database.read(move |connection| last(connection, catalog)).await?)
    }

    /// The last sync that did all that it was to do.
    pub async fn last_complete_sync(&self) -> Result<Option<SyncRecord>, StateError> {
        let catalog = self.id;
        let found = self
            .database
            .read(move |connection| {
                connection
                    .query_row(
                        "SELECT id, started_at, finished_at, complete, summary FROM syncs
                         WHERE catalog = ?1 AND complete ORDER BY id DESC LIMIT 1",
                        [catalog],
                        record,
                    )
                    .optional()
            })
            .await?;
        Ok(found)
    }

    async fn forget_vanished(&self, sync: SyncId) -> Result<(), StateError> {
        let (catalog, mut after) = (self.id, Some((String::new(), String::new())));
        while let Some((blueprint, identifier)) = after {
            let page = move |connection: &Connection| vanished_page(connection, catalog, sync, &blueprint, &identifier);
            after = self.database.write(page).await?;
        }
        Ok(())
    }
}

/// Looks at one page of entities, drops those that vanished, says where the next page starts.
fn vanished_page(
    connection: &Connection,
    catalog: i64,
    sync: SyncId,
    blueprint: &str,
    identifier: &str,
) -> rusqlite::Result<Option<(String, String)>> {
    let page = i64::try_from(super::catalog::CHUNK).unwrap_or(i64::MAX);
    let last = connection
        .prepare_cached(
            "SELECT blueprint, identifier FROM entities
             WHERE catalog = ?1 AND (blueprint, identifier) > (?2, ?3)
             ORDER BY blueprint, identifier LIMIT 1 OFFSET ?4",
        )?
        .query_row((catalog, blueprint, identifier, page - 1), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let vanished = "DELETE FROM entities AS e WHERE e.catalog = ?1 AND e.last_seen_sync <> ?2
         AND (e.blueprint, e.identifier) > (?3, ?4)
         AND NOT EXISTS (SELECT 1 FROM owned o
           WHERE o.catalog = e.catalog AND o.blueprint = e.blueprint AND o.identifier = e.identifier)";
    match &last {
        None => connection.prepare_cached(vanished)?.execute((catalog, sync.0, blueprint, identifier))?,
        Some((to_blueprint, to_identifier)) => {
            let up_to = format!("{vanished} AND (e.blueprint, e.identifier) <= (?5, ?6)");
            let bounds = (catalog, sync.0, blueprint, identifier, to_blueprint, to_identifier);
            connection.prepare_cached(&up_to)?.execute(bounds)?
        }
    };
    Ok(last)
}

pub(super) fn last(connection: &Connection, catalog: i64) -> rusqlite::Result<Option<SyncRecord>> {
    connection
        .query_row(
            "SELECT id, started_at, finished_at, complete, summary FROM syncs
             WHERE catalog = ?1 ORDER BY id DESC LIMIT 1",
            [catalog],
            record,
        )
        .optional()
}

fn record(row: &Row<'_>) -> rusqlite::Result<SyncRecord> {
    Ok(SyncRecord {
        id: SyncId(row.get(0)?),
        started_at: moment(&row.get::<_, String>(1)?, 1)?,
        finished_at: row.get::<_, Option<String>>(2)?.map(|text| moment(&text, 2)).transpose()?,
        complete: row.get(3)?,
        summary: row.get(4)?,
    })
}

fn timestamp(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

fn moment(text: &str, column: usize) -> rusqlite::Result<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
