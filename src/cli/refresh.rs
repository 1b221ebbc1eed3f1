//! `bitbucket-port refresh`: single objects brought up to date.

use std::fmt::Write as _;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::startup::{self, CatalogPlace, MappingSource, RefreshError, RefreshRequest, StartupError};
use crate::sync::{Became, Found, LiveReport, ObjectReport, Observer, SyncEvent, SyncOutcome};

use super::args::{Global, RefreshArgs};
use super::connection::{self, Given};
use super::exit::Exit;
use super::failure::Failure;
use super::progress::Progress;
use super::report;
use super::run::Ended;

pub(crate) async fn run(args: &RefreshArgs, global: &Global, stop: &CancellationToken) -> Ended {
    let place = place(args)?;
    let settings = connection::settings(&given(args), global)?;
    let report = refresh(args, global, &settings, &place, stop).await.map_err(failed)?;
    if place.is_standard_output() {
        eprint!("{}", human(&report));
    } else {
        global.print(&report, human)?;
    }
    Ok(match report.outcome {
        SyncOutcome::Complete => Exit::Done,
        SyncOutcome::Incomplete => Exit::Incomplete,
    })
}

async fn refresh(
    args: &RefreshArgs,
    global: &Global,
    settings: &Settings,
    place: &CatalogPlace,
    stop: &CancellationToken,
) -> Result<LiveReport, RefreshError> {
    let request = RefreshRequest {
        place: place.clone(),
        mapping: args.mapping.as_deref().map(MappingSource::named),
        kind: args.kind.clone(),
        names: args.names.clone(),
        observer: Arc::new(Waits(Progress::new(global.progress()))),
    };
    startup::refresh(settings, request, stop).await
}

/// Says only that another process is waited for: few objects need no bars.
struct Waits(Progress);

impl Observer for Waits {
    fn on(&self, event: &SyncEvent) {
        if matches!(event, SyncEvent::Waiting { .. }) {
            self.0.on(event);
        }
    }
}

fn failed(error: RefreshError) -> Failure {
    match error {
        RefreshError::Startup(StartupError::Interrupted) => {
            Failure::new("interrupted; what was not written yet is as it was")
                .remedy("the same command goes on with it, and so does a resync")
        }
        RefreshError::Startup(error) => Failure::new("nothing could be brought up to date").because(error),
        RefreshError::Name(error) => Failure::new(error.to_string()),
    }
}

/// A catalog in a file has to be there: a resync makes it, with its blueprints.
fn place(args: &RefreshArgs) -> Result<CatalogPlace, Failure> {
    let place: CatalogPlace = args.catalog.parse().map_err(|error| Failure::new("--catalog").because(error))?;
    match &place {
        CatalogPlace::Port if args.identifier.is_none() => Err(Failure::new("--catalog port needs --identifier ID")
            .remedy("ID is the integration at Port that the entities belong to")),
        CatalogPlace::Sqlite(path) if !path.exists() => {
            Err(Failure::new(format!("--catalog: there is no {}", path.display()))
                .remedy("`bitbucket-port resync` makes one"))
        }
        _ => Ok(place),
    }
}

fn given(args: &RefreshArgs) -> Given<'_> {
    Given {
        workspace: args.workspace.as_deref(),
        server: args.server.as_deref(),
        bitbucket_url: args.bitbucket_url.as_deref(),
        identifier: args.identifier.as_deref(),
        token_file: args.token_file.as_deref(),
        state: args.state.as_deref(),
        no_wait: args.no_wait,
        deletion: args.deletion.into(),
        ..Given::default()
    }
}

fn human(report: &LiveReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for object in &report.objects {
        self::object(&mut text, object, report.rehearsed);
    }
    text.push_str(&report::noticed(&report.notices));
    let count = |is: fn(&Became) -> bool| report.count(is);
    let _ = writeln!(
        text,
        "\n{} created, {} changed, {} unchanged, {} deleted, {} kept back{}",
        count(|became| *became == Became::Created),
        count(|became| *became == Became::Changed),
        count(|became| *became == Became::Unchanged),
        count(|became| matches!(became, Became::Deleted(_))),
        count(|became| matches!(became, Became::Kept(_) | Became::Withheld(_) | Became::Refused(_))),
        if report.rehearsed { " (rehearsed: nothing was written)" } else { "" },
    );
    let outcome = match report.outcome {
        SyncOutcome::Complete => "complete",
        SyncOutcome::Incomplete => "INCOMPLETE: what is left to be done is named above",
    };
    let (took, requests) = (report::seconds(report.duration), report.requests);
    let _ = writeln!(text, "{} in {took} with {requests} requests: {outcome}", report.catalog);
    text
}

fn object(text: &mut String, object: &ObjectReport, rehearsed: bool) {
    let name = object.called.as_deref().unwrap_or(&object.key);
    let key = if name == object.key { String::new() } else { format!(" (key {})", object.key) };
    let found = match &object.found {
        Found::There => "Bitbucket has it".to_owned(),
        Found::Gone => "it is gone".to_owned(),
        Found::Unknown(why) => format!("cannot tell whether it exists: {why}"),
    };
    let _ = writeln!(text, "{} {name}{key}: {found}", object.kind);
    if let Some(because) = &object.because {
        let _ = writeln!(text, "  looked at because {because}");
    }
    for of in &object.entities {
        let (word, why) = word(&of.became, rehearsed);
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let width = if rehearsed { 16 } else { 11 };
        let _ = writeln!(text, "  {word:<width$} {}/{}{why}", of.entity.blueprint, of.entity.identifier);
    }
    if object.entities.is_empty() && object.found == Found::There && object.left.is_none() {
        text.push_str("  nothing comes of it: no resource of the mapping takes it\n");
    }
    if let Some(left) = object.left.as_ref().filter(|_| !matches!(object.found, Found::Unknown(_))) {
        let _ = writeln!(text, "  stays to be done: {left}");
    }
}

fn word(became: &Became, rehearsed: bool) -> (&'static str, Option<&str>) {
    match (became, rehearsed) {
        (Became::Created, false) => ("created", None),
        (Became::Created, true) => ("would be created", None),
        (Became::Changed, false) => ("changed", None),
        (Became::Changed, true) => ("would be changed", None),
        (Became::Unchanged, _) => ("unchanged", None),
        (Became::Unmatched, _) => ("unmatched", Some("its identifier is a search that finds nothing")),
        (Became::Deleted(why), false) => ("deleted", Some(why)),
        (Became::Deleted(why), true) => ("would be deleted", Some(why)),
        (Became::Kept(why), _) => ("stays", Some(why)),
        (Became::Withheld(why), _) => ("kept back", Some(why)),
        (Became::Refused(why), _) => ("not written", Some(why)),
    }
}
