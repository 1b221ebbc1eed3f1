//! What belongs to an object that became other entities: it may be named after it.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::kinds::{Kind, ObjectKey};
use crate::state::Provenance;
use crate::sync::SyncError;
use crate::sync::context::Context;
use crate::sync::diff::PAGES;
use crate::sync::feed::{self, Owner};
use crate::sync::ledger::Stub;
use crate::sync::plan::Node;
use crate::sync::transform::MappedObject;
use crate::sync::why::listed;

use super::LiveKey;
use super::look::{Looked, alone, children, nodes};
use super::report::Found;
use super::survey::REMEMBERED;

/// Most objects of one listing that are taken.
const MOST: usize = 20_000;

/// What belongs to an object.
pub(super) struct Below {
    /// Those that are listed now.
    pub(super) children: Vec<Looked>,
    /// The entities of those that were listed before.
    pub(super) before: Vec<Provenance>,
}

impl Looked {
    /// Whether the object became other entities than before, or some for the first time, so that what belongs to it may
    /// be named anew or be new; always, where no resource makes entities of it, since then nobody can tell.
    pub(super) fn has_changed(&self, ctx: &Context) -> bool {
        if self.remembered.is_empty() && !self.yields.is_empty() {
            return true;
        }
        let moved = |row: &Provenance| row.trace.source_key.as_deref() != Some(self.key.key.as_str());
        let other = |row: &Provenance| moved(row) || !self.yields.contains(&row.entity);
        self.remembered.iter().any(other) || nodes(&ctx.plan, self.key.kind).is_empty()
    }
}

/// Lists what belongs to a changed object, where the mapping takes it.
pub(super) async fn of_changed(ctx: &Arc<Context>, parent: &mut Looked, raw: &RawValue) -> Result<Below, SyncError> {
    let own = parent.key.key.to_string();
    let keys: BTreeSet<String> =
        parent.remembered.iter().filter_map(|row| row.trace.source_key.clone()).chain([own]).collect();
    let mut before = vec![];
    for key in keys {
        before.extend(ctx.state.below_object(&key, REMEMBERED).await?);
    }
    if before.is_empty() && parent.yields.is_empty() {
        // Nothing tells that any of it is to be in the catalog.
        return Ok(Below { children: vec![], before });
    }
    let mut found: IndexMap<(Kind, ObjectKey), Looked> = IndexMap::new();
    let mut flaws = vec![];
    for node in children(&ctx.plan, parent.key.kind) {
        let Some(each) = node.listing.each() else { continue };
        match listed(&*ctx.source, each, &parent.key.key, raw).await.map(|sight| sight.listed.listed) {
            Ok(Some(true)) => {
                let (mapped, flaw) = list(ctx, node, parent, raw).await?;
                flaws.extend(flaw);
                for mapped in mapped {
                    add(&mut found, parent, node, mapped);
                }
            }
            // Nothing of it is listed any more; each one is looked at.
            Ok(Some(false)) => {}
            Ok(None) | Err(_) => flaws.push(format!("whether {} of it are listed cannot be told", node.listing.kind())),
        }
    }
    let mut children: Vec<Looked> = found.into_values().collect();
    if let Some(flaw) = flaws.first() {
        parent.doubt(flaw.clone());
        for child in &mut children {
            child.doubt(flaw.clone());
        }
    }
    Ok(Below { children, before })
}

fn add(found: &mut IndexMap<(Kind, ObjectKey), Looked>, parent: &Looked, node: &Node, mapped: MappedObject) {
    let Ok(key) = mapped.source.key.parse::<ObjectKey>() else { return };
    let kind = node.listing.kind();
    let child = found.entry((kind, key.clone())).or_insert_with(|| {
        let because = Some(format!("it belongs to {} {}, which changed", parent.key.kind, parent.key.key));
        Looked::new(LiveKey::new(kind, key), because, Found::There)
    });
    child.take(mapped);
}

/// One listing of one object, and what is amiss with it.
async fn list(
    ctx: &Arc<Context>,
    node: &Node,
    parent: &Looked,
    raw: &RawValue,
) -> Result<(Vec<MappedObject>, Option<String>), SyncError> {
    let kind = node.listing.kind();
    let bound = match kind.parent_of(raw.get()) {
        Ok(bound) => bound,
        Err(error) => return Ok((vec![], Some(format!("its {kind} cannot be listed: {error}")))),
    };
    let owner = Owner { parent: bound, key: Arc::from(parent.key.key.as_str()) };
    let ticket = ctx.ledger.ticket(Stub::Apart);
    let (sender, mut receiver) = mpsc::channel(PAGES);
    let node = alone(node);
    let feeding = async {
        let fed = feed::of_object(ctx, &node, owner, &ticket, &sender).await;
        drop(sender);
        fed
    };
    let taking = async {
        let (mut all, mut cut) = (vec![], false);
        while let Some(batch) = receiver.recv().await {
            cut |= all.len() + batch.len() > MOST;
            if !cut {
                all.extend(batch);
            }
        }
        (all, cut)
    };
    let (fed, (all, cut)) = futures::future::join(feeding, taking).await;
    fed?;
    let flaw = match (cut, ticket.is_flawed()) {
        (true, _) => Some(format!("it has more than {MOST} {kind} objects: a resync brings them up to date")),
        (false, true) => Some(format!("not everything of its {kind} listing could be read")),
        (false, false) => None,
    };
    Ok((all, flaw))
}
