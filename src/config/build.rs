//! Builds the groups of settings from checked values.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::problem::Findings;
use super::product::warn_if_exposed;
use super::surroundings::Surroundings;
use super::table::variable;
use super::values::Values;
use super::{
    Batches, DeletionSettings, EmptyListing, EnduranceSettings, ExitPolicy, Integration, IntegrationIdentifier,
    JqEnvironment, JqSettings, LiveSettings, LogFormat, LogLevel, LogSettings, Outbound, PortSettings, Product,
    Provisioning, ResourcesOrigin, ResyncSettings, RetrySettings, Runtime, Secret, ServerSettings, TlsSettings,
    UnmappedBlueprints, Verification, WriteMode,
};

const CLIENT_ID: &str = "port.client_id";
const CLIENT_SECRET: &str = "port.client_secret";

/// Port's credentials; what is missing of them goes to `without`, as only some callers need them.
pub(crate) fn port(values: &Values, findings: &mut Findings, without: &mut Findings) -> Option<PortSettings> {
    let (client_id, client_secret) = (values.secret(CLIENT_ID), values.secret(CLIENT_SECRET));
    for (path, missing) in [(CLIENT_ID, client_id.is_none()), (CLIENT_SECRET, client_secret.is_none())] {
        if missing {
            let fix = "Port shows it under Settings, Credentials".to_owned();
            without.problem(variable(path), None, "is required and missing", Some(fix));
        }
    }
    if client_id.as_ref().is_some_and(|id| id.expose().contains('@')) {
        let what = "looks like the credentials of a person; machine credentials of the organisation are meant";
        findings.warn(variable(CLIENT_ID), values.given_origin(CLIENT_ID).cloned(), what);
    }
    let base_url = values.url("port.base_url");
    warn_if_exposed("port.base_url", base_url.as_ref(), values, findings);
    Some(PortSettings {
        client_id: client_id?,
        client_secret: client_secret?,
        base_url: base_url?,
        mapping_cache: values.seconds("port.port_app_config_cache_ttl"),
        feature_flags_cache: values.seconds("port.feature_flags_cache_ttl_seconds"),
        blueprint_cache: values.seconds("port.blueprint_cache_ttl_seconds"),
    })
}

/// What Port's runtime refuses for these integrations, and what means something else here.
pub(crate) fn check_unsupported(values: &Values, findings: &mut Findings) {
    if values.is_on("actions_processor.enabled") {
        let (path, fix) = ("actions_processor.enabled", "remove it or set it to false".to_owned());
        let origin = values.given_origin(path).cloned();
        findings.problem(variable(path), origin, "the Bitbucket integrations declare no actions", Some(fix));
    }
    if values.text("processing_mode") == Some("dsp") {
        let what = "`dsp` is not done: mapping always runs in this process (`ocean-core`)";
        findings.warn(variable("processing_mode"), values.given_origin("processing_mode").cloned(), what);
    }
}

/// The identifier travels in the `User-Agent`.
pub(crate) fn check_identifier(values: &Values, findings: &mut Findings) {
    const IDENTIFIER: &str = "integration.identifier";
    if values.text(IDENTIFIER).is_some_and(|text| !text.chars().all(|c| c.is_ascii_graphic())) {
        let origin = values.given_origin(IDENTIFIER).cloned();
        findings.problem(variable(IDENTIFIER), origin, "must not contain spaces or letters beyond ASCII", None);
    }
}

/// Identifier, incremental sync, runtime.
pub(crate) fn integration(values: &Values, product: &Product) -> Integration {
    let identifier = values.text("integration.identifier").map(IntegrationIdentifier::new);
    let minutes = values.number::<u64>("integration.incremental_sync_interval");
    let incremental = values.is_on("integration.incremental_sync_enabled");
    Integration {
        identifier: identifier.unwrap_or_else(|| Integration::default_identifier(product)),
        incremental: incremental.then(|| Duration::from_secs(minutes.saturating_mul(60))),
        runtime: runtime(values),
    }
}

