//! A copy of the state file, for whoever must not change it.

use std::path::Path;

use super::schema::KIND;
use super::{State, StateError};
use crate::sqlite::{Database, Found, Place, SqliteError};

impl State {
    /// A copy of the state file as it is now, in `folder`; `None` where there is no file. The original is neither
    /// written nor locked, and another process may go on with it.
    ///
    /// The copy has no fingerprints, so that everything is compared, and no sync that could be resumed.
    ///
    /// # Errors
    /// The file is damaged, foreign, or was written by a newer version.
    pub async fn copy(path: &Path, folder: &Path) -> Result<Option<Self>, StateError> {
        let (from, to) = (path.to_owned(), folder.join("state.db"));
        let copied = {
            let to = to.clone();
            tokio::task::spawn_blocking(move || KIND.copy(&from, &to)).await
        };
        let label = path.display().to_string();
        match copied.map_err(|error| SqliteError::io(&label, std::io::Error::other(error)))?? {
            Found::Nothing => return Ok(None),
            Found::Existing => {}
        }
        let (database, _) = Database::open(Place::File(to, None), &KIND).await?;
        database
            .write(|connection| {
                connection.execute_batch(
                    "UPDATE entities SET hash = NULL WHERE hash IS NOT NULL;
                     UPDATE syncs SET finished_at = started_at WHERE finished_at IS NULL;",
                )
            })
            .await?;
        Ok(Some(Self { database }))
    }
}
