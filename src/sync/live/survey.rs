//! Which objects have to be looked at, and what was found.
//!
//! Besides those that are due: what belongs to an object that became other entities, because it may be named after it;
//! what belonged to one that is gone, which went with it; and the object from which an entity came before, where another
//! one gives it now.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use indexmap::IndexMap;

use crate::catalog::EntityId;
use crate::kinds::{Kind, ObjectKey};
use crate::state::{Known, Provenance};
use crate::sync::SyncError;
use crate::sync::context::Context;
use crate::sync::diff::resource_name;

use super::certainty::{Certainty, Whereabouts};
use super::look::{self, Due, Looked};
use super::report::Found;
use super::{LiveKey, below, name};

/// Entities of one object that are looked up.
pub(super) const REMEMBERED: u32 = 10_000;

/// What names an object.
pub(super) type Name = (Kind, ObjectKey);

/// Looks at objects until nothing more has to be looked at.
pub(super) struct Survey<'a> {
    ctx: &'a Arc<Context>,
    certainty: Certainty,
    /// Most objects that are looked at.
    most: usize,
    queue: VecDeque<Due>,
    asked: HashSet<Name>,
    looked: IndexMap<Name, Looked>,
    /// Entities that an object gives and that came from another one before.
    contested: Vec<Contest>,
    /// Objects that were too many.
    cut: u64,
}

/// What was found.
pub(super) struct Surveyed {
    pub(super) looked: Vec<Looked>,
    /// Objects that were to be looked at and were too many.
    pub(super) cut: u64,
}

struct Contest {
    by: Name,
    entity: EntityId,
    before: Name,
    /// What decides: the place in the mapping, then the key.
    rank: (String, String),
}

impl<'a> Survey<'a> {
    pub(super) fn new(ctx: &'a Arc<Context>, certainty: Certainty, most: usize) -> Self {
        Self {
            ctx,
            certainty,
            most,
            queue: VecDeque::new(),
            asked: HashSet::new(),
            looked: IndexMap::new(),
            contested: vec![],
            cut: 0,
        }
    }

    /// Looks at what is due and at what has to be looked at for its sake.
    pub(super) async fn run(mut self, due: Vec<LiveKey>) -> Result<Surveyed, SyncError> {
        for key in due {
            self.enqueue(Due { key, because: None });
        }
        while !self.queue.is_empty() {
            let looks =
                std::mem::take(&mut self.queue).into_iter().map(|due| look::one(self.ctx, &self.certainty, due));
            let looks: Vec<_> = looks.collect();
            let found: Vec<Looked> = stream::iter(looks).buffered(self.ctx.concurrency).try_collect().await?;
            for looked in found {
                self.take(looked).await?;
            }
        }
        self.settle_contests();
        if self.cut > 0 {
            self.ctx.notices.error(format!(
                "{} more objects had to be looked at, which is too many at once; the next resync does it",
                self.cut
            ));
        }
        Ok(Surveyed { looked: self.looked.into_values().collect(), cut: self.cut })
    }

    /// The same object twice is one piece of work; the later of two last known versions counts. False where there are
    /// too many.
    fn enqueue(&mut self, due: Due) -> bool {
        let name = (due.key.kind, due.key.key.clone());
        if let Some(waiting) =
            self.queue.iter_mut().find(|waiting| (waiting.key.kind, &waiting.key.key) == (name.0, &name.1))
        {
            waiting.key.last_known = due.key.last_known.or(waiting.key.last_known.take());
            return true;
        }
        if self.looked.contains_key(&name) || self.asked.contains(&name) {
            return true;
        }
        if self.asked.len() >= self.most {
            if due.because.is_none() {
                let why = "too many objects at once".to_owned();
                self.looked.insert(name, Looked::new(due.key, None, Found::Unknown(why)));
            } else {
                self.cut += 1;
            }
            return false;
        }
        self.asked.insert(name);
        self.queue.push_back(due);
        true
    }

