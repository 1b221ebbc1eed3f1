//! From the objects of a page to entities, on the worker threads.

use std::sync::Arc;

use bitbucket_port_jq::Input;
use serde_json::value::RawValue;

use crate::catalog::Entity;
use crate::kinds::Kind;
use crate::mapping::{Mapped, Outcome};
use crate::state::Fingerprint;

use super::SyncError;
use super::compare::fingerprint;
use super::context::Context;
use super::feed::Owner;
use super::plan::Node;

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
}

/// Where an entity comes from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) key: Arc<str>,
    pub(crate) parent: Option<Arc<str>>,
}

/// An entity with the fingerprint of what would be sent.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) entity: Entity,
    pub(crate) fingerprint: Fingerprint,
}

/// Maps the objects of a page for every resource that takes them, and binds the parents of child listings.
pub(crate) async fn page(
    ctx: &Arc<Context>,
    node: &Node,
    owner: Option<&Owner>,
    values: Vec<Box<RawValue>>,
) -> Result<(Batch, Parents), SyncError> {
    let job = Job {
        ctx: Arc::clone(ctx),
        kind: node.listing.kind(),
        resources: node.resources.clone(),
        children: node.children.iter().map(|child| child.listing.kind()).collect(),
        parent: owner.map(|owner| Arc::clone(&owner.key)),
    };
    ctx.pool.run(move || job.run(&values)).await.map_err(|_| SyncError::Stopped)
}

struct Job {
    ctx: Arc<Context>,
    kind: Kind,
    resources: Vec<usize>,
    children: Vec<Kind>,
    parent: Option<Arc<str>>,
}

impl Job {
    fn run(&self, values: &[Box<RawValue>]) -> (Batch, Parents) {
        let mut batch = Vec::with_capacity(values.len() * self.resources.len());
        let mut parents: Parents = self.children.iter().map(|_| Vec::with_capacity(values.len())).collect();
        for value in values {
            match self.kind.key_of(value.get()) {
                Ok(key) => {
                    let key: Arc<str> = Arc::from(key.to_string());
                    self.bind(value, &key, &mut parents);
                    self.map(value, &key, &mut batch);
                }
                Err(error) => self.nameless(&error.to_string()),
            }
        }
        (batch, parents)
    }

    /// An object without its key: nobody can say which entity it feeds, so none of its resource may go.
    fn nameless(&self, error: &str) {
        let why = format!("an object has no key: {error}");
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
        self.ctx.notices.error(format!("{} of {key} {why}", kind.name()));
        for (number, planned) in self.ctx.plan.resources.iter().enumerate() {
            if planned.kind == kind {
                self.ctx.gap(number, Some(key), &why);
            }
        }
    }

    fn map(&self, value: &RawValue, key: &Arc<str>, batch: &mut Batch) {
        let source = Source { key: Arc::clone(key), parent: self.parent.clone() };
        match Input::parse(value.get(), &self.ctx.jq) {
            Ok(input) => {
                for resource in &self.resources {
                    let mapped = self.ctx.plan.resources[*resource].resource.map(input.clone());
                    batch.push(self.object(*resource, source.clone(), mapped));
                }
            }
            Err(error) => {
                for resource in &self.resources {
                    self.failed(*resource, key, &format!("cannot be read: {error}"));
                    batch.push(MappedObject {
                        resource: *resource,
                        source: source.clone(),
                        entities: vec![],
                        held_back: true,
                    });
                }
            }
        }
    }

    fn object(&self, resource: usize, source: Source, mapped: Mapped) -> MappedObject {
        let tally = &self.ctx.tallies[resource];
        let mut object = MappedObject { resource, source, entities: vec![], held_back: false };
        for outcome in mapped.outcomes {
            match outcome {
                Outcome::Entity(entity) => {
                    tally.mapped.add(1);
                    let fingerprint = fingerprint(&entity, self.ctx.existing());
                    object.entities.push(Ready { entity: *entity, fingerprint });
                }
                Outcome::FilteredOut => tally.filtered.add(1),
                Outcome::Skipped(_) => tally.skipped.add(1),
                Outcome::Failed(error) => {
                    self.failed(resource, &object.source.key, &error.to_string());
                    object.held_back = true;
                }
            }
        }
        object
    }

    fn failed(&self, resource: usize, key: &str, why: &str) {
        self.ctx.tallies[resource].failed.add(1);
        self.ctx.notices.error(format!("{} {key}: {why}", self.kind.name()));
    }
}
