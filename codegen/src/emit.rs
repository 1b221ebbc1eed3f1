//! The code of the kinds: what is known of each, its selector, its key, and the calls that list and fetch it.

use std::collections::BTreeSet;

use heck::{ToPascalCase, ToShoutySnakeCase, ToSnakeCase};
use indexmap::IndexMap;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use crate::client::{Builders, Form, form, plain, print};
use crate::kinds::{Field, From, Kind, Purpose, live_path};
use crate::operation::{Operation, Place};
use crate::path_struct::path_struct;
use crate::schema::Shape;
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
fn doc_text(text: &str) -> String {
    format!(" {}", plain(text))
}

/// An argument of a function that lists.
enum Argument {
    Listing,
    Parent,
    Next,
}

/// A Rust name, with an underscore where it would be a keyword.
pub(crate) fn ident(name: &str) -> Ident {
    syn::parse_str(name).unwrap_or_else(|_| Ident::new(&format!("{name}_"), Span::call_site()))
}

/// A field name in Rust.
pub(crate) fn field_ident(name: &str) -> Ident {
    let name = name.to_snake_case();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format_ident!("_{name}") } else { ident(&name) }
}

fn constant(kind: &Kind) -> Ident {
    format_ident!("{}", kind.name.value.to_shouty_snake_case())
}

fn info_name(kind: &Kind) -> Ident {
    format_ident!("{}_INFO", kind.name.value.to_shouty_snake_case())
}

fn selector_name(kind: &Kind) -> Ident {
    format_ident!("{}Selector", kind.name.value.to_pascal_case())
}

