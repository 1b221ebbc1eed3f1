//! What a catalog must be able to do for a sync.

use futures::future::BoxFuture;
use time::OffsetDateTime;

use super::{Blueprint, CatalogError, Dependent, Entity, EntityId, Extent, Present};

/// A place where entities go: Port, a SQLite file, a change log.
///
/// Every call is one unit that may fail as a whole (`CatalogError`); what concerns a single entity comes back
/// per entity, in the order of the request.
pub trait Catalog: Send + Sync {
    /// Names this catalog and the integration that writes to it, for people and as the key under which
    /// provenance is kept, for example `sqlite:/data/catalog.db#my-integration`.
    fn name(&self) -> &str;

    /// Whether the catalog can be read; a change log cannot, and then the state file alone says what was written.
    fn access(&self) -> Access;

    /// Whether writes are made or only rehearsed.
    fn writes(&self) -> Writes {
        Writes::Kept
    }

    /// How much one upsert takes.
    fn bulk_limits(&self) -> BulkLimits {
        BulkLimits { entities: 20, bytes: 1 << 20, in_flight: 10 }
    }

    /// The blueprint of that identifier, `None` where there is none.
    fn blueprint<'a>(&'a self, identifier: &'a str) -> BoxFuture<'a, Result<Option<Blueprint>, CatalogError>>;

    /// Creates the blueprints that are missing; those that exist are left as they are.
    fn provision<'a>(&'a self, blueprints: &'a [Blueprint]) -> BoxFuture<'a, Result<Provisioned, CatalogError>>;

    /// Creates or updates entities of one blueprint; one result per entity, in order.
    fn upsert<'a>(
        &'a self,
        blueprint: &'a str,
        entities: &'a [Entity],
        options: WriteOptions,
    ) -> BoxFuture<'a, Result<Vec<UpsertResult>, CatalogError>>;

    /// One page of the entities that this integration owns and that were not updated after `before`.
    fn owned(&self, before: OffsetDateTime, cursor: Option<String>) -> BoxFuture<'_, Result<OwnedPage, CatalogError>>;

    /// The present versions of these entities of one blueprint, with the sections named by `like` only;
    /// those that do not exist, or that another integration owns, are absent.
    fn read<'a>(&'a self, blueprint: &'a str, like: &'a [Entity]) -> BoxFuture<'a, Result<Vec<Entity>, CatalogError>>;

    /// The present versions of these entities of one blueprint, whoever owns them; those that do not exist are absent.
    fn present<'a>(
        &'a self,
        blueprint: &'a str,
        like: &'a [Entity],
        extent: Extent,
    ) -> BoxFuture<'a, Result<Vec<Present>, CatalogError>>;

    /// Whether a blueprint has no entities, whoever they would belong to; so has one that does not exist.
    fn is_empty<'a>(&'a self, blueprint: &'a str) -> BoxFuture<'a, Result<bool, CatalogError>>;

    /// The entities, whoever owns them, that would go with these of one blueprint under [`Dependents::Delete`], and that
    /// keep them from going under [`Dependents::Refuse`]; not what would go with those in turn.
    fn dependents<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Dependent>, CatalogError>>;

    /// The entities, whoever owns them, that relate to these of one blueprint in whatever way: those of
    /// [`Catalog::dependents`], and those that could do without.
    fn relating<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Dependent>, CatalogError>> {
        self.dependents(blueprint, identifiers)
    }

    /// Deletes entities of one blueprint; one result per identifier, in order. An entity that is already gone
    /// counts as deleted.
    fn delete<'a>(
        &'a self,
        blueprint: &'a str,
        identifiers: &'a [String],
        dependents: Dependents,
    ) -> BoxFuture<'a, Result<Vec<DeleteResult>, CatalogError>>;

    /// What was seen, since this was last asked, of the program registered as the writer; in the order in which it was
    /// seen. A catalog that knows of no programs has nothing to say.
    fn take_registrations(&self) -> Vec<Registered> {
        Vec::new()
    }

    /// Makes everything accepted so far durable.
    fn flush(&self) -> BoxFuture<'_, Result<(), CatalogError>>;
}

/// Whether a catalog can be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It can be read, so comparisons and owned listings work.
    ReadWrite,
    /// It is a log of changes: it takes writes and answers no questions.
    WriteOnly,
}

/// What becomes of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// They are made.
    Kept,
    /// What they would do is recorded, and nothing is written.
    Rehearsed,
}

/// A sight of the program that is registered as the writer; the text names program, version and way of working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The catalog has it so.
    Found(String),
    /// We have set it so.
    Set(String),
}

/// How much one upsert takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkLimits {
    /// Entities.
    pub entities: usize,
    /// Bytes of their JSON.
    pub bytes: usize,
    /// Upserts at the same time.
    pub in_flight: usize,
}

/// How an upsert treats what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// Keep or replace properties and relations that the sent entity does not name.
    pub existing: Existing,
    /// What to do about a relation whose target does not exist.
    pub missing_related: MissingRelated,
}

/// What happens to sections, properties and relations that an upsert does not name (`enableMergeEntity`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They stay.
    Merge,
    /// They go.
    Replace,
}

/// What happens where a relation names an entity that does not exist (`createMissingRelatedEntities`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingRelated {
    /// An entity with only that identifier is created.
    Create,
    /// The upsert of the entity fails.
    Fail,
}

/// What happens to entities whose required relation points at a deleted one (`deleteDependentEntities`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependents {
    /// They are deleted too.
    Delete,
    /// The deletion of the target fails.
    Refuse,
}

/// What became of one entity of an upsert.
#[derive(Clone, Debug, PartialEq)]
pub enum UpsertResult {
    /// It did not exist before.
    Created,
    /// It existed and was written over.
    Updated,
    /// Its identifier is a search that finds no entity, so there is nothing to write to.
    Unmatched,
    /// It was refused or lost.
    Failed(WriteFailure),
}

/// What became of one entity of a deletion.
#[derive(Clone, Debug, PartialEq)]
pub enum DeleteResult {
    /// It is gone, with these dependents.
    Deleted {
        /// Entities that went with it because they depended on it.
        dependents: Vec<EntityId>,
    },
    /// It is still there.
    Failed(WriteFailure),
}

/// Why one entity was not written or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteFailure {
    /// What the catalog says, for a person.
    pub reason: String,
    /// Whether the same request may succeed later.
    pub retry: Retry,
}

/// Whether a failed write may succeed when repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// A passing fault, or something that another write of this sync may bring (a relation's target).
    Later,
    /// The entity itself is at fault.
    Never,
}

/// What provisioning did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// Identifiers of the blueprints created now.
    pub created: Vec<String>,
    /// Identifiers of those that were there already.
    pub existing: Vec<String>,
}

/// One page of owned entities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedPage {
    /// Their names.
    pub entities: Vec<EntityId>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
}
