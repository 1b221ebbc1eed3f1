//! Adds to objects what listings do not have: the files that a selector names and an expression reads.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{StreamExt, iter};
use serde_json::value::RawValue;

use crate::kinds::FilePlace;

use super::context::Context;
use super::plan::{Node, PlannedResource};

/// The key under which the files of `includedFiles` stand.
pub(crate) const INCLUDED_FILES: &str = "__includedFiles";

/// The selector's field that names them.
const SELECTOR: &str = "includedFiles";

/// Objects whose files are held in memory at a time.
pub(crate) const OBJECTS: usize = 25;

/// What is added to one object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Additions {
    /// The text of each file; `None` where it does not exist.
    pub(crate) files: HashMap<String, Option<Arc<str>>>,
    /// Files of which nobody knows, because fetching them failed.
    pub(crate) failed: BTreeSet<String>,
}

/// The files that one resource reads.
pub(crate) fn wanted(planned: &PlannedResource) -> impl Iterator<Item = &String> {
    let named = planned.selector.enrichment(SELECTOR).iter();
    named.filter(|path| planned.resource.may_read(&[INCLUDED_FILES, path]))
}

/// The files that the resources of a listing read.
pub(crate) fn wanted_by(ctx: &Context, node: &Node) -> BTreeSet<String> {
    let resources = node.resources.iter().map(|number| &ctx.plan.resources[*number]);
    resources.flat_map(wanted).cloned().collect()
}

/// Fetches the files for some objects of a listing, each once.
pub(crate) async fn fetch(
    ctx: &Context,
    node: &Node,
    wanted: &BTreeSet<String>,
    values: &[Box<RawValue>],
) -> Vec<Additions> {
    let kind = node.listing.kind();
    let places: Vec<Option<FilePlace>> = values
        .iter()
        .map(|value| {
            ctx.source.place(kind, value.get()).unwrap_or_else(|error| {
                ctx.notices.warning(error.to_string());
                None
            })
        })
        .collect();
    let distinct: BTreeSet<(&str, &str)> =
        places.iter().flatten().map(|place| (place.repository.as_str(), place.branch.as_str())).collect();
    let calls: Vec<(FilePlace, &String)> = distinct
        .into_iter()
        .flat_map(|(repository, branch)| {
            let place = FilePlace { repository: repository.to_owned(), branch: branch.to_owned() };
            wanted.iter().map(move |path| (place.clone(), path))
        })
        .collect();
    let calls: Vec<BoxFuture<'_, _>> = calls.into_iter().map(|(place, path)| one(ctx, place, path).boxed()).collect();
    let fetched: HashMap<(FilePlace, &String), Fetched> = iter(calls).buffer_unordered(ctx.concurrency).collect().await;
    places.iter().map(|place| additions(place.as_ref(), wanted, &fetched)).collect()
}

enum Fetched {
    Text(Arc<str>),
    Missing,
    Failed,
}

async fn one<'a>(ctx: &Context, place: FilePlace, path: &'a String) -> ((FilePlace, &'a String), Fetched) {
    let fetched = match ctx.source.file(&place, path).await {
        Ok(Some(content)) => Fetched::Text(String::from_utf8_lossy(&content).into()),
        Ok(None) => Fetched::Missing,
        Err(error) => {
            ctx.notices.warning(format!("{path} of {} could not be fetched: {error}", place.repository));
            Fetched::Failed
        }
    };
    ((place, path), fetched)
}

fn additions(
    place: Option<&FilePlace>,
    wanted: &BTreeSet<String>,
    fetched: &HashMap<(FilePlace, &String), Fetched>,
) -> Additions {
    let mut additions = Additions::default();
    for path in wanted {
        let found = place.and_then(|place| fetched.get(&(place.clone(), path)));
        match found {
            Some(Fetched::Text(text)) => drop(additions.files.insert(path.clone(), Some(Arc::clone(text)))),
            Some(Fetched::Failed) => drop(additions.failed.insert(path.clone())),
            Some(Fetched::Missing) | None => drop(additions.files.insert(path.clone(), None)),
        }
    }
    additions
}
