//! Which entity came from where, and which version of it was written.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{CatalogState, Fingerprint, StateError, SyncId};
use crate::catalog::EntityId;
use crate::sqlite::Checksum;

/// Where one entity came from and what was written of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The entity.
    pub entity: EntityId,
    /// Where it came from.
    pub trace: Trace,
    /// Fingerprint of what the catalog was given; `None` when that is not certain, so that it is compared next time.
    pub hash: Option<Fingerprint>,
}

/// Where an entity came from; all of it is unknown for one that was met in the catalog only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The resource of the mapping document that made it.
    pub resource: Option<String>,
    /// Key of the object that it was made from.
    pub source_key: Option<String>,
    /// Key of the object whose listing gave that object, for example the repository of a pull request.
    pub parent_key: Option<String>,
    /// What of the object stays the same when it is renamed or moved, where that is not its key.
    pub stable: Option<String>,
}

impl Trace {
    /// The kind of the object, as the name of the resource tells it.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.resource.as_deref()?.split_once(':').map(|(_, kind)| kind)
    }
}

/// One of the entities that a resource made of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sibling {
    /// The entity.
    pub entity: EntityId,
    /// Whether this sync met it.
    pub met_now: bool,
    /// Whether the owned listing of this sync has it, so that it was there before.
    pub owned_before: bool,
}

/// What is known about an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Fingerprint of what was written last; counts only if the entity is `owned`.
    pub hash: Option<Fingerprint>,
    /// Whether the catalog's own listing, as last read, has it.
    pub owned: bool,
    /// Where it came from.
    pub trace: Trace,
    /// The sync that met it last; `None` where only the listing has it.
    pub last_seen: Option<SyncId>,
}

impl CatalogState {
    /// Remembers entities met in this sync, replacing what was known of them.
    pub async fn record(&self, sync: SyncId, rows: Vec<Provenance>) -> Result<(), StateError> {
        let catalog = self.id;
        self.database
            .write(move |connection| rows.iter().try_for_each(|row| upsert(connection, catalog, sync, row)))
            .await?;
        Ok(())
    }

    /// Marks entities of a blueprint as met in this sync and leaves the rest as it was. One that is not known yet is
    /// remembered by its name alone.
    pub async fn seen(&self, sync: SyncId, blueprint: &str, identifiers: Vec<String>) -> Result<(), StateError> {
        let (catalog, blueprint) = (self.id, blueprint.to_owned());
        self.database
            .write(move |connection| {
                identifiers.iter().try_for_each(|identifier| mark(connection, catalog, sync, &blueprint, identifier))
            })
            .await?;
        Ok(())
    }

    /// What is known of these entities of one blueprint; those of which nothing is known are absent.
    pub async fn known(&self, blueprint: &str, identifiers: Vec<String>) -> Result<HashMap<String, Known>, StateError> {
        let (catalog, blueprint) = (self.id, blueprint.to_owned());
        let known = self
            .database
            .read(move |connection| {
                let mut all = HashMap::with_capacity(identifiers.len());
                for identifier in identifiers {
                    if let Some(known) = look_up(connection, catalog, &blueprint, &identifier)? {
                        all.insert(identifier, known);
                    }
                }
                Ok(all)
            })
            .await?;
        Ok(known)
    }

