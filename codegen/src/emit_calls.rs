//! The code that lists and fetches: one function per kind and call, and the dispatch to them.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::client::{Form, form};
use crate::emit::{Emitter, constant, doc_text, field_ident, method};
use crate::kinds::{Bind, From, Kind, Purpose, Within};
use crate::operation::Operation;
use crate::schema::Shape;
use crate::spec::Follow;

/// An argument of a function that lists.
enum Argument {
    Listing,
    Parent,
    Next,
}

/// The function that lists a kind within an object that a selector names.
fn within_method(kind: &Kind) -> Ident {
    format_ident!("{}_within", method("list", kind))
}

impl Emitter<'_> {
    pub(crate) fn source(&self) -> TokenStream {
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
        let parent =
            if by_link && self.kinds.values().all(|kind| kind.within.is_none()) { quote!(_) } else { quote!(parent) };
        let nexts = self.kinds.values().map(|kind| self.next(kind));
        let gettable: Vec<&Kind> = self.kinds.values().filter(|kind| kind.get.is_some()).collect();
        let get_names = gettable.iter().map(|kind| kind.name.value.as_str());
        let gets = gettable.iter().map(|kind| method("get", kind));
        let lists = self.kinds.values().map(|kind| self.list(kind));
        let getters = gettable.iter().map(|kind| self.get(kind));
        let head = if settings.is_empty() {
            quote! {
                /// Lists and fetches the kinds of this product.
                #[derive(Debug, Clone)]
                pub struct Source {
                    client: api::Client,
                }
            }
        } else {
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
            }
        };
        let new = if settings.is_empty() {
            quote! {
                /// A source that asks through `client`.
                #[must_use]
                pub fn new(client: api::Client) -> Self {
                    Self { client }
                }
            }
        } else {
            quote! {
                /// A source that asks through `client` for what is in `scope`.
                #[must_use]
                pub fn new(client: api::Client, scope: Scope) -> Self {
                    Self { client, scope }
                }
            }
        };
        quote! {
            #head

            impl Source {
                #new

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
        let within = self.kinds.values().filter_map(|kind| kind.within.as_ref()).flat_map(|within| &within.bind);
        let binds = self.kinds.values().flat_map(|kind| &kind.bind).chain(within).chain(gets);
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
        let arguments = self.list_arguments(kind);
        let usual = self.list_function(kind, &method("list", kind), &kind.list.value, &kind.bind, &arguments);
        let within = kind.within.as_ref().map(|within| {
            let arguments = self.within_arguments(kind, within);
            self.list_function(kind, &within_method(kind), &within.list.value, &within.bind, &arguments)
        });
        quote!(#usual #within)
    }

    fn list_function(
        &self,
        kind: &Kind,
        name: &Ident,
        operation: &str,
        bind: &[Bind],
        arguments: &[Argument],
    ) -> TokenStream {
        let Some(operation) = self.spec.operation(operation) else { return TokenStream::new() };
        let call = Self::call(operation, bind, &|field| {
            let parameter = bind.iter().find(|bind| bind.from == From::Field(field.to_owned()));
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
        let arguments = arguments.iter().map(|argument| match argument {
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
        self.arguments(kind, &kind.list.value, kind.each.is_some())
    }

    fn within_arguments(&self, kind: &Kind, within: &Within) -> Vec<Argument> {
        self.arguments(kind, &within.list.value, true)
    }

    fn arguments(&self, kind: &Kind, operation: &str, parent: bool) -> Vec<Argument> {
        let queries = self.spec.operation(operation).is_some_and(|operation| !self.queries(kind, operation).is_empty());
        let next = self.spec.paging.as_ref().is_some_and(|paging| paging.follow != Follow::Link);
        let all = [(queries, Argument::Listing), (parent, Argument::Parent), (next, Argument::Next)];
        all.into_iter().filter_map(|(used, argument)| used.then_some(argument)).collect()
    }

    fn list_call(&self, kind: &Kind, next: &TokenStream) -> TokenStream {
        let call = |name: Ident, arguments: Vec<Argument>, parent: TokenStream| {
            let arguments = arguments.into_iter().map(|argument| match argument {
                Argument::Listing => quote!(listing),
                Argument::Parent => parent.clone(),
                Argument::Next => quote!(#next),
            });
            quote!(self.#name(#(#arguments),*).await)
        };
        let usual = call(method("list", kind), self.list_arguments(kind), quote!(call::needed(listing, parent)?));
        let Some(within) = &kind.within else { return usual };
        let within = call(within_method(kind), self.within_arguments(kind, within), quote!(parent));
        quote! {
            match parent {
                Some(parent) => #within,
                None => #usual,
            }
        }
    }

    /// Continues at a position, for products whose pages name one instead of a link.
    fn position(&self, operation: &Operation) -> Option<TokenStream> {
        match &self.spec.paging.as_ref()?.follow {
            Follow::Link => None,
            Follow::Parameter(parameter) => {
                let (method, value) = (field_ident(parameter), Self::value(operation, parameter, &quote!(next)));
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
            .filter(|parameter| operation.parameters.iter().any(|known| known.name == *parameter))
            .map(|parameter| {
                let method = field_ident(&parameter);
                let known = operation.parameters.iter().find(|known| known.name == parameter);
                let is_list = matches!(known.map(|known| &known.schema.shape), Some(Shape::Array(_)));
                let value = if is_list { quote!(vec![value.to_owned()]) } else { quote!(value) };
                quote! {
                    if let Some(value) = listing.parameter(#parameter) {
                        call = call.#method(#value);
                    }
                }
            })
            .collect()
    }

    fn get(&self, kind: &Kind) -> TokenStream {
        let Some(get) = &kind.get else { return TokenStream::new() };
        let Some(operation) = self.spec.operation(&get.operation.value) else { return TokenStream::new() };
        let name = method("get", kind);
        let parts: Vec<Ident> = (0..kind.key.value.len()).map(|index| Self::key_part(kind, index)).collect();
        let constant = constant(kind);
        let call = Self::call(operation, &get.bind, &|field| {
            let index = kind.key.value.iter().position(|known| known == field).unwrap_or_default();
            let part = Self::key_part(kind, index);
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
    fn key_part(kind: &Kind, index: usize) -> Ident {
        let field = kind.key.value.get(index).map(String::as_str).unwrap_or_default();
        let binds = kind.get.iter().flat_map(|get| &get.bind);
        let mut bound = binds.filter(|bind| bind.from == From::Field(field.to_owned()));
        bound.next().map_or_else(|| format_ident!("_part{index}"), |bind| field_ident(&bind.parameter.value))
    }

    /// The builder call with its path parameters set.
    fn call(operation: &Operation, bind: &[Bind], field: &dyn Fn(&str) -> TokenStream) -> TokenStream {
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
            let (method, value) = (field_ident(parameter), Self::value(operation, parameter, &value));
            quote!(.#method(#value))
        });
        quote!(self.client.#name() #(#setters)*)
    }

    /// A text as the value of a parameter; numbers are read from it.
    fn value(operation: &Operation, parameter: &str, value: &TokenStream) -> TokenStream {
        let known = operation.parameters.iter().find(|known| known.name == parameter);
        if matches!(known.map(|known| &known.schema.shape), Some(Shape::Integer)) {
            quote!(call::number(#parameter, #value)?)
        } else {
            quote!(#value)
        }
    }
}