/// First blueprints and mapping.
pub(crate) fn provisioning(values: &Values, findings: &mut Findings) -> Provisioning {
    const ORIGIN: &str = "create_port_resources_origin";
    let origin = values.text(ORIGIN).map(|origin| match origin {
        "Empty" => ResourcesOrigin::Empty,
        "Port" => ResourcesOrigin::Port,
        "Ocean" => {
            let what = "`Ocean` is the former name of `Default`";
            findings.warn(variable(ORIGIN), values.given_origin(ORIGIN).cloned(), what);
            ResourcesOrigin::Default
        }
        _ => ResourcesOrigin::Default,
    });
    Provisioning {
        initialize: values.is_on("initialize_port_resources"),
        origin,
        resources_path: values.text("resources_path").map(PathBuf::from).unwrap_or_default(),
    }
}

/// The HTTP server.
pub(crate) fn server(values: &Values) -> ServerSettings {
    let prefix = values.text("path_prefix").unwrap_or_default().trim_matches('/');
    ServerSettings {
        port: values.number("application.port"),
        base_url: values.url("base_url"),
        path_prefix: if prefix.is_empty() { String::new() } else { format!("/{prefix}") },
    }
}

/// The log.
pub(crate) fn log(values: &Values) -> LogSettings {
    LogSettings {
        level: match values.text("application.log_level") {
            Some("DEBUG") => LogLevel::Debug,
            Some("WARNING") => LogLevel::Warning,
            Some("ERROR") => LogLevel::Error,
            Some("CRITICAL") => LogLevel::Critical,
            _ => LogLevel::Info,
        },
        format: if values.text("log.format") == Some("json") { LogFormat::Json } else { LogFormat::Text },
        ships_to_port: values.is_on("application.enable_http_logging"),
    }
}

/// When and how resyncs run.
pub(crate) fn resync(values: &Values) -> ResyncSettings {
    let schedule = values.whole::<u64>("scheduled_resync_interval").filter(|minutes| *minutes > 0);
    ResyncSettings {
        schedule: schedule.map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
        retry_wait: values.seconds("resync_retry_wait"),
        full_comparison: values.seconds("full_comparison_interval"),
        mode: if values.is_on("dry_run") { WriteMode::DryRun } else { WriteMode::Write },
        concurrency: values.number("concurrency"),
        sends_examples: values.is_on("send_raw_data_examples"),
        items_batch: values.number("yield_items_to_parse_batch_size"),
        exit: if values.is_on("strict_exit") { ExitPolicy::Strict } else { ExitPolicy::Compatible },
    }
}

/// Interrupted resyncs, and several processes.
pub(crate) fn endurance(values: &Values) -> EnduranceSettings {
    EnduranceSettings { resume_within: values.seconds("resume_within"), state_wait: values.seconds("state_wait") }
}

/// Repetitions.
pub(crate) fn retry(values: &Values) -> RetrySettings {
    let given = |path| values.get(path).is_some().then(|| values.seconds(path));
    RetrySettings {
        repetitions: values.whole("retry.repetitions"),
        first_wait: given("retry.first_wait"),
        longest_wait: given("retry.longest_wait"),
        give_up_after: values.seconds("retry.give_up_after"),
    }
}

/// Deletion.
pub(crate) fn deletion(values: &Values) -> DeletionSettings {
    let never = values.is_on("deletion.no_delete");
    DeletionSettings {
        limit: if never { Some(0) } else { values.whole("deletion.max_deletes") },
        empty_listing: if values.is_on("deletion.allow_empty") {
            EmptyListing::Believed
        } else {
            EmptyListing::Doubted
        },
        unmapped: if values.is_on("deletion.prune_unmapped") {
            UnmappedBlueprints::Pruned
        } else {
            UnmappedBlueprints::Kept
        },
        confirm_limit: values.number("deletion.confirm_limit"),
    }
}

/// Sizes of calls to Port.
pub(crate) fn batches(values: &Values) -> Batches {
    /// What Port takes in one call, whatever the settings say.
    const MOST_UPSERTED: usize = 20;
    const MOST_DELETED: usize = 100;
    Batches {
        upsert_entities: values.number::<usize>("upsert_entities_batch_max_length").min(MOST_UPSERTED),
        upsert_bytes: values.number("upsert_entities_batch_max_size_in_bytes"),
        delete_entities: values.number::<usize>("delete_entities_max_batch_size").min(MOST_DELETED),
    }
}

