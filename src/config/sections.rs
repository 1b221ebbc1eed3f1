//! Groups of settings, typed. What each means stands in `docs/settings.md`, made from the same table.

use std::path::PathBuf;
use std::time::Duration;

use super::{BaseUrl, IntegrationIdentifier, Secret};

/// The connection to Port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSettings {
    /// Client id of the credentials.
    pub client_id: Secret,
    /// Client secret of the credentials.
    pub client_secret: Secret,
    /// Root of the API, without `/v1`.
    pub base_url: BaseUrl,
    /// How long a mapping is reused.
    pub mapping_cache: Duration,
    /// How long feature flags are reused.
    pub feature_flags_cache: Duration,
    /// How long a blueprint is reused.
    pub blueprint_cache: Duration,
}

/// Who we are at Port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Owner of the entities.
    pub identifier: IntegrationIdentifier,
    /// How far an incremental sync looks back; `None` means full syncs.
    pub incremental: Option<Duration>,
    /// Where the process runs, as Port has to know.
    pub runtime: Runtime,
}

/// Where the process runs (`installationType` at Port).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// On machines of the user's.
    OnPrem,
    /// At Port.
    Saas,
}

/// First blueprints and mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioning {
    /// Whether they are created.
    pub initialize: bool,
    /// Where they come from; `None` lets Port decide.
    pub origin: Option<ResourcesOrigin>,
    /// Folder of resources that replace those built in.
    pub resources_path: PathBuf,
}

/// Where first blueprints and mapping come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourcesOrigin {
    /// Nowhere.
    Empty,
    /// Built in.
    Default,
    /// Port brings them.
    Port,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Port that it listens on; 0 takes a free one.
    pub port: u16,
    /// Public address; webhooks need it.
    pub base_url: Option<BaseUrl>,
    /// Prefix of all routes: `/prefix`, or empty.
    pub path_prefix: String,
}

/// The log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Least important messages shown.
    pub level: LogLevel,
    /// Form of a line.
    pub format: LogFormat,
    /// Whether messages are copied to Port.
    pub ships_to_port: bool,
}

/// Importance of messages, named as Port's runtime names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Details of every step.
    Debug,
    /// Progress.
    Info,
    /// What deserves a look.
    Warning,
    /// What failed.
    Error,
    /// Accepted for compatibility: the same as `Error`, so that failures always show.
    Critical,
}

/// Form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// As Port's runtime writes it.
    Text,
    /// One JSON object a line.
    Json,
}

/// When and how resyncs run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResyncSettings {
    /// Time between resyncs whatever the listener does.
    pub schedule: Option<Duration>,
    /// How long a resync that broke off rests before a process that goes on tries it again; it doubles.
    pub retry_wait: Duration,
    /// How often to compare with what the catalog really holds.
    pub full_comparison: Duration,
    /// Write, or only say what would be written.
    pub mode: WriteMode,
    /// Requests to Bitbucket in flight at a time, at least 1.
    pub concurrency: usize,
    /// Whether raw objects are sent to Port as examples.
    pub sends_examples: bool,
    /// Items that `itemsToParse` hands on at a time.
    pub items_batch: usize,
    /// What the process exits with after a `ONCE` resync that ended incomplete.
    pub exit: ExitPolicy,
}

/// Write, or only say what would be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// Write.
    Write,
    /// Everything but writing.
    DryRun,
}

/// Exit code of an incomplete `ONCE` resync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitPolicy {
    /// 0, as Port's runtime.
    Compatible,
    /// 2.
    Strict,
}

/// Interrupted resyncs, and several processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnduranceSettings {
    /// How long after its beginning an interrupted resync is gone on with.
    pub resume_within: Duration,
    /// How long to wait for another process to let go of the state file.
    pub state_wait: Duration,
}

/// How what failed in passing is repeated. What is `None` is decided by what is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrySettings {
    /// How often.
    pub repetitions: Option<usize>,
    /// The first wait; it doubles.
    pub first_wait: Option<Duration>,
    /// The longest wait that the other side did not ask for.
    pub longest_wait: Option<Duration>,
    /// Longest time for one call, waits included.
    pub give_up_after: Duration,
}

/// Deletion of entities whose objects are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeletionSettings {
    /// Most entities that one resync deletes; 0 deletes nothing, `None` sets no bound beside the threshold.
    pub limit: Option<u64>,
    /// Whether a listing is believed that is empty where it was not before.
    pub empty_listing: EmptyListing,
    /// What becomes of blueprints that no resource of the mapping writes to.
    pub unmapped: UnmappedBlueprints,
    /// Requests that one resync may spend on making sure.
    pub confirm_limit: u32,
}

/// What a listing means that is empty where it was not before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyListing {
    /// Something is wrong: delete nothing.
    Doubted,
    /// Everything is gone.
    Believed,
}

/// What becomes of the entities of blueprints that no resource of the mapping writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnmappedBlueprints {
    /// They stay.
    Kept,
    /// They go.
    Pruned,
}

/// Sizes of calls to Port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    /// Entities in one bulk, at most 20.
    pub upsert_entities: usize,
    /// Estimated bytes of one bulk.
    pub upsert_bytes: usize,
    /// Entities in one bulk deletion, at most 100.
    pub delete_entities: usize,
}

/// Bounds of one evaluation of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JqSettings {
    /// What `env` and `$ENV` hold.
    pub environment: JqEnvironment,
    /// Longest time, at least a millisecond.
    pub deadline: Duration,
    /// Most steps.
    pub max_steps: u64,
    /// Most bytes of values built.
    pub max_bytes: usize,
    /// Most bytes of stack.
    pub max_stack_bytes: usize,
    /// Longest expression in bytes.
    pub max_source_bytes: usize,
    /// Deepest nesting of an expression.
    pub max_source_depth: usize,
    /// Longest object in bytes.
    pub max_input_bytes: usize,
    /// Deepest nesting of an object.
    pub max_input_depth: usize,
}

/// What `env` and `$ENV` hold in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JqEnvironment {
    /// The process environment without secrets (`Settings::visible_variables`).
    Visible,
    /// Nothing.
    Empty,
}

/// Live events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveSettings {
    /// Webhooks processed at a time.
    pub workers: usize,
    /// Whether each webhook is logged.
    pub logs_payloads: bool,
    /// Longest processing of one.
    pub deadline: Duration,
    /// How long a stop waits for work in hand.
    pub drain: Duration,
    /// Time between two signs of life to Port.
    pub heartbeat: Duration,
}

/// Certificates and outbound calls, the same for Bitbucket and Port where not said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// Further authorities, PEM files.
    pub ca_files: Vec<PathBuf>,
    /// `SSL_CERT_FILE` of the environment: replaces the system's authorities.
    pub cert_file: Option<PathBuf>,
    /// `SSL_CERT_DIR` of the environment: replaces the system's authorities.
    pub cert_dir: Option<PathBuf>,
    /// Towards Port.
    pub port: Verification,
    /// Towards Bitbucket.
    pub bitbucket: Verification,
    /// Which addresses may be called.
    pub outbound: Outbound,
}

/// How certificates are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Fully.
    Strict,
    /// Without the strict profile (`x509.strict=false`): certificates of inspection proxies pass.
    Lenient,
    /// Not at all.
    Off,
}

/// Which addresses may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outbound {
    /// Any.
    Any,
    /// No private, loopback or otherwise internal ones.
    PublicOnly,
}
