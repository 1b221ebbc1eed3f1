//! A catalog that is only read, and the record of what would be written to it.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, FutureExt};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::difference::{differences, has_search, of_new};
use super::ledger::Ledger;
use super::{Action, Change, Changes, FieldChange};
use crate::catalog::{
    Access, Blueprint, BulkLimits, Catalog, CatalogError, DeleteResult, Dependent, Dependents, Entity, EntityId,
    Existing, Extent, OwnedPage, Owner, Present, Provisioned, Retry, UpsertResult, WriteFailure, WriteOptions, Writes,
};
use crate::sync::event::{Observer, SyncEvent};
use crate::sync::fate::{Fate, Gone};

/// Stands in for a catalog: reads are passed on, writes are compared with what is there and recorded.
///
/// It watches the sync as well, because what the sync decides (unchanged, gone, protected) is not asked of a catalog.
pub struct Rehearsal {
    catalog: Arc<dyn Catalog>,
    beside: Arc<dyn Observer>,
    record: Mutex<Record>,
}

struct Record {
    ledger: Ledger,
    /// Blueprints that were asked for or would be created; `None` where there is none.
    blueprints: HashMap<String, Option<Blueprint>>,
    /// Those of them that would be created.
    created: HashSet<String>,
    /// Why the entities go that are to be deleted next.
    reasons: HashMap<EntityId, Gone>,
    /// What those of them that are replaced lose.
    lost: HashMap<EntityId, Vec<FieldChange>>,
    /// What was deleted so far.
    gone: HashSet<EntityId>,
    /// Entities whose relations are search queries.
    searched: u64,
    /// Why an earlier change could not be noted.
    fault: Option<io::Error>,
}

