//! What a catalog holds, and what two of them say about the runs between.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Map, Value};

use crate::port;

/// The property that a person set, which no mapping knows.
const BY_HAND: &str = "setByHand";

/// Entities by blueprint and identifier. Each is a flat list of what it has, `properties.url` for example, without
/// what is `null`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog(BTreeMap<(String, String), BTreeMap<String, Value>>);

impl Catalog {
    /// What the Port of the sandbox holds.
    #[must_use]
    pub fn of_port(world: &port::World) -> Self {
        let mut catalog = Self::default();
        let Value::Object(blueprints) = world.snapshot() else { return catalog };
        for (blueprint, entities) in blueprints {
            let Value::Object(entities) = entities else { continue };
            for (identifier, content) in entities {
                let Value::Object(content) = content else { continue };
                catalog.0.insert((blueprint.clone(), identifier), flat(content));
            }
        }
        catalog
    }

    /// What a catalog file holds; nothing where there is no file yet.
    pub fn of_file(path: &Path) -> rusqlite::Result<Self> {
        let mut catalog = Self::default();
        if !path.exists() {
            return Ok(catalog);
        }
        let file = Connection::open(path)?;
        let tables: i64 =
            file.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'entities'", [], |row| row.get(0))?;
        if tables == 0 {
            return Ok(catalog);
        }
        let mut rows = file.prepare(
            "SELECT blueprint, identifier, json_object('title', title, 'icon', icon, 'team', json(team),
               'properties', json(properties), 'relations', json(relations)) FROM entities",
        )?;
        let rows = rows.query_map([], |row| {
            Ok(((row.get::<_, String>(0)?, row.get::<_, String>(1)?), row.get::<_, String>(2)?))
        })?;
        for row in rows {
            let (id, text) = row?;
            catalog.0.insert(id, flat(serde_json::from_str(&text).unwrap_or_default()));
        }
        Ok(catalog)
    }

    /// Sets a property of every entity in a catalog file, as a person would.
    pub(super) fn set_by_hand_in_file(path: &Path) -> rusqlite::Result<()> {
        let file = Connection::open(path)?;
        file.execute(&format!("UPDATE entities SET properties = json_set(properties, '$.{BY_HAND}', 'kept')"), [])?;
        Ok(())
    }

    /// The same at Port.
    pub(super) fn set_by_hand_at_port(world: &mut port::World) {
        for ((blueprint, identifier), _) in Self::of_port(world).0 {
            world.edit_entity(&blueprint, &identifier, |entity| {
                entity.properties.insert(BY_HAND.to_owned(), Value::from("kept"));
            });
        }
    }

    /// The catalog without what a person set.
    pub(super) fn without_hand(mut self) -> Self {
        let name = format!("properties.{BY_HAND}");
        for content in self.0.values_mut() {
            content.remove(&name);
        }
        self
    }

    /// How many entities.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a disturbed run did wrong that began with `before`, in a world whose undisturbed catalog is `truth`: an
    /// entity gone whose object exists, something lost or made up.
    #[must_use]
    pub fn damage(&self, before: &Self, truth: &Self) -> Vec<String> {
        let mut damage = Vec::new();
        for (id, was) in &before.0 {
            let Some(shall) = truth.0.get(id) else { continue };
            match self.0.get(id) {
                None => damage.push(format!("{} {} was deleted, but its object exists", id.0, id.1)),
                Some(is) => damage.extend(lost(id, was, is, shall)),
            }
        }
        for id in self.0.keys().filter(|id| !before.0.contains_key(*id) && !truth.0.contains_key(*id)) {
            damage.push(format!("{} {} was written, but there is no such object", id.0, id.1));
        }
        damage
    }

    /// How it differs from what it should be.
    #[must_use]
    pub fn differences(&self, truth: &Self) -> Vec<String> {
        let ids: BTreeSet<_> = self.0.keys().chain(truth.0.keys()).collect();
        let mut differences = Vec::new();
        for id in ids {
            match (self.0.get(id), truth.0.get(id)) {
                (Some(_), None) => differences.push(format!("{} {} is left over", id.0, id.1)),
                (None, Some(_)) => differences.push(format!("{} {} is missing", id.0, id.1)),
                (Some(is), Some(shall)) if is != shall => {
                    let names: BTreeSet<_> = is.keys().chain(shall.keys()).collect();
                    for name in names.into_iter().filter(|name| is.get(*name) != shall.get(*name)) {
                        let (is, shall) = (shown(is.get(name)), shown(shall.get(name)));
                        differences.push(format!("{} {}: {name} is {is}, not {shall}", id.0, id.1));
                    }
                }
                _ => {}
            }
        }
        differences
    }
}

fn lost(
    id: &(String, String),
    was: &BTreeMap<String, Value>,
    is: &BTreeMap<String, Value>,
    shall: &BTreeMap<String, Value>,
) -> Vec<String> {
    let names: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    let right = |name: &String| is.get(name) == was.get(name) || is.get(name) == shall.get(name);
    let wrong = names.into_iter().filter(|name| !right(name));
    wrong.map(|name| format!("{} {}: {name} is {}", id.0, id.1, shown(is.get(name)))).collect()
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "absent".to_owned(), Value::to_string);
    text.chars().take(80).collect()
}

fn flat(content: Map<String, Value>) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    for (name, value) in content {
        match value {
            Value::Null => {}
            Value::Object(inner) => {
                let inner = inner.into_iter().filter(|(_, value)| !value.is_null());
                flat.extend(inner.map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => drop(flat.insert(name, value)),
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn catalog(entities: &[(&str, Value)]) -> Catalog {
        let entity = |(id, content): &(&str, Value)| {
            (("b".to_owned(), (*id).to_owned()), flat(content.as_object().cloned().unwrap_or_default()))
        };
        Catalog(entities.iter().map(entity).collect())
    }

    #[test]
    fn each_sort_of_damage_is_found() {
        let entity = |name: &str| json!({ "title": name, "properties": { "p": name, "hand": 1, "none": null } });
        let before = catalog(&[("kept", entity("old")), ("gone", entity("x")), ("wrongly", entity("x"))]);
        let truth = catalog(&[("kept", entity("new")), ("wrongly", entity("x")), ("added", entity("x"))]);
        assert_eq!(before.damage(&before, &truth), [""; 0]);
        assert_eq!(truth.damage(&before, &truth), [""; 0]);
        let after = catalog(&[
            ("kept", json!({ "title": "other", "properties": { "p": "new" } })),
            ("gone", entity("x")),
            ("invented", entity("x")),
        ]);
        assert_eq!(
            after.damage(&before, &truth),
            [
                "b kept: properties.hand is absent",
                "b kept: title is \"other\"",
                "b wrongly was deleted, but its object exists",
                "b invented was written, but there is no such object"
            ]
        );
        assert_eq!(truth.differences(&truth), [""; 0]);
        assert_eq!(before.differences(&truth).len(), 4);
    }
}
