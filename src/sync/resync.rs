//! One resync from beginning to end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::mpsc;

use crate::catalog::{Access, Blueprint, Catalog};
use crate::http::SystemClock;
use crate::mapping::{Mapping, Pool};
use crate::state::{CatalogState, SyncId};

use super::SyncError;
use super::context::Context;
use super::diff::{self, Diff, Trust};
use super::event::{Forecast, Observer, PlannedKind, SyncEvent};
use super::feed;
use super::full;
use super::nulls;
use super::plan::{Plan, Scope};
use super::reconcile::{self, Bounds, EmptyListings, Unmapped};
use super::relations::Relations;
use super::report::{ListingReport, Report, ResourceReport, SyncOutcome};
use super::resume::{self, Beginning};
use super::rewrite::Rewriting;
use super::source::Reader;
use super::write::Writer;

/// A resync, ready to run.
pub struct Resync {
    /// Where objects come from.
    pub source: Arc<dyn Reader>,
    /// Where entities go.
    pub catalog: Arc<dyn Catalog>,
    /// What is remembered of that catalog.
    pub state: CatalogState,
    /// Which objects become which entities.
    pub mapping: Arc<Mapping>,
    /// Blueprints to create where they are missing.
    pub blueprints: Vec<Blueprint>,
    /// Which part of the mapping runs.
    pub scope: Scope,
    /// How much at once, and how much in all.
    pub limits: ResyncLimits,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
}

/// Bounds of a resync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResyncLimits {
    /// Listings per object that run at a time.
    pub concurrency: usize,
    /// Requests that may be spent on confirming that objects are gone.
    pub confirmations: usize,
    /// Wait before entities that were not taken are sent again the first time; it doubles with each round.
    pub first_rewrite: Duration,
    /// Entities that may be deleted; `None` for any number within the mapping's threshold.
    pub deletions: Option<u64>,
    /// Whether a listing of the whole workspace that has no objects is believed.
    pub empty_listings: EmptyListings,
    /// What becomes of blueprints that no resource writes to.
    pub unmapped: Unmapped,
    /// When everything is compared with what the catalog holds.
    pub full_comparison: FullComparison,
    /// When the sync takes place; `None` for now.
    pub as_of: Option<OffsetDateTime>,
    /// How long after its beginning an interrupted sync is gone on with; zero lists everything anew.
    pub resume_within: Duration,
}

/// When fingerprints of earlier syncs are not trusted, so that the present version of each entity is read and
/// compared, and a change made by hand is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullComparison {
    /// In this sync.
    Now,
    /// When the last one is that long ago.
    After(Duration),
}

impl Default for ResyncLimits {
    fn default() -> Self {
        Self {
            concurrency: 16,
            confirmations: 500,
            first_rewrite: Duration::from_millis(200),
            deletions: None,
            empty_listings: EmptyListings::Doubted,
            unmapped: Unmapped::Kept,
            full_comparison: FullComparison::After(Duration::from_secs(24 * 60 * 60)),
            as_of: None,
            resume_within: Duration::from_secs(24 * 3600),
        }
    }
}

impl ResyncLimits {
    fn bounds(self) -> Bounds {
        Bounds {
            confirmations: self.confirmations,
            deletions: self.deletions,
            empty_listings: self.empty_listings,
            unmapped: self.unmapped,
        }
    }
}

