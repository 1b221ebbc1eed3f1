//! The change log as a catalog.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::sink::Sink;
use crate::catalog::{
    Access, Blueprint, Catalog, CatalogError, DeleteResult, Dependent, Dependents, Entity, Extent, OwnedPage, Present,
    Provisioned, UpsertResult, WriteOptions,
};

/// A catalog that only logs what it is told: `{"op":"upsert","blueprint":…,"entity":{…},"at":…}` and
/// `{"op":"delete","blueprint":…,"identifier":…,"at":…}`, one line each; `at` is RFC 3339 in UTC.
#[derive(Clone)]
pub struct ChangeLog {
    name: Arc<str>,
    sink: Arc<Mutex<Sink>>,
    /// What was provisioned, so that a sync can ask for it again.
    blueprints: Arc<Mutex<HashMap<String, Blueprint>>>,
    clock: fn() -> OffsetDateTime,
}

impl std::fmt::Debug for ChangeLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeLog").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Line<'a> {
    Upsert { blueprint: &'a str, entity: &'a Entity, at: &'a str },
    Delete { blueprint: &'a str, identifier: &'a str, at: &'a str },
}

impl ChangeLog {
    /// Opens a file to append to it, creating it where there is none; `-` is standard output.
    pub fn open(path: &Path, owner: &str) -> Result<Self, CatalogError> {
        if path == Path::new("-") {
            return Ok(Self::to_stream(format!("jsonl:-#{owner}"), Box::new(std::io::stdout())));
        }
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let name = format!("jsonl:{}#{owner}", path.display());
        match Sink::append(&path) {
            Ok(sink) => Ok(Self::over(name, sink)),
            Err(error) => Err(unreachable(&name, "cannot open the change log", error)),
        }
    }

    pub(super) fn to_stream(name: String, stream: Box<dyn Write + Send>) -> Self {
        Self::over(name, Sink::Stream(stream))
    }

    fn over(name: String, sink: Sink) -> Self {
        let (sink, blueprints) = (Arc::new(Mutex::new(sink)), Arc::default());
        Self { name: name.into(), sink, blueprints, clock: OffsetDateTime::now_utc }
    }

    #[cfg(test)]
    pub(super) fn with_clock(mut self, clock: fn() -> OffsetDateTime) -> Self {
        self.clock = clock;
        self
    }

    fn now(&self) -> String {
        (self.clock)().format(&Rfc3339).unwrap_or_default()
    }

    fn unsupported(&self, operation: &'static str) -> CatalogError {
        CatalogError::Unsupported { catalog: self.name.to_string(), operation }
    }

    fn lines<'l>(&self, lines: impl Iterator<Item = Line<'l>>) -> Result<Vec<u8>, CatalogError> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line)
                .map_err(|error| unreachable(&self.name, "cannot put a change into JSON", error))?;
            text.push(b'\n');
        }
        Ok(text)
    }

    /// Uses the sink on a thread that may wait: the reader of a pipe can be slow.
    async fn with_sink<F>(&self, work: F) -> Result<(), CatalogError>
    where
        F: FnOnce(&mut Sink) -> std::io::Result<()> + Send + 'static,
    {
        let sink = Arc::clone(&self.sink);
        let done = tokio::task::spawn_blocking(move || work(&mut sink.lock().unwrap_or_else(PoisonError::into_inner)));
        match done.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                let doing = "cannot write a change: the program that reads the change log has ended";
                Err(unreachable(&self.name, doing, error))
            }
            Ok(Err(error)) => Err(unreachable(&self.name, "cannot write a change", error)),
            Err(error) => Err(unreachable(&self.name, "cannot write a change", error)),
        }
    }
}

fn unreachable(name: &str, doing: &str, source: impl std::error::Error + Send + Sync + 'static) -> CatalogError {
    CatalogError::of_file(name, doing, source)
}

impl Catalog for ChangeLog {
    fn name(&self) -> &str {
        &self.name
    }

    fn access(&self) -> Access {
        Access::WriteOnly
    }

    /// Only a blueprint that was provisioned before is known; of others nothing can be said.
    fn blueprint<'a>(&'a self, identifier: &'a str) -> BoxFuture<'a, Result<Option<Blueprint>, CatalogError>> {
        let known = self.blueprints.lock().unwrap_or_else(PoisonError::into_inner).get(identifier).cloned();
        async move { known.map(Some).ok_or_else(|| self.unsupported("tell which blueprints exist")) }.boxed()
    }

    /// Remembers the blueprints; the log holds entities only.
    fn provision<'a>(&'a self, blueprints: &'a [Blueprint]) -> BoxFuture<'a, Result<Provisioned, CatalogError>> {
        let mut known = self.blueprints.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = Provisioned::default();
        for blueprint in blueprints {
            let fresh = known.insert(blueprint.identifier.clone(), blueprint.clone()).is_none();
            let list = if fresh { &mut done.created } else { &mut done.existing };
            list.push(blueprint.identifier.clone());
        }
        async move { Ok(done) }.boxed()
    }

    /// Logs every entity. Whether one existed before is not known; all count as updated.
    fn upsert<'a>(
        &'a self,
        blueprint: &'a str,
        entities: &'a [Entity],
        _options: WriteOptions,
    ) -> BoxFuture<'a, Result<Vec<UpsertResult>, CatalogError>> {
        async move {
            let at = self.now();
            let lines = self.lines(entities.iter().map(|entity| Line::Upsert { blueprint, entity, at: &at }))?;
            self.with_sink(move |sink| sink.write(&lines)).await?;
            Ok(vec![UpsertResult::Updated; entities.len()])
        }
        .boxed()
    }

    fn owned(
        &self,
        _before: OffsetDateTime,
        _cursor: Option<String>,
    ) -> BoxFuture<'_, Result<OwnedPage, CatalogError>> {
        async move { Err(self.unsupported("list owned entities")) }.boxed()
    }

    fn read<'a>(
        &'a self,
        _blueprint: &'a str,
        _like: &'a [Entity],
    ) -> BoxFuture<'a, Result<Vec<Entity>, CatalogError>> {
        async move { Err(self.unsupported("read entities")) }.boxed()
    }

    fn present<'a>(
        &'a self,
        _blueprint: &'a str,
        _like: &'a [Entity],
        _extent: Extent,
    ) -> BoxFuture<'a, Result<Vec<Present>, CatalogError>> {
        async move { Err(self.unsupported("read entities")) }.boxed()
    }

    fn is_empty<'a>(&'a self, _blueprint: &'a str) -> BoxFuture<'a, Result<bool, CatalogError>> {
        async move { Err(self.unsupported("count entities")) }.boxed()
    }

    fn dependents<'a>(
        &'a self,
        _blueprint: &'a str,
        _identifiers: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Dependent>, CatalogError>> {
        async move { Err(self.unsupported("find what depends on entities")) }.boxed()
    }

    /// Logs every deletion. What depends on the entities is not known.
    fn delete<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
        _dependents: Dependents,
    ) -> BoxFuture<'a, Result<Vec<DeleteResult>, CatalogError>> {
        async move {
            let at = self.now();
            let lines =
                self.lines(identifiers.iter().map(|identifier| Line::Delete { blueprint, identifier, at: &at }))?;
            self.with_sink(move |sink| sink.write(&lines)).await?;
            Ok(vec![DeleteResult::Deleted { dependents: Vec::new() }; identifiers.len()])
        }
        .boxed()
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), CatalogError>> {
        self.with_sink(Sink::sync).boxed()
    }
}
