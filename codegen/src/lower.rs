//! The merged operations as an `OpenAPI` document that progenitor takes as it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use heck::ToSnakeCase;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::client::{Form, form, plain, type_name};
use crate::operation::{Answer, Operation, Parameter, Place};
use crate::schema::{Schema, Shape};
use crate::spec::Spec;

/// The `OpenAPI` document for progenitor, with the names of the types it keeps raw.
pub(crate) struct Lowered {
    pub(crate) document: Value,
    /// Type of the view by the name of the schema that is replaced by `Raw`.
    pub(crate) raw: BTreeMap<String, String>,
}

/// Brings the spec into the form that progenitor takes as it is.
pub(crate) fn lower(spec: &Spec) -> Lowered {
    let mut lowering = Lowering::new(spec);
    for (name, schema) in &spec.schemas {
        if let Shape::Object(properties) = &schema.shape {
            let name = type_name(name);
            let lowered = lowering.object(properties, schema, &name);
            lowering.components.insert(name, lowered);
        }
    }
    let mut paths = Map::new();
    for operation in &spec.operations {
        let lowered = lowering.operation(operation);
        if let Value::Object(item) = paths.entry(operation.path.clone()).or_insert_with(|| json!({})) {
            item.insert(operation.method.clone(), lowered);
        }
    }
    let document = json!({
        "openapi": "3.0.3",
        "info": { "title": spec.title, "version": spec.version, "description": spec.description.as_deref().map(plain) },
        "paths": paths,
        "components": { "schemas": lowering.components },
    });
    Lowered { document, raw: lowering.raw }
}

struct Lowering<'s> {
    spec: &'s Spec,
    components: Map<String, Value>,
    raw: BTreeMap<String, String>,
    /// Types by the form of what they hold, so that equal inline objects share one.
    by_form: HashMap<String, String>,
    taken: BTreeSet<String>,
}

impl<'s> Lowering<'s> {
    fn new(spec: &'s Spec) -> Self {
        let mut by_form = HashMap::new();
        let mut taken = BTreeSet::new();
        for (name, schema) in &spec.schemas {
            let name = type_name(name);
            taken.extend([format!("Raw{name}"), format!("{name}Page"), name.clone()]);
            if matches!(schema.shape, Shape::Object(_)) {
                by_form.entry(form_of(schema)).or_insert(name);
            }
        }
        Self { spec, components: Map::new(), raw: BTreeMap::new(), by_form, taken }
    }

    fn schema(&mut self, schema: &Schema, name: &str, depth: usize) -> Value {
        match &schema.shape {
            Shape::Any => json!({}),
            Shape::String => json!({ "type": "string" }),
            Shape::Integer => json!({ "type": "integer", "format": "int64" }),
            Shape::Number => json!({ "type": "number", "format": "double" }),
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Array(items) => json!({ "type": "array", "items": self.schema(items, name, depth + 1) }),
            Shape::Map(inner) => {
                json!({ "type": "object", "additionalProperties": self.schema(inner, &format!("{name}Value"), depth + 1) })
            }
            Shape::Reference(target) => self.reference(target, name, depth),
            Shape::Object(properties) => {
                let name = self.inline(schema, properties, name);
                reference(&name)
            }
        }
    }

    /// Components that are no objects are written out where they are used, so that they stay nullable.
    fn reference(&mut self, target: &str, name: &str, depth: usize) -> Value {
        match self.spec.schemas.get(target) {
            Some(Schema { shape: Shape::Object(_), .. }) => reference(&type_name(target)),
            Some(schema) if depth < 16 => self.schema(schema, name, depth + 1),
            _ => json!({}),
        }
    }

    /// Makes a type of an object that has no name of its own.
    fn inline(&mut self, schema: &Schema, properties: &IndexMap<String, Schema>, name: &str) -> String {
        let form = form_of(schema);
        if let Some(known) = self.by_form.get(&form) {
            return known.clone();
        }
        // One more candidate than there are names: one of them is free.
        let candidates = (1..=self.taken.len() + 1).map(|number| match number {
            1 => name.to_owned(),
            number => format!("{name}{number}"),
        });
        let name = candidates.into_iter().find(|name| !self.taken.contains(name)).unwrap_or_else(|| name.to_owned());
        self.taken.insert(name.clone());
        self.by_form.insert(form, name.clone());
        let lowered = self.object(properties, schema, &name);
        self.components.insert(name.clone(), lowered);
        name
    }