impl Resync {
    /// Reads everything that the mapping asks for, writes what differs, deletes what is certain to be gone.
    ///
    /// # Errors
    /// Only what makes the whole impossible; everything else is in the report.
    pub async fn run(self) -> Result<Report, SyncError> {
        let began = Instant::now();
        let plan = Plan::new(&self.mapping, self.source.kinds(), &self.scope);
        let pool = Pool::start().map_err(SyncError::Workers)?;
        let ctx = Arc::new(Context::new(
            self.source,
            self.catalog,
            self.state,
            pool,
            plan,
            &self.mapping,
            self.limits.concurrency.max(1),
            self.observer,
        ));
        announce(&ctx, &self.mapping);
        let provisioned = ctx.catalog.provision(&self.blueprints).await?;
        let comparison = full::prepare(&ctx, self.limits.full_comparison, self.limits.as_of).await?;
        let Beginning { sync, related } =
            resume::begin(&ctx, &self.mapping, &self.scope, comparison.resumable(self.limits.resume_within)).await?;
        if !self.scope.is_narrowed() {
            fits(&ctx).await;
        }
        let (trust, relations) = stream(&ctx, sync, related, self.limits.first_rewrite).await?;
        let found = self.scope.repository.as_ref().is_none_or(|slug| found(&ctx, slug));
        ctx.emit(&SyncEvent::Streamed { resources: rows(&ctx) });
        let may_delete = !self.scope.is_narrowed() && trust != Trust::Nothing;
        let deletions =
            if may_delete { reconcile::run(&ctx, sync, &relations, self.limits.bounds()).await? } else { vec![] };
        nulls::tell(&ctx).await;
        let outcome = if found && trust != Trust::Nothing { SyncOutcome::Complete } else { SyncOutcome::Incomplete };
        ctx.catalog.flush().await?;
        let duration = began.elapsed();
        let report = sum_up(&ctx, outcome, deletions, provisioned.created, duration);
        let whole = report.outcome == SyncOutcome::Complete && may_delete;
        let summary = serde_json::to_string(&report).unwrap_or_default();
        ctx.state.finish_sync(sync, summary, whole).await?;
        ctx.emit(&SyncEvent::Ended { duration, outcome: report.outcome.clone() });
        Ok(report)
    }
}

fn announce(ctx: &Context, mapping: &Mapping) {
    let planned = ctx.plan.resources.iter().map(|planned| PlannedKind {
        kind: planned.kind.name(),
        blueprint: planned.resource.blueprint_text().to_owned(),
    });
    ctx.emit(&SyncEvent::Planned { resources: planned.collect() });
    for skipped in &ctx.plan.skipped {
        ctx.notices.error(format!(
            "resource {} ({}) at line {} is left out: {}",
            skipped.index, skipped.kind, skipped.position, skipped.reason
        ));
    }
    for warning in &mapping.warnings {
        ctx.notices.warning(format!("mapping, line {}: {}", warning.position, warning.message));
    }
    for warning in &ctx.plan.warnings {
        ctx.notices.warning(format!("mapping, line {warning}"));
    }
}

/// Says at the start if the request budget will make the sync wait. The last sync tells how many requests it takes;
/// a first one is judged as soon as the parents of its listings are known.
async fn fits(ctx: &Context) {
    if ctx.resumed.get().is_some() {
        // What is left was judged by what is left.
        return;
    }
    let Ok(Some(last)) = ctx.state.last_complete_sync().await else { return };
    let requests = last.summary.and_then(|summary| {
        let summary: serde_json::Value = serde_json::from_str(&summary).ok()?;
        let rows = summary.get("resources")?.as_array()?;
        let by_kind: std::collections::BTreeMap<&str, u64> =
            rows.iter().filter_map(|row| Some((row.get("kind")?.as_str()?, row.get("requests")?.as_u64()?))).collect();
        Some(by_kind.values().sum())
    });
    if let Some(requests) = requests {
        ctx.foretell(requests, Forecast::LastSync);
    }
}

/// Whether a run narrowed to one repository found it; if not, it was given a wrong name.
fn found(ctx: &Context, slug: &str) -> bool {
    let listings = ctx.plan.resources.iter().flat_map(|planned| {
        std::iter::successors(Some(&planned.listing), |listing| listing.each())
            .filter(|listing| listing.kind().name() == "repository")
    });
    let mut listings = listings.peekable();
    if listings.peek().is_none() {
        ctx.notices.error("no resource of the mapping that runs has to do with repositories: nothing was read");
        return false;
    }
    // A listing that failed says so itself.
    let read = (0..ctx.plan.resources.len()).all(|resource| ctx.incomplete(resource).is_none());
    if read && listings.all(|listing| ctx.gave_nothing(listing)) {
        ctx.notices.error(format!(
            "there is no repository `{slug}` that the mapping's selectors let through; --repo takes its slug, as in \
             its address"
        ));
        return false;
    }
    true
}

