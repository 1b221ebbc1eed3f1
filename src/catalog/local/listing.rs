//! What an integration owns, and the present versions of entities.

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::content::Content;
use super::rows;
use crate::catalog::{Entity, EntityId, Extent, OwnedPage, Owner, Present};

/// Entities on one page.
const PAGE: usize = 1000;

/// The entities of `owner` that were not updated after `before`, in the order of their creation from row `after` on.
pub(super) fn owned(connection: &Connection, owner: &str, before: &str, after: i64) -> rusqlite::Result<OwnedPage> {
    let mut statement = connection.prepare_cached(
        "SELECT id, blueprint, identifier FROM entities
         WHERE owner = ?1 AND id > ?2 AND updated_at <= ?3 ORDER BY id LIMIT ?4",
    )?;
    let mut rows = statement.query((owner, after, before, i64::try_from(PAGE).unwrap_or(i64::MAX)))?;
    let mut page = OwnedPage::default();
    let mut last = after;
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        page.entities.push(EntityId { blueprint: row.get(1)?, identifier: row.get(2)? });
    }
    page.next = (page.entities.len() == PAGE).then(|| last.to_string());
    Ok(page)
}

/// The present versions of entities that `owner` owns, each with the sections and keys that the one like it has.
pub(super) fn read(
    connection: &Connection,
    owner: &str,
    blueprint: &str,
    like: &[Entity],
) -> rusqlite::Result<Vec<Entity>> {
    let present = present(connection, owner, blueprint, like, Extent::Like)?;
    Ok(present.into_iter().filter(|present| present.owner == Owner::Ours).map(|present| present.entity).collect())
}

/// The present versions of entities, whoever owns them.
pub(super) fn present(
    connection: &Connection,
    owner: &str,
    blueprint: &str,
    like: &[Entity],
    extent: Extent,
) -> rusqlite::Result<Vec<Present>> {
    let mut present = Vec::with_capacity(like.len());
    for wanted in like {
        let Some(identifier) = wanted.identifier.as_str() else { continue };
        let Some(row) = rows::load(connection, blueprint, identifier)? else { continue };
        let owner = match row.owner {
            Some(name) if name == owner => Owner::Ours,
            Some(name) => Owner::Other(name),
            None => Owner::Unknown,
        };
        let entity = match extent {
            Extent::Like => as_wanted(wanted, blueprint, row.content),
            Extent::Whole => whole(wanted, blueprint, row.content),
        };
        present.push(Present { entity, owner });
    }
    Ok(present)
}

/// Whether no entity has this blueprint.
pub(super) fn is_empty(connection: &Connection, blueprint: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM entities WHERE blueprint = ?1)")?
        .query_row([blueprint], |row| row.get(0))
}

fn whole(wanted: &Entity, blueprint: &str, content: Content) -> Entity {
    let Content { title, icon, team, properties, relations } = content;
    Entity {
        identifier: wanted.identifier.clone(),
        icon: icon.map(Value::String),
        blueprint: blueprint.to_owned(),
        title: title.map(Value::String),
        team: Some(team),
        properties: Some(properties),
        relations: Some(relations),
    }
}

fn as_wanted(wanted: &Entity, blueprint: &str, content: Content) -> Entity {
    let Content { title, icon, team, properties, relations } = content;
    let text = |text: Option<String>| text.map_or(Value::Null, Value::String);
    Entity {
        identifier: wanted.identifier.clone(),
        icon: wanted.icon.is_some().then(|| text(icon)),
        blueprint: blueprint.to_owned(),
        title: wanted.title.is_some().then(|| text(title)),
        team: wanted.team.is_some().then_some(team),
        properties: wanted.properties.as_ref().map(|keys| only(keys, &properties)),
        relations: wanted.relations.as_ref().map(|keys| only(keys, &relations)),
    }
}

/// The values of these keys, as far as there are any.
fn only(keys: &Map<String, Value>, values: &Map<String, Value>) -> Map<String, Value> {
    keys.keys().filter_map(|key| Some((key.clone(), values.get(key)?.clone()))).collect()
}
