//! Where objects come from.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::bitbucket::{CallError, Class, Page, Transport};
use crate::kinds::{self, FilePlace, KeyError, Kind, Listing, ObjectKey, Parent};

/// A Bitbucket to read from, whatever the product, with an account of what was asked of it.
pub trait Reader: Send + Sync {
    /// The kinds of the product.
    fn kinds(&self) -> &'static [Kind];

    /// The first page of a listing; `parent` names the object that a listing per object belongs to.
    fn first_page<'a>(
        &'a self,
        listing: &'a Listing,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Page, CallError>>;

    /// The page that the last one named as the next.
    fn next_page<'a>(
        &'a self,
        listing: &'a Listing,
        parent: Option<&'a Parent>,
        next: &'a str,
    ) -> BoxFuture<'a, Result<Page, CallError>>;

    /// One object by its key, as Bitbucket sends it.
    fn get<'a>(&'a self, kind: Kind, key: &'a ObjectKey) -> BoxFuture<'a, Result<Box<RawValue>, CallError>>;

    /// Where the files that belong to an object are; `None` where there are none.
    ///
    /// # Errors
    /// The object lacks the fields that tell.
    fn place(&self, kind: Kind, raw: &str) -> Result<Option<FilePlace>, KeyError>;

    /// The content of a file; `None` where it does not exist.
    fn file<'a>(&'a self, place: &'a FilePlace, path: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, CallError>>;

    /// What stands under one of the keys that the table of kinds has as `extras`.
    fn extra<'a>(&'a self, place: &'a FilePlace, key: &'a str) -> BoxFuture<'a, Result<Value, CallError>>;

    /// Whether an object that exists belongs to a listing; `None` where only the service can tell.
    fn admits(&self, listing: &Listing, raw: &str) -> Option<bool>;

    /// Requests sent so far, repeated attempts included.
    fn requests(&self) -> u64;

    /// How long that many more requests will take for the budget's sake alone; zero when they fit, `None` when no
    /// credential may send any.
    fn estimate(&self, requests: u64) -> Option<Duration>;

    /// Requests sent so far for listings and objects of one kind.
    fn requests_for(&self, kind: Kind) -> u64;
}

/// A generated source with the transport that its calls go through.
#[derive(Clone, Debug)]
pub struct Bitbucket<S> {
    source: S,
    transport: Transport,
}

impl<S: kinds::Source> Bitbucket<S> {
    /// Reads from `source`, whose calls go through `transport`.
    #[must_use]
    pub fn new(source: S, transport: Transport) -> Self {
        Self { source, transport }
    }
}

impl<S: kinds::Source + kinds::Files> Reader for Bitbucket<S> {
    fn kinds(&self) -> &'static [Kind] {
        self.source.kinds()
    }

    fn first_page<'a>(
        &'a self,
        listing: &'a Listing,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Page, CallError>> {
        self.source.first_page(listing, parent).boxed()
    }

    fn next_page<'a>(
        &'a self,
        listing: &'a Listing,
        parent: Option<&'a Parent>,
        next: &'a str,
    ) -> BoxFuture<'a, Result<Page, CallError>> {
        self.source.next_page(listing, parent, next).boxed()
    }

    fn get<'a>(&'a self, kind: Kind, key: &'a ObjectKey) -> BoxFuture<'a, Result<Box<RawValue>, CallError>> {
        self.source.get(kind, key).boxed()
    }

    fn place(&self, kind: Kind, raw: &str) -> Result<Option<FilePlace>, KeyError> {
        self.source.place(kind, raw)
    }

    fn file<'a>(&'a self, place: &'a FilePlace, path: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, CallError>> {
        self.source.file(place, path).boxed()
    }

    fn extra<'a>(&'a self, place: &'a FilePlace, key: &'a str) -> BoxFuture<'a, Result<Value, CallError>> {
        self.source.extra(place, key).boxed()
    }

    fn admits(&self, listing: &Listing, raw: &str) -> Option<bool> {
        self.source.admits(listing, raw)
    }

    fn requests(&self) -> u64 {
        self.transport.usage().total.requests
    }

    fn estimate(&self, requests: u64) -> Option<Duration> {
        self.transport.budget().estimate(Class::Rest, requests)
    }

    fn requests_for(&self, kind: Kind) -> u64 {
        let info = kind.info();
        let usage = self.transport.usage().operations;
        let operations = [Some(&info.list), info.get.as_ref()].into_iter().flatten();
        operations.filter_map(|operation| usage.get(operation.id)).map(|cost| cost.requests).sum()
    }
}
