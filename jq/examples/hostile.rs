//! How long each expression that means harm takes until it ends: by the clock, and of processor time where the system tells
//! it, which a busy machine does not blur.
//!
//! `cargo run --release --workspace --example hostile`

use std::time::{Duration, Instant};

use bitbucket_port_jq::{Compiler, Environment, Input, Limits};

#[path = "../tests/hostile/cases.rs"]
mod cases;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The peak of the resident memory, where the system tells it.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map(|peak| peak.trim().to_owned())
}

/// What this thread has taken of processor time so far.
fn processor() -> Option<Duration> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    statistics.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn main() {
    let limits = Limits::default();
    let compiler = Compiler::new(limits, Environment::empty());
    let mut slowest = (Duration::ZERO, "");
    for source in cases::CASES {
        let input = Input::parse(cases::INPUT, &limits).expect("an input");
        let (began, before) = (Instant::now(), processor());
        let ended = compiler.compile(source).map(|program| {
            program.first(&input).map(|output| output.map(|output| output.into_json().to_string().len()))
        });
        let wall = began.elapsed();
        let took = processor().zip(before).map_or(wall, |(after, before)| after.saturating_sub(before));
        println!(
            "{wall:>10.1?} {took:>10.1?}  {source}  {}",
            format!("{ended:?}").chars().take(100).collect::<String>()
        );
        slowest = slowest.max((took, source));
    }
    println!("{} expressions, the slowest {:.1?}: {}", cases::CASES.len(), slowest.0, slowest.1);
    println!("peak memory {}", peak().unwrap_or_else(|| "unknown".to_owned()));
}
