//! From the JSON of an `OpenAPI` 3.0 document to [`Schema`]s, forgiving what upstream documents get wrong.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::document::{Document, Pointer};
use crate::finding::Findings;
use crate::schema::{Schema, Shape};

/// Deeper nesting than any real document; guards the stack against made-up ones.
const DEEPEST: usize = 64;

/// More schemas than any real document makes us read; guards against references that multiply.
const MOST: usize = 200_000;

/// The prefix of references to component schemas.
const SCHEMAS: &str = "#/components/schemas/";

/// Reads schemas of one document and collects what is wrong with them.
pub(crate) struct Reader<'d, 'a> {
    document: &'d Document<'a>,
    findings: Findings,
    /// Component schemas being flattened, to notice one that contains itself by `allOf`.
    flattening: Vec<String>,
    read: usize,
}

impl<'d, 'a> Reader<'d, 'a> {
    pub(crate) fn new(document: &'d Document<'a>) -> Self {
        Self { document, findings: Findings::default(), flattening: Vec::new(), read: 0 }
    }

    pub(crate) fn document(&self) -> &'d Document<'a> {
        self.document
    }

    pub(crate) fn into_findings(self) -> Findings {
        self.findings
    }

    pub(crate) fn complain(&mut self, pointer: &Pointer, message: impl Into<String>) {
        self.findings.push(self.document.finding(pointer, message));
    }

    /// The component schema of that name, if the document has one.
    pub(crate) fn component(&mut self, name: &str) -> Option<Schema> {
        let pointer = Pointer::default().at("components").at("schemas").at(name);
        let value = self.document.at(&pointer)?;
        self.flattening.push(name.to_owned());
        let schema = self.schema(value, &pointer);
        self.flattening.pop();
        Some(schema)
    }

    /// The schema at a pointer. Something unusable is reported and read as "anything".
    pub(crate) fn schema(&mut self, value: &Value, pointer: &Pointer) -> Schema {
        self.nested(value, pointer, 0)
    }

    fn nested(&mut self, value: &Value, pointer: &Pointer, depth: usize) -> Schema {
        let anything = || Schema::of(Shape::Any);
        self.read += 1;
        if self.read > MOST {
            self.complain(&Pointer::default(), format!("needs more than {MOST} schemas; references multiply"));
            return anything();
        }
        if depth > DEEPEST {
            self.complain(
                pointer,
                format!("schemas are nested more than {DEEPEST} deep; move the inner ones to components"),
            );
            return anything();
        }
        let Some(map) = value.as_object() else {
            if !value.is_boolean() {
                self.complain(pointer, "is not a schema; write an object with a `type` or a `$ref`");
            }
            return anything();
        };
        let shape = self.shape(map, pointer, depth);
        let mut schema = match shape {
            // A wrapped reference (`allOf` of one) brings a whole schema; only its shape is taken over.
            Ok(schema) => schema,
            Err(shape) => Schema::of(shape),
        };
        annotate(&mut schema, map);
        schema
    }

    /// A merged schema (`Ok`) for `allOf` and its kin, else a bare shape.
    fn shape(&mut self, map: &Map<String, Value>, pointer: &Pointer, depth: usize) -> Result<Schema, Shape> {
        if let Some(reference) = map.get("$ref") {
            return Err(self.reference(reference, &pointer.at("$ref")));
        }
        if let Some(parts) = map.get("allOf") {
            return self.all_of(map, parts, pointer, depth);
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(branches) = map.get(keyword).and_then(Value::as_array) {
                return Ok(self.one_of(branches, &pointer.at(keyword), depth));
            }
        }
        Err(self.plain(map, pointer, depth))
    }

    fn plain(&mut self, map: &Map<String, Value>, pointer: &Pointer, depth: usize) -> Shape {
        let kind = match map.get("type") {
            None if map.contains_key("properties") => "object",
            None if map.contains_key("items") => "array",
            None => return Shape::Any,
            Some(Value::String(kind)) => kind.as_str(),
            Some(_) => {
                self.complain(&pointer.at("type"), "is not the name of a type; OpenAPI 3.0 knows one type per schema");
                return Shape::Any;
            }
        };
        match kind {
            "object" => self.object(map, pointer, depth),
            "array" => {
                let items = match map.get("items") {
                    Some(items) => self.nested(items, &pointer.at("items"), depth + 1),
                    None => Schema::of(Shape::Any),
                };
                Shape::Array(Box::new(items))
            }
            "string" | "file" => Shape::String,
            "integer" => Shape::Integer,
            "number" => Shape::Number,
            "boolean" => Shape::Boolean,
            other => {
                let message = format!("`{other}` is not a type; use object, array, string, integer, number or boolean");
                self.complain(&pointer.at("type"), message);
                Shape::Any
            }
        }
    }

