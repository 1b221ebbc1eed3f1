//! The background task of a reporter: one note after the other becomes calls.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::task::JoinHandle;

use super::metrics::{Documents, KindMetrics, Part, ReportedResource, SyncState};
use super::queue::{Droppable, Queue};
use super::reporter::ReporterSettings;
use crate::port::call::{Call, form};
use crate::port::clockwork::iso;
use crate::port::{PortClient, PortError, ResyncId};

/// Longest time for one call, repetitions included.
const PER_CALL: Duration = Duration::from_secs(20);

/// Something to tell Port.
#[derive(Debug)]
pub(super) enum Note {
    Started { resources: Vec<ReportedResource> },
    Part { part: Part, state: SyncState, metrics: KindMetrics },
    Examples { kind: String, examples: Vec<Value> },
    Finished { state: SyncState, metrics: KindMetrics },
}

impl Droppable for Note {
    fn may_drop(&self) -> bool {
        match self {
            Self::Examples { .. } => true,
            Self::Part { state, .. } => !state.is_final(),
            Self::Started { .. } | Self::Finished { .. } => false,
        }
    }
}

/// Turns notes into calls.
pub(super) struct Sender {
    client: PortClient,
    settings: ReporterSettings,
    documents: Documents,
    /// How each resource stands, as far as Port was told.
    states: Vec<SyncState>,
    reconciliation: Option<SyncState>,
    /// Address of the metrics service; `None` while unknown or if Port names none.
    address: Option<String>,
    heartbeat: Option<Heartbeat>,
    warned: bool,
}

