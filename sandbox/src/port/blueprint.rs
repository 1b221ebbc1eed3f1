//! Blueprints: what may be created and changed.

use serde_json::{Map, Value};

use super::check::is_name;
use super::refusal::Refused;
use super::world::World;

const TYPES: [&str; 5] = ["string", "number", "boolean", "object", "array"];

impl World {
    /// Creates a blueprint.
    pub fn create_blueprint(&mut self, blueprint: Value) -> Result<(), Refused> {
        let identifier = identifier_of(&blueprint)?.to_owned();
        if self.blueprints.contains_key(&identifier) {
            return Err(Refused::taken(format!("A blueprint with identifier \"{identifier}\" already exists")));
        }
        self.check_blueprint(&identifier, &blueprint)?;
        self.blueprints.insert(identifier, blueprint);
        Ok(())
    }

    /// Merges a document into a blueprint: sections that it names replace those that are there.
    pub fn patch_blueprint(&mut self, identifier: &str, patch: Value) -> Result<(), Refused> {
        let mut changed = self.existing_blueprint(identifier)?.clone();
        let Value::Object(patch) = patch else { return Err(Refused::invalid("body must be object")) };
        if let Value::Object(document) = &mut changed {
            document.extend(patch);
            document.insert("identifier".to_owned(), Value::from(identifier));
        }
        self.check_blueprint(identifier, &changed)?;
        self.blueprints.insert(identifier.to_owned(), changed);
        Ok(())
    }

    /// Deletes a blueprint; refused while another one points at it or entities are left.
    pub fn delete_blueprint(&mut self, identifier: &str) -> Result<(), Refused> {
        self.existing_blueprint(identifier)?;
        let points_here = |(name, blueprint): (&String, &Value)| {
            name != identifier && relations(blueprint).any(|(_, relation)| relation["target"] == identifier)
        };
        if self.blueprints.iter().any(points_here) {
            return Err(Refused::has_dependents(format!("Blueprint \"{identifier}\" has dependent blueprints")));
        }
        if self.entities.get(identifier).is_some_and(|entities| !entities.is_empty()) {
            return Err(Refused::has_dependents(format!("Blueprint \"{identifier}\" has entities")));
        }
        self.blueprints.remove(identifier);
        Ok(())
    }

    /// The document of a blueprint.
    #[must_use]
    pub fn blueprint(&self, identifier: &str) -> Option<&Value> {
        self.blueprints.get(identifier)
    }

    pub(super) fn existing_blueprint(&self, identifier: &str) -> Result<&Value, Refused> {
        let missing = || Refused::missing(format!("Blueprint with identifier \"{identifier}\" was not found"));
        self.blueprints.get(identifier).ok_or_else(missing)
    }

    fn check_blueprint(&self, identifier: &str, blueprint: &Value) -> Result<(), Refused> {
        let properties = blueprint.pointer("/schema/properties").and_then(Value::as_object);
        let properties =
            properties.ok_or_else(|| Refused::invalid("body/schema must have required property 'properties'"))?;
        check_properties(properties)?;
        for name in blueprint.pointer("/schema/required").and_then(Value::as_array).into_iter().flatten() {
            if !name.as_str().is_some_and(|name| properties.contains_key(name)) {
                return Err(Refused::invalid(format!("required property {name} is not defined in the schema")));
            }
        }
        for (name, relation) in relations(blueprint) {
            let target = relation["target"].as_str().unwrap_or_default();
            if target != identifier && !self.blueprints.contains_key(target) {
                return Err(Refused::invalid(format!(
                    "relation \"{name}\" has an unknown target blueprint \"{target}\""
                )));
            }
            if !(relation["many"].is_boolean() && relation["required"].is_boolean()) {
                return Err(Refused::invalid(format!("relation \"{name}\" must have many and required")));
            }
        }
        self.check_paths(blueprint)
    }

    /// Mirror, aggregation and inheritance lead through relations and blueprints that must be there.
    fn check_paths(&self, blueprint: &Value) -> Result<(), Refused> {
        for (name, mirror) in section(blueprint, "mirrorProperties") {
            let first = mirror["path"].as_str().and_then(|path| path.split('.').next()).unwrap_or_default();
            if relations(blueprint).all(|(relation, _)| relation != first) {
                return Err(Refused::invalid(format!(
                    "mirror property \"{name}\" follows an unknown relation \"{first}\""
                )));
            }
        }
        for (name, aggregation) in section(blueprint, "aggregationProperties") {
            let target = aggregation["target"].as_str().unwrap_or_default();
            if !self.blueprints.contains_key(target) {
                return Err(Refused::invalid(format!(
                    "aggregation property \"{name}\" has an unknown target \"{target}\""
                )));
            }
        }
        Ok(())
    }
}

fn identifier_of(blueprint: &Value) -> Result<&str, Refused> {
    let identifier =
        blueprint["identifier"].as_str().filter(|identifier| is_name(identifier) && identifier.len() <= 100);
    identifier.ok_or_else(|| Refused::invalid("body/identifier must be a valid identifier"))
}

fn check_properties(properties: &Map<String, Value>) -> Result<(), Refused> {
    for (name, definition) in properties {
        if !definition["type"].as_str().is_some_and(|kind| TYPES.contains(&kind)) {
            return Err(Refused::invalid(format!(
                "body/schema/properties/{name}/type must be equal to one of the allowed values"
            )));
        }
    }
    Ok(())
}

fn section<'a>(blueprint: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    blueprint.get(name).and_then(Value::as_object).into_iter().flatten()
}

/// The relations of a blueprint by name.
pub(super) fn relations(blueprint: &Value) -> impl Iterator<Item = (&String, &Value)> {
    section(blueprint, "relations")
}
