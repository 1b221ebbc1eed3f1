//! What the limits cost: expressions of mappings for a pull request, evaluated by plain jaq without limits and by this
//! crate.
//!
//! Plain jaq is what one would take without this crate: jaq-core with the definitions and natives of jaq-std and
//! jaq-json, its values (`jaq_json::Val`) read straight from the text by `serde_json`, each expression compiled once.
//!
//! `cargo bench --workspace --bench limits`

use bitbucket_port_jq::{Compiler, Environment, Input, Limits, Program};
use divan::counter::ItemsCount;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Ctx, Filter, Vars};
use jaq_json::Val;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PULL_REQUEST: &str = include_str!("../../tests/payloads/cloud/pull-request-listed.json");

/// The default mapping's expressions for a pull request.
const DEFAULT: &[&str] = &[
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

/// Expressions that this crate cannot evaluate without the engine, so that its shortcuts for paths and constants do not
/// hide what the limits cost.
const COMPUTED: &[&str] = &[
    ".destination.repository.name + (.id | tostring)",
    "[.participants[]?.user.display_name]",
    "[.reviewers[].user.display_name]",
    ".state == \"OPEN\"",
    "if .state == \"MERGED\" then .updated_on else null end",
    ".description // \"\"",
    "\"\\(.id): \\(.title)\"",
    ".links.html.href | split(\"/\") | .[3]",
    "[.reviewers[] | select(.type == \"user\") | .uuid] | length",
    ".title | ascii_downcase | startswith(\"draft\")",
    ".reviewers | map(.display_name) | join(\", \")",
    "{url: .links.html.href, branch: .source.branch.name}",
    "[.reviewers[], .author] | map(.uuid) | sort | first",
];

type Plain = jaq_core::data::JustLut<Val>;

fn main() {
    divan::main();
}

fn plain(expressions: &[&str]) -> Vec<Filter<Plain>> {
    let compile = |code| {
        let arena = Arena::default();
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let modules = Loader::new(defs).load(&arena, File { code, path: () }).expect("an expression");
        let funs = jaq_core::funs::<Plain>().chain(jaq_std::funs()).chain(jaq_json::funs());
        jaq_core::Compiler::default().with_funs(funs).compile(modules).expect("an expression")
    };
    expressions.iter().copied().map(compile).collect()
}

fn ours(expressions: &[&str]) -> Vec<Program> {
    let compiler = Compiler::new(Limits::default(), Environment::empty());
    expressions.iter().map(|source| compiler.compile(source).expect("an expression")).collect()
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
    use super::{DEFAULT, ItemsCount, our_input, ours, plain, plain_input, run_ours, run_plain};

    #[divan::bench]
    fn plain_jaq(bencher: divan::Bencher<'_, '_>) {
        let (programs, input) = (plain(DEFAULT), plain_input());
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_plain(&programs, &input));
    }

    #[divan::bench]
    fn with_limits(bencher: divan::Bencher<'_, '_>) {
        let (programs, input) = (ours(DEFAULT), our_input());
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_ours(&programs, &input));
    }
}

/// Evaluating alone, what needs the engine.
#[divan::bench_group(sample_size = 200, sample_count = 300)]
mod evaluate_computed {
    use super::{COMPUTED, ItemsCount, our_input, ours, plain, plain_input, run_ours, run_plain};

    #[divan::bench]
    fn plain_jaq(bencher: divan::Bencher<'_, '_>) {
        let (programs, input) = (plain(COMPUTED), plain_input());
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_plain(&programs, &input));
    }

    #[divan::bench]
    fn with_limits(bencher: divan::Bencher<'_, '_>) {
        let (programs, input) = (ours(COMPUTED), our_input());
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_ours(&programs, &input));
    }
}

/// From the text of an object to the outputs.
#[divan::bench_group(sample_size = 200, sample_count = 300)]
mod parse_and_evaluate {
    use super::{DEFAULT, ItemsCount, our_input, ours, plain, plain_input, run_ours, run_plain};

    #[divan::bench]
    fn plain_jaq(bencher: divan::Bencher<'_, '_>) {
        let programs = plain(DEFAULT);
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_plain(&programs, &plain_input()));
    }

    #[divan::bench]
    fn with_limits(bencher: divan::Bencher<'_, '_>) {
        let programs = ours(DEFAULT);
        bencher.counter(ItemsCount::new(1_usize)).bench_local(|| run_ours(&programs, &our_input()));
    }
}
