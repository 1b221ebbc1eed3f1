//! Which listings are done, so that an interrupted sync can be gone on with.
//!
//! A listing is done when it was read to its end and everything that it gave is settled: found unchanged, written, or
//! known to be a duplicate. One with any fault (a page that failed, an object that could not be mapped, an entity that
//! was refused) is not: whoever goes on with the sync reads it again, so that no fault needs to be remembered.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::state::{CatalogState, Pages, RootDone, StateError};

/// Listings that are done before the state file is told.
const WAITING: usize = 32;
/// How long the state file may not be told.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a ticket stands for.
#[derive(Clone, Debug)]
pub(crate) enum Stub {
    /// A listing that starts from the settings alone.
    Root(String),
    /// The listing of a spooled parent.
    Spooled(i64),
    /// Work on single objects, which nobody goes on with.
    Apart,
}

/// One listing on its way. Dropping it settles nothing: a stage that is stopped leaves its listings open.
#[derive(Debug)]
pub(crate) struct Ticket {
    stub: Stub,
    ledger: Arc<Ledger>,
    /// What is not settled yet; the reading itself counts as one.
    open: AtomicU64,
    listed: AtomicU64,
    several: AtomicBool,
    flawed: AtomicBool,
}

impl Ticket {
    /// Takes note of a page.
    pub(crate) fn listed(&self, objects: usize) {
        self.listed.fetch_add(objects as u64, Ordering::Relaxed);
    }

    /// The listing comes in several pages.
    pub(crate) fn several(&self) {
        self.several.store(true, Ordering::Relaxed);
    }

    /// Something of it is missing or went wrong: it has to be read again.
    pub(crate) fn flaw(&self) {
        self.flawed.store(true, Ordering::Release);
    }

    /// Whether anything of it went wrong.
    pub(crate) fn is_flawed(&self) -> bool {
        self.flawed.load(Ordering::Acquire)
    }

    /// That much more is to be settled; called before it is handed on.
    pub(crate) fn opened(&self, shares: u64) {
        self.open.fetch_add(shares, Ordering::AcqRel);
    }

    /// One thing is settled, for good or ill.
    pub(crate) fn settle(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 && !self.flawed.load(Ordering::Acquire) {
            self.ledger.enter(self);
        }
    }
}

/// The listings that are done and not yet noted in the state file.
#[derive(Debug)]
pub(crate) struct Ledger {
    done: Mutex<Done>,
}

#[derive(Debug)]
struct Done {
    roots: Vec<(String, RootDone)>,
    spooled: Vec<(i64, Pages)>,
    /// What listings of several pages gave; all that a listing gave is here before it is done.
    met: Vec<i64>,
    told: Instant,
}

/// Whether to wait until more is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Haste {
    /// Wait until it is worth a write.
    Lazy,
    /// Note all.
    Now,
}

impl Ledger {
    pub(crate) fn new() -> Arc<Self> {
        let done = Done { roots: vec![], spooled: vec![], met: vec![], told: Instant::now() };
        Arc::new(Self { done: Mutex::new(done) })
    }

    /// Opens a listing.
    pub(crate) fn ticket(self: &Arc<Self>, stub: Stub) -> Arc<Ticket> {
        Arc::new(Ticket {
            stub,
            ledger: Arc::clone(self),
            open: AtomicU64::new(1),
            listed: AtomicU64::new(0),
            several: AtomicBool::new(false),
            flawed: AtomicBool::new(false),
        })
    }

    /// Takes note of objects of a listing of several pages.
    pub(crate) fn met(&self, objects: &[i64]) {
        if !objects.is_empty() {
            self.done.lock().unwrap_or_else(PoisonError::into_inner).met.extend(objects);
        }
    }

    fn enter(&self, ticket: &Ticket) {
        let several = ticket.several.load(Ordering::Relaxed);
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        match &ticket.stub {
            Stub::Root(listing) => {
                let root = RootDone { listed: ticket.listed.load(Ordering::Relaxed), several };
                done.roots.push((listing.clone(), root));
            }
            Stub::Spooled(id) => done.spooled.push((*id, several.into())),
            Stub::Apart => {}
        }
    }

    /// Notes in the state file what is done. What the listings gave must be recorded there already.
    pub(crate) async fn note(&self, state: &CatalogState, haste: Haste) -> Result<(), StateError> {
        let (roots, spooled, met) = {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            if haste == Haste::Lazy && done.spooled.len() < WAITING && done.told.elapsed() < PATIENCE {
                return Ok(());
            }
            done.told = Instant::now();
            (std::mem::take(&mut done.roots), std::mem::take(&mut done.spooled), std::mem::take(&mut done.met))
        };
        state.meet(met).await?;
        for (listing, root) in roots {
            state.root_done(&listing, root).await?;
        }
        if !spooled.is_empty() {
            state.spool().done(spooled).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(ledger: &Ledger) -> (usize, usize) {
        let done = ledger.done.lock().unwrap();
        (done.roots.len(), done.spooled.len())
    }

    #[test]
    fn a_listing_is_done_once_all_that_it_gave_is_settled() {
        let ledger = Ledger::new();
        let ticket = ledger.ticket(Stub::Spooled(3));
        ticket.several();
        ticket.opened(2);
        ticket.settle();
        ticket.settle();
        assert_eq!(entered(&ledger), (0, 0));
        ticket.settle();
        assert_eq!(ledger.done.lock().unwrap().spooled, [(3, Pages::Several)]);
    }

    #[test]
    fn a_flawed_listing_is_never_done() {
        let ledger = Ledger::new();
        let ticket = ledger.ticket(Stub::Root("repository".to_owned()));
        ticket.opened(1);
        ticket.flaw();
        ticket.settle();
        ticket.settle();
        assert_eq!(entered(&ledger), (0, 0));
    }

    #[test]
    fn a_dropped_listing_is_not_done() {
        let ledger = Ledger::new();
        let ticket = ledger.ticket(Stub::Spooled(1));
        ticket.opened(1);
        ticket.settle();
        drop(ticket);
        assert_eq!(entered(&ledger), (0, 0));
    }
}
