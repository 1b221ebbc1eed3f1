//! Raw objects that are shown in Port's mapping editor.

use std::collections::HashMap;

use serde_json::Value;

/// Examples per resource and sync.
pub(super) const PER_RESOURCE: usize = 5;

/// Largest example that is sent, in bytes of JSON.
const LARGEST: usize = 256 << 10;

/// Counts examples, so that each resource gives only its first.
#[derive(Debug, Default)]
pub(super) struct Allowance(HashMap<usize, usize>);

impl Allowance {
    /// How many more this resource may give.
    pub(super) fn left(&self, resource: usize) -> usize {
        PER_RESOURCE.saturating_sub(self.0.get(&resource).copied().unwrap_or(0))
    }

    /// Those of the examples that may be sent.
    pub(super) fn take(&mut self, resource: usize, examples: Vec<Value>) -> Vec<Value> {
        let left = self.left(resource);
        let taken: Vec<Value> = examples.into_iter().take(left).filter(is_small).collect();
        *self.0.entry(resource).or_default() += taken.len();
        taken
    }
}

fn is_small(example: &Value) -> bool {
    serde_json::to_vec(example).is_ok_and(|text| text.len() <= LARGEST)
}
