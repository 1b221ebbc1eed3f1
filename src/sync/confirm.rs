//! Makes sure that an object is gone before its entity goes.
//!
//! A listing of one page is a snapshot. One of several pages shifts while it is read, and can miss an object;
//! what it lacks is asked for by its key. So is what may have passed, while they were read, from one listing of its kind
//! to another that feeds the same blueprint. Where no key is known (a lost state file), the listings of several
//! pages are read once more: if everything that they give now was met before, they missed nothing.

use std::borrow::Cow;
use std::sync::Arc;

use bitbucket_port_jq::Input;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::bitbucket::CallError;
use crate::catalog::EntityId;
use crate::kinds::{Kind, Listing, ObjectKey, Parent};
use crate::mapping::{FedBlueprints, Outcome};
use crate::state::Trace;

use super::context::Context;
use super::diff::resource_name;
use super::fate::{Fate, Gone};
use super::plan::PlannedResource;
use super::recheck;
use super::report::NoticeLevel;

/// Asks for objects, within a bound.
pub(crate) struct Confirm<'a> {
    ctx: &'a Arc<Context>,
    left: usize,
    /// Whether reading the listings once more brought nothing new; asked at most once.
    nothing_missed: Option<bool>,
}

impl<'a> Confirm<'a> {
    pub(crate) fn new(ctx: &'a Arc<Context>, requests: usize) -> Self {
        Self { ctx, left: requests, nothing_missed: None }
    }

    pub(crate) async fn fate(&mut self, id: &EntityId, trace: &Trace) -> Fate {
        let Some((planned, key)) = self.origin(trace) else { return self.without_origin().await };
        let parent = trace.parent_key.as_deref();
        let one_page =
            self.ctx.is_snapshot(planned.kind, parent) && self.ancestors_are_snapshots(&planned.selector.listing);
        if one_page && !self.may_be_in_another_listing(id, planned) {
            return Fate::Goes(self.not_listed(planned, &key));
        }
        if !self.spend() {
            return Fate::Unsure("not confirmed: the bound on confirmations was reached".into());
        }
        match self.ctx.source.get(planned.kind, &key).await {
            Err(error) if error.is_gone() => Fate::Goes(Gone::Object),
            Err(error) => self.unsure(id, &error),
            Ok(object) => {
                let own = self.still_there(id, planned, &key, parent, &object).await;
                match own {
                    Fate::Goes(_) => self.elsewhere(id, planned, &key, parent, &object).await.unwrap_or(own),
                    stays => stays,
                }
            }
        }
    }

    /// Why a listing of one page lacks an object, or gives another entity for it.
    fn not_listed(&self, planned: &PlannedResource, key: &ObjectKey) -> Gone {
        match self.ctx.left_out(recheck::short(planned.kind, key.as_str())) {
            true => Gone::FilteredOut,
            false if planned.selector.listing.parameters().is_empty() => Gone::Object,
            false => Gone::NotListed,
        }
    }

