//! The entries of an object.

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use smol_str::SmolStr;

use super::Value;

/// Most entries that are searched one by one. Most objects of an API have fewer, and need no table then.
const FEW: usize = 12;

type Table = IndexMap<SmolStr, Value, RandomState>;

/// Keys and their values in the order in which the keys came. No key occurs twice.
#[derive(Debug, Clone)]
pub(super) enum Entries {
    Few(Vec<(SmolStr, Value)>),
    Many(Table),
}

impl Default for Entries {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

/// Runs through entries in their order.
pub(super) enum Iter<'a> {
    Few(std::slice::Iter<'a, (SmolStr, Value)>),
    Many(indexmap::map::Iter<'a, SmolStr, Value>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a SmolStr, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Few(entries) => entries.next().map(|(key, value)| (key, value)),
            Self::Many(entries) => entries.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Few(entries) => entries.size_hint(),
            Self::Many(entries) => entries.size_hint(),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl Entries {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        if capacity <= FEW {
            Self::Few(Vec::with_capacity(capacity))
        } else {
            Self::Many(Table::with_capacity_and_hasher(capacity, RandomState::default()))
        }
    }

    /// Adds or replaces an entry; a replaced one keeps its place.
    pub(super) fn insert(&mut self, key: SmolStr, value: Value) {
        match self {
            Self::Few(entries) => {
                if let Some((_, before)) = entries.iter_mut().find(|(other, _)| *other == key) {
                    *before = value;
                } else if entries.len() < FEW {
                    entries.push((key, value));
                } else {
                    let mut table = Table::with_capacity_and_hasher(FEW * 2, RandomState::default());
                    table.extend(entries.drain(..));
                    table.insert(key, value);
                    *self = Self::Many(table);
                }
            }
            Self::Many(table) => _ = table.insert(key, value),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Few(entries) => entries.iter().find(|(other, _)| other == key).map(|(_, value)| value),
            Self::Many(table) => table.get(key),
        }
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        match self {
            Self::Few(entries) => entries.iter_mut().find(|(other, _)| other == key).map(|(_, value)| value),
            Self::Many(table) => table.get_mut(key),
        }
    }

    pub(super) fn at(&self, position: usize) -> Option<(&SmolStr, &Value)> {
        match self {
            Self::Few(entries) => entries.get(position).map(|(key, value)| (key, value)),
            Self::Many(table) => table.get_index(position),
        }
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        match self {
            Self::Few(entries) => entries.retain(|(key, _)| is_kept(key)),
            Self::Many(table) => table.retain(|key, _| is_kept(key)),
        }
    }

    pub(super) fn iter(&self) -> Iter<'_> {
        match self {
            Self::Few(entries) => Iter::Few(entries.iter()),
            Self::Many(table) => Iter::Many(table.iter()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(entries) => entries.len(),
            Self::Many(table) => table.len(),
        }
    }
}

/// Of the same keys the last value wins, in the place of the first.
impl FromIterator<(SmolStr, Value)> for Entries {
    fn from_iter<I: IntoIterator<Item = (SmolStr, Value)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut collected = Self::with_capacity(entries.size_hint().0);
        for (key, value) in entries {
            collected.insert(key, value);
        }
        collected
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Entries, FEW, Value};

    proptest! {
        /// However many entries there are, and whatever happens to them, they are as a plain list has them.
        #[test]
        fn entries_are_those_of_a_list(changes in prop::collection::vec((any::<bool>(), 0_usize..FEW * 3), 0..FEW * 8)) {
            let mut list: Vec<(String, usize)> = Vec::new();
            let mut entries = Entries::default();
            for (position, (adds, key)) in changes.into_iter().enumerate() {
                let key = format!("key {key}");
                if adds {
                    entries.insert(key.as_str().into(), Value::int(position));
                    match list.iter_mut().find(|(other, _)| *other == key) {
                        Some((_, value)) => *value = position,
                        None => list.push((key, position)),
                    }
                } else {
                    entries.retain(|other| other != key);
                    list.retain(|(other, _)| *other != key);
                }
            }
            prop_assert_eq!(entries.len(), list.len());
            for (at, (key, value)) in list.iter().enumerate() {
                prop_assert_eq!(entries.get(key), Some(&Value::int(*value)));
                prop_assert_eq!(entries.at(at).map(|(key, _)| key.as_str()), Some(key.as_str()));
            }
            let copied: Entries = entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            prop_assert!(copied.iter().eq(entries.iter()));
            prop_assert!(list.iter().map(|(key, _)| key.as_str()).eq(entries.iter().map(|(key, _)| key.as_str())));
        }
    }
}
