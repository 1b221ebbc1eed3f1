//! Where the objects of all kinds of a product come from.

use std::future::Future;

use serde_json::value::RawValue;

use super::key::ObjectKey;
use super::kind::Kind;
use super::listing::Listing;
use super::parent::Parent;
use crate::bitbucket::{CallError, Page};

/// Lists and fetches the objects of one product. Implemented by the generated code of each.
pub trait Source: Clone + Send + Sync + 'static {
    /// All kinds of the product.
    fn kinds(&self) -> &'static [Kind];

    /// The kind that mappings call by this name.
    fn kind(&self, name: &str) -> Option<Kind> {
        self.kinds().iter().copied().find(|kind| kind.name() == name)
    }

    /// The first page of a listing. `parent` is needed for kinds that are listed once per object.
    fn first_page(
        &self,
        listing: &Listing,
        parent: Option<&Parent>,
    ) -> impl Future<Output = Result<Page, CallError>> + Send;

    /// The page that `next` of the page before it stands for.
    fn next_page(
        &self,
        listing: &Listing,
        parent: Option<&Parent>,
        next: &str,
    ) -> impl Future<Output = Result<Page, CallError>> + Send;

    /// One object by its key, as Bitbucket sends it.
    fn get(&self, kind: Kind, key: &ObjectKey) -> impl Future<Output = Result<Box<RawValue>, CallError>> + Send;

    /// Whether an object that exists belongs to a listing; `None` where only the service can tell.
    fn admits(&self, _listing: &Listing, _raw: &str) -> Option<bool> {
        None
    }
}
