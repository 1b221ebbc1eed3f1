//! Commands and options about mappings.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::ProductName;

/// Check, test and describe mappings
#[derive(Debug, Subcommand)]
pub(crate) enum MappingCommand {
    #[command(after_help = "Examples:
  bitbucket-port mapping check
  bitbucket-port mapping check mapping.yaml --blueprints blueprints.yaml
  bitbucket-port mapping check mapping.yaml --format github

Exit codes: 0 no errors (there may be warnings), 1 errors.")]
    Check(CheckArgs),
    #[command(after_help = "Examples:
  bitbucket-port mapping schema > mapping.schema.json
  bitbucket-port mapping schema --product datacenter > mapping.schema.json")]
    Schema(SchemaArgs),
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
    #[command(after_help = "Examples:
  bitbucket-port mapping pull --identifier my-bitbucket --output mapping.yaml
  bitbucket-port mapping pull --identifier my-bitbucket | bitbucket-port mapping check -

Of the settings only those of Port are needed: OCEAN__PORT__CLIENT_ID, OCEAN__PORT__CLIENT_SECRET and, outside of \
Europe, OCEAN__PORT__BASE_URL.")]
    Pull(PullArgs),
    #[command(after_help = "Examples:
  bitbucket-port mapping push mapping.yaml --identifier my-bitbucket --dry-run
  bitbucket-port mapping push mapping.yaml --identifier my-bitbucket

Of the settings only those of Port are needed: OCEAN__PORT__CLIENT_ID, OCEAN__PORT__CLIENT_SECRET and, outside of \
Europe, OCEAN__PORT__BASE_URL.

Exit codes: 0 stored, or nothing to change; 1 refused because of errors, or Port did not take it.")]
    Push(PushArgs),
}

/// Print JSON Schema of mapping documents, for editors
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The product whose kinds it lists; by default that of the settings, else Cloud.
    #[arg(long, value_enum)]
    pub(crate) product: Option<ProductName>,
}

/// Fetch the mapping that an integration has at Port, as YAML
#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// The integration.
    #[arg(long, value_name = "ID")]
    pub(crate) identifier: String,
    /// The file to write, in place of what is in it; by default standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Check a mapping and store it as that of an integration at Port
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// The mapping document (`-`: standard input).
    pub(crate) file: PathBuf,
    /// The integration; it must exist.
    #[arg(long, value_name = "ID")]
    pub(crate) identifier: String,
    /// Only check, and show what would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Store it in spite of errors.
    #[arg(long)]
    pub(crate) force: bool,
    /// Take for an error what Port's own runtime refuses or loses.
    #[arg(long)]
    pub(crate) portable: bool,
    /// The product that it is for; by default that of the integration.
    #[arg(long, value_enum)]
    pub(crate) product: Option<ProductName>,
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
    /// The product that it is for; by default the mapping itself tells by its kinds, selectors and fields.
    #[arg(long, value_enum)]
    pub(crate) product: Option<ProductName>,
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
    /// The product whose released mapping is meant; by default that of the settings, else Cloud.
    #[arg(long, value_enum, conflicts_with = "mapping")]
    pub(crate) product: Option<ProductName>,
}
