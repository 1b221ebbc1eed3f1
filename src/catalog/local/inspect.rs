//! Looking into the catalog, for people.

use std::io::Write;

use rusqlite::Connection;
use serde::Serialize;
use serde_json::{Map, Value};

use super::LocalCatalog;
use super::content::Content;
use super::rows::{self, StoredRow};
use crate::catalog::CatalogError;

/// An entity with everything that the catalog knows of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredEntity {
    /// Its identifier.
    pub identifier: String,
    /// Identifier of its blueprint.
    pub blueprint: String,
    /// What a person sees.
    pub title: Option<String>,
    /// Name of an icon.
    pub icon: Option<String>,
    /// Its team or teams; null where it has none.
    pub team: Value,
    /// Its properties.
    pub properties: Map<String, Value>,
    /// Its relations: an identifier, a list of them, or null.
    pub relations: Map<String, Value>,
    /// The integration that wrote it last, or the relation that it was made for; `None` where a file does not say.
    pub owner: Option<String>,
    /// When it was created: UTC with microseconds, `2024-05-17T08:30:00.000000Z`.
    pub created_at: String,
    /// When it was written last, in the same form.
    pub updated_at: String,
}

/// Entities read at once for a dump.
const PAGE: u32 = 200;

impl LocalCatalog {
    /// The blueprints in the order of their creation, with the number of their entities.
    pub async fn counts(&self) -> Result<Vec<(String, u64)>, CatalogError> {
        self.read_rows("cannot count entities", |connection| {
            connection
                .prepare_cached(
                    "SELECT b.identifier, (SELECT count(*) FROM entities e WHERE e.blueprint = b.identifier)
                     FROM blueprints b ORDER BY b.rowid",
                )?
                .query_map([], |row| Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0))))?
                .collect()
        })
        .await
    }

    /// One entity.
    pub async fn entity(&self, blueprint: &str, identifier: &str) -> Result<Option<StoredEntity>, CatalogError> {
        let (blueprint, identifier) = (blueprint.to_owned(), identifier.to_owned());
        self.read_rows("cannot read an entity", move |connection| {
            Ok(rows::load(connection, &blueprint, &identifier)?.map(|row| shown(&blueprint, row)))
        })
        .await
    }

    /// At most `limit` entities of a blueprint whose identifiers sort after `after`, in that order.
    pub async fn entities(
        &self,
        blueprint: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StoredEntity>, CatalogError> {
        let (blueprint, after) = (blueprint.to_owned(), after.map(str::to_owned));
        self.read_rows("cannot read entities", move |connection| page(connection, &blueprint, after.as_deref(), limit))
            .await
    }

    /// Writes every entity as a line of JSON, ordered by blueprint and identifier; gives their number.
    pub async fn dump(&self, to: &mut (dyn Write + Send)) -> Result<u64, CatalogError> {
        let mut written = 0;
        let mut blueprints = self.counts().await?;
        blueprints.sort();
        for (blueprint, _) in blueprints {
            let mut after: Option<String> = None;
            loop {
                let page = self.entities(&blueprint, after.as_deref(), PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.identifier.clone());
                for entity in &page {
                    line(to, entity)
                        .map_err(|error| CatalogError::of_file(&self.name, "cannot write the entities out", error))?;
                    written += 1;
                }
            }
        }
        Ok(written)
    }
}

fn line(to: &mut (dyn Write + Send), entity: &StoredEntity) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(entity)?;
    text.push(b'\n');
    to.write_all(&text)
}

fn page(
    connection: &Connection,
    blueprint: &str,
    after: Option<&str>,
    limit: u32,
) -> rusqlite::Result<Vec<StoredEntity>> {
    connection
        .prepare_cached(&format!(
            "SELECT {} FROM entities WHERE blueprint = ?1 AND (?2 IS NULL OR identifier > ?2)
             ORDER BY identifier LIMIT ?3",
            rows::COLUMNS
        ))?
        .query_map((blueprint, after, limit), |row| Ok(shown(blueprint, rows::stored(row)?)))?
        .collect()
}

fn shown(blueprint: &str, row: StoredRow) -> StoredEntity {
    let Content { title, icon, team, properties, relations } = row.content;
    StoredEntity {
        identifier: row.identifier,
        blueprint: blueprint.to_owned(),
        title,
        icon,
        team,
        properties,
        relations,
        owner: row.owner,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
