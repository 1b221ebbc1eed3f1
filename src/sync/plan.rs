//! The plan of a sync: which distinct listings it takes, and which resources each of them feeds.
//!
//! Two resources with the same kind and the same selector parameters share one listing; a kind that is listed
//! once per object of another kind (pull requests per repository) hangs below that kind's listing, so the
//! repositories are listed once however many resources need them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::kinds::{Kind, Listing, Selector};
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
    /// What a person should know although it runs.
    pub(crate) warnings: Vec<String>,
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
    pub(crate) selector: Selector,
    /// The listing that runs: the selector's, or the narrowed one.
    pub(crate) listing: Arc<Listing>,
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
    /// Plans the resources of a mapping; `kinds` are those of the product.
    pub(crate) fn new(mapping: &Mapping, kinds: &[Kind], scope: &Scope) -> Self {
        let mut plan = Self { roots: vec![], resources: vec![], skipped: vec![], warnings: vec![] };
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
            match select(resource, kinds) {
                Ok((kind, selector)) => plan.add(kind, selector, resource, scope),
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

    fn add(&mut self, kind: Kind, selector: Selector, resource: &Arc<Resource>, scope: &Scope) {
        let listing = match &scope.repository {
            None => Some(Arc::clone(&selector.listing)),
            Some(slug) => narrowed(&selector.listing, slug),
        };
        let Some(listing) = listing else { return };
        let number = self.resources.len();
        for key in &selector.unknown {
            self.warnings.push(format!("{}: nothing reads the selector's key `{key}`", resource.position));
        }
        node_of(&mut self.roots, &listing).resources.push(number);
        self.resources.push(PlannedResource { kind, selector, listing, resource: Arc::clone(resource) });
    }
}

fn select(resource: &Resource, kinds: &[Kind]) -> Result<(Kind, Selector), String> {
    let kind = kinds.iter().find(|kind| kind.name() == resource.kind).copied();
    let kind = kind.ok_or_else(|| unknown_kind(&resource.kind, kinds))?;
    let selector = kind.selector(&resource.selector).map_err(|error| error.to_string())?;
    Ok((kind, selector))
}

fn unknown_kind(name: &str, kinds: &[Kind]) -> String {
    let nearest = kinds.iter().map(|kind| kind.name()).min_by_key(|known| strsim::damerau_levenshtein(known, name));
    if let Some(known) = nearest.filter(|known| strsim::damerau_levenshtein(known, name) <= 3) {
        format!("the kind `{name}` is not known; did you mean `{known}`?")
    } else {
        let known: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        format!("the kind `{name}` is not known or not supported yet; there are {}", known.join(", "))
    }
}

/// The listing with its repositories narrowed to one; `None` where it has nothing to do with repositories.
fn narrowed(listing: &Arc<Listing>, slug: &str) -> Option<Arc<Listing>> {
    if listing.kind() == crate::kinds::datacenter::REPOSITORY {
        return Some(Arc::new(Listing::clone(listing).with_parameter(Listing::SLUG, slug)));
    }
    if listing.kind().name() == "repository" {
        let only = format!("slug = {}", serde_json::Value::from(slug));
        let query = match listing.parameter("q") {
            Some(query) => format!("({query}) AND {only}"),
            None => only,
        };
        return Some(Arc::new(Listing::clone(listing).with_parameter("q", query)));
    }
    let each = narrowed(listing.each()?, slug)?;
    Some(Arc::new(Listing::clone(listing).with_each(each)))
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
