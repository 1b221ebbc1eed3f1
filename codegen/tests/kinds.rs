//! The code of kinds: followed by link and by position, with parents, keys of several fields and selectors, listed
//! whole or within what a selector names.

use bitbucket_port_codegen::{Product, Source};

const SPEC: &str = include_str!("kinds/harbour.yaml");
const TABLE: &str = include_str!("kinds/harbour.toml");

fn generate(spec: &str) -> Vec<bitbucket_port_codegen::File> {
    let product = Product {
        name: "harbour",
        spec: Source { name: "harbour.yaml", text: spec },
        upstream: None,
        kinds: Source { name: "harbour.toml", text: TABLE },
    };
    product.generate().unwrap_or_else(|findings| panic!("{findings}"))
}

fn file(spec: &str, path: &str) -> String {
    generate(spec).into_iter().find(|file| file.path == path).unwrap().text
}

#[test]
fn kinds_that_are_followed_by_link() {
    insta::assert_snapshot!(file(SPEC, "kinds_harbour.rs"));
}

/// Only what differs: the functions that list.
#[test]
fn kinds_that_are_followed_by_position() {
    let spec = SPEC
        .replace("follow: link", "follow: { parameter: start }")
        .replace("next: { type: string }", "next: { type: integer }");
    let code = file(&spec, "kinds_harbour.rs");
    let start = code.find("impl Source {").unwrap();
    let pages = code.find("impl From<types::").unwrap();
    let scope = code.find("/// What of the settings").unwrap();
    insta::assert_snapshot!(format!("{}\n{}", &code[pages..scope], &code[start..]));
}

#[test]
fn the_schema_of_a_kind() {
    insta::assert_snapshot!(file(SPEC, "kinds_harbour/boat.json"));
}

#[test]
fn kinds_that_are_listed_within_what_a_selector_names() {
    let product = Product {
        name: "quay",
        spec: Source { name: "quay.yaml", text: include_str!("kinds/quay.yaml") },
        upstream: None,
        kinds: Source { name: "quay.toml", text: include_str!("kinds/quay.toml") },
    };
    let files = product.generate().unwrap_or_else(|findings| panic!("{findings}"));
    let text = |path: &str| files.iter().find(|file| file.path == path).unwrap().text.clone();
    insta::assert_snapshot!(text("kinds_quay.rs"));
    insta::assert_snapshot!("the_schema_of_a_kind_with_filters", text("kinds_quay/ship.json"));
}
