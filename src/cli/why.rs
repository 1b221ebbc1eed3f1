//! `bitbucket-port why`: what becomes of one object, and why.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::config::Settings;
use crate::startup::{self, CatalogPlace, MappingSource, OpenedState};
use crate::sync::{AddedState, Becomes, Entry, Inquiry, ResourceAnswer, Verdict, Why, WhyError};

use super::args::{Global, WhyArgs};
use super::connection::{self, Given};
use super::exit::Exit;
use super::failure::Failure;
use super::map::steps_text;
use super::run::Ended;

pub(crate) async fn run(args: &WhyArgs, global: &Global) -> Ended {
    let place = args.catalog.as_deref().map(place).transpose()?;
    if place == Some(CatalogPlace::Port) && args.identifier.is_none() {
        return Err(Failure::new("--catalog port needs --identifier ID")
            .remedy("ID is the integration at Port that the entities belong to"));
    }
    let settings = connection::settings(&given(args), global)?;
    let failed = |error| Failure::new("this cannot be told").because(error);
    let mapping = startup::mapping(&source(args, place.as_ref()), &settings).await.map_err(failed)?;
    let (reader, _) = startup::bitbucket(&settings).map_err(failed)?;
    let catalog = match &place {
        Some(place) => Some(startup::catalog(place, &settings).await.map_err(failed)?),
        None => None,
    };
    let state = match &catalog {
        Some(catalog) => state(&settings, &**catalog).await,
        None => None,
    };
    let inquiry = Inquiry {
        source: reader,
        mapping: Arc::new(mapping),
        catalog,
        state: state.as_ref().map(|state| state.catalog.clone()),
    };
    let why = inquiry.ask(&args.kind, &args.name).await;
    if let Some(state) = state
        && let Err(error) = state.file.close().await
    {
        tracing::warn!("the state file cannot be closed: {error}");
    }
    global.print(&why.map_err(refused)?, human)?;
    Ok(Exit::Done)
}

/// Only a catalog that can be read and is there is of use.
fn place(given: &str) -> Result<CatalogPlace, Failure> {
    let place: CatalogPlace = given.parse().map_err(|error| Failure::new("--catalog").because(error))?;
    match &place {
        CatalogPlace::Jsonl(_) => Err(Failure::new("--catalog: a log of changes answers no questions")
            .remedy("name a catalog that can be read: `sqlite:PATH` or `port`")),
        CatalogPlace::Sqlite(path) if !path.exists() => {
            Err(Failure::new(format!("--catalog: there is no {}", path.display()))
                .remedy("`bitbucket-port resync` makes one; without --catalog nothing is compared"))
        }
        CatalogPlace::Sqlite(_) | CatalogPlace::Port => Ok(place),
    }
}

fn given(args: &WhyArgs) -> Given<'_> {
    Given {
        workspace: args.workspace.as_deref(),
        server: args.server.as_deref(),
        bitbucket_url: args.bitbucket_url.as_deref(),
        identifier: args.identifier.as_deref(),
        token_file: args.token_file.as_deref(),
        state: args.state.as_deref(),
        ..Given::default()
    }
}

fn source(args: &WhyArgs, place: Option<&CatalogPlace>) -> MappingSource {
    match (&args.mapping, place, &args.identifier) {
        (Some(name), ..) => MappingSource::named(name),
        (None, Some(CatalogPlace::Port), Some(identifier)) => MappingSource::Port(identifier.clone()),
        _ => MappingSource::Released,
    }
}

/// The state file, where there is one that nobody else uses: without it less is known.
async fn state(settings: &Settings, catalog: &dyn Catalog) -> Option<OpenedState> {
    let path: &Path = &settings.state_path;
    if !path.exists() {
        return None;
    }
    match startup::open_state(path, catalog).await {
        Ok(state) => Some(state),
        Err(error) => {
            tracing::warn!("the state file cannot be asked where entities came from: {error}");
            None
        }
    }
}

fn refused(error: WhyError) -> Failure {
    match error {
        WhyError::Call(error) => Failure::new("Bitbucket cannot be asked").because(error),
        other => Failure::new(other.to_string()),
    }
}

fn human(why: &Why) -> String {
    let mut text = format!("{} {} (key {}): Bitbucket has it\n", why.kind, why.name, why.key);
    // Writing to a string cannot fail.
    for answer in &why.resources {
        resource(&mut text, answer);
    }
    for left_out in &why.left_out {
        let (index, line) = (left_out.resource, left_out.line);
        let _ = writeln!(text, "\nresource {index} (line {line}) is left out: {}", left_out.why);
    }
    if why.resources.is_empty() && why.left_out.is_empty() {
        let _ = writeln!(text, "\nthe mapping has no resource of the kind {}, so nothing becomes of it", why.kind);
    }
    if !why.remembered.is_empty() {
        text.push_str("\nentities that it was before\n");
    }
    for entity in &why.remembered {
        let _ = writeln!(text, "  {}/{}: {}", entity.blueprint, entity.identifier, entity.then);
    }
    text
}

fn resource(text: &mut String, answer: &ResourceAnswer) {
    let _ = writeln!(text, "\nresource {} (line {})", answer.resource, answer.line);
    let listed = match answer.listed.listed {
        Some(true) => "listed",
        Some(false) => "not listed",
        None => "perhaps listed",
    };
    let _ = writeln!(text, "{listed}: {} [{}]", answer.listed.because, answer.listed.listing);
    for added in &answer.added {
        let _ = match &added.state {
            AddedState::Found => writeln!(text, "added: {}", added.what),
            AddedState::Absent => writeln!(text, "added: {} as null, because it does not exist", added.what),
            AddedState::Failed(why) => writeln!(text, "not added: {}: {why}", added.what),
        };
    }
    if !answer.steps.is_empty() {
        text.push_str("expressions:\n");
        text.push_str(&steps_text(&answer.steps));
    }
    for fate in &answer.fates {
        self::fate(text, fate);
    }
    if !answer.nulls.is_empty() {
        let _ = writeln!(text, "null: {}", answer.nulls.join(", "));
    }
    if answer.listed.listed == Some(false) {
        text.push_str("a resync does not meet it here, because it is not listed\n");
    }
}

fn fate(text: &mut String, fate: &Becomes) {
    let _ = match fate {
        Becomes::NotSelected => writeln!(text, "not selected: `selector.query` gives false"),
        Becomes::LeftOut { why } => writeln!(text, "selected, but {why}"),
        Becomes::KeptBack { why } => {
            writeln!(text, "kept back: {why}; what the catalog has of it is neither changed nor deleted")
        }
        Becomes::Entity { entity, catalog } => {
            let id = entity.id();
            let _ = writeln!(text, "selected and mapped: {}/{}", id.blueprint, id.identifier);
            catalog.as_ref().map_or(Ok(()), |entry| write!(text, "{}", compared(entry)))
        }
    };
}

fn compared(entry: &Entry) -> String {
    let verdict = match &entry.verdict {
        Verdict::Unchanged => "unchanged: the catalog has it just so, and nothing is sent".to_owned(),
        Verdict::WouldCreate => "would be created".to_owned(),
        Verdict::WouldChange { differs } => format!("would be changed: {}", differs.join(", ")),
        Verdict::WouldBeRefused { why } => format!("would be refused: {why}"),
        Verdict::Unknown { why } => format!("cannot be compared: {why}"),
    };
    let mut text = format!("{verdict}\nowner: {}\n", entry.owner);
    if let Some(other) = &entry.also_from {
        let _ = writeln!(text, "collision: {other}");
    }
    text
}
