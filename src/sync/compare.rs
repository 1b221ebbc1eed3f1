//! Whether the catalog already has what would be sent.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::catalog::{Entity, Existing};
use crate::state::Fingerprint;

/// The fingerprint of an entity under the mapping's way to treat what is there. The order of keys, and of the
/// entries of relations and teams, does not count.
pub(crate) fn fingerprint(entity: &Entity, existing: Existing) -> Fingerprint {
    let mut hasher = Hasher(Sha256::new());
    hasher.byte(match existing {
        Existing::Merge => b'm',
        Existing::Replace => b'r',
    });
    hasher.value(&entity.identifier, Lists::Ordered);
    hasher.text(&entity.blueprint);
    hasher.section(b'i', entity.icon.as_ref(), Lists::Ordered);
    hasher.section(b't', entity.title.as_ref(), Lists::Ordered);
    hasher.section(b'o', entity.team.as_ref(), Lists::Unordered);
    hasher.map(b'p', entity.properties.as_ref(), Lists::Ordered);
    hasher.map(b'l', entity.relations.as_ref(), Lists::Unordered);
    Fingerprint::of_digest(&hasher.0.finalize().into())
}

/// Whether the order of a list's entries counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    Ordered,
    Unordered,
}

struct Hasher(Sha256);

impl Hasher {
    fn byte(&mut self, byte: u8) {
        self.0.update([byte]);
    }

    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn section(&mut self, name: u8, value: Option<&Value>, lists: Lists) {
        if let Some(value) = value {
            self.byte(name);
            self.value(value, lists);
        }
    }

    fn map(&mut self, name: u8, map: Option<&Map<String, Value>>, lists: Lists) {
        if let Some(map) = map {
            self.byte(name);
            self.entries(map, lists);
        }
    }

    fn entries(&mut self, map: &Map<String, Value>, lists: Lists) {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_unstable_by_key(|(name, _)| *name);
        self.byte(b'{');
        for (name, value) in entries {
            self.text(name);
            self.value(value, lists);
        }
        self.byte(b'}');
    }

    fn value(&mut self, value: &Value, lists: Lists) {
        match value {
            Value::Null => self.byte(b'0'),
            Value::Bool(false) => self.byte(b'F'),
            Value::Bool(true) => self.byte(b'T'),
            Value::Number(number) => {
                self.byte(b'n');
                self.text(&number.to_string());
            }
            Value::String(text) => {
                self.byte(b's');
                self.text(text);
            }
            Value::Array(items) => {
                self.byte(b'[');
                for item in ordered(items, lists) {
                    self.value(item, lists);
                }
                self.byte(b']');
            }
            Value::Object(map) => self.entries(map, lists),
        }
    }
}

fn ordered(items: &[Value], lists: Lists) -> Vec<&Value> {
    let mut items: Vec<_> = items.iter().collect();
    if lists == Lists::Unordered {
        items.sort_by_cached_key(ToString::to_string);
    }
    items
}

/// Whether the present version of an entity has everything that would be sent. Null and absent are one; the
/// order of relations and teams does not count.
pub(crate) fn covers(present: &Entity, sent: &Entity) -> bool {
    scalar(sent.title.as_ref(), present.title.as_ref())
        && scalar(sent.icon.as_ref(), present.icon.as_ref())
        && sent
            .team
            .as_ref()
            .is_none_or(|team| same(team, present.team.as_ref().unwrap_or(&Value::Null), Lists::Unordered))
        && map(sent.properties.as_ref(), present.properties.as_ref(), Lists::Ordered)
        && map(sent.relations.as_ref(), present.relations.as_ref(), Lists::Unordered)
}

/// What of an entity the present version does not have, as paths such as `properties.url`.
pub(crate) fn differing(present: &Entity, sent: &Entity) -> Vec<String> {
    let mut differing = vec![];
    let alone = [
        ("title", Entity { title: sent.title.clone(), ..Entity::default() }),
        ("icon", Entity { icon: sent.icon.clone(), ..Entity::default() }),
        ("team", Entity { team: sent.team.clone(), ..Entity::default() }),
    ];
    let covered = |part: &Entity| covers(present, part);
    differing.extend(alone.iter().filter(|(_, part)| !covered(part)).map(|(name, _)| (*name).to_owned()));
    for (name, value) in sent.properties.iter().flatten() {
        let properties = Some(Map::from_iter([(name.clone(), value.clone())]));
        if !covered(&Entity { properties, ..Entity::default() }) {
            differing.push(format!("properties.{name}"));
        }
    }
    for (name, value) in sent.relations.iter().flatten() {
        let relations = Some(Map::from_iter([(name.clone(), value.clone())]));
        if !covered(&Entity { relations, ..Entity::default() }) {
            differing.push(format!("relations.{name}"));
        }
    }
    differing
}

