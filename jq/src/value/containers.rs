//! Arrays and objects that know how deeply they are nested.

use smol_str::SmolStr;

use super::Value;
use super::entries::Entries;
use crate::budget::{self, Exceeded};

/// Bytes that an entry of an object counts for beside its key's text.
const ENTRY_BYTES: usize = 72;

/// The items of an array.
#[derive(Debug, Clone, Default)]
pub(crate) struct Array {
    items: Vec<Value>,
    depth: u32,
}

impl Array {
    /// An array whose items have been counted already. Refuses to nest too deeply.
    pub(crate) fn new(items: Vec<Value>) -> Result<Self, Exceeded> {
        let depth = 1 + items.iter().map(Value::depth).max().unwrap_or(0);
        budget::depth(depth)?;
        Ok(Self { items, depth })
    }

    /// Counts the items and makes an array of them.
    pub(crate) fn counted(items: Vec<Value>) -> Result<Self, Exceeded> {
        budget::allocate(items.len() * size_of::<Value>())?;
        Self::new(items)
    }

    pub(crate) fn items(&self) -> &[Value] {
        &self.items
    }

    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// Puts a value at an index, filling up with null.
    pub(crate) fn set(&mut self, index: usize, value: Value) -> Result<(), Exceeded> {
        self.depth = self.depth.max(1 + value.depth());
        budget::depth(self.depth)?;
        if index >= self.items.len() {
            budget::allocate((index + 1 - self.items.len()).saturating_mul(size_of::<Value>()))?;
            self.items.resize(index + 1, Value::Null);
        }
        if let Some(item) = self.items.get_mut(index) {
            *item = value;
        }
        Ok(())
    }

    /// Takes the item at an index out, leaving null.
    pub(crate) fn take(&mut self, index: usize) -> Value {
        self.items.get_mut(index).map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn into_items(self) -> Vec<Value> {
        self.items
    }
}

/// The entries of an object in the order in which their keys came.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    entries: Entries,
    depth: u32,
}

impl Default for Object {
    fn default() -> Self {
        Self { entries: Entries::default(), depth: 1 }
    }
}

impl Object {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { entries: Entries::with_capacity(capacity), depth: 1 }
    }

    /// Adds or replaces an entry; a replaced one keeps its place.
    pub(crate) fn insert(&mut self, key: SmolStr, value: Value) -> Result<(), Exceeded> {
        self.depth = self.depth.max(1 + value.depth());
        budget::depth(self.depth)?;
        budget::allocate(ENTRY_BYTES)?;
        self.entries.insert(key, value);
        Ok(())
    }

    /// The object of a parsed document, whose depth and size the parser bounds. Of the same keys the last wins.
    pub(super) fn parsed(entries: impl Iterator<Item = (SmolStr, Value)>) -> Self {
        let mut depth = 1;
        let entries = entries.inspect(|(_, value)| depth = depth.max(1 + value.depth())).collect();
        Self { entries, depth }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key)
    }

    pub(crate) fn take(&mut self, key: &str) -> Value {
        self.entries.get_mut(key).map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn remove_all(&mut self, is_gone: impl Fn(&str) -> bool) {
        self.entries.retain(|key| !is_gone(key));
    }

    pub(crate) fn entry_at(&self, position: usize) -> Option<(&SmolStr, &Value)> {
        self.entries.at(position)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&SmolStr, &Value)> {
        self.entries.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// Bytes that a copy of the object counts for.
    pub(crate) fn size(&self) -> usize {
        self.entries.len() * ENTRY_BYTES
    }

    /// The entries in the order of their keys.
    pub(crate) fn sorted(&self) -> Vec<(&SmolStr, &Value)> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_unstable_by(|(left, _), (right, _)| left.as_bytes().cmp(right.as_bytes()));
        entries
    }
}
