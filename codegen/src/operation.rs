//! Operations of one document: parameters, body and answer, brought to one form.

use serde_json::{Map, Value};

use crate::document::Pointer;
use crate::read::{Reader, entries, items};
use crate::schema::{Schema, Shape};

/// The HTTP methods an `OpenAPI` path item can have.
pub(crate) const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// One operation as a document describes it.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    /// As the client spells it.
    pub(crate) path: String,
    pub(crate) description: Option<String>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Schema>,
    /// `None` when the document says nothing of a success.
    pub(crate) answer: Option<Answer>,
    /// Whether the answer is decoded at once, not kept raw.
    pub(crate) typed: bool,
    pub(crate) pointer: Pointer,
}

/// A parameter in the path, query or a header.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) schema: Schema,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// What comes back when a call succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Nothing,
    Bytes,
    Json(Schema),
}

/// The names in braces of a path template, in order, or what is wrong with it.
pub(crate) fn path_parameters(path: &str) -> Result<Vec<String>, &'static str> {
    if !path.starts_with('/') {
        return Err("a path begins with a slash");
    }
    let mut names = Vec::new();
    for segment in path.split('/').skip(1) {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match name {
            Some(name) if !name.is_empty() && !name.contains(['{', '}']) => names.push(name.to_owned()),
            Some(_) => return Err("a parameter in a path is a name in braces"),
            None if segment.contains(['{', '}', '?', '#', ' ']) => {
                return Err("a parameter in a path fills a whole segment, as in `/users/{user}`");
            }
            None => {}
        }
    }
    Ok(names)
}

