//! Settings that exist only here. Port's runtime ignores them, so one document serves both.

use super::{Group, Kind, Setting};

const fn own(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Setting {
    Setting::own(Group::Own, path, kind, default, doc)
}

const BYTES: Kind = Kind::Whole { least: 1024, most: 1 << 40 };
const DEPTH: Kind = Kind::Whole { least: 1, most: 10_000 };
const COUNT: Kind = Kind::Whole { least: 1, most: 1_000_000_000 };

pub(super) const SETTINGS: &[Setting] = &[
    own(
        "state_path",
        Kind::Path,
        None,
        "The state file. By default `/tmp/ocean/state.db` where `/tmp/ocean` can be written to, else `bitbucket-port/state.db` in the user's state folder.",
    ),
    own(
        "strict_exit",
        Kind::Flag,
        Some("false"),
        "Exit with 2 when a `ONCE` resync ended incomplete; Port's runtime exits with 0.",
    ),
    own(
        "dry_run",
        Kind::Flag,
        Some("false"),
        "Write nothing anywhere: each run is a plan, and says what it would write.",
    ),
    own(
        "retry.repetitions",
        Kind::Whole { least: 0, most: 100 },
        None,
        "How often a request that failed in passing is sent again. By default 6 times to Bitbucket, 10 times to Port.",
    ),
    own(
        "retry.first_wait",
        Kind::Duration,
        None,
        "Wait before the first repetition, or before entities that were not taken are written again; it doubles each time. By default 500ms to Bitbucket, 300ms to Port, 200ms for entities.",
    ),
    own(
        "retry.longest_wait",
        Kind::Duration,
        None,
        "Longest of these waits, also after a 429 that does not say how long. By default 30s to Bitbucket, 20s to Port, 5m after a 429.",
    ),
    own(
        "retry.give_up_after",
        Kind::Duration,
        Some("2h"),
        "Longest time for one call with all its repetitions and waits; an hour's limit of requests must be able to pass within it.",
    ),
    own("concurrency", Kind::Whole { least: 1, most: 256 }, Some("16"), "Requests to Bitbucket in flight at a time."),
    own("budget.rest_per_hour", COUNT, Some("1000"), "Bitbucket Cloud: requests an hour for each credential."),
    own("budget.files_per_hour", COUNT, Some("5000"), "Bitbucket Cloud: file contents an hour for each credential."),
    own(
        "resync_retry_wait",
        Kind::Duration,
        Some("1m"),
        "Listeners other than `ONCE`: wait before a resync that broke off is tried again; it doubles each time, up to an hour. Whoever asks anew meanwhile waits this long at most.",
    ),
    own(
        "full_comparison_interval",
        Kind::Duration,
        Some("24h"),
        "How often a resync compares with what the catalog really holds instead of trusting the state file, so that changes made by hand are mended; `0s`: each time.",
    ),
    own(
        "resume_within",
        Kind::Duration,
        Some("24h"),
        "How long after its beginning an interrupted resync is gone on with where it stopped; 0 lists everything anew.",
    ),
    own(
        "state_wait",
        Kind::Duration,
        Some("1h"),
        "How long to wait for another process to let go of the state file; 0 fails at once.",
    ),
    own("deletion.no_delete", Kind::Flag, Some("false"), "Delete nothing, whatever is gone."),
    own(
        "deletion.max_deletes",
        Kind::Whole { least: 0, most: 1_000_000_000 },
        None,
        "Delete at most this many entities in one resync: a blueprint of which more would go keeps them all. What Port deletes along with them (`deleteDependentEntities`) comes on top.",
    ),
    own("deletion.allow_empty", Kind::Flag, Some("false"), "Believe a listing that is empty where it was not before."),
    own(
        "deletion.prune_unmapped",
        Kind::Flag,
        Some("false"),
        "Delete the entities of blueprints that no resource of the mapping writes to any more.",
    ),
    own(
        "deletion.confirm_limit",
        Kind::Whole { least: 0, most: 1_000_000 },
        Some("100"),
        "Requests that one resync may spend to make sure that missing objects are gone; the unconfirmed stay.",
    ),
    own("jq.deadline", Kind::Duration, Some("500ms"), "Longest evaluation of one expression on one object."),
    own("jq.max_steps", COUNT, Some("5000000"), "Steps that one evaluation may take."),
    own("jq.max_bytes", BYTES, Some("268435456"), "Bytes that the values built in one evaluation may take together."),
    own("jq.max_stack_bytes", BYTES, Some("33554432"), "Bytes of stack that one evaluation may take."),
    own("jq.max_source_bytes", BYTES, Some("65536"), "Length of one expression."),
    own("jq.max_source_depth", DEPTH, Some("256"), "Nesting of one expression."),
    own("jq.max_input_bytes", BYTES, Some("67108864"), "Length of one object."),
    own("jq.max_input_depth", DEPTH, Some("512"), "Nesting of one object."),
    own("log.format", Kind::Choice(&["text", "json"]), Some("text"), "Form of the log on standard output or error."),
    own(
        "ssl.ca_files",
        Kind::List,
        None,
        "Further certificate authorities to trust, PEM files; for Bitbucket and Port.",
    ),
];
