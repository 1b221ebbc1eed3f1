//! Adds to objects what listings do not have and an expression reads: the files that a selector names, and what
//! the product offers under keys of its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{StreamExt, iter};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::bitbucket::CallError;
use crate::kinds::FilePlace;

use super::context::Context;
use super::plan::{Node, PlannedResource};
use super::report::NoticeLevel;

/// The key under which the files of `includedFiles` stand.
pub(crate) const INCLUDED_FILES: &str = "__includedFiles";

/// The selector's field that names them.
const SELECTOR: &str = "includedFiles";

/// Objects that are enriched together.
pub(crate) const OBJECTS: usize = 25;

/// Groups of objects whose additions are fetched, and held in memory, at a time: while the last files of one group
/// arrive, those of the next keep the connections busy.
pub(crate) const GROUPS: usize = 3;

/// One thing to add.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Want {
    /// The text of a file; null where it does not exist.
    File(String),
    /// What the product offers under this key.
    Extra(&'static str),
}

impl Want {
    /// Where it stands in the object.
    pub(crate) fn path(&self) -> Vec<String> {
        match self {
            Self::File(path) => vec![INCLUDED_FILES.to_owned(), path.clone()],
            Self::Extra(key) => vec![(*key).to_owned()],
        }
    }
}

/// What is added to one object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Additions {
    /// What was found.
    pub(crate) found: Vec<(Want, Arc<Value>)>,
    /// What nobody knows of, because fetching it failed.
    pub(crate) failed: BTreeSet<Want>,
}

impl Additions {
    /// The keys to set on the object.
    pub(crate) fn keys(&self) -> serde_json::Map<String, Value> {
        let mut keys = serde_json::Map::new();
        let files = self.found.iter().map(|(want, _)| want).chain(&self.failed);
        if files.into_iter().any(|want| matches!(want, Want::File(_))) {
            let found = self.found.iter().filter_map(|(want, value)| match want {
                Want::File(path) => Some((path.clone(), Value::clone(value))),
                Want::Extra(_) => None,
            });
            keys.insert(INCLUDED_FILES.to_owned(), Value::Object(found.collect()));
        }
        for (want, value) in &self.found {
            if let Want::Extra(key) = want {
                keys.insert((*key).to_owned(), Value::clone(value));
            }
        }
        keys
    }
}

/// What one resource reads.
pub(crate) fn wanted(planned: &PlannedResource) -> impl Iterator<Item = Want> {
    let files = planned.selector.enrichment(SELECTOR).iter();
    let files = files.filter(|path| planned.resource.may_read(&[INCLUDED_FILES, path])).cloned().map(Want::File);
    let extras = planned.kind.info().extras.iter().copied();
    files.chain(extras.filter(|key| planned.resource.names(key)).map(Want::Extra))
}

/// What the resources of a listing read.
pub(crate) fn wanted_by(ctx: &Context, node: &Node) -> BTreeSet<Want> {
    let resources = node.resources.iter().map(|number| &ctx.plan.resources[*number]);
    resources.flat_map(wanted).collect()
}

/// Fetches what is wanted for some objects of a listing, each thing once.
pub(crate) async fn fetch(
    ctx: &Context,
    node: &Node,
    wanted: &BTreeSet<Want>,
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
    let calls: Vec<(FilePlace, &Want)> = distinct
        .into_iter()
        .flat_map(|(repository, branch)| {
            let place = FilePlace { repository: repository.to_owned(), branch: branch.to_owned() };
            wanted.iter().map(move |want| (place.clone(), want))
        })
        .collect();
    let calls: Vec<BoxFuture<'_, _>> = calls.into_iter().map(|(place, want)| one(ctx, place, want).boxed()).collect();
    let fetched: HashMap<(FilePlace, &Want), Fetched> = iter(calls).buffer_unordered(ctx.concurrency).collect().await;
    places.iter().map(|place| additions(place.as_ref(), wanted, &fetched)).collect()
}

enum Fetched {
    Found(Arc<Value>),
    Failed,
}

async fn one<'a>(ctx: &Context, place: FilePlace, want: &'a Want) -> ((FilePlace, &'a Want), Fetched) {
    let fetched = match ask(ctx, &place, want).await {
        Ok(value) => Fetched::Found(value.into()),
        Err(error) => {
            let what = want.path().pop().unwrap_or_default();
            let (before, after) = (format!("{what} of "), " could not be fetched");
            ctx.notices.call_failed(NoticeLevel::Warning, &before, &place.repository, after, &error);
            Fetched::Failed
        }
    };
    ((place, want), fetched)
}

async fn ask(ctx: &Context, place: &FilePlace, want: &Want) -> Result<Value, CallError> {
    match want {
        Want::File(path) => {
            let content = ctx.source.file(place, path).await?;
            Ok(content.map_or(Value::Null, |content| String::from_utf8_lossy(&content).into()))
        }
        Want::Extra(key) => ctx.source.extra(place, key).await,
    }
}

fn additions(
    place: Option<&FilePlace>,
    wanted: &BTreeSet<Want>,
    fetched: &HashMap<(FilePlace, &Want), Fetched>,
) -> Additions {
    let mut additions = Additions::default();
    for want in wanted {
        let found = place.and_then(|place| fetched.get(&(place.clone(), want)));
        match found {
            Some(Fetched::Found(value)) => additions.found.push((want.clone(), Arc::clone(value))),
            Some(Fetched::Failed) => drop(additions.failed.insert(want.clone())),
            None => additions.found.push((want.clone(), Arc::new(Value::Null))),
        }
    }
    additions
}