/// The path with its parameter names left out, by which documents are compared.
pub(crate) fn path_shape(path: &str) -> String {
    path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

impl<'d> Reader<'d, '_> {
    /// Reads the operation at `method` of a path item. `id` is used instead of the document's `operationId`.
    pub(crate) fn operation(&mut self, path: &str, method: &str, item: &Map<String, Value>, id: String) -> Operation {
        let at_path = Pointer::default().at("paths").at(path);
        let pointer = at_path.at(method);
        let operation = item.get(method).unwrap_or(&Value::Null);
        let mut parameters = Vec::new();
        self.parameters(item.get("parameters"), &at_path.at("parameters"), &mut parameters);
        self.parameters(operation.get("parameters"), &pointer.at("parameters"), &mut parameters);
        declare_path_parameters(path, &mut parameters);
        Operation {
            id,
            method: method.to_owned(),
            path: path.to_owned(),
            description: operation.get("description").and_then(Value::as_str).map(str::to_owned),
            parameters,
            body: self.body(operation.get("requestBody"), &pointer.at("requestBody")),
            answer: self.answer(operation.get("responses"), &pointer.at("responses")),
            typed: operation.get("x-answer").and_then(Value::as_str) == Some("typed"),
            pointer,
        }
    }

    /// Later declarations replace earlier ones of the same name and place, as `OpenAPI` has it.
    fn parameters(&mut self, value: Option<&Value>, pointer: &Pointer, into: &mut Vec<Parameter>) {
        for (index, declared) in items(value).enumerate() {
            let pointer = pointer.at(index);
            let Some((declared, pointer)) = self.followed(declared, &pointer) else { continue };
            let Some(parameter) = self.parameter(declared, &pointer) else { continue };
            match into.iter_mut().find(|known| known.name == parameter.name && known.place == parameter.place) {
                Some(known) => *known = parameter,
                None => into.push(parameter),
            }
        }
    }

    fn parameter(&mut self, declared: &Value, pointer: &Pointer) -> Option<Parameter> {
        let Some(name) = declared.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
            self.complain(pointer, "has no name; give the parameter a `name`");
            return None;
        };
        let place = match declared.get("in").and_then(Value::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => return None,
            _ => {
                self.complain(pointer, "does not say where it goes; set `in` to path, query or header");
                return None;
            }
        };
        // Some documents describe a parameter by `content`, as if it were a body.
        let by_content = entries(declared.get("content")).next();
        let schema = match (declared.get("schema"), by_content) {
            (Some(schema), _) => self.schema(schema, &pointer.at("schema")),
            (None, Some((media, content))) => match content.get("schema") {
                Some(schema) => self.schema(schema, &pointer.at("content").at(media).at("schema")),
                None => Schema::of(Shape::String),
            },
            (None, None) => Schema::of(Shape::String),
        };
        let mut schema = self.simple(schema);
        schema.description = declared.get("description").and_then(Value::as_str).map(str::to_owned);
        let required = place == Place::Path || declared.get("required").and_then(Value::as_bool) == Some(true);
        Some(Parameter { name: name.to_owned(), place, required, schema })
    }

    /// A parameter is a scalar or a list of scalars; anything else is sent as text.
    fn simple(&mut self, schema: Schema) -> Schema {
        let schema = match &schema.shape {
            Shape::Reference(name) => self.component(name).unwrap_or(Schema::of(Shape::String)),
            _ => schema,
        };
        match schema.shape {
            Shape::String | Shape::Integer | Shape::Number | Shape::Boolean => schema,
            Shape::Array(items) => {
                let items = match items.shape {
                    Shape::String | Shape::Integer | Shape::Number | Shape::Boolean => *items,
                    _ => Schema::of(Shape::String),
                };
                Schema::of(Shape::Array(Box::new(items)))
            }
            _ => Schema::of(Shape::String),
        }
    }

    fn body(&mut self, value: Option<&Value>, pointer: &Pointer) -> Option<Schema> {
        let (body, pointer) = self.followed(value?, pointer)?;
        let (media, content) = json_media(body.get("content"))?;
        let pointer = pointer.at("content").at(media).at("schema");
        Some(content.get("schema").map_or(Schema::of(Shape::Any), |schema| self.schema(schema, &pointer)))
    }

    /// The first success with JSON; else bytes when one has another media type; else nothing.
    fn answer(&mut self, value: Option<&Value>, pointer: &Pointer) -> Option<Answer> {
        let mut answer = None;
        for (status, response) in entries(value) {
            if !(status.starts_with('2') || status == "default" && answer.is_none()) {
                continue;
            }
            let Some((response, pointer)) = self.followed(response, &pointer.at(status)) else { continue };
            if let Some((media, content)) = json_media(response.get("content")) {
                let pointer = pointer.at("content").at(media).at("schema");
                let schema = content.get("schema").map(|schema| self.schema(schema, &pointer));
                return Some(Answer::Json(schema.unwrap_or(Schema::of(Shape::Any))));
            }
            if status == "default" {
                continue;
            }
            if entries(response.get("content")).next().is_some() {
                answer = Some(Answer::Bytes);
            } else {
                answer.get_or_insert(Answer::Nothing);
            }
        }
        answer
    }

    /// What stands at the end of a reference within the document, with its place.
    fn followed<'v>(&mut self, value: &'v Value, pointer: &Pointer) -> Option<(&'v Value, Pointer)>
    where
        'd: 'v,
    {
        let mut found = (value, pointer.clone());
        // References to references are rare; more than a few in a row are a circle.
        for _ in 0..8 {
            let Some(reference) = found.0.get("$ref") else { return Some(found) };
            let target = reference.as_str().and_then(Pointer::of_reference);
            let followed = target.and_then(|target| Some((self.document().at(&target)?, target)));
            let Some(next) = followed else {
                self.complain(&found.1.at("$ref"), "leads nowhere in this document; correct the reference");
                return None;
            };
            found = next;
        }
        self.complain(pointer, "is a reference that leads to itself");
        None
    }
}

/// The media type that carries JSON: by name, or any when the document leaves it open.
fn json_media(content: Option<&Value>) -> Option<(&String, &Value)> {
    let named = |media: &str| {
        let essence = media.split(';').next().unwrap_or_default().trim();
        essence == "application/json" || essence.ends_with("+json")
    };
    entries(content)
        .find(|(media, _)| named(media))
        .or_else(|| entries(content).find(|(media, _)| matches!(media.as_str(), "*/*" | "application/*")))
}

/// Path parameters that the document forgot are texts.
fn declare_path_parameters(path: &str, parameters: &mut Vec<Parameter>) {
    let Ok(names) = path_parameters(path) else { return };
    parameters.retain(|parameter| parameter.place != Place::Path || names.contains(&parameter.name));
    for name in names {
        if !parameters.iter().any(|known| known.place == Place::Path && known.name == name) {
            parameters.push(Parameter { name, place: Place::Path, required: true, schema: Schema::of(Shape::String) });
        }
    }
}
