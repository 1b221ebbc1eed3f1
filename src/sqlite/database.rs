//! The handle by which the rest of the program reaches a file.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::writer::{self, Command, Effect, Task};
use super::{FileKind, FileLock, Found, SqliteError};

/// Most jobs that wait; a caller that finds the queue full waits too.
const QUEUE: usize = 64;

/// Where a database lives.
#[derive(Debug)]
pub(crate) enum Place {
    /// In a file, with the lock that keeps other processes away where there is one.
    File(PathBuf, Option<FileLock>),
    /// In memory, until the last handle goes.
    Memory,
}

/// An open file; cheap to clone. When the last handle goes, its thread finishes what is queued and closes it.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    label: Arc<str>,
    queue: mpsc::Sender<Command>,
}

impl Database {
    /// Opens or creates a file of this kind on a thread of its own.
    pub(crate) async fn open(place: Place, kind: &'static FileKind) -> Result<(Self, Found), SqliteError> {
        let label: Arc<str> = match &place {
            Place::File(path, _) => path.display().to_string().into(),
            Place::Memory => "memory".into(),
        };
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (opened, opening) = oneshot::channel();
        let name = Arc::clone(&label);
        std::thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(move || serve(place, kind, jobs, opened, &name))
            .map_err(|error| SqliteError::io(&label, error))?;
        let closed = || SqliteError::Closed { path: label.to_string() };
        let found = opening.await.map_err(|_| closed())??;
        Ok((Self { label, queue }, found))
    }

    /// Runs a job that writes. It is durable when this returns; a failing job leaves nothing behind and does not
    /// disturb others. When the caller goes away meanwhile the job may still be done.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.run(Effect::Write, work).await
    }

    /// Runs a job that only reads; it sees everything written before.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.run(Effect::Read, work).await
    }

    /// Finishes what is queued, moves the log into the file, closes it and frees its lock. Further jobs fail.
    pub(crate) async fn close(&self) -> Result<(), SqliteError> {
        let (reply, answer) = oneshot::channel();
        if self.queue.send(Command::Close(reply)).await.is_err() {
            return Ok(());
        }
        answer.await.unwrap_or(Ok(()))
    }

    async fn run<T, F>(&self, effect: Effect, work: F) -> Result<T, SqliteError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let closed = || SqliteError::Closed { path: self.label.to_string() };
        let (reply, answer) = oneshot::channel();
        let task = Task { effect, label: Arc::clone(&self.label), work: Some(work), outcome: None, reply };
        self.queue.send(Command::Job(Box::new(task))).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// The life of the thread: open, serve, close, free the lock, say so.
fn serve(
    place: Place,
    kind: &FileKind,
    jobs: mpsc::Receiver<Command>,
    opened: oneshot::Sender<Result<Found, SqliteError>>,
    label: &str,
) {
    let (connection, lock) = match place {
        Place::File(path, lock) => (kind.open(&path), lock),
        Place::Memory => (kind.open_in_memory().map(|connection| (connection, Found::Nothing)), None),
    };
    let (connection, found) = match connection {
        Ok(open) => open,
        Err(error) => {
            drop(lock);
            drop(opened.send(Err(error)));
            return;
        }
    };
    if opened.send(Ok(found)).is_err() {
        return;
    }
    let closing = writer::run(connection, jobs, label);
    drop(lock);
    if let Some(closing) = closing {
        drop(closing.reply.send(closing.outcome));
    }
}
