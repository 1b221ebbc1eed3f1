//! Which entities more than one object gave, so that the one that is remembered as their source does not tell all.

use std::collections::HashSet;

use rusqlite::Connection;

use super::{CatalogState, StateError};
use crate::catalog::EntityId;

impl CatalogState {
    /// Remembers entities as given by several objects, until they are forgotten.
    pub async fn share(&self, entities: Vec<EntityId>) -> Result<(), StateError> {
        if entities.is_empty() {
            return Ok(());
        }
        let catalog = self.id;
        self.database
            .write(move |connection| {
                let sql =
                    "INSERT INTO shared (catalog, blueprint, identifier) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
                let mut insert = connection.prepare_cached(sql)?;
                for entity in &entities {
                    insert.execute((catalog, &entity.blueprint, &entity.identifier))?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Those of some entities that several objects gave.
    pub async fn shared(&self, entities: Vec<EntityId>) -> Result<HashSet<EntityId>, StateError> {
        let catalog = self.id;
        let shared = self
            .database
            .read(move |connection| {
                let mut shared = HashSet::new();
                for entity in entities {
                    if is_shared(connection, catalog, &entity)? {
                        shared.insert(entity);
                    }
                }
                Ok(shared)
            })
            .await?;
        Ok(shared)
    }
}

pub(super) fn is_shared(connection: &Connection, catalog: i64, entity: &EntityId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM shared WHERE catalog = ?1 AND blueprint = ?2 AND identifier = ?3")?
        .exists((catalog, &entity.blueprint, &entity.identifier))
}
