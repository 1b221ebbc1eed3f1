//! Maintenance commands: `cargo xtask …`.

mod faults;
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
    /// Run the fault matrix: the program between servers that go wrong, killed and started again
    ///
    /// Fails if an entity is wrongly deleted, something is lost, or one resync after the faults does not give the
    /// catalog of undisturbed runs. docs/reliability.md tells more.
    Faults(faults::Faults),
}

fn main() -> ExitCode {
    let ended = match Task::parse() {
        Task::Generate(generate) => generate.run(),
        Task::Faults(faults) => faults.run(),
    };
    match ended {
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