fn scalar(sent: Option<&Value>, present: Option<&Value>) -> bool {
    sent.is_none_or(|sent| same(sent, present.unwrap_or(&Value::Null), Lists::Ordered))
}

fn map(sent: Option<&Map<String, Value>>, present: Option<&Map<String, Value>>, lists: Lists) -> bool {
    sent.is_none_or(|sent| {
        sent.iter().all(|(name, value)| {
            let there = present.and_then(|present| present.get(name)).unwrap_or(&Value::Null);
            same(value, there, lists)
        })
    })
}

/// Equality as a catalog sees it: numbers by value, an empty many-relation like none.
pub(super) fn same(sent: &Value, present: &Value, lists: Lists) -> bool {
    match (sent, present) {
        (Value::Number(sent), Value::Number(present)) => {
            sent == present
                || matches!((sent.as_f64(), present.as_f64()), (Some(a), Some(b)) if a.total_cmp(&b).is_eq())
        }
        (Value::Array(sent), Value::Array(present)) => {
            sent.len() == present.len()
                && ordered(sent, lists).into_iter().zip(ordered(present, lists)).all(|(a, b)| same(a, b, lists))
        }
        (Value::Array(items), Value::Null) | (Value::Null, Value::Array(items)) if lists == Lists::Unordered => {
            items.is_empty()
        }
        (Value::Object(sent), Value::Object(present)) => {
            sent.len() == present.len()
                && sent.iter().all(|(name, value)| present.get(name).is_some_and(|there| same(value, there, lists)))
        }
        (sent, present) => sent == present,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entity(value: Value) -> Entity {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_order_of_keys_relations_and_teams_does_not_count() {
        let one = entity(json!({"identifier": "a", "blueprint": "b", "team": ["x", "y"],
            "properties": {"p": 1, "q": [1, 2]}, "relations": {"r": ["m", "n"]}}));
        let other = entity(json!({"identifier": "a", "blueprint": "b", "team": ["y", "x"],
            "properties": {"q": [1, 2], "p": 1}, "relations": {"r": ["n", "m"]}}));
        assert_eq!(fingerprint(&one, Existing::Merge), fingerprint(&other, Existing::Merge));
        assert!(covers(&one, &other) && covers(&other, &one));
    }

    #[test]
    fn the_order_of_property_lists_and_the_mode_count() {
        let one = entity(json!({"identifier": "a", "blueprint": "b", "properties": {"q": [1, 2]}}));
        let other = entity(json!({"identifier": "a", "blueprint": "b", "properties": {"q": [2, 1]}}));
        assert_ne!(fingerprint(&one, Existing::Merge), fingerprint(&other, Existing::Merge));
        assert_ne!(fingerprint(&one, Existing::Merge), fingerprint(&one, Existing::Replace));
        assert!(!covers(&one, &other));
    }

    #[test]
    fn a_section_that_is_not_sent_does_not_matter_and_null_is_absence() {
        let present = entity(json!({"identifier": "a", "blueprint": "b", "title": "t", "properties": {"hand": 1}}));
        let sent = entity(json!({"identifier": "a", "blueprint": "b", "properties": {"gone": null}}));
        assert!(covers(&present, &sent));
        let icon = entity(json!({"identifier": "a", "blueprint": "b", "icon": "Git"}));
        assert!(!covers(&present, &icon));
        let other = entity(json!({"identifier": "a", "blueprint": "b", "icon": "Git", "title": "t",
            "properties": {"hand": 2, "gone": null}, "relations": {"r": "x"}}));
        assert_eq!(differing(&present, &other), ["icon", "properties.hand", "relations.r"]);
    }

    #[test]
    fn null_and_missing_sections_have_their_own_fingerprints() {
        let missing = entity(json!({"identifier": "a", "blueprint": "b"}));
        let null = entity(json!({"identifier": "a", "blueprint": "b", "title": null}));
        assert_eq!(null.title, Some(Value::Null));
        assert_ne!(fingerprint(&missing, Existing::Merge), fingerprint(&null, Existing::Merge));
    }
}
