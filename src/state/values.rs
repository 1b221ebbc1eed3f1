//! Small values under a key: cursors, budget windows.

use rusqlite::OptionalExtension;

use super::{CatalogState, State, StateError};
use crate::sqlite::Checksum;

impl CatalogState {
    /// The value that this catalog has under a key; `None` where there is none, or where it was damaged.
    pub async fn value(&self, key: &str) -> Result<Option<String>, StateError> {
        self.as_state().get(&self.key(key)).await
    }

    /// Puts a value under a key of this catalog.
    pub async fn set_value(&self, key: &str, value: String) -> Result<(), StateError> {
        self.as_state().put(&self.key(key), value).await
    }

    fn as_state(&self) -> State {
        State { database: self.database.clone() }
    }

    fn key(&self, key: &str) -> String {
        format!("catalog/{}/{key}", self.id)
    }
}

impl State {
    /// The value under a key; `None` where there is none, or where it was damaged.
    pub async fn get(&self, key: &str) -> Result<Option<String>, StateError> {
        let key = key.to_owned();
        let value = self
            .database
            .read(move |connection| {
                let row: Option<(String, i64)> = connection
                    .prepare_cached("SELECT value, checksum FROM settings WHERE key = ?1")?
                    .query_row([&key], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                Ok(row.filter(|(value, sum)| *sum == checksum(&key, value)).map(|(value, _)| value))
            })
            .await?;
        Ok(value)
    }

    /// Puts a value (JSON text, kept as it is) under a key.
    pub async fn put(&self, key: &str, value: String) -> Result<(), StateError> {
        self.put_all(vec![(key.to_owned(), value)]).await
    }

    /// Puts several values under their keys, all or none.
    pub async fn put_all(&self, values: Vec<(String, String)>) -> Result<(), StateError> {
        self.database
            .write(move |connection| {
                let mut put = connection.prepare_cached(
                    "INSERT INTO settings (key, value, checksum) VALUES (?1, ?2, ?3)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value, checksum = excluded.checksum",
                )?;
                values.iter().try_for_each(|(key, value)| put.execute((key, value, checksum(key, value))).map(drop))
            })
            .await?;
        Ok(())
    }

    /// Removes the value under a key.
    pub async fn remove(&self, key: &str) -> Result<(), StateError> {
        let key = key.to_owned();
        self.database.write(move |connection| connection.execute("DELETE FROM settings WHERE key = ?1", [key])).await?;
        Ok(())
    }
}

fn checksum(key: &str, value: &str) -> i64 {
    Checksum::new().text(key).text(value).value()
}
