//! Commands and options.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::mapping::{MapArgs, MappingCommand};

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    not done: settings, mapping, credentials, a file or a service is at fault
  2    the resync ended, but incomplete (the summary says what is missing)
  64   the command line is wrong
  130  interrupted (SIGINT)
  143  terminated (SIGTERM); 0 as the first process of a container

Settings come from options, OCEAN__… variables, `.env` and `config.yaml`; what is named first here wins. \
See docs/settings.md.

Without any argument it runs as the container image does: `bitbucket-port ocean sail`.";

const EXIT_CODES_OF_SAIL: &str = "\
Exit codes of `sail`:
  0    the resync was done, complete or not; or a signal ended the first process of a container
  1    not begun: settings, the port of the server, or what had to be set up at Port
  2    with OCEAN__STRICT_EXIT=true: the resync ended incomplete, or broke off
  64   the command line is wrong
  130  interrupted (SIGINT)
  143  terminated (SIGTERM)";

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
    /// Annotations of GitHub's workflows (`mapping check` only).
    Github,
    /// A code quality report of GitLab (`mapping check` only).
    Gitlab,
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
  What the next resync into a file would do:
    bitbucket-port plan --workspace acme --catalog sqlite:acme.db
  What this program would do at Port in place of the runtime that runs there now, for a pipeline:
    bitbucket-port plan --workspace acme --catalog port --identifier my-bitbucket --detailed-exitcode
  A look at one repository, with few requests, all details as JSON:
    bitbucket-port plan --workspace acme --repo website --max-requests 20 --format json

The plan compares with what the catalog holds. It reads a copy of the state file, which another process may be using.

Exit codes:
  0    the plan is complete; with --detailed-exitcode: and nothing would be written
  1    the plan could not be made; with --detailed-exitcode: or it is not complete
  2    the plan is not complete (the notices say why); with --detailed-exitcode: it is, and something would be written")]
    Plan(PlanArgs),
    #[command(after_help = "Examples:
  bitbucket-port kinds
  bitbucket-port kinds pull-request --product datacenter
  bitbucket-port kinds --format json")]
    Kinds(KindsArgs),
    #[command(after_help = "Examples:
  bitbucket-port settings
  bitbucket-port settings --defaults > config.yaml
  bitbucket-port settings --schema > settings.schema.json")]
    Settings(SettingsArgs),
    /// Run as Port's runtime does: the command line of its container images
    Ocean {
        #[command(subcommand)]
        command: OceanCommand,
    },
    #[command(subcommand)]
    Mapping(MappingCommand),
    #[command(after_help = "Examples:
  curl -s https://api.bitbucket.org/2.0/repositories/acme | bitbucket-port map --kind repository
  bitbucket-port map --kind pull-request --mapping mapping.yaml --explain < pull-requests.json")]
    Map(MapArgs),
    #[command(after_help = "Examples:
  bitbucket-port why repository website --workspace acme
  bitbucket-port why pull-request website#12 --workspace acme --mapping mapping.yaml --catalog sqlite:catalog.db
  bitbucket-port why user jdoe --server https://bitbucket.example.com --token-file token.txt
  bitbucket-port why project OPS --catalog port --identifier my-bitbucket --format json

A repository is named by its slug or PROJECT/SLUG, a pull request by REPOSITORY#NUMBER or REPOSITORY/NUMBER, a \
project by its key, a user by name. Takes a few requests of Bitbucket's budget and writes nothing.

Exit codes: 0 the object was found, whatever becomes of it; 1 it was not, or a service could not be asked.")]
    Why(WhyArgs),
    #[command(after_help = "Examples:
  bitbucket-port refresh repository website --workspace acme --catalog sqlite:acme.db
  bitbucket-port refresh pull-request website#12 website#13 --workspace acme --catalog port --identifier my-bitbucket
  bitbucket-port refresh repository OPS/website --server https://bitbucket.example.com --token-file token.txt

Each object is fetched as it is now. What it gives is written where the catalog does not have it so; what it gave before
and gives no longer is deleted if it is ours; one that is gone takes all that it gave along, and what belonged to it. \
Where Bitbucket refuses or fails, nothing is deleted. What it gave before, the state file knows: use that of the resync.

