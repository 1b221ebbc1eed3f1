//! The client: the merged operations as an OpenAPI document that progenitor takes, and what it makes of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use heck::{ToPascalCase, ToSnakeCase};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use serde_json::{Map, Value, json};
use syn::{Attribute, Expr, ExprLit, Fields, ImplItem, Item, Lit, Meta};

use crate::operation::{Answer, Operation, Parameter, Place};
use crate::schema::{Schema, Shape};
use crate::spec::Spec;

/// How the answer of an operation looks to its callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    Nothing,
    Bytes,
    /// A page whose objects are kept raw; the type of the page and of its objects.
    Page {
        page: String,
        item: String,
    },
    /// One object kept raw; the type of its view.
    Raw {
        item: String,
    },
    /// Decoded at once.
    Typed,
}

/// The form of an operation's answer.
pub(crate) fn form(spec: &Spec, operation: &Operation) -> Form {
    let schema = match &operation.answer {
        None | Some(Answer::Nothing) => return Form::Nothing,
        Some(Answer::Bytes) => return Form::Bytes,
        Some(Answer::Json(schema)) => schema,
    };
    if let Some(items) = spec.page_items(schema) {
        let item = match &items.shape {
            Shape::Reference(name) => type_name(name),
            _ => type_name(&format!("{}Item", operation.id)),
        };
        return Form::Page { page: format!("{item}Page"), item };
    }
    match &schema.shape {
        Shape::Reference(name) if !operation.typed && is_object(spec, schema) => Form::Raw { item: type_name(name) },
        _ => Form::Typed,
    }
}

fn is_object(spec: &Spec, schema: &Schema) -> bool {
    spec.resolved(schema).is_some_and(|schema| matches!(schema.shape, Shape::Object(_)))
}

/// The Rust type that stands for a component schema.
pub(crate) fn type_name(schema: &str) -> String {
    let name = schema.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_pascal_case();
    match name.chars().next() {
        None => "Unnamed".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("N{name}"),
        Some(_) if name == "Self" => "SelfObject".to_owned(),
        Some(_) => name,
    }
}

