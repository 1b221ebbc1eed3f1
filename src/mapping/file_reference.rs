//! Properties that name a file (`file://README.md`) in the way from before `includedFiles`.
//!
//! Such a value means what `.__includedFiles["README.md"]` means when the selector includes the file, and is
//! compiled to just that.

use bitbucket_port_jq::is_file_reference;
use serde_json::{Value, json};

/// The file that a value names.
pub(super) fn file(text: &str) -> Option<String> {
    is_file_reference(text).then(|| text.trim().trim_start_matches("file://").to_owned())
}

/// The program that gives the file's content.
pub(super) fn program(file: &str) -> String {
    format!(".__includedFiles[{}]", Value::from(file))
}

/// The selector with these files included.
pub(super) fn include(selector: &mut Value, files: &[String]) {
    let Value::Object(fields) = selector else { return };
    let included = fields.entry("includedFiles").or_insert(Value::Null);
    if included.is_null() {
        *included = json!([]);
    }
    if let Value::Array(included) = included {
        for file in files {
            if !included.iter().any(|known| known == file) {
                included.push(Value::from(file.as_str()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bitbucket_port_jq::{Compiler, Environment, Limits};

    use super::*;
    use crate::mapping::{Document, Mapping};

    #[test]
    fn a_file_is_requested_and_read() {
        let text = r#"
resources:
  - kind: repository
    selector: {query: "true", includedFiles: [a.md]}
    port:
      entity:
        mappings:
          identifier: .uuid
          blueprint: '"b"'
          properties:
            readme: file://docs/a"b.md
            again: ' file://a.md '
"#;
        let compiler = Compiler::new(Limits::default(), Environment::empty());
        let mapping = Mapping::compile(Document::parse(text).unwrap(), &compiler);
        assert_eq!(mapping.resources[0].selector["includedFiles"], json!(["a.md", "docs/a\"b.md"]));
        assert_eq!(mapping.warnings.len(), 2, "{:?}", mapping.warnings);
        let object = r#"{"uuid": "u", "__includedFiles": {"a.md": "A", "docs/a\"b.md": "B"}}"#;
        let trial = mapping.trial("repository", object).unwrap();
        let properties = trial[0].entities[0].properties.clone().unwrap();
        assert_eq!(Value::Object(properties), json!({ "readme": "B", "again": "A" }));
    }

    #[test]
    fn a_selector_without_files_gets_them() {
        let mut selector = json!({ "query": "true" });
        include(&mut selector, &["x".to_owned()]);
        assert_eq!(selector, json!({ "query": "true", "includedFiles": ["x"] }));
    }
}
