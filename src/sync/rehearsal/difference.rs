//! What an upsert would change of an entity.

use serde_json::{Map, Value};

use super::FieldChange;
use crate::catalog::{Entity, Existing};
use crate::sync::compare::{Lists, same};

/// Every part of `present` that differs after `sent` is written over it. What is not sent stays with `Merge` and is
/// lost with `Replace`.
pub(super) fn differences(present: &Entity, sent: &Entity, existing: Existing) -> Vec<FieldChange> {
    let mut differences = Differences { found: Vec::new(), existing };
    differences.scalar("title", present.title.as_ref(), sent.title.as_ref(), Lists::Ordered);
    differences.scalar("icon", present.icon.as_ref(), sent.icon.as_ref(), Lists::Ordered);
    differences.scalar("team", present.team.as_ref(), sent.team.as_ref(), Lists::Unordered);
    differences.map("properties", present.properties.as_ref(), sent.properties.as_ref(), Lists::Ordered);
    differences.map("relations", present.relations.as_ref(), sent.relations.as_ref(), Lists::Unordered);
    differences.found
}

/// Everything that an entity has, as what is lost with it.
pub(crate) fn parts(present: &Entity) -> Vec<FieldChange> {
    differences(present, &Entity::default(), Existing::Replace)
}

/// What an entity that does not exist would have.
pub(super) fn of_new(sent: &Entity) -> Vec<FieldChange> {
    let nothing = Entity { identifier: sent.identifier.clone(), ..Entity::default() };
    differences(&nothing, sent, Existing::Merge)
}

/// Whether a relation is given as a search query: only the catalog knows what it finds.
pub(super) fn has_search(sent: &Entity) -> bool {
    sent.identifier.is_object() || sent.relations.iter().flatten().any(|(_, value)| value.is_object())
}

struct Differences {
    found: Vec<FieldChange>,
    existing: Existing,
}

impl Differences {
    fn scalar(&mut self, field: &str, present: Option<&Value>, sent: Option<&Value>, lists: Lists) {
        let there = present.filter(|value| !is_nothing(value, lists));
        match sent {
            Some(sent) if same(sent, there.unwrap_or(&Value::Null), lists) => {}
            Some(sent) => self.add(field.to_owned(), there, Some(sent)),
            None if self.existing == Existing::Replace && there.is_some() => self.add(field.to_owned(), there, None),
            None => {}
        }
    }

    fn map(
        &mut self,
        section: &str,
        present: Option<&Map<String, Value>>,
        sent: Option<&Map<String, Value>>,
        lists: Lists,
    ) {
        for (name, sent) in sent.into_iter().flatten() {
            // What a search query in place of a relation finds, only the catalog knows.
            if lists == Lists::Ordered || !sent.is_object() {
                let there = present.and_then(|present| present.get(name));
                self.scalar(&format!("{section}.{name}"), there, Some(sent), lists);
            }
        }
        let is_sent = |name: &String| sent.is_some_and(|sent| sent.contains_key(name));
        for (name, there) in present.into_iter().flatten().filter(|(name, _)| !is_sent(name)) {
            self.scalar(&format!("{section}.{name}"), Some(there), None, lists);
        }
    }

    fn add(&mut self, field: String, old: Option<&Value>, new: Option<&Value>) {
        self.found.push(FieldChange { field, old: old.cloned(), new: new.cloned() });
    }
}

/// Null, or an empty list where order does not count: teams and relations.
fn is_nothing(value: &Value, lists: Lists) -> bool {
    value.is_null() || (lists == Lists::Unordered && value.as_array().is_some_and(Vec::is_empty))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::sync::compare::covers;

    fn entity(value: Value) -> Entity {
        serde_json::from_value(value).unwrap()
    }

    fn shown(existing: Existing) -> Vec<String> {
        let present = entity(json!({ "identifier": "a", "blueprint": "b", "title": "Old", "team": [],
            "properties": { "kept": 1, "hand": "made", "same": [1, 2], "empty": null },
            "relations": { "one": "x", "many": ["m", "n"], "none": [] } }));
        let sent = entity(json!({ "identifier": "a", "blueprint": "b", "title": "New", "icon": null,
            "properties": { "kept": 2, "same": [1, 2], "added": true },
            "relations": { "one": "y", "many": ["n", "m"] } }));
        let text = |value: Option<Value>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let all = differences(&present, &sent, existing).into_iter();
        all.map(|change| format!("{}: {} -> {}", change.field, text(change.old), text(change.new))).collect()
    }

    #[test]
    fn only_what_is_sent_changes_when_merged() {
        let expected = [
            r#"title: "Old" -> "New""#,
            "properties.kept: 1 -> 2",
            "properties.added: - -> true",
            r#"relations.one: "x" -> "y""#,
        ];
        assert_eq!(shown(Existing::Merge), expected);
    }

    #[test]
    fn what_is_not_sent_is_lost_when_replaced() {
        let lost: Vec<String> = shown(Existing::Replace).into_iter().filter(|line| line.ends_with("-> -")).collect();
        assert_eq!(lost, [r#"properties.hand: "made" -> -"#]);
    }

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!(null)),
            Just(json!([])),
            Just(json!(1)),
            Just(json!(1.0)),
            Just(json!("a")),
            Just(json!(["a", "b"])),
            Just(json!(["b", "a"])),
        ]
    }

    fn entities() -> impl Strategy<Value = Entity> {
        let maps = || proptest::option::of(proptest::collection::btree_map("[ab]", values(), 0..3));
        (proptest::option::of(values()), proptest::option::of(values()), maps(), maps()).prop_map(
            |(title, team, properties, relations)| Entity {
                identifier: json!("x"),
                blueprint: "b".to_owned(),
                title,
                team,
                properties: properties.map(|map| map.into_iter().collect()),
                relations: relations.map(|map| map.into_iter().collect()),
                ..Entity::default()
            },
        )
    }

    proptest! {
        /// A plan shows a change of a merged entity exactly where a sync sends it.
        #[test]
        fn a_merge_has_no_differences_exactly_if_the_sync_would_not_send_it(present in entities(), sent in entities()) {
            let none = differences(&present, &sent, Existing::Merge).is_empty();
            prop_assert_eq!(none, covers(&present, &sent));
        }
    }
}
