//! `ocean sail`: the process of the container images.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{
    EventListener, Files, Loaded, LogLevel, Override, Problem, Settings, SettingsErrors, Warning, load_from_process,
};
use crate::daemon::{
    Bound, Duties, JobError, Listening, Once, Patience, Process, ResyncRoute, Signals, Site, Turns, banner, cautions,
    exit_code, refusals,
};
use crate::http::SystemClock;
use crate::logs::{LogOptions, LogTarget, Masker, init};
use crate::port::{LogSettings, LogSink, PortLogLayer};

use super::args::SailArgs;
use super::exit::Exit;
use super::port_job::PortJob;

/// What speaks of a failure before the log exists.
const HINT: &str = "this is how the container runs; for the commands of a person see `bitbucket-port --help`";

pub(crate) async fn run(args: &SailArgs) -> Exit {
    let Loaded { settings, warnings } = match settings(args) {
        Ok(loaded) => loaded,
        Err(errors) => {
            eprintln!("{errors}\n\n{HINT}");
            return Exit::Failed;
        }
    };
    let masker = Masker::new(settings.sensitive_values());
    let log = LogSink::new(LogSettings::default().waiting);
    let copy = || Box::new(PortLogLayer::new(log.clone(), most_detailed(settings.log.level))) as _;
    let copied = settings.log.ships_to_port.then(copy);
    if let Err(error) = init(&LogOptions::from(settings.log), LogTarget::Stdout, masker, copied) {
        eprintln!("{error}");
        return Exit::Failed;
    }
    greet(&settings, &warnings);
    Box::pin(sail(&settings, log)).await.unwrap_or_else(|error| {
        tracing::error!("{error}");
        Exit::Failed
    })
}

fn settings(args: &SailArgs) -> Result<Loaded, SettingsErrors> {
    if !args.path.is_dir() {
        let what = "is no folder; give the one with config.yaml and .env, or nothing for this one".to_owned();
        let problem = Problem { key: args.path.display().to_string(), origin: None, what, fix: None };
        return Err(SettingsErrors::new(vec![problem], Vec::new()));
    }
    let loaded = load_from_process(&files(&args.path), overrides(args)).map_err(SettingsErrors::including_port)?;
    let problems = refusals(&loaded.settings);
    if problems.is_empty() { Ok(loaded) } else { Err(SettingsErrors::new(problems, loaded.warnings)) }
}

fn files(path: &Path) -> Files {
    let directory = if path == Path::new(".") { PathBuf::new() } else { path.to_owned() };
    Files { directory, config: None }
}

fn overrides(args: &SailArgs) -> Vec<Override> {
    let mut overrides = Vec::new();
    let given = |path: &str, value: &Option<String>, flag: &str| {
        value.as_ref().map(|value| Override::new(path, value.as_str(), flag))
    };
    let weak = |given: Option<Override>| given.map(Override::below_variables);
    overrides.extend(weak(given("application.port", &args.port, "--port")));
    overrides.extend(weak(given("application.log_level", &args.log_level, "--log-level")));
    let initialize = &args.initialize_port_resources;
    overrides.extend(given("initialize_port_resources", initialize, "--initialize-port-resources"));
    if args.once {
        overrides.push(Override::new("event_listener.type", "ONCE", "--once"));
    }
    overrides
}

fn greet(settings: &Settings, warnings: &[Warning]) {
    tracing::info!("{}", banner(settings));
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    for caution in cautions(settings) {
        tracing::warn!("{caution}");
    }
}

async fn sail(settings: &Settings, log: LogSink) -> Result<Exit, JobError> {
    let signals = Signals::install()?;
    let process = Process {
        server: Bound::bind(settings.server.port).await?,
        path_prefix: settings.server.path_prefix.clone(),
        site: site(settings),
        signals,
    };
    let job = PortJob::new(settings.clone(), log)?;
    let ended = match settings.listener.kind {
        EventListener::Once => Box::pin(Once { process, resyncs: settings.listener.resyncs }.run(job)).await,
        _ => Box::pin(Listening { process, duties: Duties::of(settings) }.run(job)).await,
    };
    Ok(Exit::Daemon(exit_code(&ended, settings.resync.exit, std::process::id())))
}

fn site(settings: &Settings) -> Site {
    let is_called = settings.listener.resyncs && matches!(settings.listener.kind, EventListener::Webhook { .. });
    Site {
        turns: Turns::new(Arc::new(SystemClock::new()), Patience::beginning(settings.resync.retry_wait)),
        resync_route: if is_called { ResyncRoute::Open } else { ResyncRoute::Absent },
        ..Site::default()
    }
}

/// How much of the log Port gets: as much as the log itself has.
fn most_detailed(level: LogLevel) -> tracing::Level {
    match level {
        LogLevel::Debug => tracing::Level::DEBUG,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Warning => tracing::Level::WARN,
        LogLevel::Error | LogLevel::Critical => tracing::Level::ERROR,
    }
}