fn method(prefix: &str, kind: &Kind) -> Ident {
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
        let code = quote! {
            use schemars::JsonSchema;
            use serde::Deserialize;
            use serde_json::value::RawValue;

            use #client::{self as api, types};
            use crate::bitbucket::{CallError, Page};
            use crate::kinds::{
                Functions, Key, Kind, KeyError, KeyPart, KindInfo, Listing, Live, ObjectKey, Operation, Parent,
                Selector, SelectorError, SelectorField, call, selector,
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
        let key = self.key(kind);
        let parent = self.parent(kind);
        quote! {
            #info
            #selector
            #key
            #parent
        }
    }

    fn info(&self, kind: &Kind) -> TokenStream {
        let (constant, info, selector) = (constant(kind), info_name(kind), selector_name(kind));
        let (product, name, title, doc) = (self.product, &kind.name.value, &kind.title, plain(&kind.doc));
        let comment = doc_text(&kind.doc);
        let list = self.operation(&kind.list.value);
        let get = match &kind.get {
            Some(get) => {
                let operation = self.operation(&get.operation.value);
                quote!(Some(#operation))
            }
            None => quote!(None),
        };
        let page_size = kind.page_size;
        let each = match kind.each.as_ref().and_then(|each| self.kinds.get(&each.value)) {
            Some(parent) => {
                let parent = self::constant(parent);
                quote!(Some(#parent))
            }
            None => quote!(None),
        };
        let key = &kind.key.value;
        let fields = self.fields(kind).into_iter().map(|(_, field)| selector_field(field));
        let enrichments = self.fields(kind).into_iter().filter(|(_, field)| field.purpose == Purpose::Enrichment);
        let enrichments = enrichments.map(|(_, field)| field.name.value.as_str());
        let (upsert, delete) = (&kind.live.upsert, &kind.live.delete);
        let live_key = kind.key.value.iter().filter_map(|field| live_path(kind, field));
        let permissions = &kind.permissions;
        let schema = format!("/kinds_{product}/{name}.json");
        let key_of = method("key_of", kind);
        let parent_of = match kind.each {
            Some(_) => {
                let function = method("parent_of", kind);
                quote!(Some(#function))
            }
            None => quote!(None),
        };
        quote! {
            #[doc = #comment]
            pub const #constant: Kind = Kind::new(&#info);

            static #info: KindInfo = KindInfo {
                product: #product,
                name: #name,
                title: #title,
                doc: #doc,
                list: #list,
                get: #get,
                page_size: #page_size,
                each: #each,
                key: &[#(#key),*],
                selector: &[#(#fields),*],
                enrichments: &[#(#enrichments),*],
                live: Live { upsert: &[#(#upsert),*], delete: &[#(#delete),*], key: &[#(#live_key),*] },
                permissions: &[#(#permissions),*],
                schema: include_str!(concat!(env!("OUT_DIR"), #schema)),
                functions: Functions {
                    selector: #selector::read,
                    selector_schema: selector::schema::<#selector>,
                    key_of: #key_of,
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

    /// The selector fields of a kind with the kind that declares each, inherited ones first.
    fn fields<'k>(&'k self, kind: &'k Kind) -> Vec<(&'k Kind, &'k Field)> {
        let base = kind.extends.as_ref().and_then(|extends| self.kinds.get(&extends.value));
        let mut fields = base.map(|base| self.fields(base)).unwrap_or_default();
        fields.extend(kind.selector.iter().map(|field| (kind, field)));
        fields
    }

    fn selector(&self, kind: &Kind) -> TokenStream {
        let (name, constant) = (selector_name(kind), constant(kind));
        let doc = doc_text(&format!("What a mapping may say under `selector` for {}.", kind.name.value));
        let fields = self.fields(kind);
        let members = fields.iter().map(|(_, field)| self.member(&name, field));
        let defaults = fields.iter().filter_map(|(_, field)| default_function(field));
        let names = fields.iter().map(|(_, field)| &field.name.value);
        let enrichments = fields.iter().filter(|(_, field)| field.purpose == Purpose::Enrichment).map(|(_, field)| {
            let (name, member) = (&field.name.value, field_ident(&field.name.value));
            quote!((#name, self.#member))
        });
        let listing = self.listing(kind, kind);
        quote! {
            #[doc = #doc]
            #[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
            pub struct #name {
                /// Condition in jq; only objects for which it gives true are taken.
                pub query: String,
                #(#members)*
            }

            impl #name {
                const FIELDS: &[&str] = &["query", #(#names),*];

                #(#defaults)*

                /// The listing that gives the objects to select from.
                #[must_use]
                pub fn listing(&self) -> Listing {
                    #listing
                }

                fn read(value: &serde_json::Value) -> Result<Selector, SelectorError> {
                    let (selector, unknown) = selector::read::<Self>(#constant, Self::FIELDS, value)?;
                    let listing = selector.listing();
                    Ok(selector.finish(listing, unknown))
                }

                fn finish(self, listing: Listing, unknown: Vec<String>) -> Selector {
                    Selector::new(self.query, listing, [#(#enrichments),*], unknown)
                }
            }
        }
    }

    fn member(&self, selector: &Ident, field: &Field) -> TokenStream {
        let (name, member, doc) = (&field.name.value, field_ident(&field.name.value), doc_text(&field.doc));
        let (kind, default) = match &field.purpose {
            Purpose::Enrichment => (quote!(Vec<String>), quote!(default)),
            Purpose::Query(_) => {
                let choice = choice_name(field);
                let kind = if field.values.is_empty() { quote!(Option<String>) } else { quote!(Option<#choice>) };
                let function = format!("{selector}::default_{}", field.name.value.to_snake_case());
                let default = if field.default.is_some() { quote!(default = #function) } else { quote!(default) };
                (kind, default)
            }
        };
        quote! {
            #[doc = #doc]
            #[serde(rename = #name, #default)]
            pub #member: #kind,
        }
    }

    /// The listing of `kind` as the selector of `asked` describes it, built from its outermost parent inwards.
    fn listing(&self, kind: &Kind, asked: &Kind) -> TokenStream {
        let constant = constant(kind);
        let parent = kind.each.as_ref().and_then(|each| self.kinds.get(&each.value));
        let parents = self.ancestors(asked);
        let own = self.fields(asked).into_iter().filter(|(owner, _)| {
            // Fields inherited from a parent belong to the parent's listing, all others to that of the kind itself.
            owner.name.value == kind.name.value
                || kind.name.value == asked.name.value && !parents.contains(owner.name.value.as_str())
        });
        let parameters = own.filter_map(|(_, field)| {
            let Purpose::Query(parameter) = &field.purpose else { return None };
            let member = field_ident(&field.name.value);
            Some(if field.values.is_empty() {
                quote!(.with(#parameter, self.#member.as_deref()))
            } else {
                quote!(.with(#parameter, self.#member.map(|value| value.as_str())))
            })
        });
        let each = parent.map(|parent| {
            let parent = self.listing(parent, asked);
            quote!(.of_each(#parent))
        });
        quote!(Listing::new(#constant) #(#parameters)* #each)
    }

    fn ancestors<'k>(&'k self, kind: &'k Kind) -> BTreeSet<&'k str> {
        let mut names = BTreeSet::new();
        let mut here = kind;
        while let Some(parent) = here.each.as_ref().and_then(|each| self.kinds.get(&each.value)) {
            if !names.insert(parent.name.value.as_str()) {
                break;
            }
            here = parent;
        }
        names
    }

    /// One enum for each distinct selector field with fixed values.
    fn choices(&self) -> TokenStream {
        let mut seen = BTreeSet::new();
        let fields = self.kinds.values().flat_map(|kind| &kind.selector);
        let choices =
            fields.filter(|field| !field.values.is_empty() && seen.insert(field.name.value.clone())).map(|field| {
                let (name, doc) = (choice_name(field), doc_text(&field.doc));
                let variants: Vec<Ident> = field.values.iter().map(|value| ident(&value.to_pascal_case())).collect();
                let values = &field.values;
                let docs = values.iter().map(|value| doc_text(&format!("`{value}`")));
                quote! {
                    #[doc = #doc]
                    #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
                    pub enum #name {
                        #(
                            #[doc = #docs]
                            #[serde(rename = #values)]
                            #variants,
                        )*
                    }

                    impl #name {
                        /// As Bitbucket writes it.
                        #[must_use]
                        pub fn as_str(self) -> &'static str {
                            match self {
                                #(Self::#variants => #values,)*
                            }
                        }
                    }
                }
            });
        quote!(#(#choices)*)
    }

    /// The key of an object, read without the rest of it.
    fn key(&self, kind: &Kind) -> TokenStream {
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

    /// What a listing needs of its parent object.
    fn parent(&self, kind: &Kind) -> TokenStream {
        let Some(parent) = kind.each.as_ref().and_then(|each| self.kinds.get(&each.value)) else {
            return TokenStream::new();
        };
        let bound: Vec<(&str, String)> = kind
            .bind
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
        let next = match paging.follow {
            Follow::Link => quote!(page.#next),
            Follow::Parameter(_) => quote!(page.#next.map(|next| next.to_string())),
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

    fn source(&self) -> TokenStream {
        let settings = self.settings();
        let setting_fields = settings.iter().map(|name| {
            let (field, doc) = (field_ident(name), doc_text(&format!("The {name} that is listed.")));
            quote! {
                #[doc = #doc]
                pub #field: String,
            }
        });
        let names: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
        let firsts = self.kinds.values().map(|kind| self.list_call(kind, &quote!(None)));
        let by_link = self.spec.paging.as_ref().is_some_and(|paging| paging.follow == Follow::Link);
        let parent = if by_link { quote!(_) } else { quote!(parent) };
        let nexts = self.kinds.values().map(|kind| self.next(kind));
        let gettable: Vec<&Kind> = self.kinds.values().filter(|kind| kind.get.is_some()).collect();
        let get_names = gettable.iter().map(|kind| kind.name.value.as_str());
        let gets = gettable.iter().map(|kind| method("get", kind));
        let lists = self.kinds.values().map(|kind| self.list(kind));
        let getters = gettable.iter().map(|kind| self.get(kind));
        quote! {
            /// What of the settings bounds the listings.
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct Scope {
                #(#setting_fields)*
            }

            /// Lists and fetches the kinds of this product.
            #[derive(Debug, Clone)]
            pub struct Source {
                client: api::Client,
                scope: Scope,
            }

            impl Source {
                /// A source that asks through `client` for what is in `scope`.
                #[must_use]
                pub fn new(client: api::Client, scope: Scope) -> Self {
                    Self { client, scope }
                }

                #(#lists)*
                #(#getters)*
            }

            impl crate::kinds::Source for Source {
                fn kinds(&self) -> &'static [Kind] {
                    KINDS
                }

                async fn first_page(&self, listing: &Listing, parent: Option<&Parent>) -> Result<Page, CallError> {
                    match listing.kind().name() {
                        #(#names => #firsts,)*
                        _ => Err(call::foreign(listing.kind())),
                    }
                }

                async fn next_page(
                    &self,
                    listing: &Listing,
                    #parent: Option<&Parent>,
                    next: &str,
                ) -> Result<Page, CallError> {
                    match listing.kind().name() {
                        #(#names => #nexts,)*
                        _ => Err(call::foreign(listing.kind())),
                    }
                }

                async fn get(&self, kind: Kind, key: &ObjectKey) -> Result<Box<RawValue>, CallError> {
                    match kind.name() {
                        #(#get_names => self.#gets(key).await,)*
                        _ => Err(call::foreign(kind)),
                    }
                }
            }
        }
    }

    fn settings(&self) -> BTreeSet<&str> {
        let gets = self.kinds.values().filter_map(|kind| kind.get.as_ref()).flat_map(|get| &get.bind);
        let binds = self.kinds.values().flat_map(|kind| &kind.bind).chain(gets);
        binds
            .filter_map(|bind| match &bind.from {
                From::Setting(name) => Some(name.as_str()),
                From::Field(_) => None,
            })
            .collect()
    }

    fn next(&self, kind: &Kind) -> TokenStream {
        let operation = self.spec.operation(&kind.list.value).map(|operation| form(self.spec, operation));
        let (Some(paging), Some(Form::Page { page, .. })) = (&self.spec.paging, operation) else {
            return quote!(Err(call::foreign(listing.kind())));
        };
        let (page, operation) = (format_ident!("{page}"), &kind.list.value);
        match &paging.follow {
            Follow::Link => quote! {{
                let page: types::#page = crate::bitbucket::follow(&self.client, #operation, next).await?;
                Ok(page.into())
            }},
            Follow::Parameter(_) => self.list_call(kind, &quote!(Some(next))),
        }
    }

    fn list(&self, kind: &Kind) -> TokenStream {
        let (name, Some(operation)) = (method("list", kind), self.spec.operation(&kind.list.value)) else {
            return TokenStream::new();
        };
        let call = self.call(operation, &kind.bind, &|field| {
            let parameter = kind.bind.iter().find(|bind| bind.from == From::Field(field.to_owned()));
            let parameter = parameter.map(|bind| bind.parameter.value.as_str()).unwrap_or_default();
            quote!(parent.bound(#parameter)?)
        });
        let size = self.spec.paging.as_ref().map(|paging| {
            let (method, size) = (field_ident(&paging.size), i64::from(kind.page_size));
            quote!(.#method(#size))
        });
        let mut setters = self.queries(kind, operation);
        setters.extend(self.position(operation));
        let binding = if setters.is_empty() { quote!(let call) } else { quote!(let mut call) };
        let arguments = self.list_arguments(kind).into_iter().map(|argument| match argument {
            Argument::Listing => quote!(listing: &Listing),
            Argument::Parent => quote!(parent: &Parent),
            Argument::Next => quote!(next: Option<&str>),
        });
        quote! {
            async fn #name(&self, #(#arguments),*) -> Result<Page, CallError> {
                #binding = #call #size;
                #(#setters)*
                Ok(call.send().await?.into_inner().into())
            }
        }
    }

    /// What the function that lists a kind is given.
    fn list_arguments(&self, kind: &Kind) -> Vec<Argument> {
        let queries =
            self.spec.operation(&kind.list.value).is_some_and(|operation| !self.queries(kind, operation).is_empty());
        let next = self.spec.paging.as_ref().is_some_and(|paging| paging.follow != Follow::Link);
        let all = [(queries, Argument::Listing), (kind.each.is_some(), Argument::Parent), (next, Argument::Next)];
        all.into_iter().filter_map(|(used, argument)| used.then_some(argument)).collect()
    }

    fn list_call(&self, kind: &Kind, next: &TokenStream) -> TokenStream {
        let name = method("list", kind);
        let arguments = self.list_arguments(kind).into_iter().map(|argument| match argument {
            Argument::Listing => quote!(listing),
            Argument::Parent => quote!(call::needed(listing, parent)?),
            Argument::Next => quote!(#next),
        });
        quote!(self.#name(#(#arguments),*).await)
    }

    /// Continues at a position, for products whose pages name one instead of a link.
    fn position(&self, operation: &Operation) -> Option<TokenStream> {
        match &self.spec.paging.as_ref()?.follow {
            Follow::Link => None,
            Follow::Parameter(parameter) => {
                let (method, value) = (field_ident(parameter), self.value(operation, parameter, &quote!(next)));
                Some(quote! {
                    if let Some(next) = next {
                        call = call.#method(#value);
                    }
                })
            }
        }
    }

    /// Sets the query parameters that selectors may name.
    fn queries(&self, kind: &Kind, operation: &Operation) -> Vec<TokenStream> {
        let parents = self.ancestors(kind);
        let mut seen = BTreeSet::new();
        let fields = self.fields(kind).into_iter().filter(|(owner, _)| !parents.contains(owner.name.value.as_str()));
        fields
            .filter_map(|(_, field)| match &field.purpose {
                Purpose::Query(parameter) if seen.insert(parameter.clone()) => Some(parameter.clone()),
                _ => None,
            })
            .map(|parameter| {
                let method = field_ident(&parameter);
                let known = operation.parameters.iter().find(|known| known.name == parameter);
                if matches!(known.map(|known| &known.schema.shape), Some(Shape::Array(_))) {
                    quote! {
                        let values = listing.values(#parameter);
                        if !values.is_empty() {
                            call = call.#method(values);
                        }
                    }
                } else {
                    quote! {
                        if let Some(value) = listing.parameter(#parameter) {
                            call = call.#method(value);
                        }
                    }
                }
            })
            .collect()
    }

    fn get(&self, kind: &Kind) -> TokenStream {
        let Some(get) = &kind.get else { return TokenStream::new() };
        let Some(operation) = self.spec.operation(&get.operation.value) else { return TokenStream::new() };
        let name = method("get", kind);
        let parts: Vec<Ident> = (0..kind.key.value.len()).map(|index| self.key_part(kind, index)).collect();
        let constant = constant(kind);
        let call = self.call(operation, &get.bind, &|field| {
            let index = kind.key.value.iter().position(|known| known == field).unwrap_or_default();
            let part = self.key_part(kind, index);
            quote!(#part.as_str())
        });
        quote! {
            async fn #name(&self, key: &ObjectKey) -> Result<Box<RawValue>, CallError> {
                let [#(#parts),*] = call::parts(#constant, key)?;
                let call = #call;
                Ok(call.send().await?.into_inner().into_text())
            }
        }
    }

    /// The name of a part of the key where it is taken apart: that of the path parameter it fills, if any.
    fn key_part(&self, kind: &Kind, index: usize) -> Ident {
        let field = kind.key.value.get(index).map(String::as_str).unwrap_or_default();
        let binds = kind.get.iter().flat_map(|get| &get.bind);
        let mut bound = binds.filter(|bind| bind.from == From::Field(field.to_owned()));
        bound.next().map_or_else(|| format_ident!("_part{index}"), |bind| field_ident(&bind.parameter.value))
    }

    /// The builder call with its path parameters set.
    fn call(
        &self,
        operation: &Operation,
        bind: &[crate::kinds::Bind],
        field: &dyn Fn(&str) -> TokenStream,
    ) -> TokenStream {
        let name = field_ident(&operation.id);
        let setters = bind.iter().map(|bind| {
            let parameter = &bind.parameter.value;
            let value = match &bind.from {
                From::Setting(setting) => {
                    let setting = field_ident(setting);
                    quote!(self.scope.#setting.as_str())
                }
                From::Field(path) => field(path),
            };
            let (method, value) = (field_ident(parameter), self.value(operation, parameter, &value));
            quote!(.#method(#value))
        });
        quote!(self.client.#name() #(#setters)*)
    }

    /// A text as the value of a parameter; numbers are read from it.
    fn value(&self, operation: &Operation, parameter: &str, value: &TokenStream) -> TokenStream {
        let known = operation.parameters.iter().find(|known| known.name == parameter);
        match known.map(|known| (&known.schema.shape, known.place)) {
            Some((Shape::Integer, Place::Path | Place::Query | Place::Header)) => {
                quote!(call::number(#parameter, #value)?)
            }
            _ => quote!(#value),
        }
    }
}

fn choice_name(field: &Field) -> Ident {
    ident(&field.name.value.to_pascal_case())
}

fn selector_field(field: &Field) -> TokenStream {
    let (name, doc, values) = (&field.name.value, plain(&field.doc), &field.values);
    let default = match &field.default {
        Some(default) => quote!(Some(#default)),
        None => quote!(None),
    };
    quote!(SelectorField { name: #name, doc: #doc, default: #default, values: &[#(#values),*] })
}

fn default_function(field: &Field) -> Option<TokenStream> {
    let default = field.default.as_ref()?;
    let name = format_ident!("default_{}", field.name.value.to_snake_case());
    Some(if field.values.is_empty() {
        quote! {
            #[expect(clippy::unnecessary_wraps, reason = "serde wants the type of the field")]
            fn #name() -> Option<String> {
                Some(#default.to_owned())
            }
        }
    } else {
        let (choice, variant) = (choice_name(field), ident(&default.to_pascal_case()));
        quote! {
            #[expect(clippy::unnecessary_wraps, reason = "serde wants the type of the field")]
            fn #name() -> Option<#choice> {
                Some(#choice::#variant)
            }
        }
    })
}
