//! The documents in which Port takes the metrics of a sync.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::port::{CORE_VERSION, Identity, ResyncId};

/// The pseudo kind of the whole sync.
pub(super) const RUNTIME: &str = "__runtime__";
/// The pseudo kind of deletion at the end of a sync.
pub(super) const RECONCILIATION: &str = "__reconciliation__";

/// A resource of the mapping, as Port's metrics name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedResource {
    /// Its kind, for example `repository`.
    pub kind: String,
    /// The expression of the mapping that gives the blueprint, as written.
    pub blueprint: String,
}

/// How a part of a sync stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncState {
    /// It has not begun.
    Pending,
    /// It runs.
    Syncing,
    /// It ended well.
    Completed,
    /// It ended with faults.
    Failed,
    /// It was stopped.
    Aborted,
}

impl SyncState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Syncing => "syncing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Aborted)
    }
}

/// What was counted for one kind, or for the whole sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindMetrics {
    /// From its start to its end.
    pub duration: Duration,
    /// Raw objects listed.
    pub extracted: u64,
    /// Entities mapped.
    pub transformed: u64,
    /// Objects that the selector left out.
    pub filtered: u64,
    /// Objects that could not be mapped.
    pub not_transformed: u64,
    /// Entities written, or there already.
    pub loaded: u64,
    /// Entities that Port refused.
    pub not_loaded: u64,
    /// Entities that did not have to be sent.
    pub skipped: u64,
    /// Entities deleted.
    pub deleted: u64,
}

impl KindMetrics {
    fn document(&self, success: bool) -> Value {
        let counts = |counts: &[(&str, u64)]| {
            let counted: Map<String, Value> =
                counts.iter().map(|(name, count)| ((*name).to_owned(), json!({ "object_count": count }))).collect();
            json!({ "object_count_type": counted })
        };
        json!({ "phase": {
            "resync": { "duration_seconds": self.duration.as_secs_f64(), "success": u8::from(success) },
            "extract": counts(&[("raw_extracted", self.extracted)]),
            "transform": counts(&[
                ("transformed", self.transformed),
                ("filtered_out", self.filtered),
                ("failed", self.not_transformed),
            ]),
            "load": counts(&[("loaded", self.loaded), ("failed", self.not_loaded), ("skipped", self.skipped)]),
            "delete": counts(&[("deleted", self.deleted)]),
        } })
    }
}

/// Which part of a sync a document is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The resource of that place in the mapping.
    Resource(usize),
    /// Deletion.
    Reconciliation,
    /// The whole.
    Runtime,
}

/// What stands in every document of a sync.
pub(super) struct Documents {
    pub(super) identity: Identity,
    pub(super) installation_type: &'static str,
    pub(super) resync: ResyncId,
    pub(super) resources: Vec<ReportedResource>,
}

impl Documents {
    /// What names a part at Port: `repository-0`.
    pub(super) fn kind_identifier(&self, part: Part) -> Option<String> {
        match part {
            Part::Resource(index) => Some(format!("{}-{index}", self.resources.get(index)?.kind)),
            Part::Reconciliation => Some(RECONCILIATION.to_owned()),
            Part::Runtime => Some(RUNTIME.to_owned()),
        }
    }

    /// The document about a part; `None` if there is no such resource.
    pub(super) fn of(&self, part: Part, state: SyncState, metrics: &KindMetrics) -> Option<Value> {
        let kind_identifier = self.kind_identifier(part)?;
        let (kind, index, blueprint) = match part {
            Part::Resource(index) => {
                let resource = self.resources.get(index)?;
                (resource.kind.clone(), index, resource.blueprint.clone())
            }
            Part::Reconciliation | Part::Runtime => (kind_identifier.clone(), 0, String::new()),
        };
        Some(json!({
            "integrationType": self.identity.integration_type,
            "installationType": self.installation_type,
            "executionMode": "single_process",
            "integrationIdentifier": self.identity.identifier,
            "integrationVersion": self.identity.version,
            "oceanVersion": CORE_VERSION,
            "kindIdentifier": kind_identifier,
            "kind": kind,
            "kindIndex": index,
            "eventId": self.resync.to_string(),
            "syncState": state.name(),
            "blueprint": blueprint,
            "metrics": metrics.document(state == SyncState::Completed),
        }))
    }
}
