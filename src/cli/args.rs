//! Commands and options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    not done: settings, mapping, credentials, a file or a service is at fault
  2    the resync ended, but incomplete (the summary says what is missing)
  64   the command line is wrong
  130  interrupted

Settings come from OCEAN__… variables, `.env`, `config.yaml` and options, the later named ones winning \
in reverse order; see docs/settings.md.";

/// Keeps a software catalog true to what is in Bitbucket.
#[derive(Debug, Parser)]
#[command(name = "bitbucket-port", version, about, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Say more (-v: what is done, -vv: every request).
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print nothing but the result and errors.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences.
    Human,
    /// One JSON document on standard output.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(after_help = "Examples:
  bitbucket-port demo
  bitbucket-port demo --repositories 200 --pull-requests 20")]
    Demo(DemoArgs),
    #[command(after_help = "Examples:
  A public workspace into a file:
    bitbucket-port resync --workspace acme --catalog sqlite:acme.db
  With a workspace token from a file, your own mapping, and changes printed as JSON lines:
    bitbucket-port resync --workspace acme --token-file token.txt --mapping mapping.yaml --catalog jsonl:-
  Into Port, for the integration `my-bitbucket` (OCEAN__PORT__CLIENT_ID and OCEAN__PORT__CLIENT_SECRET are set):
    bitbucket-port resync --workspace acme --catalog port --identifier my-bitbucket
  A Bitbucket Data Center of your own, with an HTTP access token from a file:
    bitbucket-port resync --server https://bitbucket.example.com --token-file token.txt
  Only one repository and its pull requests (deletes nothing):
    bitbucket-port resync --workspace acme --repo website

Credentials come from the environment (OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE_TOKEN, or \
…__BITBUCKET_USER_EMAIL with …__BITBUCKET_USER_SCOPED_TOKEN), from config.yaml or from --token-file; \
never as the value of an option, where every user of the machine could read them.")]
    Resync(ResyncArgs),
    #[command(after_help = "Examples:
  bitbucket-port kinds
  bitbucket-port kinds pull-request --product datacenter
  bitbucket-port kinds --format json")]
    Kinds(KindsArgs),
}

/// Show the whole way on invented data: no network, no account
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many repositories the invented workspace has.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) repositories: u32,
    /// How many pull requests each repository has.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub(crate) pull_requests: u32,
    /// The catalog file to write; by default a new one in the folder for temporary files.
    #[arg(long, value_name = "PATH")]
    pub(crate) catalog: Option<PathBuf>,
}

/// Read everything from Bitbucket once and bring the catalog up to date
#[derive(Debug, Args)]
pub(crate) struct ResyncArgs {
    /// The Bitbucket Cloud workspace (its slug or UUID).
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// The address of a Bitbucket Data Center, with its context path.
    #[arg(long, value_name = "URL", conflicts_with_all = ["workspace", "bitbucket_url"])]
    pub(crate) server: Option<String>,
    /// Where entities go: `sqlite:PATH` keeps a catalog, `jsonl:PATH` (`-`: standard output) logs changes,
    /// `port` writes to Port.
    #[arg(long, value_name = "CATALOG", default_value = "sqlite:catalog.db")]
    pub(crate) catalog: String,
    /// The mapping document: a file, or `port:ID` for the one that an integration has at Port; by default the
    /// released one, or with `--catalog port` the integration's own.
    #[arg(long, value_name = "FILE|port:ID")]
    pub(crate) mapping: Option<PathBuf>,
    /// Blueprints to create where they are missing; by default those of the released mapping.
    #[arg(long, value_name = "FILE")]
    pub(crate) blueprints: Option<PathBuf>,
    /// Only resources of this kind; may be repeated. Deletes nothing.
    #[arg(long, value_name = "KIND")]
    pub(crate) only: Vec<String>,
    /// Only this repository and what belongs to it. Deletes nothing.
    #[arg(long, value_name = "SLUG")]
    pub(crate) repo: Option<String>,
    /// A file with an access token, one line; `-` reads it from standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The base of Bitbucket's API, for gateways and tests.
    #[arg(long, value_name = "URL")]
    pub(crate) bitbucket_url: Option<String>,
    /// Names this writer in the catalog; entities of other writers are never deleted.
    #[arg(long, value_name = "ID")]
    pub(crate) identifier: Option<String>,
    /// With `--catalog port`: create the integration where it does not exist.
    #[arg(long)]
    pub(crate) create: bool,
    /// The state file; by default in your state folder.
    #[arg(long, value_name = "PATH")]
    pub(crate) state: Option<PathBuf>,
}

/// List the kinds of objects, or describe one
#[derive(Debug, Args)]
pub(crate) struct KindsArgs {
    /// The kind to describe.
    pub(crate) kind: Option<String>,
    /// Only the kinds of this product.
    #[arg(long, value_enum)]
    pub(crate) product: Option<ProductName>,
}

/// A product, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProductName {
    /// bitbucket.org
    Cloud,
    /// Bitbucket Data Center and Server
    Datacenter,
}
