//! Makes sure that an object is gone before its entity goes.
//!
//! A listing of one page is a snapshot. One of several pages shifts while it is read, and can miss an object;
//! what it lacks is asked for by its key.

use std::sync::Arc;

use crate::bitbucket::CallError;
use crate::catalog::EntityId;
use crate::kinds::{Kind, ObjectKey};
use crate::state::Trace;

use super::SyncError;
use super::context::Context;
use super::plan::PlannedResource;

/// Whether an entity may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its object is certain to be gone, or no longer to be selected.
    Gone,
    /// It stays, for this reason.
    Stays(&'static str),
}

/// Asks for objects, within a bound.
pub(crate) struct Confirm<'a> {
    ctx: &'a Arc<Context>,
    left: usize,
}

impl<'a> Confirm<'a> {
    pub(crate) fn new(ctx: &'a Arc<Context>, requests: usize) -> Self {
        Self { ctx, left: requests }
    }

    pub(crate) async fn is_gone(&mut self, id: &EntityId, trace: &Trace) -> Result<Verdict, SyncError> {
        let Some(planned) = self.resource(trace) else { return Ok(self.without_origin()) };
        let parent = trace.parent_key.as_deref();
        if self.ctx.is_snapshot(planned.kind, parent) && self.parent_is_snapshot(planned.kind) {
            return Ok(Verdict::Gone);
        }
        let Some(key) = trace.source_key.as_deref().and_then(|key| key.parse::<ObjectKey>().ok()) else {
            return Ok(self.without_origin());
        };
        if self.left == 0 {
            return Ok(Verdict::Stays("not confirmed: the bound on confirmations was reached"));
        }
        self.left -= 1;
        let kind = planned.kind;
        Ok(match self.ctx.source.get(kind, &key).await {
            Err(error) if error.is_gone() => Verdict::Gone,
            Err(error) => self.unsure(id, &error),
            Ok(object) => self.still_selected(planned, &object),
        })
    }

    fn resource(&self, trace: &Trace) -> Option<&'a PlannedResource> {
        let name = trace.resource.as_deref()?;
        let kind = name.split(':').nth(1)?;
        let planned = &self.ctx.plan.resources;
        let exact = (0..planned.len()).find(|number| super::diff::resource_name(self.ctx, *number) == name);
        let same_kind = || planned.iter().position(|planned| planned.kind.name() == kind);
        exact.or_else(same_kind).map(|number| &planned[number])
    }

    /// An entity whose origin is not known can be judged only where all listings were snapshots.
    fn without_origin(&self) -> Verdict {
        if self.ctx.all_snapshots() {
            Verdict::Gone
        } else {
            Verdict::Stays("not confirmed: where it came from is not known")
        }
    }

    fn parent_is_snapshot(&self, kind: Kind) -> bool {
        let mut parent = kind.each();
        while let Some(kind) = parent {
            if !self.ctx.is_snapshot(kind, None) {
                return false;
            }
            parent = kind.each();
        }
        true
    }

    fn unsure(&self, id: &EntityId, error: &CallError) -> Verdict {
        self.ctx.notices.warning(format!("{id}: cannot tell whether it is gone: {error}"));
        Verdict::Stays("not confirmed: asking for its object failed")
    }

    /// The object answers: either the listing missed it, or the selector's parameters no longer let it through.
    fn still_selected(&self, _planned: &PlannedResource, _object: &serde_json::value::RawValue) -> Verdict {
        Verdict::Stays("its object still exists; the listing may have missed it")
    }
}
