//! What the limits cost: the default mapping's expressions for a pull request, evaluated by plain jaq with its own values
//! and without limits, and by this crate.
//!
//! `cargo bench -p bitbucket-port-jq --bench limits`

use bitbucket_port_jq::{Compiler, Environment, Input, Limits, Program};
use divan::counter::ItemsCount;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Ctx, Filter, Vars};
use jaq_json::Val;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PULL_REQUEST: &str = include_str!("../../tests/payloads/cloud/pull-request-listed.json");

const EXPRESSIONS: [&str; 13] = [
    "true",
    ".destination.repository.name + (.id | tostring)",
    ".title",
    "\"bitbucketPullRequest\"",
    ".author.display_name",
    "[.participants[].user.display_name]",
    "[.reviewers[].user.display_name]",
    ".state",
    ".created_on",
    ".updated_on",
    ".links.html.href",
    ".description",
    ".destination.repository.name",
];

type Plain = jaq_core::data::JustLut<Val>;

fn main() {
    divan::main();
}

fn plain() -> Vec<Filter<Plain>> {
    let compile = |code| {
        let arena = Arena::default();
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let modules = Loader::new(defs).load(&arena, File { code, path: () }).expect("an expression");
        let funs = jaq_core::funs::<Plain>().chain(jaq_std::funs()).chain(jaq_json::funs());
        jaq_core::Compiler::default().with_funs(funs).compile(modules).expect("an expression")
    };
    EXPRESSIONS.into_iter().map(compile).collect()
}

fn ours() -> Vec<Program> {
    let compiler = Compiler::new(Limits::default(), Environment::empty());
    EXPRESSIONS.into_iter().map(|source| compiler.compile(source).expect("an expression")).collect()
}

fn plain_input() -> Val {
    serde_json::from_str(divan::black_box(PULL_REQUEST)).expect("a payload")
}

fn our_input() -> Input {
    Input::parse(divan::black_box(PULL_REQUEST), &Limits::default()).expect("a payload")
}

fn run_plain(programs: &[Filter<Plain>], input: &Val) {
    for program in programs {
        let ctx = Ctx::<Plain>::new(&program.lut, Vars::new([]));
        // An expression that fails gives null: the payload of a listing has no participants.
        divan::black_box(program.id.run((ctx, input.clone())).next().and_then(Result::ok));
    }
}

fn run_ours(programs: &[Program], input: &Input) {
    for program in programs {
        divan::black_box(program.first(input).ok().flatten());
    }
}

/// Evaluating alone.
#[divan::bench_group(sample_size = 200, sample_count = 300)]
mod evaluate {
    use super::{ItemsCount, our_input, ours, plain, plain_input, run_ours, run_plain};

    #[divan::bench]
    fn plain_jaq(bencher: divan::Bencher<'_, '_>) {
        let (programs, input) = (plain(), plain_input());
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_plain(&programs, &input));
    }

    #[divan::bench]
    fn with_limits(bencher: divan::Bencher<'_, '_>) {
        let (programs, input) = (ours(), our_input());
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_ours(&programs, &input));
    }
}

/// From the text of an object to the outputs.
#[divan::bench_group(sample_size = 200, sample_count = 300)]
mod parse_and_evaluate {
    use super::{ItemsCount, our_input, ours, plain, plain_input, run_ours, run_plain};

    #[divan::bench]
    fn plain_jaq(bencher: divan::Bencher<'_, '_>) {
        let programs = plain();
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_plain(&programs, &plain_input()));
    }

    #[divan::bench]
    fn with_limits(bencher: divan::Bencher<'_, '_>) {
        let programs = ours();
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_ours(&programs, &our_input()));
    }
}
