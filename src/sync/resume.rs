//! Going on with a sync that was interrupted.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::kinds::Kind;
use crate::mapping::Mapping;
use crate::state::{Checkpoint, Interrupted, RootDone, SyncId};

use super::SyncError;
use super::context::{Context, ListingPlace, clock_time};
use super::event::{Forecast, SyncEvent};
use super::plan::{Node, Plan, Scope};

/// What the first part of an interrupted sync had done.
#[derive(Debug)]
pub(crate) struct Resumed {
    roots: HashMap<String, RootDone>,
    several: HashSet<ListingPlace>,
}

impl Resumed {
    fn new(plan: &Plan, roots: HashMap<String, RootDone>, several: &[(String, String)]) -> Self {
        let mut kinds = HashMap::new();
        let mut nodes: Vec<&Node> = plan.roots.iter().collect();
        while let Some(node) = nodes.pop() {
            kinds.insert(node.listing.to_string(), node.listing.kind());
            nodes.extend(&node.children);
        }
        let of_roots = roots.iter().filter(|(_, root)| root.several).map(|(text, _)| (text, None));
        let of_parents = several.iter().map(|(text, parent)| (text, Some(Arc::from(parent.as_str()))));
        let places = of_roots.chain(of_parents).filter_map(|(text, parent)| Some((*kinds.get(text)?, parent)));
        let several = places.collect();
        Self { roots, several }
    }

    /// A root listing that is done.
    pub(crate) fn root(&self, listing: &str) -> Option<RootDone> {
        self.roots.get(listing).copied()
    }

    /// Whether a listing that is done came in several pages.
    pub(crate) fn several(&self, place: &ListingPlace) -> bool {
        self.several.contains(place)
    }

    /// The same of any listing of a kind.
    pub(crate) fn any_several(&self, kind: Kind) -> bool {
        self.several.iter().any(|(several, _)| *several == kind)
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
        Interrupted::Usable(checkpoint) => return Ok(go_on(ctx, *checkpoint)),
        Interrupted::Nothing => {}
        Interrupted::Void { started_at, reason } => ctx.notices.note(format!(
            "the sync that began {} UTC was interrupted and cannot be gone on with ({reason}): everything is listed anew",
            clock_time(started_at)
        )),
    }
    Ok(Beginning { sync: ctx.state.begin_resumable(&basis).await?, related: vec![] })
}

fn go_on(ctx: &Context, checkpoint: Checkpoint) -> Beginning {
    let Checkpoint { sync, started_at, done, left, roots, several, related } = checkpoint;
    let finished = done + roots.len() as u64;
    ctx.notices.note(format!(
        "going on with the sync that began {} UTC and was interrupted: {finished} listings are done, {left} known ones \
         are left; the counts are those of this run",
        clock_time(started_at)
    ));
    ctx.emit(&SyncEvent::Resumed { done: finished, left });
    ctx.foretell(left, Forecast::Listings);
    // Set once, before anything is listed.
    drop(ctx.resumed.set(Resumed::new(&ctx.plan, roots, &several)));
    Beginning { sync, related }
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
