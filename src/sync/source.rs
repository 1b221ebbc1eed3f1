//! Where objects come from.

use futures::future::BoxFuture;
use serde_json::value::RawValue;

use crate::bitbucket::{CallError, Page};
use crate::kinds::{Kind, Listing, ObjectKey, Parent};

/// A Bitbucket to read from: Cloud, Data Center, or a stand-in of a test.
pub trait Source: Send + Sync {
    /// The first page of a listing; `parent` names the object that a listing per object belongs to.
    fn first_page<'a>(
        &'a self,
        listing: &'a Listing,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Page, CallError>>;

    /// The page that the last one named as the next.
    fn next_page<'a>(&'a self, listing: &'a Listing, next: &'a str) -> BoxFuture<'a, Result<Page, CallError>>;

    /// One object by its key, as Bitbucket sends it.
    fn get<'a>(&'a self, kind: Kind, key: &'a ObjectKey) -> BoxFuture<'a, Result<Box<RawValue>, CallError>>;

    /// Requests sent so far, repeated attempts included: in all, and for one kind.
    fn requests(&self, kind: Option<Kind>) -> u64;
}
