//! Blueprints: the types of a catalog.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A blueprint as Port's API writes it; what is not named here is kept in `other`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blueprint {
    /// Its identifier, for example `bitbucketRepository`.
    pub identifier: String,
    /// What a person sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Name of an icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Its properties.
    #[serde(default)]
    pub schema: BlueprintSchema,
    /// Its relations by name.
    #[serde(default)]
    pub relations: IndexMap<String, Relation>,
    /// Calculated, mirror and aggregation properties and whatever else the document holds.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The properties of a blueprint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BlueprintSchema {
    /// Their definitions (JSON Schema) by name.
    #[serde(default)]
    pub properties: IndexMap<String, Value>,
    /// Names of those that an entity must have.
    #[serde(default)]
    pub required: Vec<String>,
}

/// A relation of a blueprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// What a person sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Identifier of the blueprint that it points at.
    pub target: String,
    /// Whether an entity must have it.
    #[serde(default)]
    pub required: bool,
    /// Whether it holds several entities.
    #[serde(default)]
    pub many: bool,
}
