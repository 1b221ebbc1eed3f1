//! `bitbucket-port resync`: one resync into a catalog of one's own.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::port::WhenMissing;
use crate::config::{Files, Loaded, Override, Product, Settings, WriteMode, load_from_process, read_secret};
use crate::kinds::{cloud, datacenter};
use crate::startup::{self, CatalogPlace, MappingSource, StartupError};
use crate::sync::{Report, Scope};

use super::args::{Global, PlanArgs, ResyncArgs, SyncArgs};
use super::failure::Failure;
use super::plan;
use super::progress::Progress;
use super::report;
use super::run::Ended;

pub(crate) async fn run(args: ResyncArgs, global: &Global) -> Ended {
    let place = place(&args.sync)?;
    let settings = settings(&args.sync, global)?;
    if settings.resync.mode == WriteMode::DryRun {
        let args = PlanArgs { sync: args.sync, detailed_exitcode: false, max_requests: None };
        return plan::show(&settings, &args, global, place).await;
    }
    let scope = scope(&args.sync, &settings)?;
    let args = &args;
    let report = resync(&settings, args, global, &place, scope).await?;
    if place.is_standard_output() {
        // Standard output holds the changes; the summary must not stand among them.
        eprint!("{}", report::human(&report));
    } else {
        global.print(&report, report::human)?;
    }
    Ok(report::exit(&report))
}

/// The catalog that the options name.
pub(super) fn place(args: &SyncArgs) -> Result<CatalogPlace, Failure> {
    let place: CatalogPlace = args.catalog.parse().map_err(|error| Failure::new("--catalog").because(error))?;
    if place == CatalogPlace::Port && args.identifier.is_none() {
        return Err(Failure::new("--catalog port needs --identifier ID").remedy(
            "ID is the integration at Port that the entities belong to; `resync --create` creates it where it does not \
             exist",
        ));
    }
    Ok(place)
}

pub(super) fn scope(args: &SyncArgs, settings: &Settings) -> Result<Scope, Failure> {
    let kinds = match &settings.product {
        Product::Cloud(_) => cloud::KINDS,
        Product::DataCenter(_) => datacenter::KINDS,
    };
    let known = || kinds.iter().map(|kind| kind.name());
    for kind in &args.only {
        if !known().any(|known| known == kind) {
            let all: Vec<_> = known().collect();
            return Err(Failure::new(format!("--only {kind}: there is no such kind"))
                .remedy(format!("kinds are: {}", all.join(", "))));
        }
    }
    Ok(Scope { kinds: args.only.iter().cloned().collect::<BTreeSet<_>>(), repository: args.repo.clone() })
}

pub(super) fn settings(args: &SyncArgs, global: &Global) -> Result<Settings, Failure> {
    let mut overrides = Vec::new();
    let mut set = |path: &str, value: Option<String>, flag: &str| {
        overrides.extend(value.map(|value| Override::new(path, value, flag)));
    };
    set("integration.config.bitbucket_workspace", args.workspace.clone(), "--workspace");
    set("integration.config.bitbucket_base_url", args.server.clone(), "--server");
    set("integration.config.bitbucket_host_url", args.bitbucket_url.clone(), "--bitbucket-url");
    set("integration.identifier", args.identifier.clone(), "--identifier");
    set("state_path", args.state.as_ref().map(|path| path.display().to_string()), "--state");
    if let Some(path) = &args.token_file {
        let token = read_secret(path).map_err(|error| {
            Failure::new(format!("the token cannot be read from {}", path.display()))
                .because(error)
                .remedy("--token-file takes a file that holds the token and nothing else, or - for standard input")
        })?;
        // Which token it is follows from what is read; without either option the settings decide, where Cloud is the rule.
        let path = match &args.server {
            Some(_) => "integration.config.bitbucket_token",
            None => "integration.config.bitbucket_workspace_token",
        };
        set(path, Some(token.expose().to_owned()), "--token-file");
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
    let observer = Arc::new(Progress::new(global.progress()));
    let ended = match place {
        CatalogPlace::Port => into_port(settings, args, scope, observer).await,
        place => into_own(settings, args, place, scope, observer).await,
    };
    ended.map_err(|error| Failure::new("the resync did not come to its end").because(error))
}

async fn into_port(
    settings: &Settings,
    args: &ResyncArgs,
    scope: Scope,
    observer: Arc<Progress>,
) -> Result<Report, StartupError> {
    let client = startup::port_client(settings)?;
    let mapping = match &args.sync.mapping {
        None => None,
        Some(name) => Some(startup::mapping(&MappingSource::named(name), settings).await?),
    };
    let when_missing = if args.create { WhenMissing::Create } else { WhenMissing::Refuse };
    startup::provision(&client, settings, when_missing).await?;
    startup::resync_into_port(settings, &client, mapping, scope, observer).await
}

async fn into_own(
    settings: &Settings,
    args: &ResyncArgs,
    place: &CatalogPlace,
    scope: Scope,
    observer: Arc<Progress>,
) -> Result<Report, StartupError> {
    let source = args.sync.mapping.as_deref().map_or(MappingSource::Released, MappingSource::named);
    let mapping = startup::mapping(&source, settings).await?;
    let blueprints = startup::blueprints(args.sync.blueprints.as_deref(), settings)?;
    let catalog = startup::catalog(place, settings).await?;
    startup::Run { catalog, mapping, blueprints, scope, observer }.run(settings).await
}