/// The OpenAPI document for progenitor, with the names of the types it keeps raw.
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
    fn inline(&mut self, schema: &Schema, properties: &indexmap::IndexMap<String, Schema>, name: &str) -> String {
        let form = form_of(schema);
        if let Some(known) = self.by_form.get(&form) {
            return known.clone();
        }
        let free = std::iter::once(name.to_owned())
            .chain((2_u32..).map(|number| format!("{name}{number}")))
            .find(|candidate| !self.taken.contains(candidate));
        let name = free.unwrap_or_else(|| name.to_owned());
        self.taken.insert(name.clone());
        self.by_form.insert(form, name.clone());
        let lowered = self.object(properties, schema, &name);
        self.components.insert(name.clone(), lowered);
        name
    }

    /// Nothing is required and everything may be null.
    fn object(&mut self, properties: &indexmap::IndexMap<String, Schema>, schema: &Schema, name: &str) -> Value {
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
            Form::Page { page, item } => self.page(operation, page, item),
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
    fn page(&mut self, operation: &Operation, page: String, item: String) -> Value {
        let answer = match &operation.answer {
            Some(Answer::Json(schema)) => self.spec.resolved(schema),
            _ => None,
        };
        if let (false, Some(Shape::Object(properties)), Some(paging)) =
            (self.components.contains_key(&page), answer.map(|schema| &schema.shape), &self.spec.paging)
        {
            if let Some(Schema { shape: Shape::Array(items), .. }) = properties.get(&paging.values)
                && let Shape::Object(fields) = &items.shape
            {
                let lowered = self.object(fields, items, &item);
                self.components.insert(item.clone(), lowered);
            }
            let values = json!({ "type": "array", "items": self.raw(&item) });
            let envelope = Schema { description: None, ..Schema::of(Shape::Any) };
            let mut lowered = self.object(properties, &envelope, &page);
            if let Some(fields) = lowered.get_mut("properties").and_then(Value::as_object_mut) {
                fields.insert(paging.values.clone(), values);
            }
            lowered["required"] = json!([paging.values]);
            self.components.insert(page.clone(), lowered);
        }
        reference(&page)
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

/// One line of text that can be a doc comment: no code block, no link that could break.
pub(crate) fn plain(text: &str) -> String {
    let text = text.replace("```", "").replace("~~~", "").replace(['[', ']', '<', '>'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The code of the client. `module` is the path of the module it is included in.
pub(crate) fn generate(spec: &Spec, module: &str) -> Result<String, String> {
    let lowered = lower(spec);
    let document = serde_json::from_value(lowered.document).map_err(|error| error.to_string())?;
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type("crate::bitbucket::Transport".parse().map_err(|_| "inner type".to_owned())?);
    for (raw, view) in &lowered.raw {
        settings.with_replacement(raw, format!("crate::bitbucket::Raw<{module}::types::{view}>"), std::iter::empty());
    }
    // progenitor and typify assert what they take for granted; nothing of that may end a build in a panic.
    let made = catch_unwind(AssertUnwindSafe(|| {
        Generator::new(&settings).generate_tokens(&document).map_err(|error| error.to_string())
    }));
    let tokens = made.unwrap_or_else(|panic| Err(panic_text(panic.as_ref())))?;
    let builders = spec.operations.iter().any(|operation| operation.body.is_some());
    Ok(with_own_ids(spec, print(tokens, if builders { Builders::Kept } else { Builders::Left })?))
}

/// progenitor tells the hooks operation ids in snake case; ours are told as the description has them.
fn with_own_ids(spec: &Spec, mut code: String) -> String {
    for operation in &spec.operations {
        let theirs = format!("operation_id: {:?}", operation.id.to_snake_case());
        code = code.replace(&theirs, &format!("operation_id: {:?}", operation.id));
    }
    code
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("progenitor gave up: {}", text.unwrap_or("without a reason"))
}

/// Formats generated code, without the JSON schemas that typify repeats in its documentation.
pub(crate) fn print(tokens: TokenStream, builders: Builders) -> Result<String, String> {
    let mut file: syn::File =
        syn::parse2(tokens).map_err(|error| format!("the generated code does not parse: {error}"))?;
    shorten(&mut file.items, builders);
    Ok(spaced(&prettyplease::unparse(&file)))
}

/// An empty line after each item, which the printer does not leave.
fn spaced(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut lines = code.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let ends_item = matches!(line, "}" | "};" | "    }");
        if ends_item && lines.peek().is_some_and(|next| !next.trim().is_empty() && !next.trim_start().starts_with('}'))
        {
            out.push('\n');
        }
    }
    out
}

/// Whether the builders of types are of use: only for bodies that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builders {
    Kept,
    Left,
}

fn shorten(items: &mut Vec<Item>, builders: Builders) {
    for item in items {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content {
                    if module.ident == "types" && builders == Builders::Left {
                        items.retain(|item| !is_builder(item));
                    }
                    shorten(items, builders);
                }
            }
            Item::Struct(item) => {
                item.attrs.retain_mut(keep_short);
                if let Fields::Named(fields) = &mut item.fields {
                    fields.named.iter_mut().for_each(|field| field.attrs.retain_mut(keep_short));
                }
            }
            Item::Enum(item) => item.attrs.retain_mut(keep_short),
            _ => {}
        }
    }
}

/// The module of builders, the error that only they give, or the function that makes one.
fn is_builder(item: &Item) -> bool {
    match item {
        Item::Mod(module) => module.ident == "builder" || module.ident == "error",
        Item::Impl(item) => {
            item.trait_.is_none()
                && matches!(item.items.as_slice(), [ImplItem::Fn(function)] if function.sig.ident == "builder")
        }
        _ => false,
    }
}

/// Cuts a doc attribute before its folded schema; false when nothing is left of it.
fn keep_short(attribute: &mut Attribute) -> bool {
    let Meta::NameValue(meta) = &mut attribute.meta else { return true };
    if !meta.path.is_ident("doc") {
        return true;
    }
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &mut meta.value else { return true };
    let Some((before, _)) = text.value().split_once("<details>").map(|(a, b)| (a.trim_end().to_owned(), b.len()))
    else {
        return true;
    };
    *text = syn::LitStr::new(&before, text.span());
    !before.trim_matches(['`', ' ']).is_empty()
}
