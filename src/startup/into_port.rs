//! One resync into Port, reported to Port.

use std::sync::Arc;

use crate::catalog::port::PortCatalog;
use crate::config::Settings;
use crate::mapping::Mapping;
use crate::port::{PortClient, PortReporter, ResyncId};
use crate::sync::{Observer, Report, Scope};

use super::{PortObserver, Run, StartupError, port_mapping, reporter_settings};

/// Resyncs into Port under the mapping given, or the one that Port has. `beside` watches too.
///
/// # Errors
/// As [`Run::run`]; and Port has no mapping.
pub async fn resync_into_port(
    settings: &Settings,
    client: &PortClient,
    mapping: Option<Mapping>,
    scope: Scope,
    beside: Arc<dyn Observer>,
) -> Result<Report, StartupError> {
    let resync = ResyncId::random();
    let reporter = PortReporter::start(client.clone(), resync, reporter_settings(settings));
    let observer = Arc::new(PortObserver::new(reporter, beside));
    let ended = run(settings, client, resync, mapping, scope, Arc::clone(&observer) as Arc<dyn Observer>).await;
    if let Some(observer) = Arc::into_inner(observer) {
        observer.finish(ended.is_err()).await;
    }
    ended
}

async fn run(
    settings: &Settings,
    client: &PortClient,
    resync: ResyncId,
    mapping: Option<Mapping>,
    scope: Scope,
    observer: Arc<dyn Observer>,
) -> Result<Report, StartupError> {
    let mapping = match mapping {
        Some(mapping) => mapping,
        None => port_mapping(client, settings).await?,
    };
    let catalog = Arc::new(PortCatalog::new(client.clone(), Some(resync)));
    Run { catalog, mapping, blueprints: vec![], scope, observer }.run(settings).await
}
