//! How long each expression that means harm takes until it ends.
//!
//! `cargo run --release -p bitbucket-port-jq --example hostile`

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

fn main() {
    let limits = Limits::default();
    let compiler = Compiler::new(limits, Environment::empty());
    let mut slowest = (Duration::ZERO, "");
    for source in cases::CASES {
        let input = Input::parse(cases::INPUT, &limits).expect("an input");
        let began = Instant::now();
        let ended = compiler.compile(source).map(|program| {
            program.first(&input).map(|output| output.map(|output| output.into_json().to_string().len()))
        });
        let took = began.elapsed();
        println!("{took:>10.1?}  {source}  {}", format!("{ended:?}").chars().take(100).collect::<String>());
        slowest = slowest.max((took, source));
    }
    println!("{} expressions, the slowest {:.1?}: {}", cases::CASES.len(), slowest.0, slowest.1);
    println!("peak memory {}", peak().unwrap_or_else(|| "unknown".to_owned()));
}
