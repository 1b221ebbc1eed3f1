//! The queue of entities that the catalog did not take and may take later.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use crate::catalog::Entity;

use super::write::Pending;

/// How often, after which waits, and how much at most is written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewriting {
    /// Wait before what was not taken is sent again the first time; it doubles with each round.
    pub first_wait: Duration,
    /// Rounds in which it is sent again.
    pub rounds: u32,
    /// Entities that may wait; what goes beyond fails at once.
    pub entities: usize,
    /// Bytes of their JSON that may wait.
    pub bytes: usize,
}

impl Default for Rewriting {
    fn default() -> Self {
        Self { first_wait: Duration::from_millis(200), rounds: 3, entities: 100_000, bytes: 16 << 20 }
    }
}

impl Rewriting {
    /// The wait before a round, counted from 0.
    pub(crate) fn wait(&self, round: u32) -> Duration {
        self.first_wait.saturating_mul(2_u32.saturating_pow(round))
    }
}

/// An entity that may be written later, and why it was not.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) pending: Pending,
    pub(crate) reason: String,
}

/// What waits for another try, whole.
#[derive(Debug)]
pub(crate) struct Queue {
    limits: Rewriting,
    waiting: Vec<Waiting>,
    bytes: usize,
}

impl Queue {
    pub(crate) fn new(limits: Rewriting) -> Self {
        Self { limits, waiting: vec![], bytes: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes an entity of that size, or gives it back because the queue is full.
    pub(crate) fn push(&mut self, waiting: Waiting, bytes: usize) -> Option<Waiting> {
        if self.waiting.len() >= self.limits.entities || self.bytes.saturating_add(bytes) > self.limits.bytes {
            return Some(waiting);
        }
        self.bytes += bytes;
        self.waiting.push(waiting);
        None
    }

    /// Empties the queue into waves: what one relates to comes in an earlier wave. A circle is one wave.
    pub(crate) fn waves(&mut self) -> Vec<Vec<Waiting>> {
        self.bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        let levels = levels(&waiting.iter().map(|waiting| &waiting.pending.entity).collect::<Vec<_>>());
        let mut waves: Vec<Vec<Waiting>> = vec![];
        for (waiting, level) in waiting.into_iter().zip(levels) {
            if waves.len() <= level {
                waves.resize_with(level + 1, Vec::new);
            }
            if let Some(wave) = waves.get_mut(level) {
                wave.push(waiting);
            }
        }
        waves.retain(|wave| !wave.is_empty());
        waves
    }

    /// Gives up what waits.
    pub(crate) fn take(&mut self) -> Vec<Waiting> {
        self.bytes = 0;
        std::mem::take(&mut self.waiting)
    }
}

/// For each entity the length of the longest chain of relations that it stands behind. Targets are known by their
/// identifier alone: one too many costs a wave and nothing else.
fn levels(entities: &[&Entity]) -> Vec<usize> {
    let mut at: HashMap<String, Vec<usize>> = HashMap::with_capacity(entities.len());
    for (number, entity) in entities.iter().enumerate() {
        at.entry(entity.id().identifier).or_default().push(number);
    }
    let mut behind: Vec<Vec<usize>> = vec![vec![]; entities.len()];
    let mut open = vec![0_usize; entities.len()];
    for (number, entity) in entities.iter().enumerate() {
        for target in targets(entity).filter_map(|target| at.get(target)).flatten().filter(|target| **target != number)
        {
            behind[*target].push(number);
            open[number] += 1;
        }
    }
    let mut level = vec![0_usize; entities.len()];
    let mut ready: Vec<usize> = (0..entities.len()).filter(|number| open[*number] == 0).collect();
    let mut deepest = 0;
    while let Some(target) = ready.pop() {
        for number in std::mem::take(&mut behind[target]) {
            level[number] = level[number].max(level[target] + 1);
            deepest = deepest.max(level[number]);
            open[number] -= 1;
            if open[number] == 0 {
                ready.push(number);
            }
        }
    }
    // Those in a circle, and behind one, were never ready.
    for (level, open) in level.iter_mut().zip(&open) {
        if *open > 0 {
            *level = deepest + 1;
        }
    }
    level
}

/// The identifiers that an entity's relations name.
fn targets(entity: &Entity) -> impl Iterator<Item = &str> {
    entity.relations.iter().flat_map(|relations| relations.values()).flat_map(|value| {
        let many = value.as_array().into_iter().flatten();
        value.as_str().into_iter().chain(many.filter_map(Value::as_str))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::sync::ledger::{Ledger, Stub};

    fn entity(identifier: &str, relations: &[&str]) -> Entity {
        serde_json::from_value(json!({
            "identifier": identifier, "blueprint": "b", "relations": { "one": relations.first(), "many": relations },
        }))
        .unwrap()
    }

    fn waiting(identifier: &str) -> Waiting {
        let pending = Pending {
            resource: 0,
            trace: crate::state::Trace::default(),
            entity: entity(identifier, &[]),
            fingerprint: None,
            ticket: Ledger::new().ticket(Stub::Apart),
        };
        Waiting { pending, reason: "not now".to_owned() }
    }

    #[test]
    fn what_is_related_to_comes_first() {
        let all = [entity("pr", &["repository"]), entity("repository", &["project"]), entity("project", &[])];
        assert_eq!(levels(&all.iter().collect::<Vec<_>>()), [2, 1, 0]);
        let circle = [entity("a", &["b"]), entity("b", &["a"]), entity("c", &["a"]), entity("d", &["d"])];
        assert_eq!(levels(&circle.iter().collect::<Vec<_>>()), [1, 1, 1, 0]);
    }

    #[test]
    fn a_full_queue_gives_back_what_it_cannot_take() {
        let limits = Rewriting { entities: 2, bytes: 100, ..Rewriting::default() };
        let mut queue = Queue::new(limits);
        assert!(queue.push(waiting("large"), 101).is_some());
        assert!(queue.push(waiting("a"), 40).is_none());
        assert!(queue.push(waiting("b"), 40).is_none());
        assert!(queue.push(waiting("c"), 1).is_some(), "two are enough");
        assert_eq!(queue.waves().len(), 1);
        assert!(queue.is_empty());
        assert!(queue.push(waiting("c"), 100).is_none(), "what left makes room");
    }

    #[test]
    fn waits_double_and_never_overflow() {
        let rewriting = Rewriting::default();
        let waits: Vec<u128> = (0..3).map(|round| rewriting.wait(round).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800]);
        assert!(rewriting.wait(u32::MAX) > Duration::from_secs(1 << 20));
    }

    proptest! {
        #[test]
        fn in_a_graph_without_circles_every_target_comes_before(
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..40),
        ) {
            // Only from a larger to a smaller number, so that there is no circle.
            let names: Vec<String> = (0..12).map(|number| format!("e{number}")).collect();
            let all: Vec<Entity> = (0..12)
                .map(|number| {
                    let of = edges.iter().filter(|(from, to)| *from == number && to < from);
                    entity(&names[number], &of.map(|(_, to)| names[*to].as_str()).collect::<Vec<_>>())
                })
                .collect();
            let levels = levels(&all.iter().collect::<Vec<_>>());
            for (from, to) in edges.iter().filter(|(from, to)| to < from) {
                prop_assert!(levels[*to] < levels[*from]);
            }
        }
    }
}
