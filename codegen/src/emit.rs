//! The code of the kinds: what is known of each, its selector, its key, and the calls that list and fetch it.

use std::collections::BTreeSet;

use heck::{ToPascalCase, ToShoutySnakeCase, ToSnakeCase};
use indexmap::IndexMap;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

use crate::client::{Builders, Form, form, plain, print};
use crate::emit_selector::selector_name;
use crate::kinds::{Field, From, Kind, Purpose, live_path};
use crate::path_struct::path_struct;
use crate::spec::{Follow, Spec};

/// The kinds of a product on their way into code.
pub(crate) struct Emitter<'e> {
    pub(crate) product: &'e str,
    pub(crate) spec: &'e Spec,
    pub(crate) kinds: &'e IndexMap<String, Kind>,
    /// Path of the module that holds the generated client.
    pub(crate) module: &'e str,
}

/// The text of a doc comment.
pub(crate) fn doc_text(text: &str) -> String {
    format!(" {}", plain(text))
}

/// `Some` or `None` as code.
fn optional(value: Option<impl ToTokens>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

/// The fields of an object that stay the same over a rename or a move, where the table names any.
fn stable_fields(kind: &Kind) -> Option<&[String]> {
    kind.stable.as_ref().map(|stable| stable.value.as_slice())
}

/// A Rust name, with an underscore where it would be a keyword, and in the place of what names cannot hold.
pub(crate) fn ident(name: &str) -> Ident {
    syn::parse_str(name).unwrap_or_else(|_| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let plain: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
        let digit = if plain.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
        Ident::new(&format!("{digit}{plain}_"), Span::call_site())
    })
}

/// A field name in Rust.
pub(crate) fn field_ident(name: &str) -> Ident {
    let name = name.to_snake_case();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format_ident!("_{name}") } else { ident(&name) }
}

pub(crate) fn constant(kind: &Kind) -> Ident {
    format_ident!("{}", kind.name.value.to_shouty_snake_case())
}

fn info_name(kind: &Kind) -> Ident {
    format_ident!("{}_INFO", kind.name.value.to_shouty_snake_case())
}

pub(crate) fn method(prefix: &str, kind: &Kind) -> Ident {
    format_ident!("{prefix}_{}", kind.name.value.to_snake_case())
}