/// Signs of life; they end with this value.
struct Heartbeat(JoinHandle<()>);

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Sender {
    pub(super) fn new(client: PortClient, resync: ResyncId, settings: ReporterSettings) -> Self {
        let documents = Documents {
            identity: client.identity().clone(),
            installation_type: settings.installation_type,
            resync,
            resources: Vec::new(),
        };
        Self {
            client,
            settings,
            documents,
            states: Vec::new(),
            reconciliation: None,
            address: None,
            heartbeat: None,
            warned: false,
        }
    }

    pub(super) async fn run(mut self, queue: Arc<Queue<Note>>) {
        while let Some(note) = queue.next().await {
            match note {
                Note::Started { resources } => self.started(resources).await,
                Note::Part { part, state, metrics } => self.part(part, state, &metrics).await,
                Note::Examples { kind, examples } => self.examples(&kind, &examples).await,
                Note::Finished { state, metrics } => self.finished(state, &metrics).await,
            }
        }
    }

    async fn started(&mut self, resources: Vec<ReportedResource>) {
        self.states = vec![SyncState::Pending; resources.len()];
        self.documents.resources = resources;
        let mut state = json!({ "status": "running", "lastResyncStart": iso(self.now()), "lastResyncEnd": null });
        self.add_schedule(&mut state);
        let result = self.client.patch_resync_state(&state, PER_CALL).await;
        self.note(result);
        match self.client.ingest().await {
            Ok(ingest) => self.address = ingest.metrics,
            Err(error) => self.note(Err(error)),
        }
        let none = KindMetrics::default();
        let pending: Vec<Value> = (0..self.states.len())
            .filter_map(|index| self.documents.of(Part::Resource(index), SyncState::Pending, &none))
            .collect();
        self.post(pending).await;
        self.post(self.documents.of(Part::Runtime, SyncState::Syncing, &none).into_iter().collect()).await;
        self.start_heartbeat();
    }

    async fn part(&mut self, part: Part, state: SyncState, metrics: &KindMetrics) {
        match part {
            Part::Resource(index) => match self.states.get_mut(index) {
                Some(known) => *known = state,
                None => return,
            },
            Part::Reconciliation => {
                let is_new = self.reconciliation.replace(state).is_none();
                if is_new && !state.is_final() {
                    let document = self.documents.of(part, state, metrics);
                    return self.post(document.into_iter().collect()).await;
                }
            }
            Part::Runtime => {}
        }
        self.put(part, state, metrics).await;
    }

    async fn examples(&mut self, kind: &str, examples: &[Value]) {
        let hidden: Vec<Value> = examples.iter().map(|example| self.settings.mask.value(example)).collect();
        let result = self.client.send_examples(kind, &hidden, PER_CALL).await;
        self.note(result);
    }

    async fn finished(&mut self, state: SyncState, metrics: &KindMetrics) {
        let open = |state: &SyncState| !state.is_final();
        let unfinished: Vec<usize> =
            self.states.iter().enumerate().filter(|(_, state)| open(state)).map(|(index, _)| index).collect();
        for index in unfinished {
            self.part(Part::Resource(index), SyncState::Aborted, &KindMetrics::default()).await;
        }
        if self.reconciliation.as_ref().is_some_and(open) {
            self.part(Part::Reconciliation, SyncState::Aborted, &KindMetrics::default()).await;
        }
        let mut end = json!({ "status": state.name(), "lastResyncEnd": iso(self.now()) });
        self.add_schedule(&mut end);
        let result = self.client.patch_resync_state(&end, PER_CALL).await;
        self.note(result);
        self.post(self.documents.of(Part::Runtime, state, metrics).into_iter().collect()).await;
        self.heartbeat = None;
    }

    /// The time at Port; before its first answer that of this machine, which is only shown.
    fn now(&self) -> OffsetDateTime {
        self.client.service_time().unwrap_or_else(OffsetDateTime::now_utc)
    }

    fn add_schedule(&self, state: &mut Value) {
        let schedule = self.settings.schedule;
        let next = schedule.and_then(|schedule| schedule.next(self.now())).map(iso);
        let minutes = schedule.map(|schedule| schedule.interval.as_secs() / 60);
        if let Some(fields) = state.as_object_mut() {
            fields.insert("nextResync".to_owned(), json!(next));
            // Misspelt in Port's API.
            fields.insert("intervalInMinuets".to_owned(), json!(minutes));
        }
    }

    async fn post(&mut self, documents: Vec<Value>) {
        let Some(address) = self.address.as_ref().filter(|_| !documents.is_empty()) else { return };
        let call = Call::ingest(Method::POST, format!("{address}/syncMetrics"));
        self.send(call, &json!({ "syncKindsMetrics": documents })).await;
    }

    async fn put(&mut self, part: Part, state: SyncState, metrics: &KindMetrics) {
        let Some(address) = &self.address else { return };
        let Some(kind) = self.documents.kind_identifier(part) else { return };
        let resync = form(&self.documents.resync.to_string());
        let path = format!("{address}/syncMetrics/resync/{resync}/kind/{}", form(&kind));
        let Some(document) = self.documents.of(part, state, metrics) else { return };
        self.send(Call::ingest(Method::PUT, path), &json!({ "syncKindMetrics": document })).await;
    }

    async fn send(&mut self, call: Call, body: &Value) {
        let result = match call.json(body) {
            Ok(call) => self.client.send(&call.within(PER_CALL)).await.map(drop),
            Err(error) => Err(error),
        };
        self.note(result);
    }

    fn start_heartbeat(&mut self) {
        let Some(address) = self.address.clone() else { return };
        let (client, interval) = (self.client.clone(), self.settings.heartbeat.max(Duration::from_secs(1)));
        let body = json!({ "eventId": self.documents.resync.to_string() });
        let beat = async move {
            loop {
                client.clock().sleep(interval).await;
                let call = Call::ingest(Method::POST, format!("{address}/heartbeat")).json(&body);
                let result = match call {
                    Ok(call) => client.send(&call.within(interval)).await.map(drop),
                    Err(error) => Err(error),
                };
                if let Err(error) = result {
                    tracing::debug!(error = error.in_full(), "Port did not take a sign of life");
                }
            }
        };
        self.heartbeat = Some(Heartbeat(tokio::spawn(beat)));
    }

    /// Takes note of how a report went: the first that failed is worth a warning, the others are not.
    fn note(&mut self, result: Result<(), PortError>) {
        let Err(error) = result else { return };
        let error = error.in_full();
        if std::mem::replace(&mut self.warned, true) {
            tracing::debug!(error, "Port did not take a report about this sync");
        } else {
            tracing::warn!(error, "Port did not take a report about this sync; the entities are not affected");
        }
    }
}
