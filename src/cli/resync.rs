//! `bitbucket-port resync`: one resync into a catalog of one's own.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::catalog::port::WhenMissing;
use crate::config::{Product, Settings, WriteMode};
use crate::kinds::{cloud, datacenter};
use crate::startup::{self, CatalogPlace, MappingSource, StartupError};
use crate::sync::{Report, Scope};

use super::args::{Global, PlanArgs, ResyncArgs, SyncArgs};
use super::connection::{self, Given};
use super::failure::Failure;
use super::plan;
use super::progress::Progress;
use super::report;
use super::run::Ended;

pub(crate) async fn run(args: ResyncArgs, global: &Global, stop: &CancellationToken) -> Ended {
    let place = place(&args.sync)?;
    let given = Given { no_wait: args.no_wait, full: args.full, ..given(&args.sync) };
    let settings = connection::settings(&given, global)?;
    if settings.resync.mode == WriteMode::DryRun {
        let args = PlanArgs { sync: args.sync, detailed_exitcode: false, max_requests: None };
        return plan::show(&settings, &args, global, place).await;
    }
    let scope = scope(&args.sync, &settings)?;
    let args = &args;
    let report = resync(&settings, args, global, &place, scope, stop).await?;
    if place.is_standard_output() {
        // Standard output holds the changes; the summary must not stand among them.
        eprint!("{}", report::human(&report));
    } else {
        global.print(&report, report::human)?;
    }
    Ok(report::exit(&report))
}

/// What the options say of a connection.
pub(super) fn given(args: &SyncArgs) -> Given<'_> {
    Given {
        workspace: args.workspace.as_deref(),
        server: args.server.as_deref(),
        bitbucket_url: args.bitbucket_url.as_deref(),
        identifier: args.identifier.as_deref(),
        token_file: args.token_file.as_deref(),
        state: args.state.as_deref(),
        deletion: args.deletion,
        ..Given::default()
    }
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

/// Runs a resync as the settings say.
pub(crate) async fn resync(
    settings: &Settings,
    args: &ResyncArgs,
    global: &Global,
    place: &CatalogPlace,
    scope: Scope,
    stop: &CancellationToken,
) -> Result<Report, Failure> {
    let observer = Arc::new(Progress::new(global.progress()));
    let ended = match place {
        CatalogPlace::Port => into_port(settings, args, scope, observer, stop).await,
        place => into_own(settings, args, place, scope, observer, stop).await,
    };
    ended.map_err(|error| match error {
        StartupError::Interrupted => Failure::new(error.to_string()),
        error => Failure::new("the resync did not come to its end").because(error),
    })
}

async fn into_port(
    settings: &Settings,
    args: &ResyncArgs,
    scope: Scope,
    observer: Arc<Progress>,
    stop: &CancellationToken,
) -> Result<Report, StartupError> {
    let client = startup::port_client(settings)?;
    let mapping = match &args.sync.mapping {
        None => None,
        Some(name) => Some(startup::mapping(&MappingSource::named(name), settings).await?),
    };
    let when_missing = if args.create { WhenMissing::Create } else { WhenMissing::Refuse };
    startup::provision(&client, settings, when_missing).await?;
    startup::resync_into_port(settings, &client, mapping, scope, observer, stop).await
}

async fn into_own(
    settings: &Settings,
    args: &ResyncArgs,
    place: &CatalogPlace,
    scope: Scope,
    observer: Arc<Progress>,
    stop: &CancellationToken,
) -> Result<Report, StartupError> {
    let source = args.sync.mapping.as_deref().map_or(MappingSource::Released, MappingSource::named);
    let mapping = startup::mapping(&source, settings).await?;
    let blueprints = startup::blueprints(args.sync.blueprints.as_deref(), settings)?;
    let catalog = startup::catalog(place, settings).await?;
    startup::Run { catalog, mapping, blueprints, scope, observer }.run(settings, stop).await
}
