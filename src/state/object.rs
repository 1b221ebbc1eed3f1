//! What is remembered of one object, for work on single objects between two syncs.

use rusqlite::{Connection, ToSql};

use super::provenance::whole;
use super::syncs::last;
use super::{CatalogState, Provenance, StateError, SyncId};
use crate::catalog::EntityId;

/// The columns of which [`whole`] makes a row, after blueprint and identifier.
const COLUMNS: &str = "blueprint, identifier, resource, source_key, parent_key, stable, hash, checksum";

impl CatalogState {
    /// The sync under which work between two syncs is noted: the last one, ended or not. If it was interrupted, whoever
    /// goes on with it counts what was met meanwhile as met.
    pub async fn present_sync(&self) -> Result<SyncId, StateError> {
        let catalog = self.id;
        let last = self.database.read(move |connection| last(connection, catalog)).await?;
        Ok(last.map_or(SyncId(0), |sync| sync.id))
    }

    /// The entities that a resource of `kind` made from an object, known by its key or by what of it is stable; at most
    /// `limit`. What another object made that had this key before is not among them.
    pub async fn from_object(
        &self,
        kind: &str,
        source_key: &str,
        stable: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Provenance>, StateError> {
        let mut rows = self.rows("source_key = ?2", source_key, limit).await?;
        rows.retain(|row| match (stable, row.trace.stable.as_deref()) {
            (Some(now), Some(then)) => now == then,
            _ => true,
        });
        if let Some(stable) = stable {
            let moved = self.rows("stable = ?2", stable, limit).await?;
            rows.extend(moved.into_iter().filter(|row| row.trace.source_key.as_deref() != Some(source_key)));
        }
        rows.retain(|row| row.trace.kind() == Some(kind));
        Ok(rows)
    }

    /// The entities of objects that were listed for this one, at most `limit`.
    pub async fn below_object(&self, parent_key: &str, limit: u32) -> Result<Vec<Provenance>, StateError> {
        self.rows("parent_key = ?2", parent_key, limit).await
    }

    /// The entities that resources of `kind` made and that fit, at most `limit`. Looks at all entities.
    pub async fn called(
        &self,
        kind: &str,
        limit: usize,
        fits: impl Fn(&Provenance) -> bool + Send + 'static,
    ) -> Result<Vec<Provenance>, StateError> {
        let (catalog, suffix) = (self.id, format!("%:{kind}"));
        let sql = format!("SELECT {COLUMNS} FROM entities WHERE catalog = ?1 AND resource LIKE ?2");
        let rows = self
            .database
            .read(move |connection| select(connection, &sql, catalog, &[&catalog, &suffix], limit, fits))
            .await?;
        Ok(rows)
    }

    async fn rows(&self, condition: &'static str, value: &str, limit: u32) -> Result<Vec<Provenance>, StateError> {
        let (catalog, value) = (self.id, value.to_owned());
        let sql = format!("SELECT {COLUMNS} FROM entities WHERE catalog = ?1 AND {condition} LIMIT ?3");
        let rows = self
            .database
            .read(move |connection| {
                select(connection, &sql, catalog, &[&catalog, &value, &limit], usize::MAX, |_| true)
            })
            .await?;
        Ok(rows)
    }
}

/// Whole rows that fit, at most `limit`.
fn select(
    connection: &Connection,
    sql: &str,
    catalog: i64,
    parameters: &[&dyn ToSql],
    limit: usize,
    fits: impl Fn(&Provenance) -> bool,
) -> rusqlite::Result<Vec<Provenance>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(parameters)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let entity = EntityId { blueprint: row.get(0)?, identifier: row.get(1)? };
        let Some((trace, hash)) = whole(row, 2, catalog, &entity)? else { continue };
        let row = Provenance { entity, trace, hash };
        if fits(&row) {
            rows.push(row);
        }
        if rows.len() >= limit {
            break;
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{State, Trace};

    fn row(identifier: &str, kind: &str, key: &str, parent: &str, stable: Option<&str>) -> Provenance {
        let trace = Trace {
            resource: Some(format!("0001:{kind}")),
            source_key: Some(key.to_owned()),
            parent_key: Some(parent.to_owned()),
            stable: stable.map(str::to_owned),
        };
        Provenance {
            entity: EntityId { blueprint: "b".to_owned(), identifier: identifier.to_owned() },
            trace,
            hash: None,
        }
    }

    fn names(rows: Vec<Provenance>) -> Vec<String> {
        rows.into_iter().map(|row| row.entity.identifier).collect()
    }

    #[tokio::test]
    async fn an_object_is_known_by_what_stays_of_it_and_a_key_may_pass_on() {
        let state = State::in_memory().await.unwrap().catalog("sqlite:/c.db#me").await.unwrap();
        assert_eq!(state.present_sync().await.unwrap(), SyncId(0));
        let sync = state.begin_sync().await.unwrap();
        assert_eq!(state.present_sync().await.unwrap(), sync, "also while it runs");
        let rows = vec![
            row("moved", "repository", "OPS/old", "OPS", Some("repository/7")),
            row("of another kind", "user", "OPS/old", "", Some("user/7")),
            row("without", "repository", "OPS/old", "OPS", None),
            row("later", "repository", "OPS/old", "OPS", Some("repository/9")),
            row("below", "pull-request", "OPS/old/1", "OPS/old", None),
        ];
        state.record(sync, rows).await.unwrap();
        let of = |key: &'static str, stable: Option<&'static str>| {
            let state = &state;
            async move { names(state.from_object("repository", key, stable, 10).await.unwrap()) }
        };
        assert_eq!(of("OPS/new", Some("repository/7")).await, ["moved"]);
        assert_eq!(of("OPS/old", Some("repository/9")).await, ["later", "without"]);
        assert_eq!(of("OPS/old", None).await, ["later", "moved", "without"]);
        assert_eq!(names(state.below_object("OPS/old", 10).await.unwrap()), ["below"]);
        let called = state.called("repository", 1, |row| row.entity.identifier != "later").await.unwrap();
        assert_eq!(called.len(), 1);
    }
}
