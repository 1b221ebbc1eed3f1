//! Mapping documents as text that people edit.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use serde_saphyr::SingleQuoted;

/// Longer than any line of a mapping: expressions stand on the lines that their writer gave them.
const NEVER_FOLDED: usize = 1 << 20;

/// A document as YAML: keys in their order, texts of several lines as blocks, quotes only where they are needed.
/// [`super::Node::parse`] reads the same value back.
///
/// # Errors
/// A text has characters that YAML cannot hold.
pub fn yaml(document: &Value) -> Result<String, String> {
    let options = serde_saphyr::ser_options! {
        folded_wrap_chars: NEVER_FOLDED,
        compact_list_indent: false,
    };
    serde_saphyr::to_string_with_options(&Written(document), options).map_err(|error| error.to_string())
}

/// A value whose texts with double quotes, of which mappings are full, are not escaped but put into single quotes.
struct Written<'a>(&'a Value);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if text.contains('"') && !text.contains(char::is_control) => {
                SingleQuoted(text).serialize(serializer)
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Written)),
            Value::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &Written(value))?;
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::mapping::{Node, released_mappings};

    fn read(text: &str) -> Value {
        Node::parse(text).unwrap_or_else(|error| panic!("{error}: {text}")).to_json()
    }

    #[test]
    fn it_reads_well() {
        let document = json!({
            "createMissingRelatedEntities": true,
            "entityDeletionThreshold": 0.9,
            "resources": [{
                "kind": "repository",
                "selector": { "query": "true", "includedFiles": ["README.md"], "userRole": null },
                "port": { "entity": { "mappings": {
                    "identifier": ".full_name",
                    "blueprint": "\"service\"",
                    "icon": "'Git'",
                    "properties": {
                        "url": ".links.html.href | sub(\"a: b\"; \"#\")",
                        "names": "[.owner,\n .project] # both\n| map(.name)",
                        "empty": "",
                        "number": "5",
                    },
                    "relations": {},
                } } },
            }],
        });
        let text = yaml(&document).unwrap();
        assert_eq!(read(&text), document);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn released_mappings_come_back_as_they_were() {
        for released in released_mappings() {
            let document = read(released.mapping);
            assert_eq!(read(&yaml(&document).unwrap()), document, "{}", released.name);
        }
    }

    fn any_document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~é\n\t]{0,24}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ -~é]{0,8}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(document in any_document()) {
            let text = yaml(&document).unwrap();
            let back = Node::parse(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
            prop_assert_eq!(back.to_json(), document, "{}", text);
        }
    }
}
