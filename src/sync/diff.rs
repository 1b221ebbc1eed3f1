//! Sorts mapped entities into those that the catalog has already and those that must be written.
//!
//! A fingerprint of an earlier sync counts only if the catalog itself still lists the entity as ours; without
//! one the present version is read and compared.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::catalog::{Access, CatalogError, Entity, EntityId, Extent, Owner, Present};
use crate::state::{Known, Provenance, SyncId, Trace};

use super::SyncError;
use super::compare::covers;
use super::context::Context;
use super::event::SyncEvent;
use super::journal::Written;
use super::ledger::{Haste, Ticket};
use super::relations::Relations;
use super::takeover::TakeOvers;
use super::transform::{Batch, MappedObject, Ready, Source};
use super::write::{Pending, Writer};

/// Pages that are compared at a time: each look-up and each note in the state file then serves several.
pub(crate) const PAGES: usize = 16;

/// With nothing to compare for so long, what waits for a full bulk is sent, so that little is lost when the process is
/// killed while the sync waits, for its request budget say.
const IDLE: Duration = Duration::from_secs(1);

/// Entities whose present versions are read with one request.
const READ: usize = 50;

/// Such requests at a time.
const READS: usize = 8;

/// Entities of one object that are looked up when the object could not be mapped.
const FROM_ONE_OBJECT: u32 = 1_000;

/// The stage between mapping and writing; one for each sync, so that it meets every entity in turn.
pub(crate) struct Diff {
    ctx: Arc<Context>,
    sync: SyncId,
    writer: Writer,
    /// Whether fingerprints of earlier syncs count.
    trust: Trust,
    relations: Arc<Relations>,
    take_overs: TakeOvers,
    /// Blueprints by name, and whether they had no entities at all when they were met first.
    empty: HashMap<String, bool>,
    earlier: Earlier,
}

/// What an entity means that was met in the same sync before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Earlier {
    /// Two objects may yield it.
    Counts,
    /// Nothing: who yields what was looked into before, and all comes in one batch.
    Ignored,
}

/// Whether fingerprints of earlier syncs may be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The owned listing of this sync stands behind them.
    Listed,
    /// The catalog cannot be read: the state file is all there is.
    StateAlone,
    /// The listing failed: everything is compared.
    Nothing,
}

struct Candidate {
    resource: usize,
    source: Source,
    ready: Ready,
    id: EntityId,
    ticket: Arc<Ticket>,
}

impl Diff {
    pub(crate) fn new(
        ctx: Arc<Context>,
        sync: SyncId,
        writer: Writer,
        trust: Trust,
        relations: Arc<Relations>,
    ) -> Self {
        Self {
            ctx,
            sync,
            writer,
            trust,
            relations,
            take_overs: TakeOvers::default(),
            empty: HashMap::new(),
            earlier: Earlier::Counts,
        }
    }

    /// Compares and writes what some objects became, in one batch, and what others relate to first.
    pub(crate) async fn once(mut self, mapped: Batch) -> Result<(), SyncError> {
        self.earlier = Earlier::Ignored;
        self.batch(mapped.into_iter()).await?;
        self.take_overs.say(&self.ctx.notices, self.ctx.catalog.writes());
        self.writer.finish().await
    }

    /// Takes batches until the last sender is gone, then writes what is still waiting.
    pub(crate) async fn run(mut self, mut mapped: mpsc::Receiver<Batch>) -> Result<(), SyncError> {
        let mut batches = Vec::with_capacity(PAGES);
        loop {
            match tokio::time::timeout(IDLE, mapped.recv_many(&mut batches, PAGES)).await {
                Ok(0) => break,
                Ok(_) => {
                    self.batch(batches.drain(..).flatten()).await?;
                    self.writer.catch_up().await?;
                }
                Err(_) => self.writer.drain().await?,
            }
            self.ctx.ledger.note(&self.ctx.state, Haste::Lazy).await?;
        }
        self.take_overs.say(&self.ctx.notices, self.ctx.catalog.writes());
        let Self { ctx, writer, .. } = self;
        writer.finish().await?;
        Ok(ctx.ledger.note(&ctx.state, Haste::Now).await?)
    }