/// Bounds of expressions.
pub(crate) fn jq(values: &Values) -> JqSettings {
    let visible = values.is_on("allow_environment_variables_jq_access");
    JqSettings {
        environment: if visible { JqEnvironment::Visible } else { JqEnvironment::Empty },
        deadline: values.seconds("jq.deadline").max(Duration::from_millis(1)),
        max_steps: values.number("jq.max_steps"),
        max_bytes: values.number("jq.max_bytes"),
        max_stack_bytes: values.number("jq.max_stack_bytes"),
        max_source_bytes: values.number("jq.max_source_bytes"),
        max_source_depth: values.number("jq.max_source_depth"),
        max_input_bytes: values.number("jq.max_input_bytes"),
        max_input_depth: values.number("jq.max_input_depth"),
    }
}

/// Live events.
pub(crate) fn live(values: &Values) -> LiveSettings {
    LiveSettings {
        workers: values.number("event_workers_count"),
        logs_payloads: values.is_on("events_debug_logging"),
        deadline: values.seconds("max_event_processing_seconds"),
        drain: values.seconds("max_wait_seconds_before_shutdown"),
        heartbeat: values.seconds("status_heartbeat_interval_seconds"),
    }
}

/// Where metrics are pushed to, if they are. The address may hold a token, so nothing of it is shown.
pub(crate) fn metrics_push(values: &Values, findings: &mut Findings) -> Option<Secret> {
    const URL: &str = "metrics.webhook_url";
    if !values.is_on("metrics.enabled") {
        return None;
    }
    let origin = |path| values.given_origin(path).cloned();
    match values.secret(URL) {
        Some(url) if is_web_address(url.expose()) => return Some(url),
        Some(_) => findings.problem(variable(URL), origin(URL), "expected an address that begins with https://", None),
        None if values.is_broken(URL) => {}
        None => {
            let what = format!("is on, but {} is not set: nothing is pushed", variable(URL));
            findings.warn(variable("metrics.enabled"), origin("metrics.enabled"), what);
        }
    }
    None
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Certificates and outbound calls.
pub(crate) fn tls(values: &Values, variables: &[(String, String)], findings: &mut Findings) -> TlsSettings {
    let standard = |name: &str| {
        let value = variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty()).map(PathBuf::from)
    };
    let blocked = values.flag("disable_ip_outbound_blocker").map_or(runtime(values) == Runtime::Saas, |off| !off);
    TlsSettings {
        ca_files: values.list("ssl.ca_files").unwrap_or_default().iter().map(PathBuf::from).collect(),
        cert_file: standard("SSL_CERT_FILE"),
        cert_dir: standard("SSL_CERT_DIR"),
        port: verification("ssl.port", values, findings),
        bitbucket: verification("ssl.third_party", values, findings),
        outbound: if blocked { Outbound::PublicOnly } else { Outbound::Any },
    }
}

fn verification(branch: &str, values: &Values, findings: &mut Findings) -> Verification {
    let (verify, strict) = (format!("{branch}.verify"), format!("{branch}.x509.strict"));
    if values.flag(&verify) == Some(false) {
        let what = "certificates are not checked: anyone on the way can read and change what is sent";
        findings.warn(variable(&verify), values.given_origin(&verify).cloned(), what);
        return Verification::Off;
    }
    if values.flag(&strict) == Some(false) {
        let what = "certificates outside the strict profile are accepted";
        findings.warn(variable(&strict), values.given_origin(&strict).cloned(), what);
        return Verification::Lenient;
    }
    Verification::Strict
}

/// The state file.
pub(crate) fn state_path(values: &Values, surroundings: &Surroundings) -> PathBuf {
    values.text("state_path").map_or_else(|| surroundings.state_path(), PathBuf::from)
}

fn runtime(values: &Values) -> Runtime {
    if values.text("runtime") == Some("Saas") { Runtime::Saas } else { Runtime::OnPrem }
}
