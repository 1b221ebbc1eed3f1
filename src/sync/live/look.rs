//! A look at one object: whether it exists, and what it gives now.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::catalog::EntityId;
use crate::kinds::{Kind, ObjectKey, Parent};
use crate::state::Provenance;
use crate::sync::SyncError;
use crate::sync::context::Context;
use crate::sync::enrich;
use crate::sync::feed::Owner;
use crate::sync::ledger::Stub;
use crate::sync::plan::{Node, Plan};
use crate::sync::transform::{self, MappedObject};
use crate::sync::why::{Sight, listed};

use super::LiveKey;
use super::certainty::{Certainty, Verdict};
use super::report::Found;

/// An object to look at.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) key: LiveKey,
    /// Why, if nobody asked for it.
    pub(super) because: Option<String>,
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) key: LiveKey,
    pub(super) because: Option<String>,
    pub(super) found: Found,
    /// What of the object survives a rename.
    pub(super) stable: Option<String>,
    /// The object.
    pub(super) raw: Option<Box<RawValue>>,
    /// What each resource that has it made of it.
    pub(super) mapped: Vec<MappedObject>,
    /// The entities that it gives.
    pub(super) yields: Vec<EntityId>,
    /// Why it may give more than that.
    pub(super) doubt: Option<String>,
    /// What it gave before.
    pub(super) remembered: Vec<Provenance>,
    /// What it belonged to, if that is gone as well.
    pub(super) gone_with: Option<(Kind, ObjectKey)>,
}

impl Looked {
    /// An object of which nothing is known yet but whether it exists.
    pub(super) fn new(key: LiveKey, because: Option<String>, found: Found) -> Self {
        Self {
            key,
            because,
            found,
            stable: None,
            raw: None,
            mapped: vec![],
            yields: vec![],
            doubt: None,
            remembered: vec![],
            gone_with: None,
        }
    }

    /// Adds what a resource made of it.
    pub(super) fn take(&mut self, mapped: MappedObject) {
        self.yields.extend(mapped.entities.iter().map(|ready| ready.entity.id()));
        if self.stable.is_none() {
            self.stable = mapped.source.stable.as_deref().map(str::to_owned);
        }
        if mapped.held_back {
            self.doubt("it cannot be mapped, so what the catalog has of it stays");
        }
        self.mapped.push(mapped);
    }

    pub(super) fn doubt(&mut self, why: impl Into<String>) {
        self.doubt.get_or_insert(why.into());
    }

    /// Whether an entity came from this very object.
    pub(super) fn made(&self, row: &Provenance) -> bool {
        let trace = &row.trace;
        let same_stable = trace.stable.is_some() && trace.stable == self.stable;
        let same_key = trace.source_key.as_deref() == Some(self.key.key.as_str());
        trace.kind() == Some(self.key.kind.name()) && (same_key || same_stable)
    }
}

/// Looks at one object.
pub(super) async fn one(ctx: &Arc<Context>, certainty: &Certainty, due: Due) -> Result<Looked, SyncError> {
    let Due { mut key, because } = due;
    let raw = match ctx.source.get(key.kind, &key.key).await {
        Ok(raw) => raw,
        Err(error) if error.is_gone() => {
            let mut gone_with = None;
            let found = match certainty.of(key.kind, &key.key).await {
                Verdict::Gone { key: own, with } => {
                    key.key = own;
                    gone_with = with;
                    Found::Gone
                }
                Verdict::Doubt(why) => Found::Unknown(why),
            };
            return Ok(Looked { gone_with, ..Looked::new(key, because, found) });
        }
        Err(error) => return Ok(Looked::new(key, because, Found::Unknown(error.to_string()))),
    };
    match key.kind.key_of(raw.get()) {
        Ok(own) => key.key = own,
        Err(error) => return Ok(Looked::new(key, because, Found::Unknown(error.to_string()))),
    }
    let mut looked = Looked::new(key, because, Found::There);
    looked.stable = looked.key.kind.stable_of(raw.get());
    for node in nodes(&ctx.plan, looked.key.kind) {
        match listed(&*ctx.source, &node.listing, &looked.key.key, &raw).await {
            Ok(Sight { listed, object }) => match listed.listed {
                Some(true) => map(ctx, node, object.as_ref().unwrap_or(&raw), &mut looked).await?,
                Some(false) => {}
                None => looked.doubt(format!("whether it is listed cannot be told: {}", listed.because)),
            },
            Err(error) => looked.doubt(format!("whether it is listed cannot be told: {error}")),
        }
    }
    looked.raw = Some(raw);
    Ok(looked)
}

/// Enriches and maps an object for the resources of one listing.
async fn map(ctx: &Arc<Context>, node: &Node, raw: &RawValue, looked: &mut Looked) -> Result<(), SyncError> {
    let node = alone(node);
    let owner = node.listing.each().is_some().then(|| owner(&looked.key.key));
    let values = vec![raw.to_owned()];
    let wanted = enrich::wanted_by(ctx, &node);
    let additions = if wanted.is_empty() { vec![] } else { enrich::fetch(ctx, &node, &wanted, &values).await };
    let ticket = ctx.ledger.ticket(Stub::Apart);
    let (batch, _) = transform::page(ctx, &node, owner.as_ref(), values, additions, &ticket).await?;
    for mapped in batch {
        looked.take(mapped);
    }
    if ticket.is_flawed() {
        looked.doubt("something of it could not be fetched or mapped");
    }
    Ok(())
}

/// What a listing per object takes its objects to belong to.
fn owner(key: &ObjectKey) -> Owner {
    let mut fields = key.fields();
    fields.pop();
    let key = ObjectKey::new(fields);
    Owner { key: Arc::from(key.as_str()), parent: Parent::new(key, []) }
}

/// The listings of a kind that resources take objects from.
pub(super) fn nodes(plan: &Plan, kind: Kind) -> Vec<&Node> {
    all(plan).into_iter().filter(|node| node.listing.kind() == kind && !node.resources.is_empty()).collect()
}

/// The listings that are made once for each object of a kind.
pub(super) fn children(plan: &Plan, kind: Kind) -> Vec<&Node> {
    let of = |node: &Node| node.listing.kind().each() == Some(kind);
    all(plan).into_iter().filter(|node| of(node) && !node.resources.is_empty()).collect()
}

fn all(plan: &Plan) -> Vec<&Node> {
    let mut found = vec![];
    let mut waiting: Vec<&Node> = plan.roots.iter().collect();
    while let Some(node) = waiting.pop() {
        waiting.extend(&node.children);
        found.push(node);
    }
    // In the order of the mapping.
    found.sort_by_key(|node| node.resources.first().copied());
    found
}

/// A listing without those below it.
pub(super) fn alone(node: &Node) -> Node {
    Node { listing: Arc::clone(&node.listing), resources: node.resources.clone(), children: vec![] }
}
