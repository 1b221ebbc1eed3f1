//! `bitbucket-port resync`: one resync into a catalog of one's own.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{EmptyListing, Files, Loaded, Override, Settings, load_from_process, read_secret};
use crate::kinds::cloud;
use crate::startup::{self, CatalogPlace, MappingSource};
use crate::sync::{EmptyListings, Report, Resync, ResyncLimits, Scope};

use super::args::{Global, ResyncArgs};
use super::failure::Failure;
use super::progress::Progress;
use super::report;
use super::run::Ended;

pub(crate) async fn run(args: &ResyncArgs, global: &Global) -> Ended {
    let place: CatalogPlace = args.catalog.parse().map_err(|error| Failure::new("--catalog").because(error))?;
    let scope = scope(args)?;
    let settings = settings(args, global)?;
    let report = resync(&settings, args, global, &place, scope).await?;
    global.print(&report, report::human)?;
    Ok(report::exit(&report))
}

fn scope(args: &ResyncArgs) -> Result<Scope, Failure> {
    let known = || cloud::KINDS.iter().map(|kind| kind.name());
    for kind in &args.only {
        if !known().any(|known| known == kind) {
            let all: Vec<_> = known().collect();
            return Err(Failure::new(format!("--only {kind}: there is no such kind"))
                .remedy(format!("kinds are: {}", all.join(", "))));
        }
    }
    Ok(Scope { kinds: args.only.iter().cloned().collect::<BTreeSet<_>>(), repository: args.repo.clone() })
}

fn settings(args: &ResyncArgs, global: &Global) -> Result<Settings, Failure> {
    let mut overrides = Vec::new();
    let mut set = |path: &str, value: Option<String>, flag: &str| {
        overrides.extend(value.map(|value| Override::new(path, value, flag)));
    };
    set("integration.config.bitbucket_workspace", args.workspace.clone(), "--workspace");
    set("integration.config.bitbucket_host_url", args.bitbucket_url.clone(), "--bitbucket-url");
    set("integration.identifier", args.identifier.clone(), "--identifier");
    set("state_path", args.state.as_ref().map(|path| path.display().to_string()), "--state");
    if let Some(path) = &args.token_file {
        let token = read_secret(path).map_err(|error| {
            Failure::new(format!("the token cannot be read from {}", path.display()))
                .because(error)
                .remedy("--token-file takes a file that holds the token and nothing else, or - for standard input")
        })?;
        set("integration.config.bitbucket_workspace_token", Some(token.expose().to_owned()), "--token-file");
    }
    let Loaded { settings, warnings } =
        load_from_process(&Files::default(), overrides).map_err(|errors| Failure::new(errors.to_string()))?;
    super::logging::start(&settings, global);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(settings)
}

/// Runs a resync as the settings say.
pub(crate) async fn resync(
    settings: &Settings,
    args: &ResyncArgs,
    global: &Global,
    place: &CatalogPlace,
    scope: Scope,
) -> Result<Report, Failure> {
    let source = match &args.mapping {
        None => MappingSource::Released,
        Some(path) => MappingSource::File(path.clone()),
    };
    let mapping = startup::mapping(&source, settings).map_err(cannot_start)?;
    let blueprints = startup::blueprints(args.blueprints.as_deref(), settings).map_err(cannot_start)?;
    let reader = startup::bitbucket(settings).map_err(cannot_start)?;
    let catalog = startup::catalog(place, &settings.integration.identifier).await.map_err(cannot_start)?;
    let state = startup::open_state(&settings.state_path, &*catalog).await.map_err(cannot_start)?;
    let ended = Resync {
        source: reader,
        catalog,
        state: state.catalog,
        mapping: Arc::new(mapping),
        blueprints,
        scope,
        limits: ResyncLimits {
            concurrency: settings.resync.concurrency,
            confirmations: usize::try_from(settings.deletion.confirm_limit).unwrap_or(usize::MAX),
            deletions: settings.deletion.limit,
            empty_listings: match settings.deletion.empty_listing {
                EmptyListing::Doubted => EmptyListings::Doubted,
                EmptyListing::Believed => EmptyListings::Believed,
            },
        },
        observer: Arc::new(Progress::new(global.progress())),
    }
    .run()
    .await;
    state.file.close().await.map_err(|error| Failure::new("the state file cannot be closed").because(error))?;
    ended.map_err(|error| Failure::new("the resync could not run to its end").because(error))
}

fn cannot_start(error: startup::StartupError) -> Failure {
    Failure::new("the resync cannot start").because(error)
}