impl Emitter<'_> {
    /// The module's code.
    pub(crate) fn emit(&self) -> Result<String, String> {
        let client: TokenStream = self.module.parse().map_err(|_| format!("`{}` is no module path", self.module))?;
        let all = self.kinds.values().map(constant);
        let kinds = self.kinds.values().map(|kind| self.kind(kind));
        let choices = self.choices();
        let pages = self.pages();
        let source = self.source();
        let fields = || self.kinds.values().flat_map(|kind| &kind.selector);
        let pattern = fields().any(|field| field.purpose == Purpose::FilterPattern).then(|| quote!(Pattern,));
        let code = quote! {
            use schemars::JsonSchema;
            use serde::Deserialize;
            use serde_json::value::RawValue;

            use #client::{self as api, types};
            use crate::bitbucket::{CallError, Page};
        use crate::kinds::{
                Functions, Key, Kind, KeyError, KeyPart, KindInfo, Listing, Live, ObjectKey, Operation, Parent,
                #pattern Selector, SelectorError, SelectorField, call, selector,
            };

            /// All kinds of this product, parents first where the table has them so.
            pub static KINDS: &[Kind] = &[#(#all),*];

            #(#kinds)*
            #choices
            #pages
            #source
        };
        print(code, Builders::Kept)
    }

    fn kind(&self, kind: &Kind) -> TokenStream {
        let info = self.info(kind);
        let selector = self.selector(kind);
        let key = Self::key(kind);
        let stable = Self::stable(kind);
        let parent = self.parent(kind);
        quote! {
            #info
            #selector
            #key
            #stable
            #parent
        }
    }

    fn info(&self, kind: &Kind) -> TokenStream {
        let (name_of, info, selector) = (constant(kind), info_name(kind), selector_name(kind));
        let (product, name, title, doc) = (self.product, &kind.name.value, &kind.title, plain(&kind.doc));
        let comment = doc_text(&kind.doc);
        let list = self.operation(&kind.list.value);
        let get = optional(kind.get.as_ref().map(|get| self.operation(&get.operation.value)));
        let page_size = kind.page_size;
        let each = optional(kind.each.as_ref().and_then(|each| self.kinds.get(&each.value)).map(constant));
        let within = kind.within.as_ref().and_then(|within| self.kinds.get(&within.kind.value));
        let within = optional(within.map(constant));
        let key = &kind.key.value;
        let fields = self.fields(kind).into_iter().map(|(_, field)| selector_field(field));
        let enrichments = self.fields(kind).into_iter().filter(|(_, field)| field.purpose == Purpose::Enrichment);
        let enrichments = enrichments.map(|(_, field)| field.name.value.as_str());
        let (upsert, delete) = (&kind.live.upsert, &kind.live.delete);
        let live_key = kind.key.value.iter().filter_map(|field| live_path(kind, field));
        let (permissions, extras) = (&kind.permissions, &kind.extras);
        let schema = format!("/kinds_{product}/{name}.json");
        let key_of = method("key_of", kind);
        let stable_of = optional(stable_fields(kind).map(|_| method("stable_of", kind)));
        let parent_of = optional(kind.parent().map(|_| method("parent_of", kind)));
        quote! {
            #[doc = #comment]
            pub const #name_of: Kind = Kind::new(&#info);

            static #info: KindInfo = KindInfo {
                product: #product,
                name: #name,
                title: #title,
                doc: #doc,
                list: #list,
                get: #get,
                page_size: #page_size,
                each: #each,
                within: #within,
                key: &[#(#key),*],
                selector: &[#(#fields),*],
                enrichments: &[#(#enrichments),*],
                live: Live { upsert: &[#(#upsert),*], delete: &[#(#delete),*], key: &[#(#live_key),*] },
                permissions: &[#(#permissions),*],
                extras: &[#(#extras),*],
                schema: include_str!(concat!(env!("OUT_DIR"), #schema)),
                functions: Functions {
                    selector: #selector::read,
                    selector_schema: selector::schema::<#selector>,
                    key_of: #key_of,
                    stable_of: #stable_of,
                    parent_of: #parent_of,
                },
            };
        }
    }

    fn operation(&self, id: &str) -> TokenStream {
        let (method, path) = match self.spec.operation(id) {
            Some(operation) => (operation.method.to_uppercase(), operation.path.as_str()),
            None => (String::new(), ""),
        };
        quote!(Operation { id: #id, method: #method, path: #path })
    }

    /// The key of an object, read without the rest of it.
    fn key(kind: &Kind) -> TokenStream {
        let name = format!("{}Key", kind.name.value.to_pascal_case());
        let (structs, accesses) = path_struct(&name, &kind.key.value, &quote!(key));
        let (name, function, constant) = (format_ident!("{name}"), method("key_of", kind), constant(kind));
        quote! {
            #structs

            fn #function(raw: &str) -> Result<ObjectKey, KeyError> {
                let key: #name = Key::read(#constant, raw)?;
                Ok(ObjectKey::new([#(#accesses.as_str()),*]))
            }
        }
    }

    /// What of an object stays the same over a rename or a move, read without the rest of it.
    fn stable(kind: &Kind) -> TokenStream {
        let Some(fields) = stable_fields(kind) else { return TokenStream::new() };
        let name = format!("{}Stable", kind.name.value.to_pascal_case());
        let (structs, accesses) = path_struct(&name, fields, &quote!(stable));
        let (name, function, constant) = (format_ident!("{name}"), method("stable_of", kind), constant(kind));
        quote! {
            #structs

            fn #function(raw: &str) -> Result<ObjectKey, KeyError> {
                let stable: #name = Key::read(#constant, raw)?;
                Ok(ObjectKey::new([#(#accesses.as_str()),*]))
            }
        }
    }

    /// What a listing needs of its parent object.
    fn parent(&self, kind: &Kind) -> TokenStream {
        let Some(parent) = kind.parent().and_then(|parent| self.kinds.get(&parent.value)) else {
            return TokenStream::new();
        };
        let bound: Vec<(&str, String)> = kind
            .parent_bind()
            .iter()
            .filter_map(|bind| match &bind.from {
                From::Field(path) => Some((bind.parameter.value.as_str(), path.split_once('.')?.1.to_owned())),
                From::Setting(_) => None,
            })
            .collect();
        let paths: Vec<String> = bound.iter().map(|(_, path)| path.clone()).collect();
        let names = bound.iter().map(|(name, _)| name);
        let name = format!("{}Parent", kind.name.value.to_pascal_case());
        let (structs, accesses) = path_struct(&name, &paths, &quote!(parent));
        let name = format_ident!("{name}");
        let (function, key_of, parent) = (method("parent_of", kind), method("key_of", parent), constant(parent));
        quote! {
            #structs

            fn #function(raw: &str) -> Result<Parent, KeyError> {
                let parent: #name = Key::read(#parent, raw)?;
                Ok(Parent::new(#key_of(raw)?, [#((#names, #accesses.into_string())),*]))
            }
        }
    }

    /// Typed pages become pages of raw objects.
    fn pages(&self) -> TokenStream {
        let mut seen = BTreeSet::new();
        let Some(paging) = &self.spec.paging else { return TokenStream::new() };
        let (values, next) = (field_ident(&paging.values), field_ident(&paging.next));
        let last = paging.last.as_deref().map(field_ident);
        let next = match (&paging.follow, last) {
            (Follow::Link, _) => quote!(page.#next),
            (Follow::Parameter(_), None) => quote!(page.#next.map(|next| next.to_string())),
            (Follow::Parameter(_), Some(last)) => quote!(call::position(page.#last, page.#next)),
        };
        let pages = self.kinds.values().filter_map(|kind| {
            let Form::Page { page, .. } = form(self.spec, self.spec.operation(&kind.list.value)?) else { return None };
            if !seen.insert(page.clone()) {
                return None;
            }
            let page = format_ident!("{page}");
            Some(quote! {
                impl From<types::#page> for Page {
                    fn from(page: types::#page) -> Self {
                        Self {
                            values: page.#values.into_iter().map(crate::bitbucket::Raw::into_text).collect(),
                            next: #next,
                        }
                    }
                }
            })
        });
        quote!(#(#pages)*)
    }
}

fn selector_field(field: &Field) -> TokenStream {
    let (name, doc, values) = (&field.name.value, plain(&field.doc), &field.values);
    let default = optional(field.default.as_ref());
    quote!(SelectorField { name: #name, doc: #doc, default: #default, values: &[#(#values),*] })
}

#[cfg(test)]
mod tests {
    use super::{Ident, ident};

    #[test]
    fn any_text_becomes_a_name() {
        for (text, name) in [("size", "size"), ("type", "type_"), ("ø_\u{109CF}xt", "___xt_"), ("1a-b", "_1a_b_")] {
            assert_eq!(ident(text).to_string(), name);
            assert!(syn::parse_str::<Ident>(&ident(text).to_string()).is_ok());
        }
    }
}
