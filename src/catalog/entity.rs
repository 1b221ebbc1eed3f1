//! An entity: what one mapped object becomes in the catalog.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// One entity, holding only the sections that its mapping has.
///
/// A section that the mapping lacks is `None` and is not sent; a section that the mapping has but that
/// evaluated to null is `Some(Value::Null)` and is sent as `null`. The order of the fields is the order on
/// the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Usually a string; a number, a list or a search query passes through as the mapping gave it.
    pub identifier: Value,
    /// Name of an icon.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Value>,
    /// Identifier of the blueprint that the entity is an instance of.
    pub blueprint: String,
    /// What a person sees.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub title: Option<Value>,
    /// Team or teams that own the entity, or a search query for them.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub team: Option<Value>,
    /// Values by property name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Map<String, Value>>,
    /// Identifiers (or search queries) of related entities by relation name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relations: Option<Map<String, Value>>,
}

/// Tells a field that is there and null from one that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What names an entity in a catalog: its blueprint and its identifier as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntityId {
    /// Identifier of the blueprint.
    pub blueprint: String,
    /// The identifier: a string as it is, anything else as canonical JSON.
    pub identifier: String,
}

impl Entity {
    /// The entity's name: a string identifier as it is, any other value as JSON with sorted keys.
    #[must_use]
    pub fn id(&self) -> EntityId {
        EntityId { blueprint: self.blueprint.clone(), identifier: identifier_text(&self.identifier) }
    }
}

/// The text under which an identifier is kept: strings as they are, anything else as JSON with sorted keys.
#[must_use]
pub fn identifier_text(identifier: &Value) -> String {
    match identifier {
        Value::String(text) => text.clone(),
        other => {
            let mut sorted = other.clone();
            sorted.sort_all_objects();
            sorted.to_string()
        }
    }
}

impl std::fmt::Display for EntityId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.blueprint, self.identifier)
    }
}