A repository is named by its slug or PROJECT/SLUG, a pull request by REPOSITORY#NUMBER or REPOSITORY/NUMBER, a \
project by its key, a user by name. On Cloud a repository that is gone is found by the name that the catalog has, or \
by its UUID in braces. With OCEAN__DRY_RUN=true nothing is written, and what would be is shown.

Exit codes: 0 all is done; 1 nothing was; 2 something is left to be done, and the summary says what.")]
    Refresh(RefreshArgs),
}

/// The command line when the program is called by the name `ocean`.
#[derive(Debug, Parser)]
#[command(
    name = "ocean",
    version,
    about = "Keeps a software catalog at Port true to what is in Bitbucket",
    after_help = EXIT_CODES_OF_SAIL,
    disable_help_subcommand = true
)]
pub struct OceanCli {
    #[command(subcommand)]
    pub(crate) command: OceanCommand,
}

/// What is offered of the commands of Port's runtime.
#[derive(Debug, Subcommand)]
pub(crate) enum OceanCommand {
    Sail(SailArgs),
    /// Print the version
    Version,
    /// Commands of Port's runtime that make no sense here.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// Keep the catalog at Port true to Bitbucket, as the settings say
///
/// All settings come from OCEAN__… and APPLICATION__… variables, .env and config.yaml; docs/settings.md lists them.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES_OF_SAIL)]
pub(crate) struct SailArgs {
    /// The folder with config.yaml and .env.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Least important messages to log: ERROR, WARNING, INFO, DEBUG or CRITICAL; `APPLICATION__LOG_LEVEL` beats it.
    #[arg(long, short, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
    /// The port of the HTTP server, 8000 by default; `APPLICATION__PORT` beats it.
    #[arg(long, short)]
    pub(crate) port: Option<String>,
    /// Whether to create the first blueprints and mapping at Port.
    #[arg(long, short, value_name = "BOOL")]
    pub(crate) initialize_port_resources: Option<String>,
    /// Resync once and end, whatever the event listener in the settings.
    #[arg(long, short = 'O')]
    pub(crate) once: bool,
}

impl Default for SailArgs {
    fn default() -> Self {
        Self { path: ".".into(), log_level: None, port: None, initialize_port_resources: None, once: false }
    }
}

/// Show every setting with its value and where it came from; secrets are masked
#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// Print a config.yaml with all defaults, commented.
    #[arg(long, conflicts_with = "schema")]
    pub(crate) defaults: bool,
    /// Print the JSON Schema of config.yaml.
    #[arg(long)]
    pub(crate) schema: bool,
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
    #[command(flatten)]
    pub(crate) sync: SyncArgs,
    /// With `--catalog port`: create the integration where it does not exist.
    #[arg(long)]
    pub(crate) create: bool,
    /// Compare everything with what the catalog holds, so that changes made by hand are mended.
    #[arg(long)]
    pub(crate) full: bool,
    /// Fail at once where another process uses the state file, instead of waiting for it to end.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// Show what a resync would do; nothing is written anywhere
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) sync: SyncArgs,
    /// End with 2 if anything would be written, with 0 if nothing, with 1 if the plan is not complete.
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Stop before more than this many requests are sent to Bitbucket.
    #[arg(long, value_name = "N")]
    pub(crate) max_requests: Option<u64>,
}

/// What is read, by which mapping, and into which catalog.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
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
    /// The state file; by default in your state folder.
    #[arg(long, value_name = "PATH")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) deletion: DeletionArgs,
}

// What may be deleted; each option stands for a setting `deletion.…`. (A doc comment would replace that of the command.)
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct DeletionArgs {
    /// Delete nothing, whatever is gone.
    #[arg(long, conflicts_with_all = ["allow_empty", "max_deletes", "prune_unmapped"])]
    pub(crate) no_delete: bool,
    /// Delete at most this many entities; a blueprint of which more would go keeps them all.
    #[arg(long, value_name = "N")]
    pub(crate) max_deletes: Option<u64>,
    /// Believe a listing that is empty where it was not before.
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Delete the entities of blueprints that no resource of the mapping writes to any more.
    #[arg(long)]
    pub(crate) prune_unmapped: bool,
}

