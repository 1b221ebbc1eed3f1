//! Maintenance commands: `cargo xtask …`.

mod generate;

use std::process::ExitCode;

use clap::Parser;

/// Maintenance of bitbucket-port.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
enum Task {
    /// Generate the code of a product into a folder, to read it or to compare it
    ///
    /// With --upstream, as a build with that description of Atlassian's would: everything that cannot be used is
    /// listed with its place.
    Generate(generate::Generate),
}

fn main() -> ExitCode {
    let Task::Generate(generate) = Task::parse();
    match generate.run() {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