    /// The other resources that could give an entity from an object of the same kind.
    fn others(&self, id: &EntityId, planned: &PlannedResource) -> impl Iterator<Item = &'a PlannedResource> {
        let (kind, resource, blueprint) = (planned.kind, Arc::clone(&planned.resource), id.blueprint.clone());
        self.ctx.plan.resources.iter().filter(move |other| {
            let feeds = match &other.resource.blueprints {
                FedBlueprints::Literal(literals) => literals.contains(&blueprint),
                FedBlueprints::Unknown => true,
            };
            feeds && other.kind == kind && !Arc::ptr_eq(&other.resource, &resource)
        })
    }

    fn may_be_in_another_listing(&self, id: &EntityId, planned: &PlannedResource) -> bool {
        self.others(id, planned).any(|other| other.selector.listing != planned.selector.listing)
    }

    /// Why an entity stays that its own resource does not give any more: another one may.
    async fn elsewhere(
        &mut self,
        id: &EntityId,
        planned: &PlannedResource,
        key: &ObjectKey,
        parent: Option<&str>,
        object: &RawValue,
    ) -> Option<Fate> {
        for other in self.others(id, planned).collect::<Vec<_>>() {
            let fate = self.still_there(id, other, key, parent, object).await;
            if !matches!(fate, Fate::Goes(_)) {
                return Some(fate);
            }
        }
        None
    }

    fn spend(&mut self) -> bool {
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }

    fn origin(&self, trace: &Trace) -> Option<(&'a PlannedResource, ObjectKey)> {
        let name = trace.resource.as_deref()?;
        let key = trace.source_key.as_deref()?.parse().ok()?;
        let planned = &self.ctx.plan.resources;
        let exact = (0..planned.len()).find(|number| resource_name(self.ctx, *number) == name);
        let same_kind = || name.split(':').nth(1).and_then(|kind| planned.iter().position(|of| of.kind.name() == kind));
        exact.or_else(same_kind).map(|number| (&planned[number], key))
    }

    async fn without_origin(&mut self) -> Fate {
        if self.nothing_missed.is_none() {
            self.nothing_missed = Some(recheck::nothing_missed(self.ctx, &mut self.left).await);
        }
        match self.nothing_missed {
            Some(true) => Fate::Goes(Gone::NotListed),
            _ => Fate::Unsure("not confirmed: where it came from is not known".into()),
        }
    }

    fn ancestors_are_snapshots(&self, listing: &Listing) -> bool {
        let ancestors = std::iter::successors(listing.each(), |listing| listing.each());
        ancestors.into_iter().all(|listing| self.ctx.are_snapshots(listing.kind()))
    }

    fn unsure(&self, id: &EntityId, error: &CallError) -> Fate {
        let (blueprint, name) = (format!("{} ", id.blueprint), format!("{:?}", id.identifier));
        let what = ": cannot tell whether it is gone";
        self.ctx.notices.call_failed(NoticeLevel::Warning, &blueprint, &name, what, error);
        Fate::Unsure("not confirmed: asking for its object failed".into())
    }

    /// The object answers. Its entity may go all the same: when the object became another entity, or when the
    /// listing's parameters or the selector no longer let it through.
    async fn still_there(
        &mut self,
        id: &EntityId,
        planned: &PlannedResource,
        key: &ObjectKey,
        parent: Option<&str>,
        object: &RawValue,
    ) -> Fate {
        const MISSED: Fate = Fate::Stays(Cow::Borrowed("its object still exists; the listing missed it"));
        match self.yields(id, planned, object) {
            Yields::It => {}
            Yields::Another => return Fate::Goes(Gone::BecameAnother),
            Yields::Nothing => return Fate::Goes(Gone::FilteredOut),
            Yields::Unknown => return Fate::Stays(Cow::Borrowed("its object still exists and cannot be mapped")),
        }
        match self.ctx.source.admits(&planned.selector.listing, object.get()) {
            Some(true) => return MISSED,
            Some(false) => return Fate::Goes(Gone::FilteredOut),
            None => {}
        }
        let Some(narrowed) = narrowed(&planned.selector.listing, key) else { return MISSED };
        if !self.spend() {
            return Fate::Unsure("not confirmed: the bound on confirmations was reached".into());
        }
        match self.listed(&narrowed, planned.kind, parent).await {
            Ok(true) => MISSED,
            Ok(false) => Fate::Goes(Gone::FilteredOut),
            Err(error) => self.unsure(id, &error),
        }
    }

    /// What a resource makes of an object now, compared with an entity that came from it.
    fn yields(&self, id: &EntityId, planned: &PlannedResource, object: &RawValue) -> Yields {
        let Ok(input) = Input::parse(object.get(), &self.ctx.jq) else { return Yields::Unknown };
        let mut yields = Yields::Nothing;
        for outcome in planned.resource.map(input).outcomes {
            match outcome {
                Outcome::Entity(entity) if entity.id() == *id => yields = Yields::It,
                Outcome::Entity(_) if yields == Yields::Nothing => yields = Yields::Another,
                Outcome::Entity(_) | Outcome::FilteredOut | Outcome::Skipped(_) => {}
                Outcome::Failed(_) => return Yields::Unknown,
            }
        }
        yields
    }

    async fn listed(&self, listing: &Listing, kind: Kind, parent: Option<&str>) -> Result<bool, CallError> {
        let parent = match (kind.each(), parent.and_then(|key| key.parse::<ObjectKey>().ok())) {
            (Some(parent_kind), Some(key)) => Some(self.parent(kind, parent_kind, &key).await?),
            _ => None,
        };
        let page = self.ctx.source.first_page(listing, parent.as_ref()).await?;
        Ok(!page.values.is_empty())
    }

    async fn parent(&self, kind: Kind, parent_kind: Kind, key: &ObjectKey) -> Result<Parent, CallError> {
        let object = self.ctx.source.get(parent_kind, key).await?;
        kind.parent_of(object.get()).map_err(|error| CallError::Invalid(error.to_string()))
    }
}

/// What an object that exists gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Yields {
    /// The entity in question, perhaps among others.
    It,
    /// Other entities.
    Another,
    /// None: the selector leaves it out, or it has no identifier.
    Nothing,
    /// Not known: it cannot be mapped.
    Unknown,
}

/// A listing with parameters of its own, narrowed to one object by the last field of its key; `None` where the
/// listing has no parameters, so that every object that exists belongs to it.
pub(crate) fn narrowed(listing: &Listing, key: &ObjectKey) -> Option<Listing> {
    if listing.parameters().is_empty() { None } else { only(listing, key) }
}

/// A listing narrowed to one object by the last field of its key.
pub(crate) fn only(listing: &Listing, key: &ObjectKey) -> Option<Listing> {
    let field = listing.kind().info().key.last()?;
    let value = key.fields().pop()?;
    let value = value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from);
    let only = format!("{field} = {value}");
    let query = listing.parameter("q").map_or(only.clone(), |query| format!("({query}) AND {only}"));
    Some(listing.clone().with_parameter("q", query))
}
