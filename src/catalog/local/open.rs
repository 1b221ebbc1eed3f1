//! The catalog itself: opening it, and the contract over its parts.

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use rusqlite::Connection;
use time::OffsetDateTime;

use super::schema::KIND;
use super::{blueprints, delete, listing, rows, upsert};
use crate::catalog::{
    Access, Blueprint, BulkLimits, Catalog, CatalogError, DeleteResult, Dependent, Dependents, Entity, Extent,
    OwnedPage, Present, Provisioned, UpsertResult, WriteOptions,
};
use crate::sqlite::{Database, Found, Place};

/// Whether a file is, by its header, a catalog of this program.
pub(crate) fn is_catalog(path: &Path) -> bool {
    KIND.is_at(path)
}

/// A catalog in a SQLite file; cheap to clone.
///
/// Several processes may open one file: SQLite itself keeps their writes apart.
#[derive(Clone, Debug)]
pub struct LocalCatalog {
    pub(super) database: Database,
    pub(super) name: Arc<str>,
    owner: Arc<str>,
    clock: fn() -> OffsetDateTime,
}

impl LocalCatalog {
    /// Opens the catalog in a file, creating the file where there is none; its folder must exist.
    ///
    /// `owner` is the integration in whose name entities are written. A file that is no catalog of this program, is
    /// damaged, or was written by a newer version is an error and stays as it is.
    pub async fn open(path: &Path, owner: &str) -> Result<Self, CatalogError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let name = format!("sqlite:{}#{owner}", path.display());
        Self::start(Place::File(path, None), name, owner).await
    }

    /// A copy of the catalog in a file, under the catalog's own name, in `folder`; empty where there is no such file.
    /// The file itself is neither created nor changed, and other processes may go on with it.
    ///
    /// # Errors
    /// As for [`LocalCatalog::open`].
    pub async fn open_copy(path: &Path, owner: &str, folder: &Path) -> Result<Self, CatalogError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let name = format!("sqlite:{}#{owner}", path.display());
        let to = folder.join("catalog.db");
        let copied = {
            let to = to.clone();
            tokio::task::spawn_blocking(move || KIND.copy(&path, &to)).await
        };
        match copied {
            Ok(Ok(Found::Existing)) => Self::start(Place::File(to, None), name, owner).await,
            Ok(Ok(Found::Nothing)) => Self::start(Place::Memory, name, owner).await,
            Ok(Err(error)) => Err(CatalogError::of_file(&name, "cannot read the file", error)),
            Err(error) => Err(CatalogError::of_file(&name, "cannot read the file", error)),
        }
    }

    /// A catalog that is gone when the last handle goes.
    pub async fn in_memory(owner: &str) -> Result<Self, CatalogError> {
        Self::start(Place::Memory, format!("sqlite:memory#{owner}"), owner).await
    }

    /// The same file in the name of another integration.
    #[must_use]
    pub fn with_owner(&self, owner: &str) -> Self {
        let file = self.name.rsplit_once('#').map_or(&*self.name, |(file, _)| file);
        Self { name: format!("{file}#{owner}").into(), owner: owner.into(), ..self.clone() }
    }

    /// Writes out what is pending and closes the file; later calls fail.
    pub async fn close(&self) -> Result<(), CatalogError> {
        self.database.close().await.map_err(|error| self.unreachable("cannot close the file", error))
    }

    #[cfg(test)]
    pub(super) fn with_clock(mut self, clock: fn() -> OffsetDateTime) -> Self {
        self.clock = clock;
        self
    }

    async fn start(place: Place, name: String, owner: &str) -> Result<Self, CatalogError> {
        match Database::open(place, &KIND).await {
            Ok((database, _)) => {
                Ok(Self { database, name: name.into(), owner: owner.into(), clock: OffsetDateTime::now_utc })
            }
            Err(error) => Err(CatalogError::of_file(&name, "cannot open the file", error)),
        }
    }

    pub(super) fn unreachable(&self, doing: &str, error: crate::sqlite::SqliteError) -> CatalogError {
        CatalogError::of_file(&self.name, doing, error)
    }

    pub(super) async fn read_rows<T, F>(&self, doing: &str, work: F) -> Result<T, CatalogError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.database.read(work).await.map_err(|error| self.unreachable(doing, error))
    }

    async fn write_rows<T, F>(&self, doing: &str, work: F) -> Result<T, CatalogError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.database.write(work).await.map_err(|error| self.unreachable(doing, error))
    }

    fn writing(&self) -> rows::Writing {
        rows::Writing { owner: Arc::clone(&self.owner), at: rows::timestamp((self.clock)()) }
    }
}

