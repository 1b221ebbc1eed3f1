//! Hands what happens in a sync to Port's reports.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::value::RawValue;

use crate::port::{KindMetrics, PortReporter, ReportedResource, SyncState};
use crate::sync::{ListingReport, Observer, ResourceReport, SyncEvent, SyncOutcome};

/// Tells Port how a sync goes, and another observer too.
pub struct PortObserver<O> {
    reporter: PortReporter,
    beside: O,
    began: AtomicBool,
}

impl<O: Observer> PortObserver<O> {
    /// Reports to `reporter` and to `beside`.
    #[must_use]
    pub fn new(reporter: PortReporter, beside: O) -> Self {
        Self { reporter, beside, began: AtomicBool::new(false) }
    }

    /// Whether Port was told of a sync at all.
    pub fn began(&self) -> bool {
        self.began.load(Ordering::Acquire)
    }

    /// Waits until Port was told everything, within the reporter's patience. `broken_off` says how a sync stands that did
    /// not come to its end.
    pub async fn finish(&self, broken_off: Option<SyncState>) {
        if let Some(state) = broken_off {
            self.reporter.resync_finished(state, KindMetrics::default());
        }
        self.reporter.finish().await;
    }
}

impl<O: Observer> Observer for PortObserver<O> {
    fn on(&self, event: &SyncEvent) {
        // First what is near: who sees at Port that a resync runs finds it in the metrics of the process too.
        self.beside.on(event);
        match event {
            SyncEvent::Planned { resources, .. } => {
                self.began.store(true, Ordering::Release);
                let resources = resources.iter().map(|planned| ReportedResource {
                    kind: planned.kind.to_owned(),
                    blueprint: planned.blueprint.clone(),
                });
                self.reporter.resync_started(resources.collect());
            }
            SyncEvent::Started { resource } => self.reporter.kind_started(*resource),
            SyncEvent::Streamed { resources } => {
                for (index, row) in resources.iter().enumerate() {
                    self.reporter.kind_finished(index, state(row), metrics(row));
                }
            }
            SyncEvent::Reconciling => self.reporter.reconciliation_started(),
            SyncEvent::Reconciled { deleted, withheld } => {
                let metrics = KindMetrics { deleted: *deleted, ..KindMetrics::default() };
                // Port has no place for the reasons; they are in the log, which is copied to Port.
                let state = if *withheld == 0 { SyncState::Completed } else { SyncState::Failed };
                self.reporter.reconciliation_finished(state, metrics);
            }
            SyncEvent::Ended { duration, outcome } => {
                let state = match outcome {
                    SyncOutcome::Complete => SyncState::Completed,
                    SyncOutcome::Incomplete => SyncState::Failed,
                };
                self.reporter.resync_finished(state, KindMetrics { duration: *duration, ..KindMetrics::default() });
            }
            _ => {}
        }
    }

    fn examples_wanted(&self, resource: usize) -> usize {
        self.reporter.examples_wanted(resource)
    }

    fn examples(&self, resource: usize, kind: &'static str, objects: &[Box<RawValue>]) {
        let objects = objects.iter().filter_map(|object| serde_json::from_str(object.get()).ok()).collect();
        self.reporter.examples(resource, kind, objects);
    }
}

fn state(row: &ResourceReport) -> SyncState {
    match row.listing {
        ListingReport::Complete if row.failed == 0 => SyncState::Completed,
        _ => SyncState::Failed,
    }
}

fn metrics(row: &ResourceReport) -> KindMetrics {
    KindMetrics {
        duration: row.duration,
        extracted: row.listed,
        transformed: row.mapped,
        filtered: row.filtered,
        not_transformed: row.failed + row.skipped,
        loaded: row.created + row.updated + row.unchanged,
        not_loaded: row.refused,
        skipped: row.unchanged,
        deleted: row.deleted,
    }
}