impl Rehearsal {
    /// Stands before `catalog`, keeps what it records in `folder`, and hands what it watches on to `beside`.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn new(catalog: Arc<dyn Catalog>, beside: Arc<dyn Observer>, folder: &Path) -> io::Result<Self> {
        let record = Record {
            ledger: Ledger::create(folder)?,
            blueprints: HashMap::new(),
            created: HashSet::new(),
            reasons: HashMap::new(),
            lost: HashMap::new(),
            gone: HashSet::new(),
            searched: 0,
            fault: None,
        };
        Ok(Self { catalog, beside, record: Mutex::new(record) })
    }

    /// What the sync would have done, once it has ended.
    ///
    /// # Errors
    /// The file of changes cannot be written or read.
    pub fn finish(self) -> io::Result<Changes> {
        let record = self.record.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(fault) = record.fault {
            return Err(fault);
        }
        let mut changes = record.ledger.finish()?;
        changes.count()?;
        Ok(changes)
    }

    /// How many entities cannot be compared in full, because a search query stands in them.
    #[must_use]
    pub fn searched(&self) -> u64 {
        self.record().searched
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn find_blueprint(&self, identifier: &str) -> Result<Option<Blueprint>, CatalogError> {
        if let Some(known) = self.record().blueprints.get(identifier) {
            return Ok(known.clone());
        }
        let found = self.catalog.blueprint(identifier).await?;
        self.record().blueprints.insert(identifier.to_owned(), found.clone());
        Ok(found)
    }

    fn would_create(&self, blueprint: &str) -> bool {
        self.record().created.contains(blueprint)
    }

    async fn provision_all(&self, blueprints: &[Blueprint]) -> Result<Provisioned, CatalogError> {
        let mut provisioned = Provisioned::default();
        for blueprint in blueprints {
            let identifier = blueprint.identifier.clone();
            if self.find_blueprint(&identifier).await?.is_some() {
                provisioned.existing.push(identifier);
                continue;
            }
            let mut record = self.record();
            record.blueprints.insert(identifier.clone(), Some(blueprint.clone()));
            record.created.insert(identifier.clone());
            provisioned.created.push(identifier);
        }
        Ok(provisioned)
    }

    async fn read_present(
        &self,
        blueprint: &str,
        like: &[Entity],
        extent: Extent,
    ) -> Result<Vec<Present>, CatalogError> {
        // What does not exist yet need not be asked about.
        if self.would_create(blueprint) { Ok(vec![]) } else { self.catalog.present(blueprint, like, extent).await }
    }

    async fn rehearse_upsert(
        &self,
        blueprint: &str,
        entities: &[Entity],
        options: WriteOptions,
    ) -> Result<Vec<UpsertResult>, CatalogError> {
        if self.find_blueprint(blueprint).await?.is_none() {
            let catalog = self.catalog.name().to_owned();
            return Err(CatalogError::MissingBlueprint { catalog, blueprint: blueprint.to_owned() });
        }
        let extent = match options.existing {
            Existing::Merge => Extent::Like,
            Existing::Replace => Extent::Whole,
        };
        let present = self.read_present(blueprint, entities, extent).await?;
        let present: HashMap<String, &Present> =
            present.iter().map(|present| (present.entity.id().identifier, present)).collect();
        let mut record = self.record();
        let mut results = Vec::with_capacity(entities.len());
        for sent in entities {
            let present = present.get(&sent.id().identifier).copied();
            record.searched += u64::from(has_search(sent));
            results.push(if present.is_some() { UpsertResult::Updated } else { UpsertResult::Created });
            if let Some(action) = action(present, sent, options.existing) {
                record.note(&Change { entity: sent.id(), action });
            }
        }
        record.fault(self.catalog.name())?;
        Ok(results)
    }

    async fn rehearse_delete(
        &self,
        blueprint: &str,
        identifiers: &[String],
        dependents: Dependents,
    ) -> Result<Vec<DeleteResult>, CatalogError> {
        let mut found = self.drawn_along(blueprint, identifiers, dependents).await?;
        let mut record = self.record();
        let mut results = Vec::with_capacity(identifiers.len());
        for identifier in identifiers {
            let entity = EntityId { blueprint: blueprint.to_owned(), identifier: identifier.clone() };
            let reason = record.reasons.remove(&entity);
            let along = found.remove(identifier).unwrap_or_default();
            if let (Dependents::Refuse, Some(first)) = (dependents, along.first()) {
                let reason = format!("{first} depends on it and would have to be deleted first");
                results.push(DeleteResult::Failed(WriteFailure { reason, retry: Retry::Later }));
                continue;
            }
            record.gone.insert(entity.clone());
            record.gone.extend(along.iter().cloned());
            let lost = record.lost.remove(&entity).unwrap_or_default();
            let dependents = along.clone();
            let change = match reason {
                Some(Gone::Renamed(to)) => {
                    let action = Action::Rename { from: entity, fields: vec![], lost, dependents };
                    Change { entity: to, action }
                }
                reason => {
                    let reason = reason.as_ref().map_or("unknown", Gone::name).to_owned();
                    Change { entity, action: Action::Delete { reason, dependents } }
                }
            };
            record.note(&change);
            results.push(DeleteResult::Deleted { dependents: along });
        }
        record.reasons.clear();
        record.lost.clear();
        record.fault(self.catalog.name())?;
        Ok(results)
    }

    /// What depends on entities, each under the one of them that draws it along; with `Delete` also what depends on
    /// that in turn.
    async fn drawn_along(
        &self,
        blueprint: &str,
        identifiers: &[String],
        dependents: Dependents,
    ) -> Result<HashMap<String, Vec<EntityId>>, CatalogError> {
        let mut going: HashSet<EntityId> = identifiers.iter().map(|identifier| id(blueprint, identifier)).collect();
        let mut along: HashMap<String, Vec<EntityId>> = HashMap::new();
        let origin = |identifier: &String| (identifier.clone(), identifier.clone());
        let mut waiting = vec![(blueprint.to_owned(), identifiers.iter().map(origin).collect::<HashMap<_, _>>())];
        while let Some((blueprint, origins)) = waiting.pop() {
            let asked: Vec<String> = origins.keys().cloned().collect();
            let mut next: HashMap<String, HashMap<String, String>> = HashMap::new();
            for Dependent { of, entity } in self.catalog.dependents(&blueprint, &asked).await? {
                let Some(root) = origins.get(&of) else { continue };
                if !self.record().gone.contains(&entity) && going.insert(entity.clone()) {
                    next.entry(entity.blueprint.clone()).or_default().insert(entity.identifier.clone(), root.clone());
                    along.entry(root.clone()).or_default().push(entity);
                }
            }
            if dependents == Dependents::Delete {
                waiting.extend(next);
            }
        }
        for entities in along.values_mut() {
            entities.sort();
        }
        Ok(along)
    }
}

fn id(blueprint: &str, identifier: &str) -> EntityId {
    EntityId { blueprint: blueprint.to_owned(), identifier: identifier.to_owned() }
}

/// What writing an entity would do; `None` where it would leave all as it is.
fn action(present: Option<&Present>, sent: &Entity, existing: Existing) -> Option<Action> {
    let Some(Present { entity, owner }) = present else { return Some(Action::Create { fields: of_new(sent) }) };
    let fields = differences(entity, sent, existing);
    let taken_from = match owner {
        Owner::Other(name) => Some(name.clone()),
        Owner::Ours | Owner::Unknown => None,
    };
    let stays = fields.is_empty() && *owner == Owner::Ours;
    (!stays).then_some(Action::Update { fields, taken_from })
}