/// Say of one object whether and why it is listed, selected, mapped and written
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The kind of the object.
    pub(crate) kind: String,
    /// Its name.
    pub(crate) name: String,
    /// The Bitbucket Cloud workspace (its slug or UUID).
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// The address of a Bitbucket Data Center, with its context path.
    #[arg(long, value_name = "URL", conflicts_with_all = ["workspace", "bitbucket_url"])]
    pub(crate) server: Option<String>,
    /// Compare with this catalog: `sqlite:PATH` or `port`.
    #[arg(long, value_name = "CATALOG")]
    pub(crate) catalog: Option<String>,
    /// The mapping document: a file, or `port:ID` for the one that an integration has at Port; by default the
    /// released one, or with `--catalog port` the integration's own.
    #[arg(long, value_name = "FILE|port:ID")]
    pub(crate) mapping: Option<PathBuf>,
    /// A file with an access token, one line; `-` reads it from standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The base of Bitbucket's API, for gateways and tests.
    #[arg(long, value_name = "URL")]
    pub(crate) bitbucket_url: Option<String>,
    /// Names the writer in the catalog.
    #[arg(long, value_name = "ID")]
    pub(crate) identifier: Option<String>,
    /// The state file; by default in your state folder.
    #[arg(long, value_name = "PATH")]
    pub(crate) state: Option<PathBuf>,
}

/// Bring single objects up to date in the catalog now
#[derive(Debug, Args)]
pub(crate) struct RefreshArgs {
    /// The kind of the objects.
    pub(crate) kind: String,
    /// Their names; one that stands twice is looked at once.
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// The Bitbucket Cloud workspace (its slug or UUID).
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// The address of a Bitbucket Data Center, with its context path.
    #[arg(long, value_name = "URL", conflicts_with_all = ["workspace", "bitbucket_url"])]
    pub(crate) server: Option<String>,
    /// Where entities go: `sqlite:PATH`, `jsonl:PATH` (`-`: standard output) or `port`.
    #[arg(long, value_name = "CATALOG", default_value = "sqlite:catalog.db")]
    pub(crate) catalog: String,
    /// The mapping document: a file, or `port:ID` for the one that an integration has at Port; by default the
    /// released one, or with `--catalog port` the integration's own.
    #[arg(long, value_name = "FILE|port:ID")]
    pub(crate) mapping: Option<PathBuf>,
    /// A file with an access token, one line; `-` reads it from standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The base of Bitbucket's API, for gateways and tests.
    #[arg(long, value_name = "URL")]
    pub(crate) bitbucket_url: Option<String>,
    /// Names this writer in the catalog; entities of other writers are never deleted.
    #[arg(long, value_name = "ID")]
    pub(crate) identifier: Option<String>,
    /// The state file; by default in your state folder.
    #[arg(long, value_name = "PATH")]
    pub(crate) state: Option<PathBuf>,
    /// Fail at once where another process uses the state file, instead of waiting for it to end.
    #[arg(long)]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) deletion: SingleDeletionArgs,
}

// What of single objects may be deleted; as for a resync.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct SingleDeletionArgs {
    /// Delete nothing, whatever is gone.
    #[arg(long, conflicts_with_all = ["allow_empty", "max_deletes"])]
    pub(crate) no_delete: bool,
    /// Delete at most this many entities; a blueprint of which more would go keeps them all.
    #[arg(long, value_name = "N")]
    pub(crate) max_deletes: Option<u64>,
    /// Believe a listing of the whole workspace that is empty, when it is to tell whether an object is gone.
    #[arg(long)]
    pub(crate) allow_empty: bool,
}

impl From<SingleDeletionArgs> for DeletionArgs {
    fn from(SingleDeletionArgs { no_delete, max_deletes, allow_empty }: SingleDeletionArgs) -> Self {
        Self { no_delete, max_deletes, allow_empty, prune_unmapped: false }
    }
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

impl ProductName {
    /// As mappings and kinds name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Datacenter => "datacenter",
        }
    }
}
