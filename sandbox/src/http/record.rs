//! What was asked of a server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::pattern;

/// Requests kept; older ones are dropped, the total goes on counting.
const KEPT: usize = 50_000;

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
    /// The body, where the server keeps bodies.
    pub body: Bytes,
}

/// The requests that a server received, shared with whoever watches it.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Request>,
    total: u64,
}

impl Record {
    pub(crate) fn push(&self, request: Request) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.total += 1;
        if kept.requests.len() == KEPT {
            kept.requests.pop_front();
        }
        kept.requests.push_back(request);
    }

    /// The last 50,000 requests, oldest first, in the order in which they were answered.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requests.iter().cloned().collect()
    }

    /// Every request since the start or the last [`clear`](Self::clear).
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// How many of the kept requests have that method and a path of that pattern (`*` one segment, `**` any number).
    #[must_use]
    pub fn count(&self, method: &str, path: &str) -> usize {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.requests.iter().filter(|request| request.method == method && pattern::matches(path, &request.path)).count()
    }

    /// Forgets what was received so far.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}