    async fn batch(&mut self, batch: impl Iterator<Item = MappedObject>) -> Result<(), SyncError> {
        let mut by_blueprint: HashMap<String, Vec<Candidate>> = HashMap::new();
        for object in batch {
            if object.held_back {
                self.hold(object.resource, &object.source).await?;
                object.ticket.settle();
            }
            for ready in object.entities {
                self.relations.note(&ready.entity);
                let id = ready.entity.id();
                let (source, ticket) = (object.source.clone(), Arc::clone(&object.ticket));
                let candidate = Candidate { resource: object.resource, source, ready, id, ticket };
                by_blueprint.entry(candidate.id.blueprint.clone()).or_default().push(candidate);
            }
        }
        self.ctx.state.relate(self.relations.take_new()).await?;
        if self.earlier == Earlier::Counts {
            for (blueprint, candidates) in by_blueprint {
                self.blueprint(&blueprint, candidates).await?;
            }
            return Ok(());
        }
        let relations = Arc::clone(&self.relations);
        let names: Vec<String> = by_blueprint.keys().cloned().collect();
        for blueprint in relations.in_order(names.iter().map(String::as_str)) {
            self.blueprint(blueprint, by_blueprint.remove(blueprint).unwrap_or_default()).await?;
            self.writer.drain().await?;
        }
        Ok(())
    }

    /// What the catalog has of an object that could not be mapped counts as seen, so that it stays.
    async fn hold(&mut self, resource: usize, source: &Source) -> Result<(), SyncError> {
        let entities = self.ctx.state.from_source(&source.key, FROM_ONE_OBJECT).await?;
        if entities.is_empty() {
            // Nobody knows what the object became before: all of its resource must stay.
            self.ctx.gap(resource, None, "an object that could not be mapped");
        }
        for entity in entities {
            let EntityId { blueprint, identifier } = entity.entity;
            self.ctx.state.seen(self.sync, &blueprint, vec![identifier]).await?;
        }
        Ok(())
    }

    async fn blueprint(&mut self, blueprint: &str, candidates: Vec<Candidate>) -> Result<(), SyncError> {
        let identifiers = candidates.iter().map(|candidate| candidate.id.identifier.clone()).collect();
        let mut known = self.ctx.state.known(blueprint, identifiers).await?;
        let (mut unchanged, mut unsure, mut foreign, mut changed) = (vec![], vec![], vec![], vec![]);
        for candidate in self.without_collisions(candidates, &mut known).await? {
            match self.judge(&candidate, known.get(&candidate.id.identifier)) {
                Verdict::Unchanged => unchanged.push(candidate),
                Verdict::Unsure => unsure.push(candidate),
                Verdict::NotOwned => foreign.push(candidate),
                Verdict::Changed => changed.push(candidate),
            }
        }
        self.ask(blueprint, unsure, Whose::Ours, &mut unchanged, &mut changed).await;
        if self.is_empty(blueprint, &foreign).await {
            changed.append(&mut foreign);
        }
        self.ask(blueprint, foreign, Whose::Anyones, &mut unchanged, &mut changed).await;
        self.note_unchanged(blueprint, unchanged).await?;
        self.send(changed).await
    }

    /// Hands entities to the writer; from now on they count as met, with a version that is not certain yet.
    async fn send(&mut self, changed: Vec<Candidate>) -> Result<(), SyncError> {
        let rows: Vec<Provenance> = changed
            .iter()
            .map(|candidate| Provenance { entity: candidate.id.clone(), trace: self.trace(candidate), hash: None })
            .collect();
        let traces: Vec<Trace> = rows.iter().map(|row| row.trace.clone()).collect();
        if !rows.is_empty() {
            self.ctx.state.record(self.sync, rows).await?;
        }
        for (candidate, trace) in changed.into_iter().zip(traces) {
            let Candidate { resource, ready: Ready { entity, fingerprint }, ticket, .. } = candidate;
            self.writer.push(Pending { resource, trace, entity, fingerprint, ticket }).await?;
        }
        Ok(())
    }

