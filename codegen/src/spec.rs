//! Our document, laid over the upstream one where there is one, pruned to the operations in use.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use serde_json::{Map, Value};

use crate::collisions::{colliding, colliding_parameters};
use crate::document::{Document, Pointer, Source};
use crate::finding::Findings;
use crate::operation::{Answer, METHODS, Operation, Parameter, Place, path_parameters, path_shape};
use crate::read::{Reader, Schemas, entries};
use crate::schema::{Schema, Shape};

/// Everything that clients and kinds are generated from.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) description: Option<String>,
    pub(crate) paging: Option<Paging>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) schemas: Schemas,
}

/// How the lists of a product are paged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paging {
    /// Field of the answer that holds the objects.
    pub(crate) values: String,
    /// Field of the answer that tells where the next page is.
    pub(crate) next: String,
    /// Query parameter for the number of objects on a page.
    pub(crate) size: String,
    pub(crate) follow: Follow,
    /// The field that says whether a page is the last one, where there is one.
    pub(crate) last: Option<String>,
}

/// How one gets from a page to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Follow {
    /// `next` is a link.
    Link,
    /// `next` is the value of this query parameter for the same call.
    Parameter(String),
}

impl Spec {
    /// Reads `ours` and, below it, `upstream`.
    pub(crate) fn read(ours: Source<'_>, upstream: Option<Source<'_>>) -> Result<Self, Findings> {
        let ours = open(ours)?;
        let upstream = upstream.map(open).transpose()?;
        let mut reader = Reader::new(&ours);
        let paging = paging(&mut reader);
        let mut operations = own_operations(&mut reader);
        let mut below = upstream.as_ref().map(Reader::new);
        if let Some(below) = &mut below {
            let index = path_index(below.document());
            let mut laid = false;
            for operation in &mut operations {
                let wire = wire_path(&ours, &operation.path).to_owned();
                laid |= lay_over(operation, &wire, &index, below).is_some();
            }
            if !laid && !operations.is_empty() {
                let message = "has none of the operations in use; it describes another API";
                below.complain(&Pointer::default().at("paths"), message);
            }
        }
        for operation in &operations {
            if operation.answer.is_none() {
                let message = "no document says what a success answers; add a response 200 or 204 here";
                reader.complain(&operation.pointer, message);
            }
        }
        let schemas = close(&operations, &mut reader, below.as_mut());
        let mut findings = reader.into_findings();
        for finding in below.into_iter().flat_map(|below| below.into_findings().iter().cloned().collect::<Vec<_>>()) {
            findings.push(finding);
        }
        for finding in colliding(&ours, &schemas) {
            findings.push(finding);
        }
        let info = |key: &str| ours.root.pointer(&format!("/info/{key}")).and_then(Value::as_str).map(str::to_owned);
        findings.or(Self {
            title: info("title").unwrap_or_else(|| "API".to_owned()),
            version: info("version").unwrap_or_default(),
            description: info("description"),
            paging,
            operations,
            schemas,
        })
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The object behind a schema, references followed.
    pub(crate) fn resolved<'s>(&'s self, schema: &'s Schema) -> Option<&'s Schema> {
        let mut found = schema;
        for _ in 0..16 {
            match &found.shape {
                Shape::Reference(name) => found = self.schemas.get(name)?,
                _ => return Some(found),
            }
        }
        None
    }

    /// The schema of the items when `answer` is a page: an object whose values field is a list.
    pub(crate) fn page_items<'s>(&'s self, answer: &'s Schema) -> Option<&'s Schema> {
        let values = &self.paging.as_ref()?.values;
        match &self.resolved(answer)?.shape {
            Shape::Object(properties) => match &properties.get(values)?.shape {
                Shape::Array(items) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    /// The schema at a dotted path below `schema`, or the segment that does not exist.
    pub(crate) fn field<'s>(&'s self, schema: &'s Schema, path: &str) -> Result<&'s Schema, String> {
        let mut here = schema;
        for segment in path.split('.') {
            let object = self.resolved(here).ok_or_else(|| segment.to_owned())?;
            here = match &object.shape {
                Shape::Object(properties) => properties.get(segment).ok_or_else(|| segment.to_owned())?,
                _ => return Err(segment.to_owned()),
            };
        }
        self.resolved(here).ok_or_else(|| path.to_owned())
    }
}

/// Parses a document and makes sure that it is `OpenAPI` 3.0.
fn open(source: Source<'_>) -> Result<Document<'_>, Findings> {
    let document = Document::parse(source)?;
    let root = Pointer::default();
    let version = document.root.get("openapi").and_then(Value::as_str);
    let complaint = match version {
        Some(version) if version == "3.0" || version.starts_with("3.0.") => None,
        Some(version) => Some((root.at("openapi"), format!("is OpenAPI {version}; only 3.0 can be used"))),
        None if document.root.get("swagger").is_some() => Some((
            root.at("swagger"),
            "is a Swagger 2.0 document; take the OpenAPI 3.0 description of the same API instead".to_owned(),
        )),
        None => Some((root, "is not an OpenAPI document: it has no `openapi: 3.0.x`".to_owned())),
    };
    let complaint = complaint.or_else(|| {
        let usable = document.root.get("paths").is_some_and(Value::is_object);
        (!usable)
            .then(|| (Pointer::default().at("paths"), "is missing or not an object; list the paths in use".to_owned()))
    });
    let mut findings = Findings::default();
    if let Some((pointer, message)) = complaint {
        findings.push(document.finding(&pointer, message));
    }
    findings.or(document)
}

fn paging(reader: &mut Reader<'_, '_>) -> Option<Paging> {
    let pointer = Pointer::default().at("x-paging");
    let value = reader.document().at(&pointer)?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let follow = match value.get("follow") {
        Some(Value::String(link)) if link == "link" => Some(Follow::Link),
        Some(Value::Object(map)) => {
            map.get("parameter").and_then(Value::as_str).map(|name| Follow::Parameter(name.to_owned()))
        }
        _ => None,
    };
    let paging = (|| {
        Some(Paging {
            values: text("values")?,
            next: text("next")?,
            size: text("size")?,
            follow: follow?,
            last: text("last"),
        })
    })();
    if paging.is_none() {
        reader.complain(&pointer, "needs `values`, `next`, `size` and `follow` (`link`, or `{ parameter: <name> }`)");
    }
    paging
}

/// The operations that our document declares: the ones in use.
fn own_operations(reader: &mut Reader<'_, '_>) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    for (path, item) in entries(reader.document().root.get("paths")) {
        let at_path = Pointer::default().at("paths").at(path);
        let Some(item) = item.as_object() else {
            reader.complain(&at_path, "is not an object of operations");
            continue;
        };
        let names = match path_parameters(path) {
            Ok(names) => names,
            Err(wrong) => {
                reader.complain(&at_path, wrong);
                continue;
            }
        };
        for method in METHODS.into_iter().filter(|method| item.contains_key(*method)) {
            let pointer = at_path.at(method);
            let Some(id) = own_id(item, method) else {
                reader.complain(
                    &pointer,
                    "has no usable operationId; name the operation in camelCase, as in `listProjects`",
                );
                continue;
            };
            if operations.iter().any(|known| known.id.to_snake_case() == id.to_snake_case()) {
                let message = format!("`{id}` names two operations; operation ids are unique");
                reader.complain(&pointer.at("operationId"), message);
                continue;
            }
            undeclared(reader, item, method, path, &names);
            let operation = reader.operation(path, method, item, id);
            colliding_parameters(reader, &operation);
            operations.push(operation);
        }
    }
    operations
}

fn own_id(item: &Map<String, Value>, method: &str) -> Option<String> {
    let id = item.get(method)?.get("operationId")?.as_str()?;
    let usable = id.starts_with(|c: char| c.is_ascii_alphabetic()) && id.chars().all(|c| c.is_ascii_alphanumeric());
    usable.then(|| id.to_owned())
}

/// In our own document a path parameter that the path does not have is a slip.
fn undeclared(reader: &mut Reader<'_, '_>, item: &Map<String, Value>, method: &str, path: &str, names: &[String]) {
    let at_path = Pointer::default().at("paths").at(path);
    let lists = [
        (at_path.at("parameters"), item.get("parameters")),
        (at_path.at(method).at("parameters"), item.get(method).and_then(|operation| operation.get("parameters"))),
    ];
    for (pointer, list) in lists {
        for (index, parameter) in crate::read::items(list).enumerate() {
            let name = parameter.get("name").and_then(Value::as_str);
            let in_path = parameter.get("in").and_then(Value::as_str) == Some("path");
            if let Some(name) = name.filter(|name| in_path && !names.iter().any(|known| known == name)) {
                reader.complain(&pointer.at(index), format!("`{name}` is no part of the path {path}"));
            }
        }
    }
}

/// The published path of an operation whose own spelling differs (`x-path`).
fn wire_path<'d>(ours: &'d Document<'_>, path: &'d str) -> &'d str {
    let pointer = Pointer::default().at("paths").at(path).at("x-path");
    ours.at(&pointer).and_then(Value::as_str).unwrap_or(path)
}

/// Paths of a document by their shape, since documents name path parameters differently.
fn path_index<'d>(document: &'d Document<'_>) -> BTreeMap<String, (&'d str, &'d Map<String, Value>)> {
    entries(document.root.get("paths"))
        .filter_map(|(path, item)| Some((path_shape(path), (path.as_str(), item.as_object()?))))
        .collect()
}

/// Adds to an operation of ours what upstream says of the same method and path, if it has it.
fn lay_over(
    ours: &mut Operation,
    wire: &str,
    index: &BTreeMap<String, (&str, &Map<String, Value>)>,
    reader: &mut Reader<'_, '_>,
) -> Option<()> {
    let (path, item) = index.get(&path_shape(wire)).filter(|(_, item)| item.contains_key(&ours.method))?;
    let theirs = reader.operation(path, &ours.method, item, ours.id.clone());
    let renamed: BTreeMap<String, String> = path_parameters(path)
        .unwrap_or_default()
        .into_iter()
        .zip(path_parameters(&ours.path).unwrap_or_default())
        .collect();
    for mut parameter in theirs.parameters {
        if parameter.place == Place::Path {
            parameter.name = renamed.get(&parameter.name).cloned().unwrap_or(parameter.name);
        }
        lay_parameter(&mut ours.parameters, parameter);
    }
    ours.body = match (ours.body.take(), theirs.body) {
        (Some(ours), Some(theirs)) => Some(ours.over(theirs)),
        (ours, theirs) => ours.or(theirs),
    };
    ours.answer = match (ours.answer.take(), theirs.answer) {
        (Some(Answer::Json(ours)), Some(Answer::Json(theirs))) => Some(Answer::Json(ours.over(theirs))),
        (ours, theirs) => ours.or(theirs),
    };
    Some(())
}

/// Ours wins; of what only upstream knows, query parameters are offered, unless they would clash in Rust.
fn lay_parameter(ours: &mut Vec<Parameter>, theirs: Parameter) {
    let known = ours.iter_mut().find(|known| known.name == theirs.name && known.place == theirs.place);
    if let Some(known) = known {
        known.schema = known.schema.clone().over(theirs.schema);
        return;
    }
    let field = theirs.name.to_snake_case();
    let clashes = ours.iter().any(|known| known.name.to_snake_case() == field);
    if theirs.place == Place::Query && !clashes && !field.is_empty() {
        ours.push(Parameter { required: false, ..theirs });
    }
}

/// The schemas that the operations need, and those that these need.
fn close(operations: &[Operation], ours: &mut Reader<'_, '_>, mut theirs: Option<&mut Reader<'_, '_>>) -> Schemas {
    // With the place that needs it, and whether that place is ours.
    let mut wanted: Vec<(String, Pointer, bool)> = Vec::new();
    for operation in operations {
        let mut want = |name: &str| wanted.push((name.to_owned(), operation.pointer.clone(), true));
        if let Some(Answer::Json(schema)) = &operation.answer {
            schema.references(&mut want);
        }
        if let Some(schema) = &operation.body {
            schema.references(&mut want);
        }
    }
    let mut schemas = Schemas::new();
    wanted.reverse();
    while let Some((name, needed_at, by_us)) = wanted.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        let own = ours.component(&name);
        let base = theirs.as_mut().and_then(|reader| reader.component(&name));
        let is_ours = own.is_some();
        let schema = match (own, base) {
            (Some(own), Some(base)) => own.over(base),
            (Some(schema), None) | (None, Some(schema)) => schema,
            (None, None) => {
                let message = format!("needs the schema `{name}`, which no document has; add it under components");
                match &mut theirs {
                    Some(theirs) if !by_us => theirs.complain(&needed_at, message),
                    _ => ours.complain(&needed_at, message),
                }
                Schema::of(Shape::Any)
            }
        };
        let here = Pointer::default().at("components").at("schemas").at(&name);
        schema.references(&mut |inner| wanted.push((inner.to_owned(), here.clone(), is_ours)));
        schemas.insert(name, schema);
    }
    schemas.sort_keys();
    schemas
}