    fn object(&mut self, map: &Map<String, Value>, pointer: &Pointer, depth: usize) -> Shape {
        match map.get("properties") {
            Some(Value::Object(properties)) if !properties.is_empty() => {
                let pointer = pointer.at("properties");
                let read = properties
                    .iter()
                    .map(|(name, property)| (name.clone(), self.nested(property, &pointer.at(name), depth + 1)))
                    .collect();
                Shape::Object(read)
            }
            Some(Value::Object(_)) | None => {
                let inner = match map.get("additionalProperties") {
                    Some(inner @ Value::Object(_)) => {
                        self.nested(inner, &pointer.at("additionalProperties"), depth + 1)
                    }
                    _ => Schema::of(Shape::Any),
                };
                Shape::Map(Box::new(inner))
            }
            Some(_) => {
                self.complain(&pointer.at("properties"), "is not an object of property name to schema");
                Shape::Any
            }
        }
    }

    fn reference(&mut self, reference: &Value, pointer: &Pointer) -> Shape {
        let name = reference.as_str().and_then(|text| text.strip_prefix(SCHEMAS)).filter(|name| !name.contains('/'));
        let Some(name) = name else {
            self.complain(pointer, format!("only references of the form `{SCHEMAS}<name>` are followed"));
            return Shape::Any;
        };
        Shape::Reference(name.replace("~1", "/").replace("~0", "~"))
    }

    /// All parts laid over each other, later ones winning. A single wrapped reference stays a reference, which is
    /// how `OpenAPI` 3.0 says that a reference is nullable.
    fn all_of(
        &mut self,
        map: &Map<String, Value>,
        parts: &Value,
        pointer: &Pointer,
        depth: usize,
    ) -> Result<Schema, Shape> {
        let here = pointer.at("allOf");
        let Some(parts) = parts.as_array().filter(|parts| !parts.is_empty()) else {
            self.complain(&here, "is not a list of schemas");
            return Err(Shape::Any);
        };
        if let ([only], false) = (parts.as_slice(), map.contains_key("properties")) {
            return Ok(Schema { nullable: false, ..self.nested(only, &here.at(0), depth + 1) });
        }
        let mut merged: Option<Schema> = None;
        for (index, part) in parts.iter().enumerate() {
            let part = self.nested(part, &here.at(index), depth + 1);
            let part = self.resolved(part, &here.at(index), depth);
            // A part without fields of its own adds nothing.
            if matches!(part.shape, Shape::Any | Shape::Map(_)) {
                continue;
            }
            merged = Some(match merged {
                Some(base) => part.over(base),
                None => part,
            });
        }
        if map.contains_key("properties") {
            let own = Schema::of(self.object(map, pointer, depth));
            merged = Some(match merged {
                Some(base) => own.over(base),
                None => own,
            });
        }
        let mut merged = merged.ok_or(Shape::Map(Box::new(Schema::of(Shape::Any))))?;
        merged.description = None;
        Ok(merged)
    }

    /// The union of all alternatives when they are all objects, their type when they all have the same one, else
    /// anything.
    fn one_of(&mut self, branches: &[Value], pointer: &Pointer, depth: usize) -> Schema {
        let mut merged: Option<Schema> = None;
        for (index, branch) in branches.iter().enumerate() {
            let here = pointer.at(index);
            let branch = self.nested(branch, &here, depth + 1);
            let branch = self.resolved(branch, &here, depth);
            merged = match merged {
                None => Some(branch),
                Some(base) if std::mem::discriminant(&base.shape) == std::mem::discriminant(&branch.shape) => {
                    Some(branch.over(base))
                }
                Some(_) => return Schema::of(Shape::Any),
            };
        }
        let mut merged = merged.unwrap_or(Schema::of(Shape::Any));
        merged.complete = false;
        merged.description = None;
        merged
    }

    /// The schema itself in place of a reference to it.
    fn resolved(&mut self, schema: Schema, pointer: &Pointer, depth: usize) -> Schema {
        let Shape::Reference(name) = &schema.shape else { return schema };
        if self.flattening.iter().any(|open| open == name) {
            self.complain(pointer, format!("`{name}` contains itself; break the circle of allOf, oneOf or anyOf"));
            return Schema::of(Shape::Any);
        }
        let target = Pointer::default().at("components").at("schemas").at(name);
        let Some(value) = self.document.at(&target) else {
            self.complain(pointer, format!("there is no schema `{name}` in this document"));
            return Schema::of(Shape::Any);
        };
        let name = name.clone();
        self.flattening.push(name);
        let read = self.nested(value, &target, depth + 1);
        let read = self.resolved(read, &target, depth + 1);
        self.flattening.pop();
        read
    }
}

/// What a schema says beside its shape.
fn annotate(schema: &mut Schema, map: &Map<String, Value>) {
    let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
    let flag = |key: &str| map.get(key).and_then(Value::as_bool) == Some(true);
    schema.nullable |= flag("nullable");
    schema.complete |= flag("x-complete");
    schema.observed = text("x-observed").or(schema.observed.take());
    schema.description = text("description").or(schema.description.take());
    if matches!(schema.shape, Shape::String) {
        schema.format = text("format").or(schema.format.take());
        if let Some(values) = map.get("enum").and_then(Value::as_array) {
            schema.values = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            schema.nullable |= values.iter().any(Value::is_null);
        }
    }
}

/// The entries of an object, none for anything else.
pub(crate) fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The items of a list, none for anything else.
pub(crate) fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// Component schemas by name.
pub(crate) type Schemas = IndexMap<String, Schema>;
