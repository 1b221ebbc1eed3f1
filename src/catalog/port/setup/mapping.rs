//! The mapping as Port keeps it.

use serde_json::{Map, Value, json};

use super::ProvisionError;
use crate::port::PortClient;

/// Settings of a mapping that are always sent, and what holds where a mapping does not name them.
fn flags() -> [(&'static str, Value); 4] {
    [
        ("deleteDependentEntities", json!(true)),
        ("createMissingRelatedEntities", json!(true)),
        ("enableMergeEntity", json!(true)),
        ("entityDeletionThreshold", json!(0.9)),
    ]
}

/// A mapping in the form that Port's own runtime sends: the four settings, always explicit, then the resources.
#[must_use]
pub fn runtime_form(mapping: &Value) -> Value {
    let mut form = Map::new();
    for (name, default) in flags() {
        form.insert(name.to_owned(), mapping.get(name).filter(|value| !value.is_null()).cloned().unwrap_or(default));
    }
    let resources = mapping.get("resources").filter(|resources| resources.is_array()).cloned();
    form.insert("resources".to_owned(), resources.unwrap_or_else(|| json!([])));
    Value::Object(form)
}

/// The mapping of a new integration without resources.
pub(super) fn empty_mapping() -> Value {
    runtime_form(&Value::Null)
}

/// Only reads the integration's mapping; `None` if it has none.
pub async fn read_mapping(client: &PortClient) -> Result<Option<Value>, ProvisionError> {
    match client.integration().await? {
        Some(integration) => Ok(integration.mapping().cloned()),
        None => Err(ProvisionError::NoIntegration { identifier: client.identity().identifier.clone() }),
    }
}
