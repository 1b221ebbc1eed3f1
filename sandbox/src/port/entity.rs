//! Entities as Port keeps them.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::clock::iso;

/// One entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Its identifier, unique within its blueprint.
    pub identifier: String,
    /// The blueprint it belongs to.
    pub blueprint: String,
    /// What a person sees; absent as long as nobody gave one.
    pub title: Option<Value>,
    /// The name of an icon.
    pub icon: Option<Value>,
    /// The teams it belongs to.
    pub team: Option<Value>,
    /// The values of its properties; a `null` that was sent is kept.
    pub properties: Map<String, Value>,
    /// Related entities by name of the relation: an identifier, a list of them, or `null`.
    pub relations: Map<String, Value>,
    /// The `User-Agent` of the last writer, by which Port tells who owns it.
    pub datasource: String,
    pub(super) created: OffsetDateTime,
    pub(super) updated: OffsetDateTime,
}

impl Entity {
    pub(super) fn new(blueprint: &str, identifier: &str, datasource: &str, now: OffsetDateTime) -> Self {
        Self {
            identifier: identifier.to_owned(),
            blueprint: blueprint.to_owned(),
            title: None,
            icon: None,
            team: None,
            properties: Map::new(),
            relations: Map::new(),
            datasource: datasource.to_owned(),
            created: now,
            updated: now,
        }
    }

    /// The complete entity as answered.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "identifier": self.identifier,
            "title": self.title,
            "icon": self.icon,
            "team": self.team.clone().unwrap_or_else(|| json!([])),
            "blueprint": self.blueprint,
            "properties": self.properties,
            "relations": self.relations,
            "createdAt": iso(self.created),
            "createdBy": self.datasource,
            "updatedAt": iso(self.updated),
            "updatedBy": self.datasource,
        })
    }

    /// What the writer of the entity decided, without times and owner: for comparing catalogs.
    #[must_use]
    pub fn content(&self) -> Value {
        json!({
            "title": self.title,
            "icon": self.icon,
            "team": self.team,
            "properties": self.properties,
            "relations": self.relations,
        })
    }

    /// Only the parts named: `identifier`, `title`, `properties.url`, `relations.project`; all where none is named.
    pub(super) fn projected(&self, include: &[String]) -> Value {
        let whole = self.to_json();
        if include.is_empty() {
            return whole;
        }
        let mut part = Map::new();
        for path in include {
            match path.split_once('.') {
                None => {
                    part.insert(path.clone(), whole.get(path).cloned().unwrap_or(Value::Null));
                }
                Some((section, name)) => {
                    let inner = part.entry(section).or_insert_with(|| json!({}));
                    if let (Value::Object(inner), Some(value)) =
                        (inner, whole.get(section).and_then(|all| all.get(name)))
                    {
                        inner.insert(name.to_owned(), value.clone());
                    }
                }
            }
        }
        Value::Object(part)
    }

    /// What a search rule means by a property.
    pub(super) fn value_of(&self, property: &str) -> Value {
        match property {
            "$identifier" => json!(self.identifier),
            "$blueprint" => json!(self.blueprint),
            "$title" => self.title.clone().unwrap_or(Value::Null),
            "$icon" => self.icon.clone().unwrap_or(Value::Null),
            "$team" => self.team.clone().unwrap_or(Value::Null),
            "$datasource" => json!(self.datasource),
            "$createdAt" => json!(iso(self.created)),
            "$updatedAt" => json!(iso(self.updated)),
            name => self.properties.get(name).or_else(|| self.relations.get(name)).cloned().unwrap_or(Value::Null),
        }
    }
}
