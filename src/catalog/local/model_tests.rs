//! The catalog against a simple model of it: maps in memory, changed by random operations.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::LocalCatalog;
use super::content::Content;
use crate::catalog::conformance::entity;
use crate::catalog::{
    Blueprint, Catalog, DeleteResult, Dependents, Entity, Existing, MissingRelated, UpsertResult, WriteOptions,
};

/// `node` entities: any properties `p0…p2`, an optional parent, a required root where the blueprint is `leaf`, and
/// several required `any` where it is `web`.
fn blueprints() -> Vec<Blueprint> {
    let properties = json!({ "p0": { "type": "string" }, "p1": { "type": "number" }, "p2": {} });
    let relations = |required: &str| {
        json!({ "parent": { "target": "node" }, "root": { "target": "node", "required": required == "root" },
            "any": { "target": "node", "many": true, "required": required == "any" } })
    };
    [("node", ""), ("leaf", "root"), ("web", "any")]
        .map(|(name, required)| {
            let value = json!({ "identifier": name, "schema": { "properties": properties },
                "relations": relations(required) });
            serde_json::from_value(value).unwrap()
        })
        .to_vec()
}

#[derive(Clone, Debug)]
enum Operation {
    Upsert(&'static str, Vec<Entity>, WriteOptions),
    Delete(&'static str, Vec<String>, Dependents),
}

type Name = (String, String);
type Sections = (Map<String, Value>, Map<String, Value>);

/// What the catalog should hold.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model(BTreeMap<Name, Sections>);

fn targets(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
        _ => vec![],
    }
}

fn required(blueprint: &str) -> Option<&'static str> {
    match blueprint {
        "leaf" => Some("root"),
        "web" => Some("any"),
        _ => None,
    }
}

impl Model {
    /// Whether each entity is written.
    fn upsert(&mut self, blueprint: &str, sent: &[Entity], options: WriteOptions) -> Vec<bool> {
        let last = |entity: &Entity| sent.iter().rev().find(|other| other.identifier == entity.identifier).unwrap();
        let mut outcomes: BTreeMap<String, bool> = BTreeMap::new();
        for entity in sent.iter().filter(|entity| std::ptr::eq(*entity, last(entity))) {
            let outcome = self.upsert_one(blueprint, entity, options);
            outcomes.insert(entity.id().identifier, outcome);
        }
        sent.iter().map(|entity| outcomes[&entity.id().identifier]).collect()
    }

    fn upsert_one(&mut self, blueprint: &str, sent: &Entity, options: WriteOptions) -> bool {
        let name = (blueprint.to_owned(), sent.id().identifier);
        let mut now = match options.existing {
            Existing::Merge => self.0.get(&name).cloned().unwrap_or_default(),
            Existing::Replace => Sections::default(),
        };
        now.0.extend(sent.properties.clone().unwrap_or_default());
        now.1.extend(sent.relations.clone().unwrap_or_default());
        let typed =
            |value: Option<&Value>, fits: fn(&Value) -> bool| value.is_none_or(|value| value.is_null() || fits(value));
        let sent_properties = sent.properties.clone().unwrap_or_default();
        if !typed(sent_properties.get("p0"), Value::is_string) || !typed(sent_properties.get("p1"), Value::is_number) {
            return false;
        }
        if required(blueprint).is_some_and(|relation| targets(now.1.get(relation).unwrap_or(&Value::Null)).is_empty()) {
            return false;
        }
        let mut missing = Vec::new();
        for target in sent.relations.iter().flatten().flat_map(|(_, value)| targets(value)) {
            let target = ("node".to_owned(), target);
            if target != name && !self.0.contains_key(&target) {
                missing.push(target);
            }
        }
        if !missing.is_empty() && options.missing_related == MissingRelated::Fail {
            return false;
        }
        for target in missing {
            self.0.entry(target).or_default();
        }
        self.0.insert(name, now);
        true
    }

    /// Removes a target from relations and gives those that cannot be without it.
    fn unlink(&mut self, gone: &Name) -> Vec<Name> {
        let mut lost = Vec::new();
        for (name, (_, relations)) in &mut self.0 {
            for (relation, value) in relations {
                if gone.0 != "node" || !targets(value).contains(&gone.1) {
                    continue;
                }
                match value {
                    Value::Array(many) => many.retain(|target| target.as_str() != Some(&gone.1)),
                    _ => *value = Value::Null,
                }
                if required(&name.0) == Some(relation) && targets(value).is_empty() {
                    lost.push(name.clone());
                }
            }
        }
        lost
    }

