//! What the catalog itself says this integration owns, and what of it a sync did not meet.

use rusqlite::{Connection, OptionalExtension, Row};

use super::catalog::count;
use super::provenance::{entity_sum, whole};
use super::{CatalogState, StateError, SyncId, Trace};
use crate::catalog::EntityId;

/// An owned entity that a sync did not meet, with where it came from as far as that is known.
pub type Unseen = (EntityId, Trace);

impl CatalogState {
    /// Empties the owned listing, to be filled again in this sync.
    pub async fn owned_begin(&self, sync: SyncId) -> Result<(), StateError> {
        self.set_listing(sync, "begun").await?;
        self.delete_in_chunks(
            "DELETE FROM owned WHERE (catalog, blueprint, identifier) IN
               (SELECT catalog, blueprint, identifier FROM owned WHERE catalog = ?1 LIMIT ?2)",
        )
        .await
    }

    /// Adds a page of the listing; an entity that is there already does no harm.
    pub async fn owned_add(&self, sync: SyncId, entities: Vec<EntityId>) -> Result<(), StateError> {
        let catalog = self.id;
        self.database
            .write(move |connection| {
                let mut insert = connection.prepare_cached(
                    "INSERT INTO owned (catalog, blueprint, identifier, sync, checksum) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (catalog, blueprint, identifier)
                     DO UPDATE SET sync = excluded.sync, checksum = excluded.checksum",
                )?;
                for entity in &entities {
                    let sum = entity_sum(catalog, entity).value();
                    insert.execute((catalog, &entity.blueprint, &entity.identifier, sync.0, sum))?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Takes what is remembered as written for the owned listing: for a catalog that cannot be asked.
    pub async fn owned_from_provenance(&self, sync: SyncId) -> Result<(), StateError> {
        self.owned_begin(sync).await?;
        let (mut blueprint, mut after) = (String::new(), String::new());
        loop {
            let page = self.recorded(blueprint, after).await?;
            let Some(last) = page.last() else { break };
            (blueprint, after) = (last.blueprint.clone(), last.identifier.clone());
            self.owned_add(sync, page).await?;
        }
        self.owned_end(sync).await
    }

    /// Says that the listing is whole. Only then are questions about it answered.
    pub async fn owned_end(&self, sync: SyncId) -> Result<(), StateError> {
        self.set_listing(sync, "ended").await
    }

    /// Whether the listing of this sync is whole.
    pub async fn owned_ended(&self, sync: SyncId) -> Result<bool, StateError> {
        let catalog = self.id;
        Ok(self.database.read(move |connection| ended(connection, catalog, sync)).await?)
    }

    /// How many entities of a blueprint are owned.
    pub async fn owned_count(&self, sync: SyncId, blueprint: &str) -> Result<u64, StateError> {
        let (catalog, blueprint) = (self.id, blueprint.to_owned());
        self.ask_listing(sync, move |connection| {
            connection
                .prepare_cached("SELECT count(*) FROM owned WHERE catalog = ?1 AND blueprint = ?2")?
                .query_row((catalog, blueprint), |row| row.get(0))
                .map(count)
        })
        .await
    }

    /// The blueprints that owned entities have, with their number.
    pub async fn owned_blueprints(&self, sync: SyncId) -> Result<Vec<(String, u64)>, StateError> {
        let catalog = self.id;
        self.ask_listing(sync, move |connection| {
            connection
                .prepare_cached(
                    "SELECT blueprint, count(*) FROM owned WHERE catalog = ?1 GROUP BY blueprint ORDER BY blueprint",
                )?
                .query_map([catalog], |row| Ok((row.get(0)?, count(row.get(1)?))))?
                .collect()
        })
        .await
    }

    /// Owned entities of a blueprint that this sync did not meet: at most `limit` of those whose identifier sorts after
    /// `after`, in that order; an empty page is the end.
    pub async fn unseen(
        &self,
        sync: SyncId,
        blueprint: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Unseen>, StateError> {
        let (catalog, blueprint) = (self.id, blueprint.to_owned());
        let mut after = after.map(str::to_owned);
        loop {
            let (of, from) = (blueprint.clone(), after.clone());
            let page = self
                .ask_listing(sync, move |connection| {
                    unseen_page(connection, catalog, sync, &of, from.as_deref(), limit)
                })
                .await?;
            // A page may hold damaged rows only; it must not look like the end.
            match page.last {
                Some(last) if page.rows.is_empty() => after = Some(last),
                _ => return Ok(page.rows),
            }
        }
    }

    async fn recorded(&self, blueprint: String, after: String) -> Result<Vec<EntityId>, StateError> {
        let catalog = self.id;
        let page = self
            .database
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT blueprint, identifier FROM entities
                         WHERE catalog = ?1 AND (blueprint, identifier) > (?2, ?3)
                         ORDER BY blueprint, identifier LIMIT 5000",
                    )?
                    .query_map((catalog, blueprint, after), |row| {
                        Ok(EntityId { blueprint: row.get(0)?, identifier: row.get(1)? })
                    })?
                    .collect()
            })
            .await?;
        Ok(page)
    }

    async fn set_listing(&self, sync: SyncId, to: &'static str) -> Result<(), StateError> {
        let catalog = self.id;
        self.database
            .write(move |connection| {
                connection.execute(
                    "UPDATE syncs SET owned_listing = ?3 WHERE id = ?1 AND catalog = ?2",
                    (sync.0, catalog, to),
                )
            })
            .await?;
        Ok(())
    }

    async fn ask_listing<T, F>(&self, sync: SyncId, question: F) -> Result<T, StateError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let catalog = self.id;
        let answer = self
            .database
            .read(
                move |connection| {
                    if ended(connection, catalog, sync)? { question(connection).map(Some) } else { Ok(None) }
                },
            )
            .await?;
        answer.ok_or(StateError::NotListed { sync: sync.0 })
    }
}

/// Whether the owned listing has an entity. A listing that never ended has nothing, as far as anyone may rely on it.
pub(super) fn holds(connection: &Connection, catalog: i64, entity: &EntityId) -> rusqlite::Result<bool> {
    let sum: Option<i64> = connection
        .prepare_cached(
            "SELECT o.checksum FROM owned o JOIN syncs s ON s.id = o.sync AND s.owned_listing = 'ended'
             WHERE o.catalog = ?1 AND o.blueprint = ?2 AND o.identifier = ?3",
        )?
        .query_row((catalog, &entity.blueprint, &entity.identifier), |row| row.get(0))
        .optional()?;
    Ok(sum == Some(entity_sum(catalog, entity).value()))
}

fn ended(connection: &Connection, catalog: i64, sync: SyncId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT owned_listing = 'ended' FROM syncs WHERE id = ?1 AND catalog = ?2")?
        .query_row((sync.0, catalog), |row| row.get(0))
        .optional()
        .map(|answer| answer.unwrap_or(false))
}

struct Page {
    rows: Vec<Unseen>,
    /// The last identifier looked at.
    last: Option<String>,
}

fn unseen_page(
    connection: &Connection,
    catalog: i64,
    sync: SyncId,
    blueprint: &str,
    after: Option<&str>,
    limit: u32,
) -> rusqlite::Result<Page> {
    let mut statement = connection.prepare_cached(
        "SELECT o.identifier, o.checksum, e.resource, e.source_key, e.parent_key, e.stable, e.hash, e.checksum,
           EXISTS (SELECT 1 FROM shared s
             WHERE s.catalog = o.catalog AND s.blueprint = o.blueprint AND s.identifier = o.identifier)
         FROM owned o LEFT JOIN entities e
           ON e.catalog = o.catalog AND e.blueprint = o.blueprint AND e.identifier = o.identifier
         WHERE o.catalog = ?1 AND o.blueprint = ?2 AND (?3 IS NULL OR o.identifier > ?3)
           AND (e.last_seen_sync IS NULL OR e.last_seen_sync <> ?4)
         ORDER BY o.identifier LIMIT ?5",
    )?;
    let mut found = statement.query((catalog, blueprint, after, sync.0, limit))?;
    let mut page = Page { rows: Vec::new(), last: None };
    while let Some(row) = found.next()? {
        let identifier: String = row.get(0)?;
        page.last = Some(identifier.clone());
        page.rows.extend(candidate(row, catalog, EntityId { blueprint: blueprint.to_owned(), identifier })?);
    }
    Ok(page)
}

/// A row of the listing as a candidate; a damaged one is none, since its name may be wrong. Where several objects gave it,
/// the one that is remembered does not tell where it came from.
fn candidate(row: &Row<'_>, catalog: i64, entity: EntityId) -> rusqlite::Result<Option<Unseen>> {
    if row.get::<_, i64>(1)? != entity_sum(catalog, &entity).value() {
        return Ok(None);
    }
    let trace = if row.get(8)? { None } else { whole(row, 2, catalog, &entity)?.map(|(trace, _)| trace) };
    let trace = trace.unwrap_or_default();
    Ok(Some((entity, trace)))
}
