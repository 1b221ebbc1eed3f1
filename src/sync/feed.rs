//! From listings to mapped objects: pages are fetched one ahead, mapped on the workers, and handed on.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};

use crate::bitbucket::{CallError, Page, Trail};
use crate::kinds::Parent;
use crate::state::SpoolItem;

use super::SyncError;
use super::context::Context;
use super::enrich::{self, Additions};
use super::event::{Forecast, SyncEvent};
use super::ledger::{Stub, Ticket};
use super::plan::Node;
use super::report::NoticeLevel;
use super::transform::{self, Batch, MappedObject, Parents};

/// How many parents are taken from the spool at a time.
const TAKEN: u32 = 64;

/// Lists everything below one root and hands mapped objects to the next stage.
pub(crate) async fn root(ctx: &Arc<Context>, node: &Node, mapped: &mpsc::Sender<Batch>) -> Result<(), SyncError> {
    let feed = Feed { ctx, mapped };
    let text = node.listing.to_string();
    let Some(resumed) = ctx.resumed.get() else {
        return feed.node(node, None, &ctx.ledger.ticket(Stub::Root(text))).await;
    };
    // Parents of nested listings whose own parent is done are in the spool, where nothing else would look for them.
    let nested = node.children.iter().flat_map(|child| &child.children);
    let left = futures::future::try_join_all(nested.map(|node| feed.left_of(node)));
    let rest = async {
        match resumed.root(&text) {
            Some(root) => {
                for resource in &node.resources {
                    ctx.tallies[*resource].listed.add(usize::try_from(root.listed).unwrap_or(usize::MAX));
                }
                futures::future::try_join_all(node.children.iter().map(|child| feed.left_of(child))).await.map(drop)
            }
            None => feed.node(node, None, &ctx.ledger.ticket(Stub::Root(text))).await,
        }
    };
    futures::future::try_join(left, rest).await.map(drop)
}

/// Lists what belongs to one object and hands it on.
pub(crate) async fn of_object(
    ctx: &Arc<Context>,
    node: &Node,
    owner: Owner,
    ticket: &Arc<Ticket>,
    mapped: &mpsc::Sender<Batch>,
) -> Result<(), SyncError> {
    Feed { ctx, mapped }.node(node, Some(owner), ticket).await
}

struct Feed<'a> {
    ctx: &'a Arc<Context>,
    mapped: &'a mpsc::Sender<Batch>,
}

/// The object that a listing per object belongs to.
#[derive(Clone)]
pub(crate) struct Owner {
    pub(crate) parent: Parent,
    pub(crate) key: Arc<str>,
}