    fn cascade(&mut self, name: Name) {
        let mut waiting = vec![name];
        while let Some(name) = waiting.pop() {
            if self.0.remove(&name).is_some() {
                waiting.extend(self.unlink(&name));
            }
        }
    }

    fn delete(&mut self, blueprint: &str, identifiers: &[String], dependents: Dependents) -> Vec<bool> {
        let name = |identifier: &String| (blueprint.to_owned(), identifier.clone());
        let mut going: Vec<Name> = identifiers.iter().map(name).collect();
        if dependents == Dependents::Refuse {
            // Nodes require nothing, so a node in the list never needs another one of it.
            let needs = |model: &Self, all: &[Name], name: &Name| {
                model.0.iter().any(|(other, (_, relations))| {
                    let wanted = required(&other.0).and_then(|relation| relations.get(relation)).map(targets);
                    let wanted = wanted.unwrap_or_default();
                    let in_going = |target: &String| all.contains(&("node".to_owned(), target.clone()));
                    !all.contains(other) && name.0 == "node" && wanted.contains(&name.1) && wanted.iter().all(in_going)
                })
            };
            loop {
                let keep: Vec<Name> = going.iter().filter(|name| !needs(self, &going, name)).cloned().collect();
                if keep.len() == going.len() {
                    break;
                }
                going = keep;
            }
        }
        for name in &going {
            self.cascade(name.clone());
        }
        identifiers.iter().map(|identifier| going.contains(&name(identifier))).collect()
    }
}

fn identifier() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c \"'é"]).prop_map(str::to_owned)
}

fn section(values: impl Strategy<Value = (String, Value)>) -> impl Strategy<Value = Option<Map<String, Value>>> {
    prop::option::weighted(0.8, prop::collection::vec(values, 0..4).prop_map(|pairs| pairs.into_iter().collect()))
}

fn property() -> impl Strategy<Value = (String, Value)> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[a-z\\\\\"\u{0}é]{0,4}".prop_map(Value::from),
        Just(json!([1, { "k": null }])),
    ];
    (0..3_u8, value).prop_map(|(n, value)| (format!("p{n}"), value))
}

fn relation() -> impl Strategy<Value = (String, Value)> {
    let single = (prop::sample::select(vec!["parent", "root"]), prop::option::weighted(0.8, identifier()))
        .prop_map(|(name, target)| (name.to_owned(), json!(target)));
    let many = prop::option::weighted(0.8, prop::collection::vec(identifier(), 0..3))
        .prop_map(|all| ("any".to_owned(), json!(all)));
    prop_oneof![single, many]
}

fn operation() -> impl Strategy<Value = Operation> {
    let blueprint = || prop::sample::select(vec!["node", "leaf", "web"]);
    let options = (any::<bool>(), any::<bool>()).prop_map(|(merge, create)| WriteOptions {
        existing: if merge { Existing::Merge } else { Existing::Replace },
        missing_related: if create { MissingRelated::Create } else { MissingRelated::Fail },
    });
    let sent = (identifier(), section(property()), section(relation()));
    let upsert = (blueprint(), prop::collection::vec(sent, 1..4), options).prop_map(|(blueprint, sent, options)| {
        let entities = sent.into_iter().map(|(identifier, properties, relations)| Entity {
            properties,
            relations,
            ..entity(json!({ "identifier": identifier, "blueprint": blueprint }))
        });
        Operation::Upsert(blueprint, entities.collect(), options)
    });
    let delete =
        (blueprint(), prop::collection::vec(identifier(), 1..3), any::<bool>()).prop_map(|(blueprint, all, refuse)| {
            Operation::Delete(blueprint, all, if refuse { Dependents::Refuse } else { Dependents::Delete })
        });
    prop_oneof![3 => upsert, 1 => delete]
}

