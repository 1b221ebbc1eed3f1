//! A queue that never makes its writer wait: when it is full, the least important is dropped.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What may be dropped for something else.
pub(super) trait Droppable {
    /// Whether it may go when the queue is full.
    fn may_drop(&self) -> bool;
}

/// A bounded queue with one reader.
#[derive(Debug)]
pub(super) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    changed: Notify,
    capacity: usize,
}

#[derive(Debug)]
struct Inner<T> {
    items: VecDeque<T>,
    dropped: u64,
    closed: bool,
}

impl<T: Droppable> Queue<T> {
    pub(super) fn new(capacity: usize) -> Self {
        let inner = Inner { items: VecDeque::new(), dropped: 0, closed: false };
        Self { inner: Mutex::new(inner), changed: Notify::new(), capacity: capacity.max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an item at once. If the queue is full, the oldest that may be dropped goes, or else this one.
    pub(super) fn push(&self, item: T) {
        let mut inner = self.lock();
        if inner.closed {
            return;
        }
        if inner.items.len() >= self.capacity {
            inner.dropped += 1;
            match inner.items.iter().position(Droppable::may_drop) {
                Some(oldest) => drop(inner.items.remove(oldest)),
                None => return,
            }
        }
        inner.items.push_back(item);
        drop(inner);
        self.changed.notify_one();
    }

    /// Takes no more; what is there can still be read, except what may be dropped if `hurry` is set.
    pub(super) fn close(&self, hurry: Hurry) {
        let mut inner = self.lock();
        inner.closed = true;
        if hurry == Hurry::OnlyImportant {
            inner.items.retain(|item| !item.may_drop());
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// The next item; `None` when the queue is closed and empty.
    pub(super) async fn next(&self) -> Option<T> {
        loop {
            {
                let mut inner = self.lock();
                if let Some(item) = inner.items.pop_front() {
                    return Some(item);
                }
                if inner.closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Up to `most` items that are there, and how many were dropped since the last time.
    pub(super) fn take(&self, most: usize) -> (Vec<T>, u64) {
        let mut inner = self.lock();
        let count = inner.items.len().min(most);
        let items = inner.items.drain(..count).collect();
        (items, std::mem::take(&mut inner.dropped))
    }

    /// How many wait, and whether no more come.
    pub(super) fn level(&self) -> (usize, bool) {
        let inner = self.lock();
        (inner.items.len(), inner.closed)
    }

    /// Resolves when something changed.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// What is still read after a queue was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hurry {
    Everything,
    OnlyImportant,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Droppable for (u32, bool) {
        fn may_drop(&self) -> bool {
            self.1
        }
    }

    proptest! {
        #[test]
        fn it_stays_bounded_and_keeps_what_is_important_in_order(
            pushed in prop::collection::vec(any::<bool>(), 0..60), capacity in 1usize..20
        ) {
            let queue = Queue::new(capacity);
            let important: Vec<u32> = pushed.iter().zip(0..).filter(|(may_drop, _)| !**may_drop).map(|(_, nth)| nth).collect();
            for (may_drop, nth) in pushed.iter().zip(0..) {
                queue.push((nth, *may_drop));
            }
            let (items, dropped) = queue.take(usize::MAX);
            prop_assert!(items.len() <= capacity);
            prop_assert_eq!(items.len() as u64 + dropped, pushed.len() as u64);
            prop_assert!(items.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let kept: Vec<u32> = items.iter().filter(|item| !item.1).map(|item| item.0).collect();
            prop_assert_eq!(&kept[..], &important[..important.len().min(kept.len())]);
            prop_assert!(kept.len() == important.len() || items.iter().all(|item| !item.1));
        }
    }

    #[tokio::test]
    async fn closing_in_a_hurry_keeps_what_is_important() {
        let queue = Queue::new(5);
        queue.push((1, true));
        queue.push((2, false));
        queue.close(Hurry::OnlyImportant);
        queue.push((3, false));
        assert_eq!(queue.next().await, Some((2, false)));
        assert_eq!(queue.next().await, None);
    }
}
