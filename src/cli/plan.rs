//! `bitbucket-port plan`: what a resync would do.

use std::io;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::config::Settings;
use crate::startup::{self, CatalogPlace, MappingSource, PlanRequest, Planned};
use crate::sync::{Forecast, Observer, Scope, SyncEvent};

use super::args::{Format, Global, PlanArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::progress::{Progress, Wanted};
use super::run::Ended;
use super::{connection, plan_text, resync};

pub(crate) async fn run(args: &PlanArgs, global: &Global) -> Ended {
    let place = resync::place(&args.sync)?;
    let settings = connection::settings(&resync::given(&args.sync), global)?;
    show(&settings, args, global, place).await
}

/// Plans as the options say, and prints the plan.
pub(super) async fn show(settings: &Settings, args: &PlanArgs, global: &Global, place: CatalogPlace) -> Ended {
    let request = PlanRequest {
        place,
        mapping: args.sync.mapping.as_deref().map(MappingSource::named),
        blueprints: args.sync.blueprints.clone(),
        scope: resync::scope(&args.sync, settings)?,
        most_requests: args.max_requests,
        observer: Arc::new(Expectation { wanted: global.progress(), beside: Progress::new(global.progress()) }),
    };
    let planned = startup::plan(settings, request).await;
    let planned = planned.map_err(|error| Failure::new("the plan did not come to its end").because(error))?;
    print(&planned, global)?;
    Ok(exit(&planned, args.detailed_exitcode))
}

/// Plans what a container would do, and puts the plan into the log.
pub(super) async fn log(settings: &Settings, observer: Arc<dyn Observer>) -> Result<Planned, startup::StartupError> {
    tracing::info!("OCEAN__DRY_RUN is on: nothing is written, this is a plan");
    let place = CatalogPlace::Port;
    let scope = Scope::default();
    let request = PlanRequest { place, mapping: None, blueprints: None, scope, most_requests: None, observer };
    let planned = startup::plan(settings, request).await?;
    let mut text = Vec::new();
    plan_text::human(&planned, &mut text).map_err(startup::StartupError::Temporary)?;
    for line in String::from_utf8_lossy(&text).lines().filter(|line| !line.is_empty()) {
        tracing::info!("plan: {line}");
    }
    Ok(planned)
}

fn print(planned: &Planned, global: &Global) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let printed = match global.format {
        Format::Json => plan_text::json(planned, &mut out),
        Format::Human | Format::Github | Format::Gitlab => plan_text::human(planned, &mut out),
    };
    match printed.and_then(|()| io::Write::flush(&mut out)) {
        // Whoever closes the pipe has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new("the plan cannot be printed").because(error))
        }
        _ => Ok(()),
    }
}

fn exit(planned: &Planned, detailed: bool) -> Exit {
    match (planned.is_complete(), detailed) {
        (true, true) if planned.has_changes() => Exit::Changes,
        (true, _) => Exit::Done,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Incomplete,
    }
}

/// Says how many requests are to be expected, before they are spent.
struct Expectation {
    wanted: Wanted,
    beside: Progress,
}

impl Observer for Expectation {
    fn on(&self, event: &SyncEvent) {
        if let (Wanted::Shown, SyncEvent::Foretold { requests, by }) = (self.wanted, event) {
            let why = match by {
                Forecast::LastSync => "requests to Bitbucket, as many as the last sync took",
                Forecast::Listings => "more requests to Bitbucket, one for each listing",
            };
            eprintln!("about {requests} {why}");
        }
        self.beside.on(event);
    }

    fn examples_wanted(&self, resource: usize) -> usize {
        self.beside.examples_wanted(resource)
    }

    fn examples(&self, resource: usize, kind: &'static str, objects: &[Box<RawValue>]) {
        self.beside.examples(resource, kind, objects);
    }
}
