//! What was asked of a server.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::pattern;

/// Requests kept; older ones are dropped, the total goes on counting.
const KEPT: usize = 50_000;
/// Bytes of bodies kept; the bodies of older requests are dropped before the requests themselves.
const KEPT_BODIES: usize = 128 * 1024 * 1024;

/// One request and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path as sent, percent-encoding and all.
    pub path: String,
    /// The query string as sent, empty where there was none.
    pub query: String,
    /// The status answered; 0 where the connection was broken before one was sent.
    pub status: u16,
    /// Who asked: `anonymous`, `bearer TOKEN`, `basic USER:PASSWORD`.
    pub credential: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Further headers that say what a request is for, by lower-case name: `content-type`, `x-…`, and `api-version`.
    pub headers: Vec<(String, String)>,
    /// The body, where the server keeps bodies.
    pub body: Bytes,
}

/// The requests that a server received, shared with whoever watches it.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    kept: Mutex<Kept>,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

/// A request being answered; ends when dropped, so that one whose caller went away ends too.
pub(crate) struct InFlight(Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Request>,
    total: u64,
    body_bytes: usize,
}

impl Kept {
    fn push(&mut self, request: Request) {
        self.total += 1;
        self.body_bytes += request.body.len();
        self.requests.push_back(request);
        if self.requests.len() > KEPT
            && let Some(oldest) = self.requests.pop_front()
        {
            self.body_bytes -= oldest.body.len();
        }
        let mut oldest = self.requests.iter_mut();
        while self.body_bytes > KEPT_BODIES
            && let Some(request) = oldest.next()
        {
            self.body_bytes -= request.body.len();
            request.body = Bytes::new();
        }
    }
}

impl Record {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self) -> InFlight {
        let now = self.0.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.peak.fetch_max(now, Ordering::Relaxed);
        InFlight(Arc::clone(&self.0))
    }

    /// The most requests that were being answered at the same time.
    #[must_use]
    pub fn peak_in_flight(&self) -> usize {
        self.0.peak.load(Ordering::Relaxed)
    }

    pub(crate) fn push(&self, request: Request) {
        self.kept().push(request);
    }

    /// The last 50,000 requests, oldest first, in the order in which they were answered.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.kept().requests.iter().cloned().collect()
    }

    /// Every request since the start or the last [`clear`](Self::clear).
    #[must_use]
    pub fn total(&self) -> u64 {
        self.kept().total
    }

    /// How many of the kept requests have that method and a path of that pattern (`*` one segment, `**` any number).
    #[must_use]
    pub fn count(&self, method: &str, path: &str) -> usize {
        let kept = self.kept();
        kept.requests.iter().filter(|request| request.method == method && pattern::matches(path, &request.path)).count()
    }

    /// Forgets what was received so far.
    pub fn clear(&self) {
        *self.kept() = Kept::default();
        self.0.peak.store(0, Ordering::Relaxed);
    }
}
