//! Writes entities in bulks, several in flight, and repeats whole what may succeed later.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::catalog::{BulkLimits, CatalogError, Entity, Retry, UpsertResult, WriteFailure};
use crate::http::Clock;
use crate::state::{Fingerprint, Provenance, SyncId, Trace};

use super::SyncError;
use super::context::Context;
use super::event::SyncEvent;
use super::journal::Written;
use super::ledger::Ticket;
use super::rewrite::{Queue, Rewriting, Waiting};

/// Entities of a missing blueprint are counted, not sent; each blueprint is named once.
type Absent = std::collections::HashSet<String>;

/// How long a bulk may wait to be full.
const FILLING: Duration = Duration::from_secs(3);

/// An entity on its way to the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) resource: usize,
    pub(crate) trace: Trace,
    pub(crate) entity: Entity,
    /// `None` where something was left out, so that the next sync compares again.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// The listing that it came in.
    pub(crate) ticket: Arc<Ticket>,
}

/// Gathers entities into bulks and sends them.
pub(crate) struct Writer {
    ctx: Arc<Context>,
    sync: SyncId,
    limits: BulkLimits,
    bulks: HashMap<String, Bulk>,
    in_flight: JoinSet<Sent>,
    waiting: Queue,
    rewriting: Rewriting,
    clock: Arc<dyn Clock>,
    /// When all that was taken was last sent.
    emptied: Instant,
    absent: Absent,
}

#[derive(Default)]
struct Bulk {
    pending: Vec<Pending>,
    bytes: usize,
}

/// A bulk and what became of it.
struct Sent {
    pending: Vec<Pending>,
    results: Result<Vec<UpsertResult>, CatalogError>,
}

impl Writer {
    /// A writer of this sync, which waits by `clock` before it sends again what failed.
    pub(crate) fn new(ctx: Arc<Context>, sync: SyncId, rewriting: Rewriting, clock: Arc<dyn Clock>) -> Self {
        let limits = ctx.catalog.bulk_limits();
        Self {
            ctx,
            sync,
            limits,
            bulks: HashMap::new(),
            in_flight: JoinSet::new(),
            waiting: Queue::new(rewriting),
            rewriting,
            clock,
            emptied: Instant::now(),
            absent: Absent::new(),
        }
    }

    /// Takes an entity; sends a bulk when one is full, and waits while too many are in flight.
    pub(crate) async fn push(&mut self, pending: Pending) -> Result<(), SyncError> {
        if self.absent.contains(&pending.entity.blueprint) {
            self.pass_over(&pending);
            return Ok(());
        }
        let bytes = size(&pending.entity);
        let blueprint = pending.entity.blueprint.clone();
        let bulk = self.bulks.entry(blueprint.clone()).or_default();
        let full = bulk.pending.len() >= self.limits.entities
            || (!bulk.pending.is_empty() && bulk.bytes + bytes > self.limits.bytes);
        if full {
            let bulk = std::mem::take(bulk);
            self.send(blueprint.clone(), bulk.pending).await?;
        }
        let bulk = self.bulks.entry(blueprint).or_default();
        bulk.bytes += bytes;
        bulk.pending.push(pending);
        Ok(())
    }

    /// Takes in the answers that are there, and sends what has waited long for its bulk to be full: what is not
    /// written yet has to be read again if the process is killed.
    pub(crate) async fn catch_up(&mut self) -> Result<(), SyncError> {
        while let Some(sent) = self.in_flight.try_join_next() {
            self.settle(sent.map_err(|_| SyncError::Stopped)?).await?;
        }
        if self.emptied.elapsed() >= FILLING { self.send_all().await } else { Ok(()) }
    }

    async fn send_all(&mut self) -> Result<(), SyncError> {
        self.emptied = Instant::now();
        for (blueprint, bulk) in std::mem::take(&mut self.bulks) {
            if !bulk.pending.is_empty() {
                self.send(blueprint, bulk.pending).await?;
            }
        }
        Ok(())
    }

    /// Sends everything that was taken and waits for all answers, so that what comes next cannot be overtaken.
    pub(crate) async fn drain(&mut self) -> Result<(), SyncError> {
        self.send_all().await?;
        while let Some(sent) = self.in_flight.join_next().await {
            self.settle(sent.map_err(|_| SyncError::Stopped)?).await?;
        }
        Ok(())
    }

    /// Writes what is left, then repeats what failed, each entity after those that it relates to.
    pub(crate) async fn finish(mut self) -> Result<(), SyncError> {
        self.drain().await?;
        for round in 0..self.rewriting.rounds {
            if self.waiting.is_empty() {
                return Ok(());
            }
            self.clock.sleep(self.rewriting.wait(round)).await;
            for wave in self.waiting.waves() {
                for waiting in wave {
                    self.push(waiting.pending).await?;
                }
                self.drain().await?;
            }
        }
        for waiting in self.waiting.take() {
            self.give_up(&waiting.pending, &waiting.reason);
        }
        Ok(())
    }

