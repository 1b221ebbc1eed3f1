//! Rows of the file and what is read from them.

use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::content::Content;

/// In whose name and when something is written.
pub(super) struct Writing {
    pub(super) owner: Arc<str>,
    pub(super) at: String,
}

/// An entity of the file.
pub(super) struct StoredRow {
    pub(super) identifier: String,
    pub(super) owner: Option<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    pub(super) content: Content,
}

/// The columns of [`StoredRow`], in the order in which it reads them.
pub(super) const COLUMNS: &str = "identifier, title, icon, team, properties, relations, owner, created_at, updated_at";

/// Always the same width, so that texts sort as moments do.
const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// A moment as it is stored: UTC, microseconds.
pub(super) fn timestamp(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC).format(MOMENT).unwrap_or_default()
}

/// A JSON column.
pub(super) fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// Reads the columns named by [`COLUMNS`].
pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<StoredRow> {
    let team = match row.get_ref(3)? {
        rusqlite::types::ValueRef::Null => Value::Null,
        _ => from_json(row, 3)?,
    };
    Ok(StoredRow {
        identifier: row.get(0)?,
        owner: row.get(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
        content: Content {
            title: row.get(1)?,
            icon: row.get(2)?,
            team,
            properties: from_json(row, 4)?,
            relations: from_json(row, 5)?,
        },
    })
}

/// One entity of the file.
pub(super) fn load(connection: &Connection, blueprint: &str, identifier: &str) -> rusqlite::Result<Option<StoredRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM entities WHERE blueprint = ?1 AND identifier = ?2"))?
        .query_row((blueprint, identifier), stored)
        .optional()
}

/// Whether an entity exists.
pub(super) fn exists(connection: &Connection, blueprint: &str, identifier: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM entities WHERE blueprint = ?1 AND identifier = ?2)")?
        .query_row((blueprint, identifier), |row| row.get(0))
}