    fn judge(&self, candidate: &Candidate, known: Option<&Known>) -> Verdict {
        let same = known.is_some_and(|known| known.hash.is_some() && known.hash == candidate.ready.fingerprint);
        let partial = candidate.ready.fingerprint.is_none();
        match (self.trust, known) {
            (Trust::StateAlone, _) if same => Verdict::Unchanged,
            (Trust::StateAlone, _) => Verdict::Changed,
            (Trust::Listed, Some(known)) if known.owned && same => Verdict::Unchanged,
            // A known hash that differs is a change; without one the catalog has to be asked. Where something was left
            // out of it, only the catalog knows whether the rest is there.
            (Trust::Listed, Some(known)) if known.owned && (partial || known.hash.is_none()) => Verdict::Unsure,
            (Trust::Listed, Some(known)) if known.owned => Verdict::Changed,
            (Trust::Listed | Trust::Nothing, _) => Verdict::NotOwned,
        }
    }

    /// Of several objects that yield one entity, the last in mapping order (then by key) wins, always the same.
    async fn without_collisions(
        &mut self,
        candidates: Vec<Candidate>,
        known: &mut HashMap<String, Known>,
    ) -> Result<Vec<Candidate>, SyncError> {
        let mut winners: Vec<Candidate> = Vec::with_capacity(candidates.len());
        let mut at: HashMap<String, usize> = HashMap::with_capacity(candidates.len());
        let mut shared = vec![];
        for candidate in candidates {
            let rank = self.rank(&candidate);
            if let Some(earlier) = known.get(&candidate.id.identifier).filter(|known| self.met_now(known)) {
                let earlier_rank = rank_of(&earlier.trace);
                if earlier_rank != rank {
                    self.collided(&candidate, &earlier_rank, &mut shared);
                    if earlier_rank > rank {
                        candidate.ticket.settle();
                        continue;
                    }
                    // The earlier one may still be on its way; it must not overtake this one.
                    self.writer.drain().await?;
                }
            }
            let Some(place) = at.get(&candidate.id.identifier).copied() else {
                at.insert(candidate.id.identifier.clone(), winners.len());
                winners.push(candidate);
                continue;
            };
            let earlier_rank = self.rank(&winners[place]);
            if earlier_rank != rank {
                self.collided(&candidate, &earlier_rank, &mut shared);
            }
            let loser =
                if earlier_rank <= rank { std::mem::replace(&mut winners[place], candidate) } else { candidate };
            loser.ticket.settle();
        }
        self.ctx.state.share(shared).await?;
        Ok(winners)
    }

    fn met_now(&self, known: &Known) -> bool {
        self.earlier == Earlier::Counts && known.last_seen == Some(self.sync)
    }

    fn collided(&self, candidate: &Candidate, other: &(String, String), shared: &mut Vec<EntityId>) {
        self.ctx.tallies[candidate.resource].collided.add(1);
        if *candidate.source.key != *other.1 {
            shared.push(candidate.id.clone());
        }
        let who = format!(
            "{} ({} {} and {} {})",
            candidate.id,
            self.ctx.kind_name(candidate.resource),
            candidate.source.key,
            other.0.split(':').nth(1).unwrap_or_default(),
            other.1,
        );
        let what = " comes from two objects: the later in the mapping wins; make the identifier unique";
        self.ctx.notices.warning_about("", &who, what);
    }

    fn rank(&self, candidate: &Candidate) -> (String, String) {
        rank_of(&self.trace(candidate))
    }

    fn trace(&self, candidate: &Candidate) -> Trace {
        Trace {
            resource: Some(resource_name(&self.ctx, candidate.resource)),
            source_key: Some(candidate.source.key.to_string()),
            parent_key: candidate.source.parent.as_deref().map(str::to_owned),
            stable: candidate.source.stable.as_deref().map(str::to_owned),
        }
    }

    /// Whether nothing has to be looked at, because the blueprint had no entities when it was met first.
    async fn is_empty(&mut self, blueprint: &str, foreign: &[Candidate]) -> bool {
        if foreign.is_empty() || self.ctx.catalog.access() == Access::WriteOnly {
            return true;
        }
        if let Some(empty) = self.empty.get(blueprint) {
            return *empty;
        }
        let empty = self.ctx.catalog.is_empty(blueprint).await.unwrap_or(false);
        self.empty.insert(blueprint.to_owned(), empty);
        empty
    }

    /// The present versions of entities as far as they are ours, or of any.
    async fn present(&self, blueprint: &str, like: &[Entity], whose: Whose) -> Result<Vec<Present>, CatalogError> {
        let ours = |entity| Present { entity, owner: Owner::Ours };
        match whose {
            Whose::Ours => Ok(self.ctx.catalog.read(blueprint, like).await?.into_iter().map(ours).collect()),
            Whose::Anyones => self.ctx.catalog.present(blueprint, like, Extent::Like).await,
        }
    }

