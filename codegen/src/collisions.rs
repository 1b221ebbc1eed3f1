//! Names that are different in a description and the same in Rust.

use std::collections::BTreeMap;

use heck::{ToPascalCase, ToSnakeCase};

use crate::document::{Document, Pointer};
use crate::finding::Finding;
use crate::operation::Operation;
use crate::read::{Reader, Schemas};
use crate::schema::{Schema, Shape};

/// Parameters of an operation that become the same setter.
pub(crate) fn colliding_parameters(reader: &mut Reader<'_, '_>, operation: &Operation) {
    for (index, parameter) in operation.parameters.iter().enumerate() {
        let field = parameter.name.to_snake_case();
        if let Some(other) = operation.parameters[..index].iter().find(|other| other.name.to_snake_case() == field) {
            let message =
                format!("parameters `{}` and `{}` become the same field `{field}`", other.name, parameter.name);
            reader.complain(&operation.pointer.at("parameters"), message);
        }
    }
}

/// Names that become the same Rust type or field.
pub(crate) fn colliding(ours: &Document<'_>, schemas: &Schemas) -> Vec<Finding> {
    let components = Pointer::default().at("components").at("schemas");
    let mut findings = Vec::new();
    let mut types: BTreeMap<String, &str> = BTreeMap::new();
    for (name, schema) in schemas {
        let here = components.at(name);
        if let Some(other) = types.insert(name.to_pascal_case(), name) {
            let message =
                format!("schemas `{other}` and `{name}` become the same type `{}`; rename one", name.to_pascal_case());
            findings.push(ours.finding(&here, message));
        }
        colliding_fields(schema, &here, &mut |pointer, message| findings.push(ours.finding(pointer, message)));
    }
    findings
}

fn colliding_fields(schema: &Schema, pointer: &Pointer, complain: &mut impl FnMut(&Pointer, String)) {
    match &schema.shape {
        Shape::Object(properties) => {
            let mut fields: BTreeMap<String, &str> = BTreeMap::new();
            let here = pointer.at("properties");
            for (name, property) in properties {
                if let Some(other) = fields.insert(name.to_snake_case(), name) {
                    complain(
                        &here.at(name),
                        format!("properties `{other}` and `{name}` become the same field; leave one out"),
                    );
                }
                colliding_fields(property, &here.at(name), complain);
            }
        }
        Shape::Map(inner) => colliding_fields(inner, &pointer.at("additionalProperties"), complain),
        Shape::Array(inner) => colliding_fields(inner, &pointer.at("items"), complain),
        _ => {}
    }
}
