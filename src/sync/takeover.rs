//! Entities of others that a sync is about to make ours.

use std::collections::BTreeMap;

use crate::catalog::{EntityId, Writes};

use super::notices::Notices;

/// Names that are kept for each owner and blueprint.
const NAMES: usize = 5;

/// What belongs to whom.
#[derive(Debug, Default)]
pub(crate) struct TakeOvers(BTreeMap<(String, String), Group>);

#[derive(Debug, Default)]
struct Group {
    count: u64,
    first: Vec<String>,
}

impl TakeOvers {
    /// Notes an entity that belongs to another, before it is written. The first of each owner and blueprint is logged
    /// at once.
    pub(crate) fn note(&mut self, id: &EntityId, owner: &str, writes: Writes) {
        let group = self.0.entry((id.blueprint.clone(), owner.to_owned())).or_default();
        if group.count == 0 {
            let taken = match writes {
                Writes::Kept => "is taken over now",
                Writes::Rehearsed => "would be taken over",
            };
            tracing::warn!("{id} belongs to {owner} and {taken}, perhaps with others");
        }
        group.count += 1;
        if group.first.len() < NAMES {
            group.first.push(id.identifier.clone());
        }
    }

    /// One notice for each owner and blueprint.
    pub(crate) fn say(&self, notices: &Notices, writes: Writes) {
        for ((blueprint, owner), Group { count, first }) in &self.0 {
            let names = first.join(", ");
            let more = if *count > first.len() as u64 { ", …" } else { "" };
            let (entities, belong, is) =
                if *count == 1 { ("entity", "belongs", "is") } else { ("entities", "belong", "are") };
            let are = match writes {
                Writes::Kept => is,
                Writes::Rehearsed => "would be",
            };
            notices.warning(format!(
                "{count} {entities} of {blueprint} {belong} to {owner} and {are} taken over: {names}{more}"
            ));
        }
    }
}
