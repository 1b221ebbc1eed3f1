//! Keys of parents that wait for their own listings: on disk, so that memory does not grow with the workspace.

use rusqlite::Connection;

use super::catalog::count;
use super::{CatalogState, StateError};
use crate::sqlite::Checksum;

/// The queues of one catalog's sync, one for each listing.
#[derive(Clone, Debug)]
pub struct Spool {
    state: CatalogState,
}

/// How many pages a listing came in, which decides what its lacking an object is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// One: a snapshot.
    One,
    /// Several, between which objects can shift.
    Several,
}

/// `progress` of a row.
pub(super) const WAITING: i64 = 0;
const TAKEN: i64 = 1;
const DONE: i64 = 2;
pub(super) const DONE_IN_SEVERAL: i64 = 3;

/// A spooled row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolItem {
    /// Its number, to say that it is done.
    pub id: i64,
    /// Key of the object that it stands for.
    pub parent_key: String,
    /// What was put there.
    pub payload: String,
}

impl CatalogState {
    /// The spool of this catalog.
    #[must_use]
    pub fn spool(&self) -> Spool {
        Spool { state: self.clone() }
    }

    pub(super) async fn clear_spool(&self) -> Result<(), StateError> {
        self.delete_in_chunks("DELETE FROM spool WHERE id IN (SELECT id FROM spool WHERE catalog = ?1 LIMIT ?2)").await
    }
}

impl Spool {
    /// Puts rows (parent key, payload) at the end of a listing's queue. A parent that is there already, waiting or
    /// done, is not listed a second time.
    pub async fn push(&self, listing: &str, rows: Vec<(String, String)>) -> Result<(), StateError> {
        let (catalog, listing) = (self.state.id, listing.to_owned());
        self.state
            .database
            .write(move |connection| {
                let mut insert = connection.prepare_cached(
                    "INSERT INTO spool (catalog, listing, parent_key, payload, checksum) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (catalog, listing, parent_key) DO NOTHING",
                )?;
                for (parent_key, payload) in &rows {
                    let sum = checksum(catalog, &listing, parent_key, payload);
                    insert.execute((catalog, &listing, parent_key, payload, sum))?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Takes the next rows of a queue, at most `limit`. They stay in the file until they are done, and a resumed sync
    /// gets those that never were again.
    pub async fn take(&self, listing: &str, limit: u32) -> Result<Vec<SpoolItem>, StateError> {
        let (catalog, of) = (self.state.id, listing.to_owned());
        let items = self.state.database.write(move |connection| take(connection, catalog, &of, limit)).await?;
        items.ok_or_else(|| StateError::DamagedSpool { listing: listing.to_owned() })
    }

    /// Notes rows that were dealt with; they are not handed out again in this sync.
    pub async fn done(&self, items: Vec<(i64, Pages)>) -> Result<(), StateError> {
        let catalog = self.state.id;
        self.state
            .database
            .write(move |connection| {
                let mut mark =
                    connection.prepare_cached("UPDATE spool SET progress = ?3 WHERE id = ?1 AND catalog = ?2")?;
                items.iter().try_for_each(|(id, pages)| {
                    let progress = if *pages == Pages::One { DONE } else { DONE_IN_SEVERAL };
                    mark.execute((id, catalog, progress)).map(drop)
                })
            })
            .await?;
        Ok(())
    }

    /// How many rows of a queue were not taken yet.
    pub async fn waiting(&self, listing: &str) -> Result<u64, StateError> {
        let (catalog, listing) = (self.state.id, listing.to_owned());
        let waiting = self
            .state
            .database
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT count(*) FROM spool WHERE catalog = ?1 AND listing = ?2 AND progress = 0")?
                    .query_row((catalog, listing), |row| row.get(0))
                    .map(count)
            })
            .await?;
        Ok(waiting)
    }
}

/// The next rows, marked as taken; `None` when one of them is damaged.
fn take(connection: &Connection, catalog: i64, listing: &str, limit: u32) -> rusqlite::Result<Option<Vec<SpoolItem>>> {
    let mut select = connection.prepare_cached(
        "SELECT id, parent_key, payload, checksum FROM spool
         WHERE catalog = ?1 AND listing = ?2 AND progress = 0 ORDER BY id LIMIT ?3",
    )?;
    let mut rows = select.query((catalog, listing, limit))?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        let item = SpoolItem { id: row.get(0)?, parent_key: row.get(1)?, payload: row.get(2)? };
        if row.get::<_, i64>(3)? != checksum(catalog, listing, &item.parent_key, &item.payload) {
            return Ok(None);
        }
        items.push(item);
    }
    let mut mark = connection.prepare_cached("UPDATE spool SET progress = ?2 WHERE id = ?1")?;
    for item in &items {
        mark.execute((item.id, TAKEN))?;
    }
    Ok(Some(items))
}

/// Whether every row of a catalog holds what was put there.
pub(super) fn is_whole(connection: &Connection, catalog: i64) -> rusqlite::Result<bool> {
    let mut select =
        connection.prepare("SELECT listing, parent_key, payload, checksum, progress FROM spool WHERE catalog = ?1")?;
    let mut rows = select.query([catalog])?;
    while let Some(row) = rows.next()? {
        let (listing, parent_key, payload): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let known = (WAITING..=DONE_IN_SEVERAL).contains(&row.get(4)?);
        if !known || row.get::<_, i64>(3)? != checksum(catalog, &listing, &parent_key, &payload) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn checksum(catalog: i64, listing: &str, parent_key: &str, payload: &str) -> i64 {
    Checksum::new().number(catalog).text(listing).text(parent_key).text(payload).value()
}