    /// The entities that were made from one object, at most `limit` of them, in order.
    pub async fn from_source(&self, source_key: &str, limit: u32) -> Result<Vec<Provenance>, StateError> {
        let (catalog, source_key) = (self.id, source_key.to_owned());
        let rows = self
            .database
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT blueprint, identifier, resource, source_key, parent_key, stable, hash, checksum FROM entities
                         WHERE catalog = ?1 AND source_key = ?2 ORDER BY blueprint, identifier LIMIT ?3",
                    )?
                    .query_map((catalog, source_key, limit), |row| {
                        let entity = EntityId { blueprint: row.get(0)?, identifier: row.get(1)? };
                        Ok(whole(row, 2, catalog, &entity)?.map(|(trace, hash)| Provenance { entity, trace, hash }))
                    })?
                    .collect::<rusqlite::Result<Vec<_>>>()
            })
            .await?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// What became in this sync of the object that an entity was made from: the entities that the same resource made
    /// of it, now and before. Empty where nothing is known of it.
    pub async fn siblings(&self, sync: SyncId, trace: &Trace) -> Result<Vec<Sibling>, StateError> {
        let (catalog, trace) = (self.id, trace.clone());
        let siblings = self.database.read(move |connection| siblings(connection, catalog, sync, &trace)).await?;
        Ok(siblings)
    }

    /// Forgets entities, as after their deletion; they leave the owned listing as well.
    pub async fn forget(&self, entities: Vec<EntityId>) -> Result<(), StateError> {
        let catalog = self.id;
        self.database
            .write(move |connection| {
                for entity in &entities {
                    for table in ["entities", "owned", "shared"] {
                        let sql =
                            format!("DELETE FROM {table} WHERE catalog = ?1 AND blueprint = ?2 AND identifier = ?3");
                        connection.prepare_cached(&sql)?.execute((catalog, &entity.blueprint, &entity.identifier))?;
                    }
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Voids every fingerprint, so that the next sync compares everything; says how many there were.
    pub async fn void_hashes(&self) -> Result<usize, StateError> {
        let catalog = self.id;
        let voided = self
            .database
            .write(move |connection| {
                connection.execute("UPDATE entities SET hash = NULL WHERE catalog = ?1 AND hash IS NOT NULL", [catalog])
            })
            .await?;
        Ok(voided)
    }
}

/// Entities of one object that are looked at.
const SIBLINGS: u32 = 1_000;

fn siblings(connection: &Connection, catalog: i64, sync: SyncId, trace: &Trace) -> rusqlite::Result<Vec<Sibling>> {
    let Some(resource) = &trace.resource else { return Ok(vec![]) };
    // A key may have passed to another object meanwhile; what is stable never does.
    let (column, value) = match (&trace.stable, &trace.source_key) {
        (Some(stable), _) => ("stable", stable),
        (None, Some(key)) => ("source_key", key),
        (None, None) => return Ok(vec![]),
    };
    let sql = format!(
        "SELECT blueprint, identifier, resource, source_key, parent_key, stable, hash, checksum, last_seen_sync
         FROM entities WHERE catalog = ?1 AND {column} = ?2 AND resource = ?3 LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((catalog, value, resource, SIBLINGS))?;
    let mut siblings = Vec::new();
    while let Some(row) = rows.next()? {
        let entity = EntityId { blueprint: row.get(0)?, identifier: row.get(1)? };
        if whole(row, 2, catalog, &entity)?.is_some() {
            let met_now = row.get::<_, i64>(8)? == sync.0;
            let owned_before = super::owned::holds(connection, catalog, &entity)?;
            siblings.push(Sibling { entity, met_now, owned_before });
        }
    }
    Ok(siblings)
}

/// Bytes of a stored hash: the fingerprint, then the sum that guards it.
const STORED_HASH: usize = 24;

fn upsert(connection: &Connection, catalog: i64, sync: SyncId, row: &Provenance) -> rusqlite::Result<()> {
    let Provenance { entity, trace, hash } = row;
    connection
        .prepare_cached(
            "INSERT INTO entities
               (catalog, blueprint, identifier, resource, source_key, parent_key, hash, last_seen_sync, checksum, stable)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (catalog, blueprint, identifier) DO UPDATE SET
               resource = excluded.resource, source_key = excluded.source_key, parent_key = excluded.parent_key,
               hash = excluded.hash, last_seen_sync = excluded.last_seen_sync, checksum = excluded.checksum,
               stable = excluded.stable",
        )?
        .execute((
            catalog,
            &entity.blueprint,
            &entity.identifier,
            &trace.resource,
            &trace.source_key,
            &trace.parent_key,
            hash.map(|hash| stored_hash(catalog, entity, hash)),
            sync.0,
            trace_sum(catalog, entity, trace),
            &trace.stable,
        ))?;
    Ok(())
}

fn mark(
    connection: &Connection,
    catalog: i64,
    sync: SyncId,
    blueprint: &str,
    identifier: &str,
) -> rusqlite::Result<()> {
    let marked = connection
        .prepare_cached(
            "UPDATE entities SET last_seen_sync = ?4 WHERE catalog = ?1 AND blueprint = ?2 AND identifier = ?3",
        )?
        .execute((catalog, blueprint, identifier, sync.0))?;
    if marked > 0 {
        return Ok(());
    }
    let entity = EntityId { blueprint: blueprint.to_owned(), identifier: identifier.to_owned() };
    upsert(connection, catalog, sync, &Provenance { entity, trace: Trace::default(), hash: None })
}

fn look_up(
    connection: &Connection,
    catalog: i64,
    blueprint: &str,
    identifier: &str,
) -> rusqlite::Result<Option<Known>> {
    let entity = EntityId { blueprint: blueprint.to_owned(), identifier: identifier.to_owned() };
    let owned = super::owned::holds(connection, catalog, &entity)?;
    let row = connection
        .prepare_cached(
            "SELECT resource, source_key, parent_key, stable, hash, checksum, last_seen_sync FROM entities
             WHERE catalog = ?1 AND blueprint = ?2 AND identifier = ?3",
        )?
        .query_row((catalog, blueprint, identifier), |row| {
            Ok(whole(row, 0, catalog, &entity)?.zip(Some(SyncId(row.get(6)?))))
        })
        .optional()?
        .flatten();
    Ok(match row {
        Some(((trace, hash), last_seen)) => Some(Known { hash, owned, trace, last_seen: Some(last_seen) }),
        None if owned => Some(Known { hash: None, owned, trace: Trace::default(), last_seen: None }),
        None => None,
    })
}

/// The trace and hash of a row, from the columns `resource, source_key, parent_key, stable, hash, checksum` at `first`;
/// `None` when the row is damaged or absent, and no hash when only the hash is.
pub(super) fn whole(
    row: &Row<'_>,
    first: usize,
    catalog: i64,
    entity: &EntityId,
) -> rusqlite::Result<Option<(Trace, Option<Fingerprint>)>> {
    let trace = Trace {
        resource: row.get(first)?,
        source_key: row.get(first + 1)?,
        parent_key: row.get(first + 2)?,
        stable: row.get(first + 3)?,
    };
    let hash: Option<Vec<u8>> = row.get(first + 4)?;
    let sum: Option<i64> = row.get(first + 5)?;
    if sum != Some(trace_sum(catalog, entity, &trace)) {
        return Ok(None);
    }
    Ok(Some((trace, hash.and_then(|stored| guarded_hash(catalog, entity, &stored)))))
}

/// The sum over what names an entity and says where it came from.
fn trace_sum(catalog: i64, entity: &EntityId, trace: &Trace) -> i64 {
    let sum = entity_sum(catalog, entity)
        .optional(trace.resource.as_deref())
        .optional(trace.source_key.as_deref())
        .optional(trace.parent_key.as_deref());
    // A row of a layout without it keeps its sum.
    trace.stable.as_deref().map_or(sum, |stable| sum.text(stable)).value()
}

/// The sum over an entity's name.
pub(super) fn entity_sum(catalog: i64, entity: &EntityId) -> Checksum {
    Checksum::new().number(catalog).text(&entity.blueprint).text(&entity.identifier)
}

fn stored_hash(catalog: i64, entity: &EntityId, hash: Fingerprint) -> Vec<u8> {
    let mut stored = Vec::with_capacity(STORED_HASH);
    stored.extend_from_slice(&hash.0);
    stored.extend_from_slice(&entity_sum(catalog, entity).bytes(&hash.0).value().to_le_bytes());
    stored
}

fn guarded_hash(catalog: i64, entity: &EntityId, stored: &[u8]) -> Option<Fingerprint> {
    let hash = Fingerprint(stored.get(..16)?.try_into().ok()?);
    (stored_hash(catalog, entity, hash) == stored).then_some(hash)
}
