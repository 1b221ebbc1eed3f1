//! From the objects of a page to entities, on the worker threads.

use std::sync::Arc;

use bitbucket_port_jq::{Input, Output};
use serde_json::value::RawValue;

use crate::catalog::{Entity, Existing};
use crate::kinds::Kind;
use crate::mapping::{Mapped, Outcome};
use crate::state::Fingerprint;

use super::SyncError;
use super::compare::fingerprint;
use super::context::Context;
use super::enrich::{self, Additions};
use super::feed::Owner;
use super::ledger::Ticket;
use super::plan::Node;
use super::recheck;

/// What a page became: its objects, resource by resource.
pub(crate) type Batch = Vec<MappedObject>;

/// Parents (key and encoded text) for the spool of each child listing, in the order of the node's children.
pub(crate) type Parents = Vec<Vec<(String, String)>>;

/// What one resource made of one object.
#[derive(Debug)]
pub(crate) struct MappedObject {
    /// Number of the resource in the plan.
    pub(crate) resource: usize,
    pub(crate) source: Source,
    pub(crate) entities: Vec<Ready>,
    /// Whether something of the object could not be mapped, so that what the catalog has of it must stay.
    pub(crate) held_back: bool,
    /// The listing that it came in.
    pub(crate) ticket: Arc<Ticket>,
}

impl MappedObject {
    /// What has to be settled before its listing is done: its entities, and what is held back.
    pub(crate) fn shares(&self) -> u64 {
        self.entities.len() as u64 + u64::from(self.held_back)
    }
}

/// Where an entity comes from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) key: Arc<str>,
    pub(crate) parent: Option<Arc<str>>,
    /// What of the object stays the same when its key does not.
    pub(crate) stable: Option<Arc<str>>,
}

/// An entity with the fingerprint of what would be sent.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) entity: Entity,
    /// `None` where something was left out, so that the next sync compares again.
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// Maps the objects of a page for every resource that takes them, and binds the parents of child listings.
pub(crate) async fn page(
    ctx: &Arc<Context>,
    node: &Node,
    owner: Option<&Owner>,
    values: Vec<Box<RawValue>>,
    additions: Vec<Additions>,
    ticket: &Arc<Ticket>,
) -> Result<(Batch, Parents), SyncError> {
    let job = Job {
        ctx: Arc::clone(ctx),
        kind: node.listing.kind(),
        resources: node.resources.clone(),
        children: node.children.iter().map(|child| child.listing.kind()).collect(),
        parent: owner.map(|owner| Arc::clone(&owner.key)),
        ticket: Arc::clone(ticket),
    };
    ctx.pool.run(move || job.run(&values, &additions)).await.map_err(|_| SyncError::Stopped)
}

struct Job {
    ctx: Arc<Context>,
    kind: Kind,
    resources: Vec<usize>,
    children: Vec<Kind>,
    parent: Option<Arc<str>>,
    ticket: Arc<Ticket>,
}

impl Job {
    fn run(&self, values: &[Box<RawValue>], additions: &[Additions]) -> (Batch, Parents) {
        let mut batch = Vec::with_capacity(values.len() * self.resources.len());
        let mut parents: Parents = self.children.iter().map(|_| Vec::with_capacity(values.len())).collect();
        let several = !self.ctx.is_snapshot(self.kind, self.parent.as_deref());
        let mut met = Vec::with_capacity(if several { values.len() } else { 0 });
        for (at, value) in values.iter().enumerate() {
            match self.kind.key_of(value.get()) {
                Ok(key) => {
                    let key: Arc<str> = Arc::from(key.as_str());
                    if several {
                        met.push(recheck::short(self.kind, &key));
                    }
                    self.bind(value, &key, &mut parents);
                    self.map(value, &key, additions.get(at), &mut batch);
                }
                Err(error) => self.nameless(&error.to_string()),
            }
        }
        self.ctx.met(&met);
        (batch, parents)
    }

    /// An object without its key: nobody can say which entity it feeds, so none of its resource may go.
    fn nameless(&self, error: &str) {
        let why = format!("an object has no key: {error}");
        self.ticket.flaw();
        self.ctx.notices.error(format!("{}: {why}", self.kind.name()));
        for resource in &self.resources {
            self.ctx.tallies[*resource].failed.add(1);
            self.ctx.gap(*resource, None, &why);
        }
    }

    fn bind(&self, value: &RawValue, key: &Arc<str>, parents: &mut Parents) {
        for (kind, rows) in self.children.iter().zip(parents) {
            match kind.parent_of(value.get()) {
                Ok(parent) => rows.push((key.to_string(), parent.encode())),
                Err(error) => self.unbound(*kind, key, &error.to_string()),
            }
        }
    }

