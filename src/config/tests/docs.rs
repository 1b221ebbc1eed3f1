//! What is generated from the table.

use std::path::Path;

use super::*;

#[test]
fn docs_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
    let generated = markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stands == generated, "docs/settings.md is out of date: UPDATE_DOCS=1 cargo test --lib config::tests::docs");
}

#[test]
fn the_document_of_defaults_changes_nothing() {
    let plain = loaded(&cloud(&[]));
    let with = loaded(&with_config(cloud(&[]), &defaults_document()));
    let values = |loaded: &Loaded| -> Vec<_> {
        loaded.settings.explain().entries().iter().map(|entry| (entry.path, entry.value.clone())).collect()
    };
    assert_eq!(values(&plain), values(&with));
    assert!(with.warnings.is_empty(), "{}", shown(&with.warnings));
    insta::assert_snapshot!(defaults_document());
}

#[test]
fn the_schema_covers_the_table() {
    let schema = json_schema();
    for setting in table::all() {
        let pointer = setting.document_key().replace('.', "/properties/");
        let found = schema.pointer(&format!("/properties/{pointer}/description"));
        assert_eq!(found.and_then(serde_json::Value::as_str), Some(setting.doc), "{}", setting.path);
    }
}
