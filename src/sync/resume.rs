//! Going on with a sync that was interrupted.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::kinds::{Kind, Parent};
use crate::mapping::Mapping;
use crate::state::{Checkpoint, Interrupted, RootDone, SeveralDone, SyncId};

use super::SyncError;
use super::context::{Context, ListingPlace, clock_time};
use super::event::{Forecast, SyncEvent};
use super::plan::{Node, Plan, Scope};
use super::recheck::Several;

/// What the first part of an interrupted sync had done.
#[derive(Debug)]
pub(crate) struct Resumed {
    roots: HashMap<String, RootDone>,
}

impl Resumed {
    /// A root listing that is done.
    pub(crate) fn root(&self, listing: &str) -> Option<RootDone> {
        self.roots.get(listing).copied()
    }
}

/// A sync that was begun or is gone on with.
pub(crate) struct Beginning {
    pub(crate) sync: SyncId,
    /// What the first part noted as related.
    pub(crate) related: Vec<i64>,
}

/// Begins a sync, or goes on with one that was interrupted not longer than `within` ago. A narrowed one does neither:
/// it leaves nothing that could be gone on with.
pub(crate) async fn begin(
    ctx: &Context,
    mapping: &Mapping,
    scope: &Scope,
    within: Duration,
) -> Result<Beginning, SyncError> {
    if scope.is_narrowed() {
        return Ok(Beginning { sync: ctx.state.begin_sync().await?, related: vec![] });
    }
    let basis = basis(ctx.source.kinds(), mapping);
    match ctx.state.interrupted(&basis, within).await? {
        Interrupted::Usable(checkpoint) => return go_on(ctx, *checkpoint),
        Interrupted::Nothing => {}
        Interrupted::Void { started_at, reason } => ctx.notices.note(format!(
            "the sync that began {} UTC was interrupted and cannot be gone on with ({reason}): everything is listed anew",
            clock_time(started_at)
        )),
    }
    Ok(Beginning { sync: ctx.state.begin_resumable(&basis).await?, related: vec![] })
}

fn go_on(ctx: &Context, checkpoint: Checkpoint) -> Result<Beginning, SyncError> {
    let Checkpoint { sync, started_at, done, left, roots, several, related, met } = checkpoint;
    let finished = done + roots.len() as u64;
    ctx.notices.note(format!(
        "going on with the sync that began {} UTC and was interrupted: {finished} listings are done, {left} known ones \
         are left; the counts are those of this run",
        clock_time(started_at)
    ));
    ctx.emit(&SyncEvent::Resumed { done: finished, left });
    ctx.foretell(left, Forecast::Listings);
    ctx.restore(in_several_pages(&ctx.plan, &roots, several)?, met);
    // Set once, before anything is listed.
    drop(ctx.resumed.set(Resumed { roots }));
    Ok(Beginning { sync, related })
}

/// The listings that are done and came in several pages.
fn in_several_pages(
    plan: &Plan,
    roots: &HashMap<String, RootDone>,
    several: Vec<SeveralDone>,
) -> Result<Vec<(ListingPlace, Several)>, SyncError> {
    let mut listings = HashMap::new();
    let mut nodes: Vec<&Node> = plan.roots.iter().collect();
    while let Some(node) = nodes.pop() {
        listings.insert(node.listing.to_string(), Arc::clone(&node.listing));
        nodes.extend(&node.children);
    }
    let mut places = Vec::new();
    for (text, _) in roots.iter().filter(|(_, root)| root.several) {
        let Some(listing) = listings.get(text).cloned() else { continue };
        places.push(((listing.kind(), None), Several { listing, parent: None }));
    }
    for SeveralDone { listing, parent_key, payload } in several {
        let Some(listing) = listings.get(&listing).cloned() else { continue };
        let parent = Some(Parent::decode(&payload)?);
        places.push(((listing.kind(), Some(Arc::from(parent_key))), Several { listing, parent }));
    }
    Ok(places)
}

/// What decides which objects are listed and what becomes of them, as far as this program knows it.
fn basis(kinds: &[Kind], mapping: &Mapping) -> String {
    let mut text = format!("{}\n{:?}\n", env!("CARGO_PKG_VERSION"), mapping.digest);
    for kind in kinds {
        let of = kind.info();
        let facts = (of.product, of.name, of.list, of.get, of.page_size, of.each, of.key, of.enrichments, of.extras);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{facts:?}");
    }
    text
}
