//! From what happens in a resync to gauges.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sync::{Observer, PlannedKind, Report, ResourceReport, SyncEvent, SyncOutcome};

use super::board::{Board, Labels};
use super::family::Family;
use super::process::{Usage, usage};
use super::samples::Samples;

/// The pseudo kind of a resync as a whole.
const RUNTIME: &str = "__runtime__";
/// The pseudo kind of the deletion of what is gone.
const RECONCILIATION: &str = "__reconciliation__";

/// The gauges; clones share them. While a resync runs they follow its events, at its end its report.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    board: Board,
    /// Label by kind: `repository-0`, the kind with the place of its resource in the mapping.
    labels: BTreeMap<&'static str, String>,
    memory: Samples,
    processor: Samples,
    latency: Samples,
    last_usage: Option<(Instant, Usage)>,
}

impl Metrics {
    /// The page as text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut state = self.lock();
        state.show_samples();
        state.board.render()
    }

    /// Replaces the running counts by those of the report, which are exact by resource.
    pub fn finish(&self, report: &Report) {
        let mut state = self.lock();
        state.board.clear();
        for resource in &report.resources {
            state.resource(resource);
        }
        let deleted: u64 = report.deletions.iter().map(|deletion| deletion.deleted).sum();
        state.count(RECONCILIATION, "delete", "deleted", deleted);
        state.end(RUNTIME, report.duration, report.outcome == SyncOutcome::Complete);
    }

    /// Notes a resync that broke off after that time.
    pub fn fail(&self, after: Duration) {
        self.lock().end(RUNTIME, after, false);
    }

    /// Takes a sample of what the process uses; `latency` is how late the event loop came round.
    pub(in crate::daemon) fn sample(&self, latency: Duration) {
        let usage = usage();
        let mut state = self.lock();
        state.latency.add(latency.as_secs_f64() * 1000.0);
        let Some(usage) = usage else { return };
        let now = Instant::now();
        state.memory.add(usage.memory as f64);
        if let Some((then, before)) = state.last_usage.replace((now, usage)) {
            let passed = now.duration_since(then).as_secs_f64();
            let spent = usage.processor.saturating_sub(before.processor).as_secs_f64();
            if passed > 0.0 {
                state.processor.add(spent / passed * 100.0);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Metrics {
    fn on(&self, event: &SyncEvent) {
        let mut state = self.lock();
        match event {
            SyncEvent::Planned { resources } => state.begin(resources),
            SyncEvent::Streamed { resources } => resources.iter().for_each(|resource| state.resource(resource)),
            SyncEvent::Listed { kind, objects } => state.raise(kind, "extract", "raw_extracted", *objects),
            SyncEvent::Unchanged { kind, entities, .. } => state.raise(kind, "load", "skipped", *entities),
            SyncEvent::Written { kind, entities } => state.raise(kind, "load", "loaded", *entities),
            SyncEvent::Deleted { entities, .. } => {
                let labels = Labels::count(RECONCILIATION, "delete", "deleted");
                state.board.add(Family::ObjectCount, labels, *entities as f64);
            }
            SyncEvent::Ended { duration, outcome } => {
                state.end(RUNTIME, *duration, *outcome == SyncOutcome::Complete);
            }
            _ => {}
        }
    }
}

impl State {
    /// Counts of the kinds in the mapping begin at 0, those of an earlier mapping go.
    fn begin(&mut self, resources: &[PlannedKind]) {
        self.board.clear();
        self.labels.clear();
        for (index, kind) in resources.iter().map(|planned| planned.kind).enumerate() {
            // Events name only the kind: of several resources of one kind the first stands for all until
            // everything is written.
            let label = self.labels.entry(kind).or_insert_with(|| format!("{kind}-{index}")).clone();
            self.count(&label, "extract", "raw_extracted", 0);
            self.count(&label, "load", "loaded", 0);
            self.count(&label, "load", "skipped", 0);
        }
        self.count(RECONCILIATION, "delete", "deleted", 0);
    }

    fn raise(&mut self, kind: &'static str, phase: &'static str, what: &'static str, by: usize) {
        let label = self.labels.get(kind).map_or(kind, String::as_str);
        self.board.add(Family::ObjectCount, Labels::count(label, phase, what), by as f64);
    }

    fn count(&mut self, label: &str, phase: &'static str, what: &'static str, count: u64) {
        self.board.set(Family::ObjectCount, Labels::count(label, phase, what), count as f64);
    }

    fn resource(&mut self, resource: &ResourceReport) {
        let label = format!("{}-{}", resource.kind, resource.index);
        self.count(&label, "extract", "raw_extracted", resource.listed);
        self.count(&label, "transform", "transformed", resource.mapped);
        self.count(&label, "transform", "filtered_out", resource.filtered);
        self.count(&label, "transform", "failed", resource.failed + resource.skipped);
        self.count(&label, "load", "loaded", resource.created + resource.updated);
        self.count(&label, "load", "skipped", resource.unchanged);
        self.count(&label, "load", "failed", resource.refused);
        self.count(&label, "delete", "deleted", resource.deleted);
        self.end(&label, resource.duration, resource.is_complete());
    }

    fn end(&mut self, label: &str, duration: Duration, complete: bool) {
        self.board.set(Family::DurationSeconds, Labels::phase(label, "resync"), duration.as_secs_f64());
        self.board.set(Family::Success, Labels::phase(label, "resync"), f64::from(u8::from(complete)));
    }

    fn show_samples(&mut self) {
        use Family as F;
        let groups = [
            (self.processor.figures(), [F::CpuMax, F::CpuMedian, F::CpuAverage]),
            (self.memory.figures(), [F::MemoryMax, F::MemoryMedian, F::MemoryAverage]),
            (self.latency.figures(), [F::LatencyMax, F::LatencyMedian, F::LatencyAverage]),
        ];
        for (figures, [highest, median, average]) in groups {
            let Some(figures) = figures else { continue };
            for (family, value) in [(highest, figures.highest), (median, figures.median), (average, figures.average)] {
                self.board.set(family, Labels::kind(RUNTIME), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{DeletionReport, ListingReport};

    fn planned(kinds: &[&'static str]) -> SyncEvent {
        let resource = |kind: &&'static str| PlannedKind { kind, blueprint: "\"service\"".to_owned() };
        SyncEvent::Planned { resources: kinds.iter().map(resource).collect() }
    }

    fn begun() -> Metrics {
        let metrics = Metrics::default();
        metrics.on(&planned(&["project", "repository", "repository"]));
        metrics.on(&SyncEvent::Listed { kind: "project", objects: 3 });
        metrics.on(&SyncEvent::Listed { kind: "repository", objects: 100 });
        metrics.on(&SyncEvent::Listed { kind: "repository", objects: 20 });
        metrics.on(&SyncEvent::Unchanged { kind: "repository", blueprint: "r".to_owned(), entities: 90 });
        metrics.on(&SyncEvent::Written { kind: "repository", entities: 30 });
        metrics.on(&SyncEvent::Deleted { blueprint: "service".to_owned(), entities: 2 });
        metrics
    }

    fn report() -> Report {
        let resource = ResourceReport {
            index: 1,
            kind: "repository".to_owned(),
            listing: ListingReport::Partial("a page did not come".to_owned()),
            listed: 120,
            mapped: 118,
            filtered: 1,
            skipped: 0,
            failed: 1,
            degraded: 0,
            unchanged: 90,
            created: 20,
            updated: 7,
            unmatched: 0,
            refused: 1,
            collided: 0,
            deleted: 2,
            requests: 4,
            duration: Duration::from_millis(1500),
        };
        let deletion = DeletionReport {
            blueprint: "service".to_owned(),
            owned: 120,
            missing: 3,
            deleted: 2,
            protected: BTreeMap::new(),
            withheld: 0,
        };
        Report {
            outcome: SyncOutcome::Incomplete,
            catalog: "port".to_owned(),
            resources: vec![resource],
            deletions: vec![deletion],
            blueprints_created: vec![],
            notices: vec![],
            requests: 4,
            duration: Duration::from_secs(2),
        }
    }

    #[test]
    fn gauges_follow_the_events() {
        insta::assert_snapshot!(begun().render());
    }

    #[test]
    fn the_report_replaces_what_the_events_said() {
        let metrics = begun();
        metrics.finish(&report());
        insta::assert_snapshot!(metrics.render());
    }

    #[test]
    fn rows_are_exact_by_resource_before_the_end() {
        let metrics = begun();
        metrics.on(&SyncEvent::Streamed { resources: report().resources });
        metrics.on(&SyncEvent::Ended { duration: Duration::from_secs(2), outcome: SyncOutcome::Complete });
        let text = metrics.render();
        assert!(text.contains("kind=\"repository-1\",phase=\"transform\",object_count_type=\"transformed\"} 118.0\n"));
        assert!(text.contains("success{kind=\"__runtime__\",phase=\"resync\"} 1.0\n"));
    }

    #[test]
    fn a_new_resync_begins_at_zero() {
        let metrics = begun();
        metrics.on(&planned(&["repository"]));
        let text = metrics.render();
        assert!(text.contains("kind=\"repository-0\",phase=\"extract\",object_count_type=\"raw_extracted\"} 0.0"));
        assert!(!text.contains("project"));
    }

    #[test]
    fn samples_are_shown_for_the_process() {
        let metrics = Metrics::default();
        metrics.sample(Duration::from_millis(4));
        assert!(metrics.render().contains("event_loop_latency_max_ms{kind=\"__runtime__\"} 4.0\n"));
    }

    #[test]
    fn a_resync_that_broke_off_is_no_success() {
        let metrics = begun();
        metrics.fail(Duration::from_secs(9));
        assert!(metrics.render().contains("success{kind=\"__runtime__\",phase=\"resync\"} 0.0\n"));
    }
}
