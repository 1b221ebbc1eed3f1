//! What lets a sync go on after its process ended in the middle.
//!
//! A listing is noted here once everything that it gave is mapped and settled without a fault; whatever was not, is
//! read again. So no fault of the first part needs to be remembered, and nothing counts as read that was not.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::catalog::count;
use super::spool::{self, DONE_IN_SEVERAL, Pages, WAITING};
use super::syncs::last;
use super::{CatalogState, Fingerprint, StateError, SyncId};
use crate::sqlite::Checksum;

/// What the interrupted sync was about: only one that wants the same may go on with it.
const BASIS: &str = "basis";
/// A root listing that is done.
const ROOT: &str = "root";

/// How the last sync of a catalog was left.
#[derive(Clone, Debug, PartialEq)]
pub enum Interrupted {
    /// It ended, or there was none.
    Nothing,
    /// It may be gone on with.
    Usable(Box<Checkpoint>),
    /// It was interrupted, and cannot be gone on with.
    Void {
        /// When it began.
        started_at: OffsetDateTime,
        /// Why not.
        reason: &'static str,
    },
}

/// Where an interrupted sync stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Its number.
    pub sync: SyncId,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// Listings per object that are done.
    pub done: u64,
    /// Listings per object that are known and not done.
    pub left: u64,
    /// The root listings that are done, by their text.
    pub roots: HashMap<String, RootDone>,
    /// Listings per object that are done and came in several pages.
    pub several: Vec<SeveralDone>,
    /// What the entities met so far relate to, as short fingerprints.
    pub related: Vec<i64>,
    /// The objects that listings of several pages gave, as short fingerprints.
    pub met: Vec<i64>,
}

/// A listing of one object that was read to its end, in several pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeveralDone {
    /// Which, as text.
    pub listing: String,
    /// Key of the object.
    pub parent_key: String,
    /// What was spooled for it.
    pub payload: String,
}

/// A root listing that was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootDone {
    /// Objects that it had.
    pub listed: u64,
    /// Whether it came in several pages.
    pub several: bool,
}

#[derive(Serialize, Deserialize)]
struct Basis {
    sync: i64,
    basis: String,
}

impl CatalogState {
    /// Begins a sync that may be gone on with after an interruption, by one of the same basis: a text that changes
    /// with everything that decides what is listed and what becomes of it.
    pub async fn begin_resumable(&self, basis: &str) -> Result<SyncId, StateError> {
        let sync = self.begin_sync().await?;
        let basis = Basis { sync: sync.0, basis: self.fingerprint_of(basis) };
        self.put_checkpoint(BASIS, String::new(), serde_json::to_string(&basis).unwrap_or_default()).await?;
        Ok(sync)
    }

    /// Looks whether the last sync was interrupted and can be gone on with: it must have the same basis, be no older
    /// than `within`, and every row of its spool must be whole. What was taken from the spool but not done is handed
    /// out again.
    pub async fn interrupted(&self, basis: &str, within: Duration) -> Result<Interrupted, StateError> {
        let (catalog, basis) = (self.id, self.fingerprint_of(basis));
        let now = OffsetDateTime::now_utc();
        Ok(self.database.write(move |connection| look(connection, catalog, &basis, now, within)).await?)
    }

    /// Notes that a root listing is done.
    pub async fn root_done(&self, listing: &str, root: RootDone) -> Result<(), StateError> {
        self.put_checkpoint(ROOT, listing.to_owned(), serde_json::to_string(&root).unwrap_or_default()).await
    }

    /// Remembers what entities of this sync relate to.
    pub async fn relate(&self, targets: Vec<i64>) -> Result<(), StateError> {
        self.remember("INSERT OR IGNORE INTO related (catalog, target) VALUES (?1, ?2)", targets).await
    }

    /// Remembers which objects the listings of several pages gave.
    pub async fn meet(&self, objects: Vec<i64>) -> Result<(), StateError> {
        self.remember("INSERT OR IGNORE INTO met (catalog, object) VALUES (?1, ?2)", objects).await
    }

    async fn remember(&self, insert: &'static str, fingerprints: Vec<i64>) -> Result<(), StateError> {
        if fingerprints.is_empty() {
            return Ok(());
        }
        let catalog = self.id;
        self.database
            .write(move |connection| {
                let mut insert = connection.prepare_cached(insert)?;
                fingerprints.iter().try_for_each(|fingerprint| insert.execute((catalog, fingerprint)).map(drop))
            })
            .await?;
        Ok(())
    }

    /// From here on nothing can be gone on with.
    pub(super) async fn clear_checkpoints(&self) -> Result<(), StateError> {
        let catalog = self.id;
        self.database
            .write(move |connection| {
                connection.execute("DELETE FROM checkpoints WHERE catalog = ?1", [catalog])?;
                connection.execute("DELETE FROM related WHERE catalog = ?1", [catalog])?;
                connection.execute("DELETE FROM met WHERE catalog = ?1", [catalog])
            })
            .await?;
        Ok(())
    }