    /// Nothing is required and everything may be null.
    fn object(&mut self, properties: &IndexMap<String, Schema>, schema: &Schema, name: &str) -> Value {
        let mut lowered = Map::new();
        for (property, schema) in properties {
            let mut value = self.schema(schema, &type_name(&format!("{name}-{property}")), 0);
            let is_reference = value.get("$ref").is_some();
            if let (Value::Object(map), false) = (&mut value, is_reference) {
                if map.contains_key("type") {
                    map.insert("nullable".into(), json!(true));
                }
                describe(map, schema);
            }
            lowered.insert(property.clone(), value);
        }
        let mut out = Map::new();
        out.insert("type".into(), json!("object"));
        out.insert("properties".into(), Value::Object(lowered));
        describe(&mut out, schema);
        Value::Object(out)
    }

    fn operation(&mut self, operation: &Operation) -> Value {
        let parameters: Vec<Value> = operation.parameters.iter().map(|parameter| self.parameter(parameter)).collect();
        let mut out = json!({
            "operationId": operation.id.to_snake_case(),
            "parameters": parameters,
            "responses": { "2XX": self.response(operation) },
        });
        if let Value::Object(map) = &mut out {
            if let Some(description) = &operation.description {
                map.insert("description".into(), json!(plain(description)));
            }
            if let Some(body) = &operation.body {
                let name = type_name(&format!("{}Body", operation.id));
                let schema = self.schema(body, &name, 0);
                let body = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
                map.insert("requestBody".into(), body);
            }
        }
        out
    }

    fn parameter(&mut self, parameter: &Parameter) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(parameter.name));
        out.insert("in".into(), json!(parameter.place.name()));
        out.insert("required".into(), json!(parameter.required || parameter.place == Place::Path));
        out.insert("schema".into(), self.schema(&parameter.schema, &parameter.name, 0));
        describe(&mut out, &parameter.schema);
        Value::Object(out)
    }

    fn response(&mut self, operation: &Operation) -> Value {
        let schema = match form(self.spec, operation) {
            Form::Nothing => return json!({ "description": "" }),
            Form::Bytes => return json!({ "description": "", "content": { "application/octet-stream": {} } }),
            Form::Page { page, item } => self.page(operation, &page, &item),
            Form::Raw { item } => self.raw(&item),
            Form::Typed => match &operation.answer {
                Some(Answer::Json(schema)) => {
                    let name = type_name(&format!("{}Answer", operation.id));
                    self.schema(schema, &name, 0)
                }
                _ => json!({}),
            },
        };
        json!({ "description": "", "content": { "application/json": { "schema": schema } } })
    }

    /// The envelope: `values` has to be there, so that an answer without it is never taken for an empty page.
    fn page(&mut self, operation: &Operation, page: &str, item: &str) -> Value {
        let answer = match &operation.answer {
            Some(Answer::Json(schema)) => self.spec.resolved(schema),
            _ => None,
        };
        if let (false, Some(Shape::Object(properties)), Some(paging)) =
            (self.components.contains_key(page), answer.map(|schema| &schema.shape), &self.spec.paging)
        {
            if let Some(Schema { shape: Shape::Array(items), .. }) = properties.get(&paging.values)
                && let Shape::Object(fields) = &items.shape
            {
                let lowered = self.object(fields, items, item);
                self.components.insert(item.to_owned(), lowered);
            }
            let values = json!({ "type": "array", "items": self.raw(item) });
            let envelope = Schema { description: None, ..Schema::of(Shape::Any) };
            let mut lowered = self.object(properties, &envelope, page);
            if let Some(fields) = lowered.get_mut("properties").and_then(Value::as_object_mut) {
                fields.insert(paging.values.clone(), values);
            }
            lowered["required"] = json!([paging.values]);
            self.components.insert(page.to_owned(), lowered);
        }
        reference(page)
    }

    fn raw(&mut self, item: &str) -> Value {
        let name = format!("Raw{item}");
        self.components.entry(name.clone()).or_insert_with(|| json!({}));
        self.raw.insert(name.clone(), item.to_owned());
        reference(&name)
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Equal for schemas that hold the same, whatever is said about them.
fn form_of(schema: &Schema) -> String {
    match &schema.shape {
        Shape::Any => "?".to_owned(),
        Shape::String => "s".to_owned(),
        Shape::Integer => "i".to_owned(),
        Shape::Number => "n".to_owned(),
        Shape::Boolean => "b".to_owned(),
        Shape::Reference(name) => format!("&{name}"),
        Shape::Array(items) => format!("[{}]", form_of(items)),
        Shape::Map(inner) => format!("<{}>", form_of(inner)),
        Shape::Object(properties) => {
            let mut fields: Vec<String> =
                properties.iter().map(|(name, schema)| format!("{name:?}:{}", form_of(schema))).collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
    }
}

fn describe(map: &mut Map<String, Value>, schema: &Schema) {
    if let Some(description) = &schema.description {
        map.insert("description".into(), json!(plain(description)));
    }
}