impl Feed<'_> {
    /// One listing from its first page to its last, and beside it the listings that hang below it.
    fn node<'b>(
        &'b self,
        node: &'b Node,
        owner: Option<Owner>,
        ticket: &'b Arc<Ticket>,
    ) -> BoxFuture<'b, Result<(), SyncError>> {
        Box::pin(async move {
            if node.children.is_empty() {
                self.pages_with(node, owner.as_ref(), None, ticket).await?;
                ticket.settle();
                return Ok(());
            }
            let (spooled, parents) = watch::channel(Spooled::default());
            let listing = async {
                let ended = self.pages_with(node, owner.as_ref(), Some(&spooled), ticket).await;
                if ended.is_ok() {
                    ticket.settle();
                }
                self.foretell(&spooled.borrow());
                spooled.send_modify(|spooled| spooled.ended = true);
                ended
            };
            let children =
                futures::future::try_join_all(node.children.iter().map(|child| self.children(child, parents.clone())));
            futures::future::try_join(listing, children).await?;
            Ok(())
        })
    }

    /// Once the parents are known: the listings below take about one request each.
    fn foretell(&self, spooled: &Spooled) {
        // A resumed sync knows already what is left.
        if self.ctx.resumed.get().is_none() {
            self.ctx.foretell(spooled.listings, Forecast::Listings);
        }
    }

    /// The listings whose parents are all in the spool already.
    async fn left_of(&self, node: &Node) -> Result<(), SyncError> {
        let (_all, parents) = watch::channel(Spooled { listings: 0, ended: true });
        self.children(node, parents).await
    }

    async fn pages_with(
        &self,
        node: &Node,
        owner: Option<&Owner>,
        spooled: Option<&watch::Sender<Spooled>>,
        ticket: &Arc<Ticket>,
    ) -> Result<(), SyncError> {
        let parent = owner.map(|owner| &owner.parent);
        let mut fetched = self.ctx.source.first_page(&node.listing, parent).await;
        let mut trail = Trail::default();
        loop {
            let Page { values, next, .. } = match fetched {
                Ok(page) => page,
                Err(error) => {
                    if !self.went_meanwhile(node, owner, &error).await {
                        ticket.flaw();
                        self.broke_off(node, owner, &error);
                    }
                    return Ok(());
                }
            };
            let Some(next) = next else { return self.process(node, owner, values, spooled, ticket).await };
            self.ctx.several_pages(&node.listing, owner);
            ticket.several();
            if let Err(endless) = trail.step(&next) {
                ticket.flaw();
                self.goes_in_circles(node, owner, &endless.to_string());
                return self.process(node, owner, values, spooled, ticket).await;
            }
            let (page, processed) = futures::future::join(
                self.ctx.source.next_page(&node.listing, parent, &next),
                self.process(node, owner, values, spooled, ticket),
            )
            .await;
            processed?;
            fetched = page;
        }
    }

    /// Whether what a listing belongs to was deleted after it was listed, as may well be when a sync is gone on with:
    /// then nothing is missing. A sync that listed it itself a moment ago takes the refusal for a doubt instead.
    async fn went_meanwhile(&self, node: &Node, owner: Option<&Owner>, error: &CallError) -> bool {
        if self.ctx.resumed.get().is_none() {
            return false;
        }
        let (Some(owner), true) = (owner, error.is_gone()) else { return false };
        let (Some(kind), Ok(key)) = (node.listing.kind().each(), owner.key.parse()) else { return false };
        let is_gone = self.ctx.source.get(kind, &key).await.is_err_and(|error| error.is_gone());
        if is_gone {
            self.ctx.notices.note(format!("{kind} {} went while the sync ran", owner.key));
        }
        is_gone
    }

    /// A listing that broke off.
    fn broke_off(&self, node: &Node, owner: Option<&Owner>, error: &CallError) {
        let kind = node.listing.kind().name();
        let Some(owner) = owner else {
            self.ctx.notices.error(format!("{kind}: {error}"));
            return self.gap(node, None, &error.to_string());
        };
        self.ctx.notices.call_failed(NoticeLevel::Error, &format!("{kind} of "), &owner.key, "", error);
        self.gap(node, Some(owner), &error.in_brief());
    }

    /// A listing that leads back to a page that it came from.
    fn goes_in_circles(&self, node: &Node, owner: Option<&Owner>, why: &str) {
        let kind = node.listing.kind().name();
        match owner {
            Some(owner) => self.ctx.notices.error_about(format!("{kind} of "), &owner.key, format!(": {why}")),
            None => self.ctx.notices.error(format!("{kind}: {why}")),
        }
        self.gap(node, owner, why);
    }

    /// A listing that is not whole: what it feeds is incomplete, here and in everything that hangs below it.
    fn gap(&self, node: &Node, owner: Option<&Owner>, why: &str) {
        for resource in &node.resources {
            self.ctx.gap(*resource, owner.map(|owner| &owner.key), why);
        }
        let mut below: Vec<&Node> = node.children.iter().collect();
        while let Some(child) = below.pop() {
            for resource in &child.resources {
                // The keys of nested listings begin with that of the owner, which then is enough to tell them.
                self.ctx.gap(*resource, owner.map(|owner| &owner.key), why);
            }
            below.extend(&child.children);
        }
    }

    async fn process(
        &self,
        node: &Node,
        owner: Option<&Owner>,
        values: Vec<Box<RawValue>>,
        spooled: Option<&watch::Sender<Spooled>>,
        ticket: &Arc<Ticket>,
    ) -> Result<(), SyncError> {
        ticket.listed(values.len());
        for resource in &node.resources {
            self.ctx.touch(*resource);
            self.ctx.tallies[*resource].listed.add(values.len());
        }
        self.ctx.emit(&SyncEvent::Listed { kind: node.listing.kind().name(), objects: values.len() });
        if values.is_empty() {
            return Ok(());
        }
        self.ctx.gave(&node.listing);
        for resource in &node.resources {
            let wanted = self.ctx.observer.examples_wanted(*resource).min(values.len());
            if wanted > 0 {
                self.ctx.observer.examples(*resource, node.listing.kind().name(), &values[..wanted]);
            }
        }
        let wanted = enrich::wanted_by(self.ctx, node);
        if wanted.is_empty() {
            return self.hand_on(node, owner, values, vec![], spooled, ticket).await;
        }
        let groups = Groups(values.into_iter());
        let enriched = stream::iter(groups).map(Ok).try_for_each_concurrent(enrich::GROUPS, |group| {
            let wanted = &wanted;
            async move {
                let additions = enrich::fetch(self.ctx, node, wanted, &group).await;
                self.hand_on(node, owner, group, additions, spooled, ticket).await
            }
        });
        enriched.await
    }

    async fn hand_on(
        &self,
        node: &Node,
        owner: Option<&Owner>,
        values: Vec<Box<RawValue>>,
        additions: Vec<Additions>,
        spooled: Option<&watch::Sender<Spooled>>,
        ticket: &Arc<Ticket>,
    ) -> Result<(), SyncError> {
        let (batch, parents) = transform::page(self.ctx, node, owner, values, additions, ticket).await?;
        if let Some(spooled) = spooled {
            self.spool(node, parents, spooled).await?;
        }
        ticket.opened(batch.iter().map(MappedObject::shares).sum());
        if !batch.is_empty() {
            self.mapped.send(batch).await.map_err(|_| SyncError::Stopped)?;
        }
        Ok(())
    }

    async fn spool(&self, node: &Node, parents: Parents, spooled: &watch::Sender<Spooled>) -> Result<(), SyncError> {
        let mut more = 0;
        for (child, rows) in node.children.iter().zip(parents) {
            more += rows.len() as u64;
            self.ctx.state.spool().push(&child.listing.to_string(), rows).await?;
        }
        spooled.send_modify(|spooled| spooled.listings += more);
        Ok(())
    }

    /// The listings of one kind, one per spooled parent, several at a time.
    async fn children(&self, node: &Node, mut parents: watch::Receiver<Spooled>) -> Result<(), SyncError> {
        let kind = node.listing.kind().name();
        let listing = node.listing.to_string();
        let spool = self.ctx.state.spool();
        let mut running = FuturesUnordered::new();
        let mut taken = VecDeque::new();
        let (mut known, mut ended) = (0_u64, 0_u64);
        loop {
            // What is spooled after this is noticed by the next round.
            let all_spooled = parents.borrow_and_update().ended;
            if taken.is_empty() {
                taken.extend(spool.take(&listing, TAKEN).await?);
                known += taken.len() as u64;
            }
            while running.len() < self.ctx.concurrency {
                let Some(SpoolItem { id, parent_key, payload }) = taken.pop_front() else { break };
                let owner = Owner { parent: Parent::decode(&payload)?, key: Arc::from(parent_key) };
                let ticket = self.ctx.ledger.ticket(Stub::Spooled(id));
                running.push(async move { self.node(node, Some(owner), &ticket).await });
            }
            if running.is_empty() && taken.is_empty() && all_spooled {
                return Ok(());
            }
            tokio::select! {
                Some(result) = running.next() => {
                    result?;
                    ended += 1;
                    self.ctx.emit(&SyncEvent::Children { kind, known, ended });
                }
                changed = parents.changed(), if !all_spooled => drop(changed),
            }
        }
    }
}

/// How far the parents of child listings are spooled.
#[derive(Debug, Default)]
struct Spooled {
    /// Listings per object that wait or have run.
    listings: u64,
    /// Whether no more will come.
    ended: bool,
}

/// Cuts the objects of a page into groups that are enriched together.
struct Groups(std::vec::IntoIter<Box<RawValue>>);

impl Iterator for Groups {
    type Item = Vec<Box<RawValue>>;

    fn next(&mut self) -> Option<Self::Item> {
        let group: Vec<_> = self.0.by_ref().take(enrich::OBJECTS).collect();
        (!group.is_empty()).then_some(group)
    }
}