    fn fingerprint_of(&self, basis: &str) -> String {
        let Fingerprint(bytes) = Fingerprint::of(&format!("{basis}\n{}", self.about));
        format!("{:032x}", u128::from_be_bytes(bytes))
    }

    async fn put_checkpoint(&self, topic: &'static str, name: String, value: String) -> Result<(), StateError> {
        let catalog = self.id;
        self.database
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO checkpoints (catalog, topic, name, value, checksum)
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute((catalog, topic, &name, &value, checksum(catalog, topic, &name, &value)))
            })
            .await?;
        Ok(())
    }
}

fn look(
    connection: &Connection,
    catalog: i64,
    basis: &str,
    now: OffsetDateTime,
    within: Duration,
) -> rusqlite::Result<Interrupted> {
    let Some(sync) = last(connection, catalog)?.filter(|sync| sync.finished_at.is_none()) else {
        return Ok(Interrupted::Nothing);
    };
    let started_at = sync.started_at;
    let void = |reason| Ok(Interrupted::Void { started_at, reason });
    let Some(known) = known_basis(connection, catalog)?.filter(|known| known.sync == sync.id.0) else {
        return void("it was narrowed to a part, or its checkpoint is lost");
    };
    if known.basis != basis {
        return void("the mapping, the source, the kinds or the version of this program changed since");
    }
    let age = now - started_at;
    if age.is_negative() || age > within {
        return void("it is too old");
    }
    if !spool::is_whole(connection, catalog)? {
        return void("its list of what is left is damaged");
    }
    connection.execute("UPDATE spool SET progress = 0 WHERE catalog = ?1 AND progress = 1", [catalog])?;
    let checkpoint = Checkpoint {
        sync: sync.id,
        started_at,
        done: progress(connection, catalog, "progress >= 2")?,
        left: progress(connection, catalog, &format!("progress = {WAITING}"))?,
        roots: roots(connection, catalog)?,
        several: several(connection, catalog)?,
        related: numbers(connection, catalog, "SELECT target FROM related WHERE catalog = ?1")?,
        met: numbers(connection, catalog, "SELECT object FROM met WHERE catalog = ?1")?,
    };
    Ok(Interrupted::Usable(Box::new(checkpoint)))
}

fn known_basis(connection: &Connection, catalog: i64) -> rusqlite::Result<Option<Basis>> {
    let row: Option<(String, i64)> = connection
        .query_row(
            "SELECT value, checksum FROM checkpoints WHERE catalog = ?1 AND topic = ?2 AND name = ''",
            (catalog, BASIS),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let whole = row.filter(|(value, sum)| *sum == checksum(catalog, BASIS, "", value));
    Ok(whole.and_then(|(value, _)| serde_json::from_str(&value).ok()))
}

fn progress(connection: &Connection, catalog: i64, which: &str) -> rusqlite::Result<u64> {
    let sql = format!("SELECT count(*) FROM spool WHERE catalog = ?1 AND {which}");
    connection.query_row(&sql, [catalog], |row| row.get(0)).map(count)
}

/// The root listings that are done; a damaged row is none, so that its listing is read again.
fn roots(connection: &Connection, catalog: i64) -> rusqlite::Result<HashMap<String, RootDone>> {
    let mut select =
        connection.prepare("SELECT name, value, checksum FROM checkpoints WHERE catalog = ?1 AND topic = ?2")?;
    let mut rows = select.query((catalog, ROOT))?;
    let mut roots = HashMap::new();
    while let Some(row) = rows.next()? {
        let (name, value): (String, String) = (row.get(0)?, row.get(1)?);
        if row.get::<_, i64>(2)? == checksum(catalog, ROOT, &name, &value) {
            roots.extend(serde_json::from_str(&value).ok().map(|root| (name, root)));
        }
    }
    Ok(roots)
}

fn several(connection: &Connection, catalog: i64) -> rusqlite::Result<Vec<SeveralDone>> {
    connection
        .prepare("SELECT listing, parent_key, payload FROM spool WHERE catalog = ?1 AND progress = ?2")?
        .query_map((catalog, DONE_IN_SEVERAL), |row| {
            Ok(SeveralDone { listing: row.get(0)?, parent_key: row.get(1)?, payload: row.get(2)? })
        })?
        .collect()
}

fn numbers(connection: &Connection, catalog: i64, select: &str) -> rusqlite::Result<Vec<i64>> {
    connection.prepare(select)?.query_map([catalog], |row| row.get(0))?.collect()
}

fn checksum(catalog: i64, topic: &str, name: &str, value: &str) -> i64 {
    Checksum::new().number(catalog).text(topic).text(name).text(value).value()
}

impl From<bool> for Pages {
    fn from(several: bool) -> Self {
        if several { Self::Several } else { Self::One }
    }
}
