//! The thread that owns a connection.

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::SqliteError;

/// Most jobs that share one commit.
const GROUP: usize = 64;

/// What the thread is asked for.
pub(super) enum Command {
    /// Run a job.
    Job(Box<dyn Job>),
    /// Finish what is queued, move the log into the file and close it.
    Close(oneshot::Sender<Result<(), SqliteError>>),
}

/// Whether a job changes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It only reads.
    Read,
    /// It writes.
    Write,
}

/// A queued job, its answer kept back until the commit it belongs to.
pub(super) trait Job: Send {
    /// Whether it changes the file.
    fn effect(&self) -> Effect;
    /// Runs it; the failure, if it failed.
    fn run(&mut self, connection: &Connection) -> Option<SqliteError>;
    /// Answers its caller: with what it found, or with the failure of the whole group.
    fn settle(self: Box<Self>, group: Result<(), SqliteError>);
}

/// A job that a closure does.
pub(super) struct Task<T, F> {
    pub(super) effect: Effect,
    pub(super) label: std::sync::Arc<str>,
    pub(super) work: Option<F>,
    pub(super) outcome: Option<Result<T, SqliteError>>,
    pub(super) reply: oneshot::Sender<Result<T, SqliteError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn effect(&self) -> Effect {
        self.effect
    }

    fn run(&mut self, connection: &Connection) -> Option<SqliteError> {
        let outcome = self.work.take()?(connection).map_err(|error| SqliteError::new(&self.label, error));
        let failure = outcome.as_ref().err().cloned();
        self.outcome = Some(outcome);
        failure
    }

    fn settle(self: Box<Self>, group: Result<(), SqliteError>) {
        let closed = || Err(SqliteError::Closed { path: self.label.to_string() });
        let answer = match group {
            Ok(()) => self.outcome.unwrap_or_else(closed),
            Err(error) => Err(error),
        };
        // The caller may have gone; what was done stays done.
        drop(self.reply.send(answer));
    }
}

/// Runs jobs until the queue ends or closing is asked for.
pub(super) fn run(connection: Connection, mut queue: mpsc::Receiver<Command>, label: &str) -> Option<Closing> {
    let mut group = Vec::new();
    while let Some(command) = queue.blocking_recv() {
        let mut next = Some(command);
        let mut closing = None;
        while let Some(command) = next.take() {
            match command {
                Command::Job(job) => group.push(job),
                Command::Close(reply) => {
                    closing = Some(reply);
                    break;
                }
            }
            if group.len() < GROUP {
                next = queue.try_recv().ok();
            }
        }
        run_group(&connection, std::mem::take(&mut group), label);
        if let Some(reply) = closing {
            queue.close();
            return Some(Closing { outcome: close(connection, label), reply });
        }
    }
    drop(close(connection, label));
    None
}

/// How closing went, to be told once the lock is free as well.
pub(super) struct Closing {
    pub(super) outcome: Result<(), SqliteError>,
    pub(super) reply: oneshot::Sender<Result<(), SqliteError>>,
}

/// Runs jobs in one transaction and answers them after its commit.
fn run_group(connection: &Connection, mut jobs: Vec<Box<dyn Job>>, label: &str) {
    if jobs.is_empty() {
        return;
    }
    let outcome = transact(connection, &mut jobs, label);
    if outcome.is_err() && !connection.is_autocommit() {
        drop(connection.execute_batch("ROLLBACK"));
    }
    for job in jobs {
        job.settle(outcome.clone());
    }
}

fn transact(connection: &Connection, jobs: &mut [Box<dyn Job>], label: &str) -> Result<(), SqliteError> {
    let execute = |sql| connection.execute_batch(sql).map_err(|error| SqliteError::new(label, error));
    let writes = jobs.iter().any(|job| job.effect() == Effect::Write);
    execute(if writes { "BEGIN IMMEDIATE" } else { "BEGIN DEFERRED" })?;
    for job in jobs {
        let guarded = job.effect() == Effect::Write;
        if guarded {
            execute("SAVEPOINT job")?;
        }
        let failure = job.run(connection);
        if connection.is_autocommit() {
            // A full disk or a failing one ends the transaction by itself: the whole group is lost and is told so.
            return Err(failure.unwrap_or_else(|| SqliteError::Closed { path: label.to_owned() }));
        }
        match (guarded, failure) {
            (true, Some(_)) => execute("ROLLBACK TO job; RELEASE job")?,
            (true, None) => execute("RELEASE job")?,
            (false, _) => {}
        }
    }
    execute("COMMIT")
}

/// Moves the write-ahead log into the file and closes it.
fn close(connection: Connection, label: &str) -> Result<(), SqliteError> {
    let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.flush_prepared_statement_cache();
    let closed = connection.close().map_err(|(_, error)| error);
    checkpoint.and(closed).map_err(|error| SqliteError::new(label, error))
}
