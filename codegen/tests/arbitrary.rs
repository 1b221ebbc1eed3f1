//! No input ends in a panic, however it is made up, and real ones are generated fast enough.

use std::fs;
use std::path::Path;

use bitbucket_port_codegen::{Product, Source};
use proptest::prelude::*;
use serde_json::{Value, json};

const SPEC: &str = include_str!("kinds/harbour.yaml");
const TABLE: &str = include_str!("kinds/harbour.toml");

fn product<'a>(spec: &'a str, upstream: Option<&'a str>, kinds: &'a str) -> Product<'a> {
    Product {
        name: "harbour",
        spec: Source { name: "ours", text: spec },
        upstream: upstream.map(|text| Source { name: "upstream", text }),
        kinds: Source { name: "kinds", text: kinds },
    }
}

fn generate(spec: &str, upstream: Option<&str>, kinds: &str) {
    if let Err(findings) = product(spec, upstream, kinds).generate() {
        assert!(!findings.is_empty());
        assert!(findings.iter().all(|finding| !finding.to_string().contains('\n')));
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "get",
        "paths",
        "/boats",
        "/ports/{port}/piers",
        "schema",
        "$ref",
        "#/components/schemas/pier",
        "type",
        "object",
        "properties",
        "allOf",
        "oneOf",
        "items",
        "in",
        "path",
        "query",
        "name",
        "Self",
        "self",
        "200",
        "content",
        "2",
        "application/json",
        "responses",
        "required",
        "",
        "-",
        "é",
        "string",
        "number",
        "x-path",
        "operationId",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

/// Counts the nodes of a document, or replaces the one with that number.
fn replace(value: &mut Value, number: &mut usize, with: &Value) {
    if *number == 0 {
        *value = with.clone();
    }
    *number = number.wrapping_sub(1);
    match value {
        Value::Object(map) => map.values_mut().for_each(|inner| replace(inner, number, with)),
        Value::Array(list) => list.iter_mut().for_each(|inner| replace(inner, number, with)),
        _ => {}
    }
}

fn sample() -> Value {
    serde_saphyr::from_str(SPEC).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mangled_documents(places in prop::collection::vec((0_usize..260, any_json()), 1..4), below in any::<bool>()) {
        let mut mangled = sample();
        for (place, with) in places {
            replace(&mut mangled, &mut place.clone(), &with);
        }
        let mangled = mangled.to_string();
        if below { generate(SPEC, Some(&mangled), TABLE) } else { generate(&mangled, None, TABLE) }
    }

    #[test]
    fn cut_and_garbled_texts(at in 0_usize..2000, garbage in "\\PC{0,6}", which in 0..3) {
        let garble = |text: &str| {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            format!("{}{garbage}{}", &text[..at], text[at..].get(2..).unwrap_or_default())
        };
        match which {
            0 => generate(&garble(SPEC), None, TABLE),
            1 => generate(SPEC, Some(&garble(&sample().to_string())), TABLE),
            _ => generate(SPEC, None, &garble(TABLE)),
        }
    }

    #[test]
    fn arbitrary_documents(document in any_json(), text in any::<String>()) {
        let wrapped = json!({ "openapi": "3.0.3", "paths": { "/boats": document }, "components": { "schemas": document } });
        generate(&wrapped.to_string(), Some(&document.to_string()), "");
        generate(&text, Some(&text), &text);
    }
}

#[test]
fn schemas_that_multiply_end() {
    let mut schemas = serde_json::Map::new();
    for level in 0..60 {
        let next = json!({ "$ref": format!("#/components/schemas/s{}", level + 1) });
        schemas.insert(format!("s{level}"), json!({ "allOf": [next, next, { "properties": { "x": {} } }] }));
    }
    schemas.insert("s60".into(), json!({ "type": "object" }));
    let answer = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/s0" } } } });
    let get = json!({ "operationId": "get", "responses": { "200": answer } });
    let document =
        json!({ "openapi": "3.0.3", "paths": { "/x": { "get": get } }, "components": { "schemas": schemas } });
    let findings = product(&document.to_string(), None, "").generate().unwrap_err();
    assert!(findings.to_string().contains("multiply"), "{findings}");
}

/// How long it takes is said by `cargo xtask generate`.
#[test]
fn own_and_upstream_documents_give_all_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let spec = fs::read_to_string(root.join("specs/bitbucket-cloud.yaml")).unwrap();
    let kinds = fs::read_to_string(root.join("specs/kinds/cloud.toml")).unwrap();
    let upstream = fs::read_to_string(root.join("../shared/specs/upstream/bitbucket-cloud.openapi.json")).ok();
    if upstream.is_none() {
        eprintln!("without the upstream document, which is not here");
    }
    for upstream in [None, upstream.as_deref()] {
        let product = Product { name: "cloud", ..product(&spec, upstream, &kinds) };
        let files = product.generate().unwrap_or_else(|findings| panic!("{findings}"));
        assert_eq!(files.len(), 5);
    }
}