    async fn send(&mut self, blueprint: String, pending: Vec<Pending>) -> Result<(), SyncError> {
        while self.in_flight.len() >= self.limits.in_flight {
            let Some(sent) = self.in_flight.join_next().await else { break };
            self.settle(sent.map_err(|_| SyncError::Stopped)?).await?;
        }
        let ctx = Arc::clone(&self.ctx);
        self.in_flight.spawn(async move {
            let entities: Vec<Entity> = pending.iter().map(|pending| pending.entity.clone()).collect();
            let results = ctx.catalog.upsert(&blueprint, &entities, ctx.write_options()).await;
            Sent { pending, results }
        });
        Ok(())
    }

    async fn settle(&mut self, sent: Sent) -> Result<(), SyncError> {
        let Sent { pending, results } = sent;
        let results = match results {
            Ok(results) => results,
            Err(error) => {
                self.whole_bulk_failed(pending, &error);
                return Ok(());
            }
        };
        let mut written = Vec::with_capacity(pending.len());
        let mut settled = Vec::with_capacity(pending.len());
        let mut counts: HashMap<usize, usize> = HashMap::new();
        let mut results = results.into_iter();
        for pending in pending {
            let tally = &self.ctx.tallies[pending.resource];
            match results.next().unwrap_or_else(no_answer) {
                UpsertResult::Created => {
                    tally.created.add(1);
                    self.ctx.journal(&pending.entity, || Written::Created);
                }
                UpsertResult::Updated => {
                    tally.updated.add(1);
                    self.ctx.journal(&pending.entity, || Written::Updated);
                }
                UpsertResult::Unmatched => {
                    tally.unmatched.add(1);
                    self.ctx.journal(&pending.entity, || Written::Unmatched);
                    continue;
                }
                UpsertResult::Failed(failure) => {
                    self.failed(pending, failure);
                    continue;
                }
            }
            *counts.entry(pending.resource).or_default() += 1;
            let Pending { trace, entity, fingerprint, ticket, .. } = pending;
            settled.push(ticket);
            written.push(Provenance { entity: entity.id(), trace, hash: fingerprint });
        }
        for (resource, entities) in counts {
            self.ctx.touch(resource);
            self.ctx.emit(&SyncEvent::Written { kind: self.ctx.kind_name(resource), entities });
        }
        self.ctx.state.record(self.sync, written).await?;
        for ticket in settled {
            ticket.settle();
        }
        Ok(())
    }

    fn whole_bulk_failed(&mut self, pending: Vec<Pending>, error: &CatalogError) {
        if let CatalogError::MissingBlueprint { blueprint, .. } = error {
            if self.absent.insert(blueprint.clone()) {
                self.ctx
                    .notices
                    .error(format!("{error}: create it, or correct the mapping; its entities are not written"));
            }
            for pending in pending {
                self.pass_over(&pending);
            }
            return;
        }
        let retry = match error {
            CatalogError::Unreachable { .. } => Retry::Later,
            CatalogError::Refused { .. } | CatalogError::MissingBlueprint { .. } | CatalogError::Unsupported { .. } => {
                Retry::Never
            }
        };
        for pending in pending {
            self.failed(pending, WriteFailure { reason: error.to_string(), retry });
        }
    }

    fn failed(&mut self, pending: Pending, failure: WriteFailure) {
        let bytes = size(&pending.entity);
        let waiting = Waiting { pending, reason: failure.reason };
        let left = match failure.retry {
            Retry::Later => {
                tracing::debug!(entity = %waiting.pending.entity.id(), reason = waiting.reason, "will be sent again");
                self.waiting.push(waiting, bytes)
            }
            Retry::Never => Some(waiting),
        };
        if let Some(Waiting { pending, reason }) = left {
            self.give_up(&pending, &reason);
        }
    }

    /// Counts an entity of a blueprint that does not exist. What else its resource writes is protected: with a computed
    /// blueprint nobody can tell which of its entities were meant for the missing one.
    fn pass_over(&self, pending: &Pending) {
        let why = format!("blueprint {:?} does not exist", pending.entity.blueprint);
        self.ctx.tallies[pending.resource].refused.add(1);
        self.ctx.gap(pending.resource, None, &why);
        self.ctx.journal(&pending.entity, || Written::Refused(why));
    }

    fn give_up(&self, pending: &Pending, reason: &str) {
        self.ctx.tallies[pending.resource].refused.add(1);
        let id = pending.entity.id();
        self.ctx.notices.error_about(
            format!("{} ", id.blueprint),
            &format!("{:?}", id.identifier),
            format!(" was not written: {reason}"),
        );
        self.ctx.journal(&pending.entity, || Written::Refused(reason.to_owned()));
        self.ctx.refuse(id);
        pending.ticket.flaw();
        pending.ticket.settle();
    }
}

fn no_answer() -> UpsertResult {
    UpsertResult::Failed(WriteFailure {
        reason: "the catalog did not say what became of it".to_owned(),
        retry: Retry::Later,
    })
}

/// About what an entity takes on the wire, in bytes.
fn size(entity: &Entity) -> usize {
    struct Length(usize);
    impl std::io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut length = Length(0);
    match serde_json::to_writer(&mut length, entity) {
        Ok(()) => length.0,
        Err(_) => usize::MAX,
    }
}
