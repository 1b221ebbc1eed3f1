//! A listing as a stream of pages, one of which is fetched ahead.

use std::{future::Future, sync::Arc};

use progenitor_client::ClientInfo;
use reqwest::Method;
use serde::de::DeserializeOwned;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    call_error::CallError,
    call_info::CallSite,
    paging::{Trail, follow},
    transport::Transport,
};

/// How a listing ended. Only a complete one may lead to deletions.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Every page was read.
    Complete,
    /// Something is missing, for this reason.
    Partial(Arc<CallError>),
}

impl Outcome {
    /// Whether every page was read.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }
}

/// A page that names the one after it.
pub trait NextLink {
    /// The link to the next page, as it came; none on the last page.
    fn next_link(&self) -> Option<&str>;
}

/// A listing under way: its pages in order, then how it ended.
///
/// The next page is fetched by a task of its own while this one is worked on, never more than one ahead. Dropping the
/// listing ends the task and whatever request it has under way.
#[derive(Debug)]
pub struct Listing<P> {
    pages: mpsc::Receiver<P>,
    fetching: Fetching,
}

#[derive(Debug)]
struct Fetching(JoinHandle<Outcome>);

impl Drop for Fetching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<P: NextLink + Send + 'static> Listing<P> {
    /// Starts a listing whose first page is `first` and whose further ones `next` fetches, given the link. Must be called
    /// within a tokio runtime.
    pub fn start<First, Next, Following>(operation: &'static str, first: First, next: Next) -> Self
    where
        First: Future<Output = Result<P, CallError>> + Send + 'static,
        Next: Fn(String) -> Following + Send + Sync + 'static,
        Following: Future<Output = Result<P, CallError>> + Send + 'static,
    {
        let (sender, pages) = mpsc::channel(1);
        Self { pages, fetching: Fetching(tokio::spawn(fetch(operation, first, next, sender))) }
    }

    /// Starts a listing of a generated client whose first page is `first`; the links are followed with [`follow`].
    pub fn of<C, First>(client: C, operation: &'static str, first: First) -> Self
    where
        P: DeserializeOwned,
        C: ClientInfo<Transport> + Clone + Send + Sync + 'static,
        First: Future<Output = Result<P, CallError>> + Send + 'static,
    {
        Self::start(operation, first, move |link| {
            let client = client.clone();
            async move { follow(&client, operation, &link).await }
        })
    }

    /// The next page; none after the last one that could be read. Nothing is lost when the future is dropped.
    pub async fn next_page(&mut self) -> Option<P> {
        self.pages.recv().await
    }

    /// How the listing ended. Pages that were not taken are dropped, and count as missing.
    pub async fn outcome(mut self) -> Outcome {
        self.pages.close();
        match (&mut self.fetching.0).await {
            Ok(outcome) if self.pages.recv().await.is_none() => outcome,
            Ok(_) => Outcome::Partial(Arc::new(CallError::Invalid("the listing was not read to its end".to_owned()))),
            Err(error) => Outcome::Partial(Arc::new(CallError::Invalid(format!("the listing broke off: {error}")))),
        }
    }
}

async fn fetch<P, First, Next, Following>(
    operation: &'static str,
    first: First,
    next: Next,
    pages: mpsc::Sender<P>,
) -> Outcome
where
    P: NextLink,
    First: Future<Output = Result<P, CallError>>,
    Next: Fn(String) -> Following,
    Following: Future<Output = Result<P, CallError>>,
{
    let mut trail = Trail::default();
    let mut fetched = first.await;
    loop {
        let page = match fetched {
            Ok(page) => page,
            Err(error) => return Outcome::Partial(Arc::new(error)),
        };
        let link = page.next_link().map(str::to_owned);
        if pages.send(page).await.is_err() {
            return dropped();
        }
        let Some(link) = link else { return Outcome::Complete };
        if let Err(reason) = trail.step(&link) {
            let call = CallSite { operation, method: Method::GET, path: operation.to_owned() };
            let refused =
                CallError::Refused { call: Box::new(call), attempts: 0, waited: std::time::Duration::ZERO, reason };
            return Outcome::Partial(Arc::new(refused));
        }
        // There must be room for the page before it is asked for: one ahead, not two.
        let Ok(room) = pages.reserve().await else { return dropped() };
        drop(room);
        fetched = next(link).await;
    }
}

fn dropped() -> Outcome {
    Outcome::Partial(Arc::new(CallError::Invalid("the listing was not read to its end".to_owned())))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Numbered(usize, Option<String>);

    impl NextLink for Numbered {
        fn next_link(&self) -> Option<&str> {
            self.1.as_deref()
        }
    }

    /// A listing of `count` pages, and how many were fetched.
    fn numbers(count: usize) -> (Listing<Numbered>, Arc<AtomicUsize>) {
        let fetched = Arc::new(AtomicUsize::new(1));
        let counter = Arc::clone(&fetched);
        let page = move |number: usize| Numbered(number, (number < count).then(|| (number + 1).to_string()));
        let listing = Listing::start("numbers", std::future::ready(Ok(page(1))), move |link| {
            counter.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(page(link.parse().unwrap())))
        });
        (listing, fetched)
    }

    async fn settle() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn all_pages_come_in_order() {
        let (mut listing, _) = numbers(5);
        let mut seen = Vec::new();
        while let Some(page) = listing.next_page().await {
            seen.push(page.0);
        }
        assert_eq!(seen, [1, 2, 3, 4, 5]);
        assert!(listing.outcome().await.is_complete());
    }

    #[tokio::test]
    async fn one_page_is_fetched_ahead_and_no_more() {
        let (mut listing, fetched) = numbers(9);
        settle().await;
        assert_eq!(fetched.load(Ordering::SeqCst), 1);
        listing.next_page().await.unwrap();
        settle().await;
        assert_eq!(fetched.load(Ordering::SeqCst), 2);
        listing.next_page().await.unwrap();
        settle().await;
        assert_eq!(fetched.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_listing_not_read_to_its_end_is_partial() {
        let (mut listing, _) = numbers(3);
        listing.next_page().await.unwrap();
        assert!(!listing.outcome().await.is_complete());
        let (listing, _) = numbers(1);
        assert!(!listing.outcome().await.is_complete());
    }

    #[tokio::test]
    async fn a_circle_is_partial() {
        let page = || Numbered(1, Some("again".to_owned()));
        let mut listing =
            Listing::start("circle", std::future::ready(Ok(page())), move |_| std::future::ready(Ok(page())));
        let mut pages = 0;
        while listing.next_page().await.is_some() {
            pages += 1;
        }
        assert_eq!(pages, 2);
        let Outcome::Partial(why) = listing.outcome().await else { panic!("a circle cannot be complete") };
        assert!(why.to_string().contains("circle"), "{why}");
    }

    #[tokio::test]
    async fn a_page_that_fails_ends_the_listing_after_those_before_it() {
        let first = std::future::ready(Ok(Numbered(1, Some("2".to_owned()))));
        let mut listing = Listing::start("broken", first, |_| {
            std::future::ready(Err::<Numbered, _>(CallError::Invalid("broken".to_owned())))
        });
        assert_eq!(listing.next_page().await.map(|page| page.0), Some(1));
        assert_eq!(listing.next_page().await, None);
        assert!(!listing.outcome().await.is_complete());
    }

    #[tokio::test]
    async fn a_dropped_listing_ends_its_requests() {
        let (held, alive) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
        let witness = Arc::downgrade(&held);
        let first = async move {
            let held = held;
            alive.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
            drop(held);
            Ok(Numbered(1, None))
        };
        let listing = Listing::start("slow", first, |_| std::future::ready(Ok(Numbered(2, None))));
        settle().await;
        assert!(witness.upgrade().is_some());
        drop(listing);
        settle().await;
        assert!(witness.upgrade().is_none());
    }
}
