//! Copies the log to Port, from the background.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use tokio::task::JoinHandle;

use super::mask::Mask;
use super::queue::{Droppable, Hurry, Queue};
use crate::port::PortClient;
use crate::port::call::Call;
use crate::port::clockwork::iso_z;

/// Records per call.
const BULK: usize = 100;

/// Longest time that a record waits for others.
const EVERY: Duration = Duration::from_secs(5);

/// Longest message that is kept, in characters.
const LONGEST: usize = 8_192;

/// How the log is copied.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// Hides secrets.
    pub mask: Mask,
    /// What every record has in `extra`, for example `instance`.
    pub extra: Map<String, Value>,
    /// Records that wait at a time; of more, the oldest are dropped.
    pub waiting: usize,
    /// How long the end waits for records that are still to be sent.
    pub patience: Duration,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { mask: Mask::default(), extra: Map::new(), waiting: 2_000, patience: Duration::from_secs(5) }
    }
}

/// One record of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRecord {
    /// What happened.
    pub message: String,
    /// `DEBUG`, `INFO`, `WARNING` or `ERROR`.
    pub level: &'static str,
    /// When.
    pub timestamp: OffsetDateTime,
    /// What belongs to it.
    pub extra: Map<String, Value>,
}

impl Droppable for LogRecord {
    fn may_drop(&self) -> bool {
        true
    }
}

/// Takes records, from any thread, without ever waiting. Before the shipper starts they are kept.
#[derive(Clone, Debug)]
pub struct LogSink {
    queue: Arc<Queue<LogRecord>>,
}

impl LogSink {
    /// A sink in which so many records wait at most.
    #[must_use]
    pub fn new(waiting: usize) -> Self {
        Self { queue: Arc::new(Queue::new(waiting)) }
    }

    /// Takes a record.
    pub fn push(&self, mut record: LogRecord) {
        if let Some((end, _)) = record.message.char_indices().nth(LONGEST) {
            record.message.truncate(end);
        }
        self.queue.push(record);
    }

    #[cfg(test)]
    pub(super) fn take(&self, most: usize) -> (Vec<LogRecord>, u64) {
        self.queue.take(most)
    }
}

/// Sends what a sink takes.
#[derive(Debug)]
pub struct LogShipper {
    sink: LogSink,
    client: PortClient,
    patience: Duration,
    task: Option<JoinHandle<()>>,
}

impl LogShipper {
    /// Starts to send what `sink` takes. To be called once the integration exists: before, Port names no address for
    /// the log, and what is sent then is lost.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn start(client: PortClient, sink: LogSink, settings: LogSettings) -> Self {
        let patience = settings.patience;
        let task = tokio::spawn(ship(client.clone(), Arc::clone(&sink.queue), settings));
        Self { sink, client, patience, task: Some(task) }
    }

    /// Sends what is left, within the time that the settings give.
    pub async fn finish(mut self) {
        self.sink.queue.close(Hurry::Everything);
        let Some(mut task) = self.task.take() else { return };
        tokio::select! {
            _ = &mut task => {}
            () = self.client.clock().sleep(self.patience) => task.abort(),
        }
    }
}

impl Drop for LogShipper {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn ship(client: PortClient, queue: Arc<Queue<LogRecord>>, settings: LogSettings) {
    let mut warned = false;
    loop {
        wait_for_records(&client, &queue).await;
        let (records, dropped) = queue.take(BULK);
        if records.is_empty() {
            if queue.level().1 {
                return;
            }
            continue;
        }
        if dropped > 0 {
            tracing::debug!(dropped, "records of the log were not copied to Port: they came faster than it takes them");
        }
        let result = send(&client, &records, &settings).await;
        if let Err(error) = result
            && !std::mem::replace(&mut warned, true)
        {
            let error = error.in_full();
            tracing::warn!(local = true, error, "the log cannot be copied to Port; it goes on here");
        }
    }
}

/// Waits until a bulk is full, the first record has waited long enough, or no more come.
async fn wait_for_records(client: &PortClient, queue: &Queue<LogRecord>) {
    while queue.level() == (0, false) {
        queue.changed().await;
    }
    let enough = async {
        loop {
            let (waiting, closed) = queue.level();
            if closed || waiting >= BULK {
                return;
            }
            queue.changed().await;
        }
    };
    tokio::select! {
        () = enough => {}
        () = client.clock().sleep(EVERY) => {}
    }
}

async fn send(
    client: &PortClient,
    records: &[LogRecord],
    settings: &LogSettings,
) -> Result<(), crate::port::PortError> {
    let Some(address) = client.ingest().await?.logs else { return Ok(()) };
    let logs: Vec<Value> = records.iter().map(|record| document(record, settings)).collect();
    let call = Call::ingest(Method::POST, address).json(&json!({ "logs": logs }))?;
    client.send(&call.within(Duration::from_secs(20))).await.map(drop)
}

fn document(record: &LogRecord, settings: &LogSettings) -> Value {
    let mut extra = settings.extra.clone();
    extra.extend(record.extra.clone());
    json!({
        "message": settings.mask.text(&record.message),
        "level": record.level,
        "timestamp": iso_z(record.timestamp),
        "extra": settings.mask.value(&Value::Object(extra)),
    })
}
