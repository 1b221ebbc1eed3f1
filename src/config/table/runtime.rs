//! Behaviour that is set as in Port's runtime.

use super::{Group, Kind, Setting};

const fn runtime(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Setting {
    Setting::ocean(Group::Runtime, path, kind, default, doc)
}

const NO_WORKERS: &str = "expressions run in this process on all cores; their limits are the settings `jq.*`";
const NO_LAKE: &str = "raw data is not copied to Port's lake";
const NO_STREAMING: &str = "pages are always processed as streams in memory";
const NO_REDIS: &str = "live events come by HTTP only";
const NO_CACHE: &str = "answers of Bitbucket are not cached";
const BYTES: Kind = Kind::Whole { least: 1, most: 1 << 40 };
const COUNT: Kind = Kind::Whole { least: 1, most: 1_000_000 };

pub(super) const SETTINGS: &[Setting] = &[
    runtime(
        "initialize_port_resources",
        Kind::Flag,
        Some("true"),
        "Whether a first start creates the default blueprints and the default mapping.",
    ),
    runtime(
        "create_port_resources_origin",
        Kind::Choice(&["Empty", "Ocean", "Default", "Port"]),
        None,
        "Where the first blueprints and mapping come from. Unset: Port decides. `Ocean` is the former name of `Default`.",
    ),
    runtime(
        "resources_path",
        Kind::Path,
        Some(".port/resources"),
        "Folder of default resources that replace those built in.",
    ),
    runtime(
        "scheduled_resync_interval",
        Kind::Whole { least: 0, most: 5_256_000 },
        None,
        "Minutes between resyncs, whatever else the listener asks for; the first comes so long after the start, and one that is due while another runs follows it.",
    ),
    runtime("base_url", Kind::Url, None, "Public address of this process; enables webhooks."),
    runtime("path_prefix", Kind::Text, None, "Prefix of all routes, also appended to the public address."),
    runtime(
        "send_raw_data_examples",
        Kind::Flag,
        Some("true"),
        "Whether a few raw objects of each kind are sent to Port as examples.",
    ),
    runtime(
        "allow_environment_variables_jq_access",
        Kind::Flag,
        Some("true"),
        "Whether expressions see the environment in `env` and `$ENV`; secrets are never in it.",
    ),
    runtime("client_timeout", COUNT, Some("60"), "Seconds after which a request to Bitbucket is given up."),
    runtime("event_workers_count", Kind::Whole { least: 1, most: 1024 }, Some("1"), "Webhooks processed at a time."),
    runtime("events_debug_logging", Kind::Flag, Some("false"), "Whether each webhook is logged, masked."),
    runtime("max_event_processing_seconds", Kind::Decimal, Some("90"), "Longest processing of one webhook."),
    runtime("max_wait_seconds_before_shutdown", Kind::Decimal, Some("5"), "How long a stop waits for work in hand."),
    runtime("status_heartbeat_interval_seconds", COUNT, Some("10"), "Seconds between two signs of life to Port."),
    runtime("caching_storage_mode", Kind::Choice(&["disk", "memory"]), Some("disk"), "Where answers are cached.")
        .inert(NO_CACHE),
    runtime("upsert_entities_batch_max_length", COUNT, Some("20"), "Entities in one bulk; more than 20 counts as 20."),
    runtime("upsert_entities_batch_max_size_in_bytes", BYTES, Some("1048576"), "Estimated bytes of one bulk."),
    runtime(
        "delete_entities_max_batch_size",
        COUNT,
        Some("1000"),
        "Entities in one bulk deletion; more than 100 counts as 100.",
    ),
    runtime("yield_items_to_parse_batch_size", COUNT, Some("200"), "Items that `itemsToParse` hands on at a time."),
    runtime("process_in_queue_timeout", Kind::Decimal, Some("120"), "Time limit of a worker.").inert(NO_WORKERS),
    runtime("process_in_queue_max_workers", COUNT, None, "Worker processes.").inert(NO_WORKERS),
    runtime(
        "processing_mode",
        Kind::Choice(&["dsp", "ocean-core"]),
        Some("ocean-core"),
        "Who maps: always this process (`ocean-core`); `dsp`, the default of Port's runtime, is warned about.",
    ),
    runtime("process_execution_mode", Kind::Text, None, "Former choice of processes.").warned("there is one process"),
    runtime("lakehouse_enabled", Kind::Flag, Some("true"), "Copy of raw data to Port.").inert(NO_LAKE),
    runtime("lakehouse_buffer_interval_seconds", Kind::Decimal, Some("10"), "Age of a lake buffer.").inert(NO_LAKE),
    runtime("lakehouse_buffer_max_count", COUNT, Some("50"), "Length of a lake buffer.").inert(NO_LAKE),
    runtime(
        "runtime",
        Kind::Choice(&["OnPrem", "Saas"]),
        Some("OnPrem"),
        "Must agree with what Port has noted for an existing integration.",
    ),
    runtime(
        "disable_ip_outbound_blocker",
        Kind::Flag,
        None,
        "Whether private addresses may be called. By default yes, but for the runtime `Saas`.",
    ),
    runtime("oauth_access_token_file_path", Kind::Path, None, "File with a token that something else renews.")
        .warned("the Bitbucket integrations take their tokens from `integration.config`"),
    runtime("metrics.enabled", Kind::Flag, Some("false"), "Whether metrics are pushed to `metrics.webhook_url`."),
    runtime("metrics.webhook_url", Kind::Text, None, "Address that metrics are pushed to.").secret(),
    runtime("streaming.enabled", Kind::Flag, Some("false"), "Streamed answers.").inert(NO_STREAMING),
    runtime("streaming.max_buffer_size_mb", BYTES, Some("20971520"), "Buffer of a streamed answer in bytes.")
        .inert(NO_STREAMING),
    runtime("streaming.chunk_size", BYTES, Some("65536"), "Piece of a streamed answer in bytes.").inert(NO_STREAMING),
    runtime("streaming.location", Kind::Path, Some("/tmp/ocean/streaming"), "Folder of streamed answers.")
        .inert(NO_STREAMING),
    runtime("ssl.port.verify", Kind::Flag, Some("true"), "Whether the certificate of Port is checked."),
    runtime(
        "ssl.port.x509.strict",
        Kind::Flag,
        Some("true"),
        "Whether the strict certificate profile is required of Port.",
    ),
    runtime("ssl.third_party.verify", Kind::Flag, Some("true"), "Whether the certificate of Bitbucket is checked."),
    runtime(
        "ssl.third_party.x509.strict",
        Kind::Flag,
        Some("true"),
        "Whether the strict certificate profile is required of Bitbucket.",
    ),
    runtime(
        "actions_processor.enabled",
        Kind::Flag,
        Some("false"),
        "Processing of actions; `true` is refused, as in Port's runtime.",
    ),
    runtime(
        "live_events.is_redis_stream_consumer_enabled",
        Kind::Flag,
        Some("false"),
        "Take live events from a Redis stream.",
    )
    .inert(NO_REDIS),
];
