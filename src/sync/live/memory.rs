//! A Bitbucket that is asked for each object once: several objects of one repository need that repository.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::OnceCell;

use crate::bitbucket::{CallError, Page};
use crate::kinds::{FilePlace, KeyError, Kind, Listing, ObjectKey, Parent};
use crate::sync::Reader;

/// An object, once it was given; failures are not kept.
type Cell = Arc<OnceCell<Box<RawValue>>>;

/// Keeps the objects of one application, as many as that looks at.
pub(super) struct Memory {
    source: Arc<dyn Reader>,
    objects: Mutex<HashMap<(Kind, ObjectKey), Cell>>,
}

impl Memory {
    pub(super) fn new(source: Arc<dyn Reader>) -> Self {
        Self { source, objects: Mutex::default() }
    }

    fn objects(&self) -> MutexGuard<'_, HashMap<(Kind, ObjectKey), Cell>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn object(&self, kind: Kind, key: &ObjectKey) -> Result<Box<RawValue>, CallError> {
        let cell = Arc::clone(self.objects().entry((kind, key.clone())).or_default());
        let object = cell.get_or_try_init(|| self.source.get(kind, key)).await?.clone();
        // By another name it is the same.
        if let Some(own) = kind.key_of(object.get()).ok().filter(|own| own != key) {
            self.objects().entry((kind, own)).or_insert(Arc::clone(&cell));
        }
        Ok(object)
    }
}

impl Reader for Memory {
    fn kinds(&self) -> &'static [Kind] {
        self.source.kinds()
    }

    fn first_page<'a>(
        &'a self,
        listing: &'a Listing,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Page, CallError>> {
        self.source.first_page(listing, parent)
    }

    fn next_page<'a>(
        &'a self,
        listing: &'a Listing,
        parent: Option<&'a Parent>,
        next: &'a str,
    ) -> BoxFuture<'a, Result<Page, CallError>> {
        self.source.next_page(listing, parent, next)
    }

    fn get<'a>(&'a self, kind: Kind, key: &'a ObjectKey) -> BoxFuture<'a, Result<Box<RawValue>, CallError>> {
        self.object(kind, key).boxed()
    }

    fn place(&self, kind: Kind, raw: &str) -> Result<Option<FilePlace>, KeyError> {
        self.source.place(kind, raw)
    }

    fn file<'a>(&'a self, place: &'a FilePlace, path: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, CallError>> {
        self.source.file(place, path)
    }

    fn extra<'a>(&'a self, place: &'a FilePlace, key: &'a str) -> BoxFuture<'a, Result<Value, CallError>> {
        self.source.extra(place, key)
    }

    fn admits(&self, listing: &Listing, raw: &str) -> Option<bool> {
        self.source.admits(listing, raw)
    }

    fn requests(&self) -> u64 {
        self.source.requests()
    }

    fn estimate(&self, requests: u64) -> Option<Duration> {
        self.source.estimate(requests)
    }

    fn requests_for(&self, kind: Kind) -> u64 {
        self.source.requests_for(kind)
    }
}
