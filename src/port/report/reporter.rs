//! Tells Port how a sync goes, from the background.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use tokio::task::JoinHandle;

use super::examples::Allowance;
use super::mask::Mask;
use super::metrics::{KindMetrics, Part, ReportedResource, SyncState};
use super::queue::{Hurry, Queue};
use super::sender::{Note, Sender};
use crate::port::{PortClient, ResyncId};

/// Notes that wait at a time: enough for the beginning and the end of 500 resources.
const WAITING: usize = 1_024;

/// How reports are made.
#[derive(Clone, Debug)]
pub struct ReporterSettings {
    /// `installationType`, for example `OnPrem`.
    pub installation_type: &'static str,
    /// When the next resync is due, if they run on a schedule.
    pub schedule: Option<ResyncSchedule>,
    /// Whether raw objects are sent as examples (`send_raw_data_examples`).
    pub sends_examples: bool,
    /// Hides secrets in examples.
    pub mask: Mask,
    /// Time between two signs of life (`status_heartbeat_interval_seconds`).
    pub heartbeat: Duration,
    /// How long the end of a sync waits for reports that are still on their way.
    pub patience: Duration,
}

impl Default for ReporterSettings {
    fn default() -> Self {
        Self {
            installation_type: "OnPrem",
            schedule: None,
            sends_examples: true,
            mask: Mask::default(),
            heartbeat: Duration::from_secs(10),
            patience: Duration::from_secs(15),
        }
    }
}

/// Resyncs at equal intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResyncSchedule {
    /// When counting began: the start of the process.
    pub since: OffsetDateTime,
    /// Time from one to the next.
    pub interval: Duration,
}

impl ResyncSchedule {
    /// The first one due after `now`.
    #[must_use]
    pub fn next(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let interval = i64::try_from(self.interval.as_secs()).ok().filter(|interval| *interval > 0)?;
        let passed = (now - self.since).whole_seconds().max(0);
        let next = passed.checked_div(interval)?.checked_add(1)?.checked_mul(interval)?;
        self.since.checked_add(time::Duration::seconds(next))
    }
}

/// Tells Port how one sync goes. All methods return at once; what cannot be sent in time is given up.
#[derive(Debug)]
pub struct PortReporter {
    queue: Arc<Queue<Note>>,
    allowance: Mutex<Allowance>,
    sends_examples: bool,
    patience: Duration,
    client: PortClient,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl PortReporter {
    /// Starts the background task of one sync.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn start(client: PortClient, resync: ResyncId, settings: ReporterSettings) -> Self {
        let queue = Arc::new(Queue::new(WAITING));
        let (sends_examples, patience) = (settings.sends_examples, settings.patience);
        let sender = Sender::new(client.clone(), resync, settings);
        let task = tokio::spawn(sender.run(Arc::clone(&queue)));
        Self { queue, allowance: Mutex::default(), sends_examples, patience, client, task: Mutex::new(Some(task)) }
    }

    /// The sync began with these resources, in the order of the mapping.
    pub fn resync_started(&self, resources: Vec<ReportedResource>) {
        self.queue.push(Note::Started { resources });
    }

    /// The resource of that place began.
    pub fn kind_started(&self, index: usize) {
        self.push(Part::Resource(index), SyncState::Syncing, KindMetrics::default());
    }

    /// The resource of that place ended.
    pub fn kind_finished(&self, index: usize, state: SyncState, metrics: KindMetrics) {
        self.push(Part::Resource(index), state, metrics);
    }

    /// Looking for what is gone began.
    pub fn reconciliation_started(&self) {
        self.push(Part::Reconciliation, SyncState::Syncing, KindMetrics::default());
    }

    /// Looking for what is gone ended.
    pub fn reconciliation_finished(&self, state: SyncState, metrics: KindMetrics) {
        self.push(Part::Reconciliation, state, metrics);
    }

    /// How many more examples of the resource of that place are wanted: while it is 0 none need be gathered.
    #[must_use]
    pub fn examples_wanted(&self, index: usize) -> usize {
        if self.sends_examples { self.allowance.lock().unwrap_or_else(PoisonError::into_inner).left(index) } else { 0 }
    }

    /// Raw objects of the resource of that place; the first 5 of a sync are sent, without secrets.
    pub fn examples(&self, index: usize, kind: &str, examples: Vec<Value>) {
        if !self.sends_examples {
            return;
        }
        let examples = self.allowance.lock().unwrap_or_else(PoisonError::into_inner).take(index, examples);
        if !examples.is_empty() {
            self.queue.push(Note::Examples { kind: kind.to_owned(), examples });
        }
    }

    /// The sync ended; parts that have not are reported as aborted.
    pub fn resync_finished(&self, state: SyncState, metrics: KindMetrics) {
        self.queue.push(Note::Finished { state, metrics });
    }

    /// Waits until everything is sent, but not longer than the settings say.
    pub async fn finish(&self) {
        self.queue.close(Hurry::Everything);
        let Some(mut task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let half = self.patience / 2;
        for hurry in [Hurry::Everything, Hurry::OnlyImportant] {
            self.queue.close(hurry);
            tokio::select! {
                _ = &mut task => return,
                () = self.client.clock().sleep(half) => {}
            }
        }
        task.abort();
        tracing::warn!(
            "Port was not told everything about this sync: it did not answer in time; the entities are not affected"
        );
    }

    fn push(&self, part: Part, state: SyncState, metrics: KindMetrics) {
        self.queue.push(Note::Part { part, state, metrics });
    }
}

impl Drop for PortReporter {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}
