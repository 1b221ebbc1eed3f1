//! Blueprints of the file.

use rusqlite::{Connection, OptionalExtension};

use super::rows::from_json;
use crate::catalog::{Blueprint, Provisioned};

/// The blueprint of that identifier.
pub(super) fn load(connection: &Connection, identifier: &str) -> rusqlite::Result<Option<Blueprint>> {
    connection
        .prepare_cached("SELECT definition FROM blueprints WHERE identifier = ?1")?
        .query_row([identifier], |row| from_json(row, 0))
        .optional()
}

/// Whether a blueprint exists.
pub(super) fn exists(connection: &Connection, identifier: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM blueprints WHERE identifier = ?1)")?
        .query_row([identifier], |row| row.get(0))
}

/// Creates the blueprints that are missing.
pub(super) fn provision(connection: &Connection, blueprints: &[Blueprint], at: &str) -> rusqlite::Result<Provisioned> {
    let mut done = Provisioned::default();
    for blueprint in blueprints {
        let definition = serde_json::to_string(blueprint)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        let created = connection
            .prepare_cached(
                "INSERT INTO blueprints (identifier, title, definition, created_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute((&blueprint.identifier, &blueprint.title, definition, at))?;
        let list = if created > 0 { &mut done.created } else { &mut done.existing };
        list.push(blueprint.identifier.clone());
    }
    Ok(done)
}
