//! Arrays and objects that know how deeply they are nested.

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use smol_str::SmolStr;

use super::Value;
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

type Map = IndexMap<SmolStr, Value, RandomState>;

/// The entries of an object in the order in which their keys came.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    map: Map,
    depth: u32,
}

impl Default for Object {
    fn default() -> Self {
        Self { map: Map::default(), depth: 1 }
    }
}

impl Object {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { map: Map::with_capacity_and_hasher(capacity, RandomState::default()), depth: 1 }
    }

    /// Adds or replaces an entry; a replaced one keeps its place.
    pub(crate) fn insert(&mut self, key: SmolStr, value: Value) -> Result<(), Exceeded> {
        self.depth = self.depth.max(1 + value.depth());
        budget::depth(self.depth)?;
        budget::allocate(ENTRY_BYTES)?;
        self.map.insert(key, value);
        Ok(())
    }

    /// Adds an entry of a parsed document, whose depth and size the parser bounds.
    pub(crate) fn insert_parsed(&mut self, key: SmolStr, value: Value) {
        self.depth = self.depth.max(1 + value.depth());
        self.map.insert(key, value);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key)
    }

    pub(crate) fn take(&mut self, key: &str) -> Value {
        self.map.get_mut(key).map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn remove_all(&mut self, is_gone: impl Fn(&str) -> bool) {
        self.map.retain(|key, _| !is_gone(key));
    }

    pub(crate) fn entry_at(&self, position: usize) -> Option<(&SmolStr, &Value)> {
        self.map.get_index(position)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&SmolStr, &Value)> {
        self.map.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// Bytes that a copy of the object counts for.
    pub(crate) fn size(&self) -> usize {
        self.map.len() * ENTRY_BYTES
    }

    /// The entries in the order of their keys.
    pub(crate) fn sorted(&self) -> Vec<(&SmolStr, &Value)> {
        let mut entries: Vec<_> = self.map.iter().collect();
        entries.sort_unstable_by(|(left, _), (right, _)| left.as_bytes().cmp(right.as_bytes()));
        entries
    }
}
