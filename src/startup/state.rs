//! The state file of a sync.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::catalog::Catalog;
use crate::config::Settings;
use crate::sqlite::SqliteError;
use crate::state::{CatalogState, Origin, State, StateError};
use crate::sync::{Observer, SyncEvent};

use super::StartupError;

/// A state file and its part for one catalog; cheap to clone.
#[derive(Clone, Debug)]
pub struct OpenedState {
    /// The file, to be closed at the end.
    pub file: State,
    /// The catalog's part.
    pub catalog: CatalogState,
}

/// Time between two looks whether the other process let go.
const LOOK: Duration = Duration::from_millis(500);

/// Opens the state file. Where another process has it, tells `observer` which and waits, at most `wait`.
///
/// # Errors
/// As [`open_state`]; the file is still in use after the wait.
pub async fn wait_for_state(
    path: &Path,
    catalog: &dyn Catalog,
    wait: Duration,
    observer: &dyn Observer,
) -> Result<OpenedState, StartupError> {
    let began = Instant::now();
    let mut told: Option<String> = None;
    loop {
        let holder = match open_state(path, catalog).await {
            Err(StartupError::State(StateError::File(SqliteError::InUse { holder, .. }))) if began.elapsed() < wait => {
                holder
            }
            opened => return opened,
        };
        if told.as_ref() != Some(&holder) {
            tracing::warn!("the state file {} is in use by {holder}: waiting for it to end", path.display());
            observer.on(&SyncEvent::Waiting { holder: holder.clone() });
            told = Some(holder);
        }
        tokio::time::sleep(LOOK.min(wait)).await;
    }
}

/// Opens the state file; a damaged or foreign one is set aside, which makes the next sync a full comparison.
///
/// # Errors
/// The file is in use, was written by a newer version, or cannot be written.
pub async fn open_state(path: &Path, catalog: &dyn Catalog) -> Result<OpenedState, StartupError> {
    let opened = State::open(path).await?;
    match &opened.origin {
        Origin::Existing => {}
        Origin::Fresh => tracing::info!(path = %path.display(), "no state file yet: everything is compared"),
        Origin::Replaced { reason, kept_as } => tracing::warn!(
            "the state file {} cannot be used ({reason}): it was kept as {}, and everything is compared",
            path.display(),
            kept_as.display()
        ),
    }
    let catalog = opened.state.catalog(catalog.name()).await?;
    Ok(OpenedState { file: opened.state, catalog })
}

/// The state file of a process that resyncs again and again: opened by who needs it first, and kept from other processes
/// until it is closed.
#[derive(Debug, Default)]
pub struct KeptState(Mutex<Option<OpenedState>>);

impl KeptState {
    /// The open file.
    ///
    /// # Errors
    /// As [`wait_for_state`].
    pub async fn get(
        &self,
        settings: &Settings,
        catalog: &dyn Catalog,
        observer: &dyn Observer,
    ) -> Result<OpenedState, StartupError> {
        let mut kept = self.0.lock().await;
        if let Some(opened) = &*kept {
            return Ok(opened.clone());
        }
        let opened = wait_for_state(&settings.state_path, catalog, settings.endurance.state_wait, observer).await?;
        *kept = Some(opened.clone());
        Ok(opened)
    }

    /// The file, where it is open.
    pub async fn opened(&self) -> Option<OpenedState> {
        self.0.lock().await.clone()
    }

    /// Closes the file, if it is open; it is opened anew when somebody needs it.
    ///
    /// # Errors
    /// What was pending cannot be written.
    pub async fn close(&self) -> Result<(), StartupError> {
        match self.0.lock().await.take() {
            Some(opened) => Ok(opened.file.close().await?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::LocalCatalog;
    use crate::config::{Override, Sources, load};
    use crate::sync::Silent;

    #[tokio::test]
    async fn a_kept_file_stays_ours_until_it_is_closed_and_is_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let set = |path: &str, value: &str| Override::new(path, value, "test");
        let overrides = vec![
            set("integration.config.bitbucket_workspace", "acme"),
            set("state_path", &path.display().to_string()),
            set("state_wait", "0s"),
        ];
        let settings = load(&Sources { overrides, ..Sources::default() }).unwrap().settings;
        let catalog = LocalCatalog::open(&folder.path().join("catalog.db"), "ours").await.unwrap();
        let kept = KeptState::default();
        assert!(kept.opened().await.is_none());
        for value in ["1", "2"] {
            let opened = kept.get(&settings, &catalog, &Silent).await.unwrap();
            let before = opened.catalog.value("key").await.unwrap();
            assert_eq!(before.as_deref(), (value == "2").then_some("1"));
            opened.catalog.set_value("key", value.to_owned()).await.unwrap();
            // Whoever asks again gets the same, and another process nothing.
            let again = kept.get(&settings, &catalog, &Silent).await.unwrap();
            assert_eq!(again.catalog.value("key").await.unwrap().as_deref(), Some(value));
            assert!(matches!(State::open(&path).await, Err(StateError::File(SqliteError::InUse { .. }))));
            kept.close().await.unwrap();
            State::open(&path).await.unwrap().state.close().await.unwrap();
        }
        kept.close().await.unwrap();
    }
}