    /// Reads the present versions of entities of which no trustworthy fingerprint is known.
    async fn ask(
        &mut self,
        blueprint: &str,
        unsure: Vec<Candidate>,
        whose: Whose,
        unchanged: &mut Vec<Candidate>,
        changed: &mut Vec<Candidate>,
    ) {
        if self.ctx.catalog.access() == Access::WriteOnly {
            changed.extend(unsure);
            return;
        }
        let mut rest = unsure.into_iter().peekable();
        while rest.peek().is_some() {
            let mut asked = Vec::with_capacity(READS);
            while rest.peek().is_some() && asked.len() < READS {
                let group: Vec<Candidate> = rest.by_ref().take(READ).collect();
                asked.push(self.present_of(blueprint, group, whose));
            }
            let answers = futures::future::join_all(asked).await;
            for (group, present) in answers {
                self.sort(group, &present, unchanged, changed);
            }
        }
    }

    /// A group with the present versions of its entities; none where the catalog does not say.
    async fn present_of(&self, blueprint: &str, group: Vec<Candidate>, whose: Whose) -> (Vec<Candidate>, Vec<Present>) {
        let like: Vec<Entity> = group.iter().map(|candidate| candidate.ready.entity.clone()).collect();
        let present = self.present(blueprint, &like, whose).await.unwrap_or_else(|error| {
            self.ctx.notices.warning(format!("cannot compare, so everything is sent: {error}"));
            vec![]
        });
        (group, present)
    }

    fn sort(
        &mut self,
        group: Vec<Candidate>,
        present: &[Present],
        unchanged: &mut Vec<Candidate>,
        changed: &mut Vec<Candidate>,
    ) {
        let present: HashMap<String, &Present> =
            present.iter().map(|present| (present.entity.id().identifier, present)).collect();
        for candidate in group {
            match present.get(&candidate.id.identifier) {
                Some(Present { entity, owner: Owner::Ours }) if covers(entity, &candidate.ready.entity) => {
                    unchanged.push(candidate);
                    continue;
                }
                Some(Present { owner: Owner::Other(name), .. }) => {
                    self.take_overs.note(&candidate.id, name, self.ctx.catalog.writes());
                }
                _ => {}
            }
            changed.push(candidate);
        }
    }

    async fn note_unchanged(&self, blueprint: &str, unchanged: Vec<Candidate>) -> Result<(), SyncError> {
        let mut rows = Vec::with_capacity(unchanged.len());
        let mut counts: HashMap<usize, usize> = HashMap::new();
        let mut settled = Vec::with_capacity(unchanged.len());
        for candidate in unchanged {
            self.ctx.journal(&candidate.ready.entity, || Written::Unchanged);
            *counts.entry(candidate.resource).or_default() += 1;
            let trace = self.trace(&candidate);
            rows.push(Provenance { entity: candidate.id, trace, hash: candidate.ready.fingerprint });
            settled.push(candidate.ticket);
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.ctx.state.record(self.sync, rows).await?;
        for ticket in settled {
            ticket.settle();
        }
        for (resource, entities) in counts {
            self.ctx.tallies[resource].unchanged.add(entities);
            self.ctx.touch(resource);
            let (kind, blueprint) = (self.ctx.kind_name(resource), blueprint.to_owned());
            self.ctx.emit(&SyncEvent::Unchanged { kind, blueprint, entities });
        }
        Ok(())
    }
}

enum Verdict {
    Unchanged,
    /// Ours, and to be compared with what the catalog has.
    Unsure,
    /// Not known to be ours: new, written since the listing, or another's.
    NotOwned,
    Changed,
}

/// Whose present versions are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Anyones,
}

/// A resource's name in the state file: sorts in mapping order, and tells the kind.
pub(crate) fn resource_name(ctx: &Context, resource: usize) -> String {
    format!("{:04}:{}", ctx.plan.resources[resource].resource.index, ctx.kind_name(resource))
}

/// What decides between two objects that yield one entity: the place in the mapping, then the object's key.
fn rank_of(trace: &Trace) -> (String, String) {
    (trace.resource.clone().unwrap_or_default(), trace.source_key.clone().unwrap_or_default())
}