    fn unbound(&self, kind: Kind, key: &Arc<str>, error: &str) {
        let why = format!("cannot be listed: {error}");
        self.ticket.flaw();
        self.ctx.notices.error_about(format!("{} of ", kind.name()), key, format!(" {why}"));
        for (number, planned) in self.ctx.plan.resources.iter().enumerate() {
            if planned.kind == kind {
                self.ctx.gap(number, Some(key), &why);
            }
        }
    }

    fn map(&self, value: &RawValue, key: &Arc<str>, additions: Option<&Additions>, batch: &mut Batch) {
        let stable = self.kind.stable_of(value.get()).map(Arc::from);
        let source = Source { key: Arc::clone(key), parent: self.parent.clone(), stable };
        for (resource, mapped) in self.mapped(value, additions) {
            let object = match mapped {
                Ok(mapped) => self.object(resource, source.clone(), mapped, additions),
                Err(why) => {
                    self.failed(resource, key, &why);
                    self.held(resource, source.clone())
                }
            };
            batch.push(object);
        }
    }

    /// What each resource makes of an object, which is parsed once.
    fn mapped(&self, value: &RawValue, additions: Option<&Additions>) -> Vec<(usize, Result<Mapped, String>)> {
        let input = Input::parse(value.get(), &self.ctx.jq).map_err(|error| format!("cannot be read: {error}"));
        let input = input.and_then(|input| enriched(input, additions));
        let map = |resource: usize| {
            let input = input.clone()?;
            let missing = self.missing(resource, additions);
            Ok(self.ctx.plan.resources[resource].resource.map_without(input, &missing))
        };
        self.resources.iter().map(|resource| (*resource, map(*resource))).collect()
    }

    /// The paths in the object that a resource reads and that could not be fetched.
    fn missing(&self, resource: usize, additions: Option<&Additions>) -> Vec<Vec<String>> {
        let Some(additions) = additions.filter(|additions| !additions.failed.is_empty()) else { return vec![] };
        enrich::wanted(&self.ctx.plan.resources[resource])
            .filter(|want| additions.failed.contains(want))
            .map(|want| want.path())
            .collect()
    }

    fn object(&self, resource: usize, source: Source, mapped: Mapped, additions: Option<&Additions>) -> MappedObject {
        let tally = &self.ctx.tallies[resource];
        let degraded = !self.missing(resource, additions).is_empty();
        self.ctx.nulls[resource].add(&mapped.nulls);
        let mut object = MappedObject { held_back: false, ..self.held(resource, source) };
        if degraded {
            self.ticket.flaw();
        }
        for outcome in mapped.outcomes {
            match outcome {
                // What an upsert that replaces does not name is lost, so it has to wait.
                Outcome::Entity(_) if degraded && self.ctx.existing() == Existing::Replace => {
                    tally.degraded.add(1);
                    object.held_back = true;
                }
                Outcome::Entity(entity) => {
                    tally.mapped.add(1);
                    tally.degraded.add(usize::from(degraded));
                    let fingerprint = (!degraded).then(|| fingerprint(&entity, self.ctx.existing()));
                    object.entities.push(Ready { entity: *entity, fingerprint });
                }
                Outcome::FilteredOut => {
                    tally.filtered.add(1);
                    self.ctx.leave_out(recheck::short(self.kind, &object.source.key));
                }
                Outcome::Skipped(_) => tally.skipped.add(1),
                Outcome::Failed(error) => {
                    self.failed(resource, &object.source.key, &error.to_string());
                    object.held_back = true;
                }
            }
        }
        object
    }

    /// An object of which nothing could be mapped.
    fn held(&self, resource: usize, source: Source) -> MappedObject {
        MappedObject { resource, source, entities: vec![], held_back: true, ticket: Arc::clone(&self.ticket) }
    }

    fn failed(&self, resource: usize, key: &str, why: &str) {
        self.ticket.flaw();
        self.ctx.tallies[resource].failed.add(1);
        self.ctx.notices.error_about(format!("{} ", self.kind.name()), key, format!(": {why}"));
    }
}

fn enriched(mut input: Input, additions: Option<&Additions>) -> Result<Input, String> {
    let Some(additions) = additions else { return Ok(input) };
    for (key, value) in additions.keys() {
        let value = Output::from_json(&value);
        input.insert(&key, value).map_err(|error| format!("cannot take its {key}: {error}"))?;
    }
    Ok(input)
}
