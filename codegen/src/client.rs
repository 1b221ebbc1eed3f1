//! The client: the form that each answer takes, and the code that progenitor makes of the merged operations.

use std::panic::{AssertUnwindSafe, catch_unwind};

use heck::{ToPascalCase, ToSnakeCase};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use syn::{Attribute, Expr, ExprLit, Fields, ImplItem, Item, Lit, Meta};

use crate::lower::lower;
use crate::operation::{Answer, Operation};
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
