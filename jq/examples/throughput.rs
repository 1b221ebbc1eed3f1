//! Objects a second for the default mapping's expressions: `cargo run --release --example throughput < object.json`

use std::io::Read as _;
use std::time::Instant;

use bitbucket_port_jq::{Compiler, Environment, Input, Limits};

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("an object on standard input");
    let limits = Limits::default();
    let compiler = Compiler::new(limits, Environment::empty());
    let programs: Vec<_> = [
        "true",
        ".destination.repository.name + (.id | tostring)",
        ".title",
        ".author.display_name",
        "[.participants[].user.display_name]",
        "[.reviewers[].user.display_name]",
        ".state",
        ".created_on",
        ".updated_on",
        ".links.html.href",
        ".destination.repository.name",
    ]
    .iter()
    .map(|source| compiler.compile(source).expect("an expression"))
    .collect();
    let (began, mut objects) = (Instant::now(), 0_u32);
    while began.elapsed().as_secs() < 3 {
        let input = Input::parse(&text, &limits).expect("an object");
        for program in &programs {
            std::hint::black_box(program.first(&input).ok().flatten().map(bitbucket_port_jq::Output::into_json));
        }
        objects += 1;
    }
    println!("{:.0} objects a second", f64::from(objects) / began.elapsed().as_secs_f64());
}
