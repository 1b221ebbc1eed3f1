//! `impl Catalog` for Port.

use std::sync::Mutex;

use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::failure::catalog_error;
use super::{delete, dependents, owned, provision, read, upsert};
use crate::catalog::{
    Access, Blueprint, Catalog, CatalogError, DeleteResult, Dependent, Dependents, Entity, Extent, OwnedPage, Present,
    Provisioned, Registered, UpsertResult, WriteOptions,
};
use crate::port::{Call, PortClient, ResyncId, Sight};

/// The entities that one integration has at Port.
#[derive(Debug)]
pub struct PortCatalog {
    pub(super) client: PortClient,
    pub(super) name: String,
    /// The resync that writes; shown to Port with every write.
    resync: Option<ResyncId>,
    /// The moment that the running listing of owned entities refers to.
    pub(super) listing_before: Mutex<Option<OffsetDateTime>>,
}

impl PortCatalog {
    /// The catalog behind this client, written to by this resync, or by something else than a resync.
    #[must_use]
    pub fn new(client: PortClient, resync: Option<ResyncId>) -> Self {
        let identity = client.identity();
        let name = format!("port:{}#{}/{}", client.base_url(), identity.integration_type, identity.identifier);
        Self { client, name, resync, listing_before: Mutex::default() }
    }

    /// The client that it speaks through.
    #[must_use]
    pub fn client(&self) -> &PortClient {
        &self.client
    }

    /// Adds to a write what it is part of.
    pub(super) fn in_context(&self, call: Call) -> Call {
        match self.resync {
            Some(id) => call.query("ocean_info_event_type", "resync").query("ocean_info_resync_id", id),
            None => call,
        }
    }

    async fn find_blueprint(&self, identifier: &str) -> Result<Option<Blueprint>, CatalogError> {
        let found = self.client.blueprint(identifier).await.map_err(|error| catalog_error(&self.name, error))?;
        let read = |value| {
            serde_json::from_value(value).map_err(|error| CatalogError::Refused {
                catalog: self.name.clone(),
                message: format!("blueprint {identifier:?} is of a form that cannot be read: {error}"),
            })
        };
        found.map(read).transpose()
    }
}

impl Catalog for PortCatalog {
    fn name(&self) -> &str {
        &self.name
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    fn blueprint<'a>(&'a self, identifier: &'a str) -> BoxFuture<'a, Result<Option<Blueprint>, CatalogError>> {
        Box::pin(self.find_blueprint(identifier))
    }

    fn provision<'a>(&'a self, blueprints: &'a [Blueprint]) -> BoxFuture<'a, Result<Provisioned, CatalogError>> {
        Box::pin(provision::missing(self, blueprints))
    }

    fn upsert<'a>(
        &'a self,
        blueprint: &'a str,
        entities: &'a [Entity],
        options: WriteOptions,
    ) -> BoxFuture<'a, Result<Vec<UpsertResult>, CatalogError>> {
        Box::pin(upsert::upsert(self, blueprint, entities, options))
    }

    /// The argument counts only where Port has not told its own time yet: a local clock may be wrong, and then
    /// entities would be listed that were written after the sync began, or missing that were written long before.
    fn owned(&self, before: OffsetDateTime, cursor: Option<String>) -> BoxFuture<'_, Result<OwnedPage, CatalogError>> {
        Box::pin(owned::page(self, before, cursor))
    }

    fn read<'a>(&'a self, blueprint: &'a str, like: &'a [Entity]) -> BoxFuture<'a, Result<Vec<Entity>, CatalogError>> {
        Box::pin(read::present(self, blueprint, like))
    }

    fn present<'a>(
        &'a self,
        blueprint: &'a str,
        like: &'a [Entity],
        extent: Extent,
    ) -> BoxFuture<'a, Result<Vec<Present>, CatalogError>> {
        Box::pin(read::whoevers(self, blueprint, like, extent))
    }

    fn is_empty<'a>(&'a self, blueprint: &'a str) -> BoxFuture<'a, Result<bool, CatalogError>> {
        Box::pin(read::is_empty(self, blueprint))
    }

    fn dependents<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Dependent>, CatalogError>> {
        Box::pin(dependents::dependents(self, blueprint, identifiers))
    }

    fn delete<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
        dependents: Dependents,
    ) -> BoxFuture<'a, Result<Vec<DeleteResult>, CatalogError>> {
        Box::pin(delete::delete(self, blueprint, identifiers, dependents))
    }

    fn take_registrations(&self) -> Vec<Registered> {
        self.client.take_registrations().into_iter().map(registered).collect()
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), CatalogError>> {
        Box::pin(async { Ok(()) })
    }
}

fn registered(sight: Sight) -> Registered {
    match sight {
        Sight::Found(text) => Registered::Found(text),
        Sight::Set(text) => Registered::Set(text),
    }
}