async fn held(catalog: &LocalCatalog) -> Model {
    let mut model = Model::default();
    for (blueprint, _) in catalog.counts().await.unwrap() {
        for stored in catalog.entities(&blueprint, None, 100).await.unwrap() {
            model.0.insert((blueprint.clone(), stored.identifier), (stored.properties, stored.relations));
        }
    }
    model
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn run(operations: Vec<Operation>) -> Result<(), TestCaseError> {
    let catalog = LocalCatalog::in_memory("me").await.unwrap();
    catalog.provision(&blueprints()).await.unwrap();
    let mut model = Model::default();
    for operation in operations {
        let (expected, done) = match &operation {
            Operation::Upsert(blueprint, sent, options) => {
                let results = catalog.upsert(blueprint, sent, *options).await.unwrap();
                let written = results
                    .iter()
                    .map(|result| matches!(result, UpsertResult::Created | UpsertResult::Updated))
                    .collect();
                (model.upsert(blueprint, sent, *options), written)
            }
            Operation::Delete(blueprint, all, dependents) => {
                let results = catalog.delete(blueprint, all, *dependents).await.unwrap();
                let gone: Vec<_> =
                    results.iter().map(|result| matches!(result, DeleteResult::Deleted { .. })).collect();
                (model.delete(blueprint, all, *dependents), gone)
            }
        };
        prop_assert_eq!(expected, done, "{:?}", operation);
        prop_assert_eq!(&held(&catalog).await, &model, "{:?}", operation);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_operations_leave_what_the_model_holds(operations in prop::collection::vec(operation(), 8..32)) {
        block_on(run(operations))?;
    }

    #[test]
    fn writing_twice_is_writing_once(first in section(property()), second in section(property()), merge in any::<bool>()) {
        let existing = if merge { Existing::Merge } else { Existing::Replace };
        let sent = |properties: &Option<Map<String, Value>>| Entity { properties: properties.clone(), ..Entity::default() };
        let once = Content::default().written_over(&sent(&first), existing).unwrap();
        let then = once.clone().written_over(&sent(&second), existing).unwrap();
        prop_assert_eq!(&then.clone().written_over(&sent(&second), existing).unwrap(), &then);
        // Every key has the value of the last write that names it, or, replaced, is gone.
        for key in ["p0", "p1", "p2"] {
            let of = |section: &Option<Map<String, Value>>| section.as_ref().and_then(|section| section.get(key).cloned());
            let expected = of(&second).or_else(|| if merge { of(&first) } else { None });
            prop_assert_eq!(then.properties.get(key).cloned(), expected);
        }
    }
}

/// A catalog with entities of every kind, closed.
fn written(path: &std::path::Path) -> Vec<u8> {
    block_on(async {
        let catalog = LocalCatalog::open(path, "me").await.unwrap();
        catalog.provision(&blueprints()).await.unwrap();
        let sent = |n| {
            entity(json!({ "identifier": format!("n{n}"), "blueprint": "leaf", "team": ["core"],
                "properties": { "p0": "text ".repeat(40), "p1": n }, "relations": { "root": "r", "any": ["a", "b"] } }))
        };
        let options = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Create };
        catalog.upsert("leaf", &(0..60).map(sent).collect::<Vec<_>>(), options).await.unwrap();
        catalog.close().await.unwrap();
    });
    std::fs::read(path).unwrap()
}

/// Uses everything that a file offers. An error must be one of the file and say so.
async fn use_all(path: &std::path::Path) -> Result<(), crate::catalog::CatalogError> {
    let catalog = LocalCatalog::open(path, "me").await?;
    let worked = async {
        catalog.counts().await?;
        catalog.dump(&mut std::io::sink()).await?;
        let leaf = entity(json!({ "identifier": "n1", "blueprint": "leaf", "relations": { "root": "r" } }));
        let options = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Create };
        catalog.upsert("leaf", &[leaf], options).await?;
        catalog.delete("node", &["r".to_owned()], Dependents::Delete).await?;
        Ok(())
    };
    let worked = worked.await;
    catalog.close().await.ok();
    worked
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_an_error_and_no_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..9)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let mut bytes = written(&path);
        for (position, bit) in flips {
            *position.get_mut(&mut bytes) ^= 1 << bit;
        }
        std::fs::write(&path, bytes).unwrap();
        match block_on(use_all(&path)) {
            // What a person may edit has no sums: a changed letter is a changed letter, a lost blueprint is missing.
            Ok(()) | Err(crate::catalog::CatalogError::MissingBlueprint { .. }) => {}
            Err(crate::catalog::CatalogError::Unreachable { source, .. }) => {
                prop_assert!(source.is::<crate::sqlite::SqliteError>(), "{source:?}");
            }
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