    /// Looks at what hangs on an object; where that is too much, the object stays to be done.
    fn enqueue_below(&mut self, parent: &Name, due: Due) {
        if !self.enqueue(due)
            && let Some(looked) = self.looked.get_mut(parent)
        {
            looked.doubt("more objects belong to it than can be looked at at once");
        }
    }

    async fn take(&mut self, mut looked: Looked) -> Result<(), SyncError> {
        let name = (looked.key.kind, looked.key.key.clone());
        self.asked.insert(name.clone());
        if self.looked.contains_key(&name) {
            // Two names of one object.
            return Ok(());
        }
        let (kind, key) = (name.0.name(), name.1.as_str());
        looked.remembered = self.ctx.state.from_object(kind, key, looked.stable.as_deref(), REMEMBERED).await?;
        match looked.found {
            Found::There => {
                self.contest(&name, &looked).await?;
                if let Some(raw) = looked.raw.take().filter(|_| looked.has_changed(self.ctx)) {
                    let found = below::of_changed(self.ctx, &mut looked, &raw).await?;
                    self.looked.insert(name.clone(), looked);
                    for child in found.children {
                        Box::pin(self.take(child)).await?;
                    }
                    self.belonged(&name, found.before);
                    return Ok(());
                }
            }
            Found::Gone => {
                if looked.remembered.is_empty() && looked.key.called.is_some() {
                    self.recall(&mut looked).await?;
                }
                if self.is_elsewhere(&mut looked).await? {
                    self.looked.insert(name, looked);
                    return Ok(());
                }
                let rows = self.ctx.state.below_object(key, REMEMBERED).await?;
                if rows.len() >= REMEMBERED as usize {
                    looked.doubt("more belonged to it than goes at once");
                }
                self.looked.insert(name.clone(), looked);
                return self.went_along(name, rows).await;
            }
            Found::Unknown(_) => {}
        }
        self.looked.insert(name, looked);
        Ok(())
    }

    /// Whether an object that its key leads to no more, or what it belonged to, has another key now, which then is looked
    /// at in its place; or whether that cannot be told.
    async fn is_elsewhere(&mut self, looked: &mut Looked) -> Result<bool, SyncError> {
        let (kind, key) = looked.gone_with.clone().unwrap_or((looked.key.kind, looked.key.key.clone()));
        if kind.each().is_some() {
            return Ok(false);
        }
        let rows = self.ctx.state.from_object(kind.name(), key.as_str(), None, 1).await?;
        let Some(stable) = rows.into_iter().find_map(|row| row.trace.stable) else { return Ok(false) };
        match self.certainty.find(kind, &stable).await {
            Whereabouts::Nowhere => return Ok(false),
            Whereabouts::Unknown(why) => looked.doubt(why),
            Whereabouts::At(now) => {
                // What was remembered under the old key is remembered of the object under its new one.
                looked.remembered.clear();
                let because = Some(format!("{kind} {key} has this key now"));
                self.enqueue(Due { key: LiveKey::new(kind, now), because });
            }
        }
        Ok(true)
    }

    /// What belonged to an object that is gone is gone with it; what was only listed there is looked at.
    async fn went_along(&mut self, parent: Name, rows: Vec<Provenance>) -> Result<(), SyncError> {
        for (kind, key) in self.sources(&rows) {
            let because = Some(format!("it belongs to {} {}, which is gone", parent.0, parent.1));
            if kind.each() == Some(parent.0) {
                let gone = Looked::new(LiveKey::new(kind, key), because, Found::Gone);
                Box::pin(self.take(gone)).await?;
            } else {
                self.enqueue_below(&parent, Due { key: LiveKey::new(kind, key), because });
            }
        }
        Ok(())
    }

