//! The plan of a sync: which distinct listings it takes, and which resources each of them feeds.
//!
//! Two resources with the same kind and the same selector parameters share one listing; a kind that is listed
//! once per object of another kind (pull requests per repository) hangs below that kind's listing, so the
//! repositories are listed once however many resources need them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::kinds::{Kind, Listing, Product, Selector};
use crate::mapping::{FedBlueprints, Mapping, Position, Resource};

/// What a sync will read.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The listings that start from the settings alone, each with what hangs below it.
    pub(crate) roots: Vec<Node>,
    /// The resources that run, by the number used in [`Node::resources`].
    pub(crate) resources: Vec<PlannedResource>,
    /// The resources that do not.
    pub(crate) skipped: Vec<SkippedResource>,
}

/// One distinct listing.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) listing: Arc<Listing>,
    /// Numbers of the resources that take its objects; none where only its children need it.
    pub(crate) resources: Vec<usize>,
    /// Listings made once per object of this one.
    pub(crate) children: Vec<Node>,
}

/// A resource that runs.
#[derive(Debug)]
pub(crate) struct PlannedResource {
    pub(crate) kind: Kind,
    pub(crate) resource: Arc<Resource>,
}

/// A resource that does not run.
#[derive(Clone, Debug)]
pub(crate) struct SkippedResource {
    pub(crate) index: usize,
    pub(crate) position: Position,
    pub(crate) kind: String,
    pub(crate) reason: String,
    pub(crate) blueprints: FedBlueprints,
}

/// Which part of a mapping runs.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Only resources of these kinds; all where empty.
    pub kinds: BTreeSet<String>,
    /// Only this repository (its slug) and what belongs to it.
    pub repository: Option<String>,
}

impl Scope {
    /// Whether only a part runs; then nothing may be deleted.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        !self.kinds.is_empty() || self.repository.is_some()
    }
}

impl Plan {
    pub(crate) fn new(mapping: &Mapping, product: Product, scope: &Scope) -> Self {
        let mut plan = Self { roots: vec![], resources: vec![], skipped: vec![] };
        for invalid in &mapping.invalid {
            plan.skipped.push(SkippedResource {
                index: invalid.index,
                position: invalid.position,
                kind: invalid.kind.clone().unwrap_or_else(|| "?".to_owned()),
                reason: invalid.reason.clone(),
                blueprints: invalid.blueprints.clone(),
            });
        }
        for resource in &mapping.resources {
            if !scope.kinds.is_empty() && !scope.kinds.contains(&resource.kind) {
                continue;
            }
            match select(resource, product) {
                Ok((kind, selector)) => plan.add(kind, &selector, resource),
                Err(reason) => plan.skipped.push(SkippedResource {
                    index: resource.index,
                    position: resource.position,
                    kind: resource.kind.clone(),
                    reason,
                    blueprints: resource.blueprints.clone(),
                }),
            }
        }
        plan.skipped.sort_by_key(|skipped| skipped.index);
        plan
    }

    fn add(&mut self, kind: Kind, selector: &Selector, resource: &Arc<Resource>) {
        let number = self.resources.len();
        self.resources.push(PlannedResource { kind, resource: Arc::clone(resource) });
        let listing = Arc::new(selector.listing());
        node_of(&mut self.roots, &listing).resources.push(number);
    }

    /// All listings, parents first.
    pub(crate) fn nodes(&self) -> Vec<&Node> {
        let mut nodes = Vec::new();
        let mut open: Vec<&Node> = self.roots.iter().rev().collect();
        while let Some(node) = open.pop() {
            nodes.push(node);
            open.extend(node.children.iter().rev());
        }
        nodes
    }
}

fn select(resource: &Resource, product: Product) -> Result<(Kind, Selector), String> {
    let kind = Kind::of(product, &resource.kind).map_err(|error| error.to_string())?;
    let selector = Selector::parse(kind, &resource.selector).map_err(|error| error.to_string())?;
    Ok((kind, selector))
}

fn node_of<'a>(roots: &'a mut Vec<Node>, listing: &Arc<Listing>) -> &'a mut Node {
    let siblings = match listing.each() {
        None => roots,
        Some(parent) => &mut node_of(roots, parent).children,
    };
    let at = siblings.iter().position(|node| node.listing == *listing).unwrap_or_else(|| {
        siblings.push(Node { listing: Arc::clone(listing), resources: vec![], children: vec![] });
        siblings.len() - 1
    });
    &mut siblings[at]
}
