//! The code of selectors: what a mapping may say of a kind, and the listing that it asks for.

use std::collections::BTreeSet;

use heck::{ToPascalCase, ToSnakeCase};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::emit::{self, Emitter, constant, doc_text, field_ident, ident};
use crate::kinds::{Field, Kind, Purpose};

pub(crate) fn selector_name(kind: &Kind) -> Ident {
    format_ident!("{}Selector", kind.name.value.to_pascal_case())
}

impl Emitter<'_> {
    /// The selector fields of a kind with the kind that declares each, inherited ones first.
    pub(crate) fn fields<'k>(&'k self, kind: &'k Kind) -> Vec<(&'k Kind, &'k Field)> {
        let base = kind.extends.as_ref().and_then(|extends| self.kinds.get(&extends.value));
        let mut fields = base.map(|base| self.fields(base)).unwrap_or_default();
        fields.extend(kind.selector.iter().map(|field| (kind, field)));
        fields
    }

    pub(crate) fn selector(&self, kind: &Kind) -> TokenStream {
        let (name, constant) = (selector_name(kind), constant(kind));
        let doc = doc_text(&format!("What a mapping may say under `selector` for {}.", kind.name.value));
        let fields = self.fields(kind);
        let members = fields.iter().map(|(_, field)| Self::member(&name, field));
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

    fn member(selector: &Ident, field: &Field) -> TokenStream {
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
            Purpose::FilterSet => (quote!(std::collections::BTreeSet<String>), quote!(default)),
            Purpose::FilterPattern => (quote!(Option<Pattern>), quote!(default)),
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
        let named = kind.within.as_ref().map(|within| within.named.value.as_str());
        let parameters = own.filter_map(|(_, field)| {
            let (name, member) = (&field.name.value, field_ident(&field.name.value));
            match &field.purpose {
                Purpose::Query(parameter) if field.values.is_empty() => {
                    Some(quote!(.with(#parameter, self.#member.as_deref())))
                }
                Purpose::Query(parameter) => {
                    let choice = choice_name(field);
                    Some(quote!(.with(#parameter, self.#member.map(#choice::as_str))))
                }
                Purpose::FilterSet if named == Some(name.as_str()) => None,
                Purpose::FilterSet => Some(quote!(.with_set(#name, &self.#member))),
                Purpose::FilterPattern => Some(quote!(.with(#name, self.#member.as_ref().map(Pattern::as_str)))),
                Purpose::Enrichment => None,
            }
        });
        let within = kind.within.as_ref().and_then(|within| {
            let (parent, member) =
                (emit::constant(self.kinds.get(&within.kind.value)?), field_ident(&within.named.value));
            Some(quote!(.of_each_named(#parent, &self.#member)))
        });
        let each = parent.map(|parent| {
            let parent = self.listing(parent, asked);
            quote!(.of_each(#parent))
        });
        quote!(Listing::new(#constant) #(#parameters)* #within #each)
    }

    pub(crate) fn ancestors<'k>(&'k self, kind: &'k Kind) -> BTreeSet<&'k str> {
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
    pub(crate) fn choices(&self) -> TokenStream {
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
}

fn choice_name(field: &Field) -> Ident {
    ident(&field.name.value.to_pascal_case())
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
