//! Any JSON at all goes through the released mappings: it becomes entities or a reason, never a panic.

use bitbucket_port::mapping::{CLOUD_DEFAULT, Document, Mapping, Outcome};
use bitbucket_port_jq::{Compiler, Environment, Input, Limits};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Names that the default mapping reads, so that values land where programs look.
const NAMES: &str = "uuid|name|title|id|state|links|html|href|project|mainbranch|author|display_name|destination|repository|participants|user";

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(NAMES, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_object_has_one_outcome_and_an_entity_has_a_name(object in any_json()) {
        let limits = Limits::default();
        let document = Document::parse(CLOUD_DEFAULT.mapping).expect("the released mapping");
        let mapping = Mapping::compile(document, &Compiler::new(limits, Environment::empty()));
        let input = Input::parse(&object.to_string(), &limits).expect("JSON");
        for resource in &mapping.resources {
            let mapped = resource.map(input.clone());
            prop_assert_eq!(mapped.outcomes.len(), 1);
            if let Outcome::Entity(entity) = &mapped.outcomes[0] {
                prop_assert!(!entity.identifier.is_null() && entity.identifier != json!(""));
                prop_assert!(serde_json::to_string(entity).is_ok());
            }
        }
    }
}