impl Record {
    fn note(&mut self, change: &Change) {
        if self.fault.is_none() {
            self.fault = self.ledger.add(change).err();
        }
    }

    /// A change that could not be noted fails the call that it belongs to.
    fn fault(&self, catalog: &str) -> Result<(), CatalogError> {
        let Some(fault) = &self.fault else { return Ok(()) };
        Err(CatalogError::Unreachable {
            catalog: catalog.to_owned(),
            message: "cannot keep what the plan found".to_owned(),
            source: fault.to_string().into(),
        })
    }
}

impl Observer for Rehearsal {
    fn on(&self, event: &SyncEvent) {
        match event {
            SyncEvent::Unchanged { blueprint, entities, .. } => {
                self.record().ledger.add_unchanged(blueprint, *entities as u64);
            }
            SyncEvent::Judged { entity, fate: Fate::Goes(why) } => {
                self.record().reasons.insert(entity.clone(), why.clone());
            }
            SyncEvent::Renamed { from, lost, .. } => {
                self.record().lost.insert(from.clone(), lost.clone());
            }
            SyncEvent::Judged { entity, fate: Fate::Stays(why) | Fate::Unsure(why) } => {
                let action = Action::Protect { reason: why.clone().into_owned() };
                self.record().note(&Change { entity: entity.clone(), action });
            }
            _ => {}
        }
        self.beside.on(event);
    }

    fn examples_wanted(&self, resource: usize) -> usize {
        self.beside.examples_wanted(resource)
    }

    fn examples(&self, resource: usize, kind: &'static str, objects: &[Box<RawValue>]) {
        self.beside.examples(resource, kind, objects);
    }
}

impl Catalog for Rehearsal {
    fn name(&self) -> &str {
        self.catalog.name()
    }

    fn access(&self) -> Access {
        self.catalog.access()
    }

    fn writes(&self) -> Writes {
        Writes::Rehearsed
    }

    /// As large as one look at the catalog.
    fn bulk_limits(&self) -> BulkLimits {
        BulkLimits { entities: 50, bytes: 1 << 20, in_flight: 4 }
    }

    fn blueprint<'a>(&'a self, identifier: &'a str) -> BoxFuture<'a, Result<Option<Blueprint>, CatalogError>> {
        self.find_blueprint(identifier).boxed()
    }

    fn provision<'a>(&'a self, blueprints: &'a [Blueprint]) -> BoxFuture<'a, Result<Provisioned, CatalogError>> {
        self.provision_all(blueprints).boxed()
    }

    fn upsert<'a>(
        &'a self,
        blueprint: &'a str,
        entities: &'a [Entity],
        options: WriteOptions,
    ) -> BoxFuture<'a, Result<Vec<UpsertResult>, CatalogError>> {
        self.rehearse_upsert(blueprint, entities, options).boxed()
    }

    fn owned(&self, before: OffsetDateTime, cursor: Option<String>) -> BoxFuture<'_, Result<OwnedPage, CatalogError>> {
        self.catalog.owned(before, cursor)
    }

    fn read<'a>(&'a self, blueprint: &'a str, like: &'a [Entity]) -> BoxFuture<'a, Result<Vec<Entity>, CatalogError>> {
        self.catalog.read(blueprint, like)
    }

    fn present<'a>(
        &'a self,
        blueprint: &'a str,
        like: &'a [Entity],
        extent: Extent,
    ) -> BoxFuture<'a, Result<Vec<Present>, CatalogError>> {
        self.read_present(blueprint, like, extent).boxed()
    }

    fn is_empty<'a>(&'a self, blueprint: &'a str) -> BoxFuture<'a, Result<bool, CatalogError>> {
        if self.would_create(blueprint) {
            return async { Ok(true) }.boxed();
        }
        self.catalog.is_empty(blueprint)
    }

    fn dependents<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Dependent>, CatalogError>> {
        self.catalog.dependents(blueprint, identifiers)
    }

    fn relating<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Dependent>, CatalogError>> {
        self.catalog.relating(blueprint, identifiers)
    }

    fn delete<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
        dependents: Dependents,
    ) -> BoxFuture<'a, Result<Vec<DeleteResult>, CatalogError>> {
        self.rehearse_delete(blueprint, identifiers, dependents).boxed()
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), CatalogError>> {
        async { Ok(()) }.boxed()
    }
}