    /// What belonged to an object before and was not met among what belongs to it now is looked at one by one.
    fn belonged(&mut self, parent: &Name, before: Vec<Provenance>) {
        let left: Vec<Provenance> =
            before.into_iter().filter(|row| !self.looked.values().any(|looked| looked.made(row))).collect();
        for (kind, key) in self.sources(&left) {
            let because = Some(format!("it belonged to {} {}, which changed", parent.0, parent.1));
            self.enqueue_below(parent, Due { key: LiveKey::new(kind, key), because });
        }
    }

    /// The objects that entities came from, as far as that is known.
    fn sources(&self, rows: &[Provenance]) -> Vec<Name> {
        let mut sources: Vec<Name> =
            rows.iter().filter_map(|row| self.source(row.trace.kind()?, row.trace.source_key.as_deref()?)).collect();
        let mut met = HashSet::new();
        sources.retain(|source| met.insert(source.clone()));
        sources
    }

    fn source(&self, kind: &str, key: &str) -> Option<Name> {
        let kind = self.ctx.source.kinds().iter().find(|known| known.name() == kind).copied()?;
        Some((kind, key.parse().ok()?))
    }

    /// Bitbucket does not know the name; what the catalog has under it may tell the key.
    async fn recall(&mut self, looked: &mut Looked) -> Result<(), SyncError> {
        let found = name::recall(&self.ctx.state, &looked.key).await?;
        if found.is_empty() {
            looked.doubt(name::UNKNOWN);
        }
        let called = looked.key.called.clone().unwrap_or_default();
        for key in found {
            self.enqueue(Due { key, because: Some(format!("the catalog has it as {called}")) });
        }
        Ok(())
    }

    /// Looks whose the entities were before that an object gives now.
    async fn contest(&mut self, name: &Name, looked: &Looked) -> Result<(), SyncError> {
        let mut by_blueprint: HashMap<&str, Vec<String>> = HashMap::new();
        for id in &looked.yields {
            by_blueprint.entry(&id.blueprint).or_default().push(id.identifier.clone());
        }
        for (blueprint, identifiers) in by_blueprint {
            for (identifier, known) in self.ctx.state.known(blueprint, identifiers).await? {
                let entity = EntityId { blueprint: blueprint.to_owned(), identifier };
                self.contested(name, looked, entity, known);
            }
        }
        Ok(())
    }

    fn contested(&mut self, name: &Name, looked: &Looked, entity: EntityId, known: Known) {
        let row = Provenance { entity, trace: known.trace, hash: known.hash };
        let source = row.trace.kind().zip(row.trace.source_key.as_deref());
        let Some(before) = source.and_then(|(kind, key)| self.source(kind, key)).filter(|_| !looked.made(&row)) else {
            return;
        };
        let because = format!("{} came from it before", row.entity);
        self.enqueue(Due { key: LiveKey::new(before.0, before.1.clone()), because: Some(because) });
        let rank = (row.trace.resource.unwrap_or_default(), row.trace.source_key.unwrap_or_default());
        self.contested.push(Contest { by: name.clone(), entity: row.entity, before, rank });
    }

    /// Where nobody knows whether the earlier object still gives an entity, and it would win, the other must not write.
    fn settle_contests(&mut self) {
        for Contest { by, entity, before, rank } in std::mem::take(&mut self.contested) {
            let certain = self
                .looked
                .get(&before)
                .is_some_and(|looked| !matches!(looked.found, Found::Unknown(_)) && looked.doubt.is_none());
            let Some(looked) = self.looked.get_mut(&by).filter(|_| !certain) else { continue };
            let mut lost = false;
            for mapped in &mut looked.mapped {
                let own = (resource_name(self.ctx, mapped.resource), mapped.source.key.to_string());
                if own < rank {
                    let all = mapped.entities.len();
                    mapped.entities.retain(|ready| ready.entity.id() != entity);
                    lost |= mapped.entities.len() < all;
                }
            }
            if lost {
                let (kind, key) = &before;
                looked.doubt(format!("{entity} may come from {kind} {key} as well, which cannot be read"));
            }
        }
    }
}