impl Catalog for LocalCatalog {
    fn name(&self) -> &str {
        &self.name
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    /// Larger than Port's: each bulk is one commit.
    fn bulk_limits(&self) -> BulkLimits {
        BulkLimits { entities: 100, bytes: 1 << 20, in_flight: 4 }
    }

    fn blueprint<'a>(&'a self, identifier: &'a str) -> BoxFuture<'a, Result<Option<Blueprint>, CatalogError>> {
        let identifier = identifier.to_owned();
        self.read_rows("cannot read a blueprint", move |connection| blueprints::load(connection, &identifier)).boxed()
    }

    fn provision<'a>(&'a self, blueprints: &'a [Blueprint]) -> BoxFuture<'a, Result<Provisioned, CatalogError>> {
        let (blueprints, at) = (blueprints.to_vec(), self.writing().at);
        self.write_rows("cannot create blueprints", move |connection| {
            blueprints::provision(connection, &blueprints, &at)
        })
        .boxed()
    }

    fn upsert<'a>(
        &'a self,
        blueprint: &'a str,
        entities: &'a [Entity],
        options: WriteOptions,
    ) -> BoxFuture<'a, Result<Vec<UpsertResult>, CatalogError>> {
        let (name, entities, writing) = (blueprint.to_owned(), entities.to_vec(), self.writing());
        async move {
            let results = self
                .write_rows("cannot write entities", move |connection| {
                    upsert::bulk(connection, &name, &entities, options, &writing)
                })
                .await?;
            results.ok_or_else(|| CatalogError::MissingBlueprint {
                catalog: self.name.to_string(),
                blueprint: blueprint.to_owned(),
            })
        }
        .boxed()
    }

    fn owned(&self, before: OffsetDateTime, cursor: Option<String>) -> BoxFuture<'_, Result<OwnedPage, CatalogError>> {
        async move {
            let after = match cursor.as_deref().map(str::parse::<i64>) {
                None => 0,
                Some(Ok(after)) => after,
                Some(Err(_)) => {
                    return Err(CatalogError::Refused {
                        catalog: self.name.to_string(),
                        message: "the cursor of the owned listing is not one of this catalog".to_owned(),
                    });
                }
            };
            let (owner, before) = (Arc::clone(&self.owner), rows::timestamp(before));
            self.read_rows("cannot list owned entities", move |connection| {
                listing::owned(connection, &owner, &before, after)
            })
            .await
        }
        .boxed()
    }

    fn read<'a>(&'a self, blueprint: &'a str, like: &'a [Entity]) -> BoxFuture<'a, Result<Vec<Entity>, CatalogError>> {
        let (blueprint, like, owner) = (blueprint.to_owned(), like.to_vec(), Arc::clone(&self.owner));
        self.read_rows("cannot read entities", move |connection| listing::read(connection, &owner, &blueprint, &like))
            .boxed()
    }

    fn present<'a>(
        &'a self,
        blueprint: &'a str,
        like: &'a [Entity],
        extent: Extent,
    ) -> BoxFuture<'a, Result<Vec<Present>, CatalogError>> {
        let (blueprint, like, owner) = (blueprint.to_owned(), like.to_vec(), Arc::clone(&self.owner));
        self.read_rows("cannot read entities", move |connection| {
            listing::present(connection, &owner, &blueprint, &like, extent)
        })
        .boxed()
    }

    fn is_empty<'a>(&'a self, blueprint: &'a str) -> BoxFuture<'a, Result<bool, CatalogError>> {
        let blueprint = blueprint.to_owned();
        self.read_rows("cannot count entities", move |connection| listing::is_empty(connection, &blueprint)).boxed()
    }

    fn dependents<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Dependent>, CatalogError>> {
        let (blueprint, identifiers) = (blueprint.to_owned(), identifiers.to_vec());
        self.read_rows("cannot find what depends on entities", move |connection| {
            delete::dependents(connection, &blueprint, &identifiers)
        })
        .boxed()
    }

    fn relating<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Dependent>, CatalogError>> {
        let (blueprint, identifiers) = (blueprint.to_owned(), identifiers.to_vec());
        self.read_rows("cannot find what relates to entities", move |connection| {
            delete::relating(connection, &blueprint, &identifiers)
        })
        .boxed()
    }

    fn delete<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
        dependents: Dependents,
    ) -> BoxFuture<'a, Result<Vec<DeleteResult>, CatalogError>> {
        let (blueprint, identifiers, at) = (blueprint.to_owned(), identifiers.to_vec(), self.writing().at);
        self.write_rows("cannot delete entities", move |connection| {
            delete::bulk(connection, &blueprint, &identifiers, dependents, &at)
        })
        .boxed()
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), CatalogError>> {
        // Every write is durable when it is answered; this only waits for those before it.
        self.write_rows("cannot write to the file", |_| Ok(())).boxed()
    }
}
