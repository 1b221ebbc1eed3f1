//! Structs that read a few dotted fields of an object and nothing else of it.

use heck::ToPascalCase;
use indexmap::IndexMap;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::emit::field_ident;

/// Structs under `name` that read `paths`, and the expression for each path on `value`.
pub(crate) fn path_struct(name: &str, paths: &[String], value: &TokenStream) -> (TokenStream, Vec<TokenStream>) {
    let mut tree = Tree::default();
    for path in paths {
        tree.insert(path);
    }
    let accesses = paths
        .iter()
        .map(|path| {
            let fields = path.split('.').map(field_ident);
            quote!(#value #(.#fields)*)
        })
        .collect();
    (tree.structs(name), accesses)
}

#[derive(Default)]
struct Tree(IndexMap<String, Tree>);

impl Tree {
    fn insert(&mut self, path: &str) {
        let (head, rest) = match path.split_once('.') {
            Some((head, rest)) => (head, Some(rest)),
            None => (path, None),
        };
        let branch = self.0.entry(head.to_owned()).or_default();
        if let Some(rest) = rest {
            branch.insert(rest);
        }
    }

    fn structs(&self, name: &str) -> TokenStream {
        let ident = format_ident!("{name}");
        let inner_name = |field: &str| format!("{name}{}", field.to_pascal_case());
        let fields = self.0.iter().map(|(field, branch)| {
            let member = field_ident(field);
            let rename = (member != field.as_str()).then(|| quote!(#[serde(rename = #field)]));
            let kind =
                if branch.0.is_empty() { format_ident!("KeyPart") } else { format_ident!("{}", inner_name(field)) };
            quote!(#rename #member: #kind,)
        });
        let inner = self
            .0
            .iter()
            .filter(|(_, branch)| !branch.0.is_empty())
            .map(|(field, branch)| branch.structs(&inner_name(field)));
        quote! {
            #[derive(Deserialize)]
            struct #ident {
                #(#fields)*
            }
            #(#inner)*
        }
    }
}
