//! Commands and options about mappings.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Check, test and describe mappings
#[derive(Debug, Subcommand)]
pub(crate) enum MappingCommand {
    #[command(after_help = "Examples:
  bitbucket-port mapping check
  bitbucket-port mapping check mapping.yaml --blueprints blueprints.yaml
  bitbucket-port mapping check mapping.yaml --format github

Exit codes: 0 no errors (there may be warnings), 1 errors.")]
    Check(CheckArgs),
    /// Print JSON Schema of mapping documents, for editors
    Schema,
    #[command(after_help = "The folder holds:
  mapping.yaml             the mapping
  payloads/KIND.json       objects as Bitbucket sends them: one, a list, a page or JSON lines;
  payloads/KIND/NAME.json  or several files for a kind
  expected/…               what comes of each file of payloads; written by --update

Examples:
  bitbucket-port mapping test tests/mapping --update
  bitbucket-port mapping test tests/mapping

Exit codes: 0 all is as expected, 1 something differs or fails.")]
    Test(TestArgs),
}

/// Check a mapping before it runs, and report everything that is wrong with it
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The mapping document (`-`: standard input); by default the released one.
    pub(crate) file: Option<PathBuf>,
    /// Blueprints to compare with; for the released mapping by default its own.
    #[arg(long, value_name = "FILE")]
    pub(crate) blueprints: Option<PathBuf>,
    /// Report as errors what Port's own runtime refuses or loses.
    #[arg(long)]
    pub(crate) portable: bool,
}

/// Compare what a mapping makes of recorded objects with what is expected
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The folder with mapping, payloads and expected entities.
    pub(crate) dir: PathBuf,
    /// Write what comes out as what is expected.
    #[arg(long)]
    pub(crate) update: bool,
}

/// Map objects from standard input and print entities as JSON lines
#[derive(Debug, Args)]
pub(crate) struct MapArgs {
    /// The kind of the objects.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: String,
    /// The mapping document; by default the released one.
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Show the value or the failure of each expression instead.
    #[arg(long)]
    pub(crate) explain: bool,
}