/// Lists what the catalog has of ours, before anything is written.
async fn owned(ctx: &Context, sync: SyncId) -> Result<Trust, SyncError> {
    if ctx.catalog.access() == Access::WriteOnly {
        ctx.state.owned_from_provenance(sync).await?;
        return Ok(Trust::StateAlone);
    }
    if ctx.state.owned_ended(sync).await? {
        return Ok(Trust::Listed);
    }
    ctx.state.owned_begin(sync).await?;
    let before = OffsetDateTime::now_utc();
    let (mut cursor, mut entities) = (None, 0);
    loop {
        let page = match ctx.catalog.owned(before, cursor).await {
            Ok(page) => page,
            Err(error) => {
                ctx.notices.error(format!("the catalog does not list what it has, so nothing is deleted: {error}"));
                return Ok(Trust::Nothing);
            }
        };
        entities += page.entities.len() as u64;
        ctx.state.owned_add(sync, page.entities).await?;
        ctx.emit(&SyncEvent::Owned { entities });
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    ctx.state.owned_end(sync).await?;
    Ok(Trust::Listed)
}

/// Runs all stages until the last page is written. Reading from Bitbucket begins at once; comparing and writing wait
/// until the catalog has said what it has of ours.
async fn stream(
    ctx: &Arc<Context>,
    sync: SyncId,
    related: Vec<i64>,
    first_rewrite: Duration,
) -> Result<(Trust, Arc<Relations>), SyncError> {
    let (mapped, batches) = mpsc::channel(diff::PAGES);
    let feeding = async {
        let roots = ctx.plan.roots.iter().map(|root| feed::root(ctx, root, &mapped));
        let fed = futures::future::try_join_all(roots).await;
        drop(mapped);
        fed.map(drop)
    };
    let writing = async {
        let learning = Relations::learn(&*ctx.catalog, ctx.literal_blueprints());
        let (relations, trust) = futures::future::join(learning, owned(ctx, sync)).await;
        relations.restore(related);
        let (relations, trust) = (Arc::new(relations), trust?);
        let rewriting = Rewriting { first_wait: first_rewrite, ..Rewriting::default() };
        let writer = Writer::new(Arc::clone(ctx), sync, rewriting, Arc::new(SystemClock::new()));
        Diff::new(Arc::clone(ctx), sync, writer, trust, Arc::clone(&relations)).run(batches).await?;
        Ok::<_, SyncError>((trust, relations))
    };
    let (fed, written) = futures::future::join(feeding, writing).await;
    // If comparing or writing failed, feeding only says that it was stopped.
    let written = written?;
    fed?;
    Ok(written)
}

fn sum_up(
    ctx: &Context,
    outcome: SyncOutcome,
    deletions: Vec<super::report::DeletionReport>,
    blueprints_created: Vec<String>,
    duration: Duration,
) -> Report {
    let mut resources = rows(ctx);
    for skipped in &ctx.plan.skipped {
        let listing = ListingReport::Skipped(skipped.reason.clone());
        resources.push(super::report::Tally::default().report(skipped.index, skipped.kind.clone(), listing));
    }
    resources.sort_by_key(|row| row.index);
    let complete = resources.iter().all(ResourceReport::is_complete) && deletions.iter().all(|row| row.withheld == 0);
    Report {
        outcome: if complete { outcome } else { SyncOutcome::Incomplete },
        catalog: ctx.catalog.name().to_owned(),
        resources,
        deletions,
        blueprints_created,
        notices: ctx.notices.take(),
        requests: ctx.source.requests(),
        duration,
    }
}

/// The rows of the resources that ran, in the order of the plan.
fn rows(ctx: &Context) -> Vec<ResourceReport> {
    let mut rows = Vec::with_capacity(ctx.plan.resources.len());
    for (number, planned) in ctx.plan.resources.iter().enumerate() {
        let listing = ctx.incomplete(number).map_or(ListingReport::Complete, ListingReport::Partial);
        let mut row = ctx.tallies[number].report(planned.resource.index, planned.kind.to_string(), listing);
        row.requests = ctx.source.requests_for(planned.kind);
        row.duration = ctx.duration(number);
        rows.push(row);
    }
    rows
}
