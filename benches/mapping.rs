//! How many pull requests a core maps: raw text to entity, with the default mapping.
//!
//! `cargo bench --bench mapping`

use std::sync::Arc;

use bitbucket_port::mapping::{CLOUD_DEFAULT, Document, Mapping, Outcome, Resource};
use bitbucket_port_jq::{Compiler, Environment, Input, Limits};
use divan::counter::{BytesCount, ItemsCount};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PULL_REQUEST: &str = include_str!("../tests/payloads/cloud/pull-request-listed.json");
const REPOSITORY: &str = include_str!("../tests/payloads/cloud/repository.json");

fn main() {
    divan::main();
}

fn resource(kind: &str) -> Arc<Resource> {
    let document = Document::parse(CLOUD_DEFAULT.mapping).expect("the released mapping");
    let mapping = Mapping::compile(document, &Compiler::new(Limits::default(), Environment::empty()));
    let found = mapping.resources.iter().find(|resource| resource.kind == kind);
    Arc::clone(found.expect("the released mapping has the kind"))
}

fn map(bencher: divan::Bencher<'_, '_>, kind: &str, text: &str) {
    let resource = resource(kind);
    let limits = Limits::default();
    bencher.counter(ItemsCount::new(1_usize)).counter(BytesCount::of_str(text)).bench_local(|| {
        let input = Input::parse(divan::black_box(text), &limits).expect("a payload");
        let mapped = resource.map(input);
        assert!(matches!(mapped.outcomes[0], Outcome::Entity(_)));
        mapped
    });
}

#[divan::bench]
fn pull_request(bencher: divan::Bencher<'_, '_>) {
    map(bencher, "pull-request", PULL_REQUEST);
}

#[divan::bench]
fn repository(bencher: divan::Bencher<'_, '_>) {
    map(bencher, "repository", REPOSITORY);
}

/// Reading the text alone: most of the work.
#[divan::bench]
fn parse_only(bencher: divan::Bencher<'_, '_>) {
    let limits = Limits::default();
    bencher
        .counter(ItemsCount::new(1_usize))
        .counter(BytesCount::of_str(PULL_REQUEST))
        .bench_local(|| Input::parse(divan::black_box(PULL_REQUEST), &limits).expect("a payload"));
}
