//! The objects of a Bitbucket Data Center: its generated calls, and what selectors ask for beyond them.

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{StreamExt as _, iter};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::datacenter::{self, PROJECT, REPOSITORY};
use super::files::{FilePlace, Files, server_place};
use super::key::{KeyError, ObjectKey};
use super::kind::Kind;
use super::listing::Listing;
use super::parent::Parent;
use super::server_filter::{Filter, admits};
use super::source::Source;
use crate::bitbucket::{CallError, Page, Server};

/// The key under which Port's mappings find the text of `README.md`; empty where there is none.
const README: &str = "__readme";

/// Projects that are fetched at a time.
const PROJECTS: usize = 8;

/// Lists and fetches the kinds of a server.
#[derive(Debug, Clone)]
pub struct DataCenter {
    server: Server,
}

impl DataCenter {
    /// The objects of that server.
    #[must_use]
    pub fn new(server: Server) -> Self {
        Self { server }
    }

    async fn source(&self) -> Result<datacenter::Source, CallError> {
        Ok(datacenter::Source::new(self.server.client().await?.clone()))
    }

    /// The projects that a selector names, each fetched by its key; one that does not exist is left out.
    async fn projects(&self, filter: &Filter) -> Result<Page, CallError> {
        let source = self.source().await?;
        let keys: Vec<ObjectKey> =
            filter.projects.iter().filter(|key| filter.takes_project(key)).map(|key| ObjectKey::new([key])).collect();
        let calls: Vec<BoxFuture<'_, _>> = keys.iter().map(|key| source.get(PROJECT, key).boxed()).collect();
        let fetched: Vec<_> = iter(calls).buffered(PROJECTS).collect().await;
        let mut values = Vec::with_capacity(fetched.len());
        for project in fetched {
            match project {
                Ok(project) => values.push(project),
                Err(error) if error.is_gone() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Page { values, next: None })
    }
}

impl Source for DataCenter {
    fn kinds(&self) -> &'static [Kind] {
        datacenter::KINDS
    }

    async fn first_page(&self, listing: &Listing, parent: Option<&Parent>) -> Result<Page, CallError> {
        if let Some(named) = listing.parameter(Listing::NAMED) {
            return named_objects(named);
        }
        let filter = Filter::of(listing)?;
        match parent {
            None if listing.kind() == PROJECT && !filter.projects.is_empty() => return self.projects(&filter).await,
            Some(parent) if listing.kind() == REPOSITORY && !filter.takes_project(parent.key().as_str()) => {
                return Ok(Page::default());
            }
            _ => {}
        }
        let mut page = self.source().await?.first_page(listing, parent).await?;
        filter.retain(listing.kind(), &mut page.values);
        Ok(page)
    }

    async fn next_page(&self, listing: &Listing, parent: Option<&Parent>, next: &str) -> Result<Page, CallError> {
        let mut page = self.source().await?.next_page(listing, parent, next).await?;
        Filter::of(listing)?.retain(listing.kind(), &mut page.values);
        Ok(page)
    }

    async fn get(&self, kind: Kind, key: &ObjectKey) -> Result<Box<RawValue>, CallError> {
        self.source().await?.get(kind, key).await
    }

    fn admits(&self, listing: &Listing, raw: &str) -> Option<bool> {
        admits(listing, raw)
    }
}

/// Objects that hold nothing but their key, enough to list within them.
fn named_objects(named: &str) -> Result<Page, CallError> {
    let object = |key: &str| to_raw_value(&serde_json::json!({ "key": key }));
    let values = named.split(',').map(object).collect::<Result<_, _>>();
    Ok(Page { values: values.map_err(|error| CallError::Invalid(error.to_string()))?, next: None })
}

impl Files for DataCenter {
    fn place(&self, kind: Kind, raw: &str) -> Result<Option<FilePlace>, KeyError> {
        server_place(kind, raw)
    }

    async fn file(&self, place: &FilePlace, path: &str) -> Result<Option<Vec<u8>>, CallError> {
        let (project, slug) = split(place)?;
        let call = self.server.client().await?.get_file().project_key(project).repository_slug(slug);
        let call = call.path(path.trim_start_matches('/'));
        let call = if place.branch.is_empty() { call } else { call.at(place.branch.as_str()) };
        match call.send().await.map_err(CallError::from) {
            Ok(answer) => super::call::bytes(answer.into_inner()).await.map(Some),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn extra(&self, place: &FilePlace, key: &str) -> Result<Value, CallError> {
        if key == README {
            let content = self.file(place, "README.md").await?.unwrap_or_default();
            return Ok(String::from_utf8_lossy(&content).into());
        }
        // The latest commit of the default branch; null in an empty repository.
        let (project, slug) = split(place)?;
        let call = self.server.client().await?.list_commits().project_key(project).repository_slug(slug).limit(1);
        match call.send().await.map_err(CallError::from) {
            Ok(page) => {
                let first = page.into_inner().values.into_iter().next();
                let commit = first.map(|commit| commit.into_text().get().parse::<Value>()).transpose();
                Ok(commit.map_err(|error| CallError::Invalid(error.to_string()))?.unwrap_or_default())
            }
            // A repository without commits has no default branch either.
            Err(error) if error.is_gone() => Ok(Value::Null),
            Err(error) => Err(error),
        }
    }
}

/// Project and slug of a repository.
fn split(place: &FilePlace) -> Result<(&str, &str), CallError> {
    let parts = place.repository.split_once('/');
    parts.ok_or_else(|| CallError::Invalid(format!("`{}` names no repository of a project", place.repository)))
}
