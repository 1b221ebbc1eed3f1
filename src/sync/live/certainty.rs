//! Whether an object that Bitbucket answers 404 for is gone, or only hidden.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::kinds::{Kind, ObjectKey};
use crate::sync::context::Context;
use crate::sync::reconcile::EmptyListings;

/// Asks what stands around an object, each thing once.
pub(super) struct Certainty {
    ctx: Arc<Context>,
    empty: EmptyListings,
    roots: Mutex<HashMap<Kind, Arc<OnceCell<Root>>>>,
}

/// What the first page of a whole listing says.
enum Root {
    /// It can be read, and begins with objects of these keys.
    Readable(HashSet<ObjectKey>),
    /// It is of no use.
    Useless(String),
}

/// Whether an object is gone.
pub(super) enum Verdict {
    /// It is; this is its own key, where another name stood for a part of it.
    Gone(ObjectKey),
    /// It may be hidden.
    Doubt(String),
}

impl Certainty {
    pub(super) fn new(ctx: &Arc<Context>, empty: EmptyListings) -> Self {
        Self { ctx: Arc::clone(ctx), empty, roots: Mutex::default() }
    }

    /// What a 404 for an object means: what it belongs to must be readable, or gone in turn.
    pub(super) fn of<'a>(&'a self, kind: Kind, key: &'a ObjectKey) -> BoxFuture<'a, Verdict> {
        async move {
            let Some(parents) = kind.each().or(kind.info().within) else { return self.root(kind, key).await };
            let mut fields = key.fields();
            let own = fields.pop().unwrap_or_default();
            let parent = ObjectKey::new(fields);
            let of_parent = match self.ctx.source.get(parents, &parent).await {
                Ok(raw) => match parents.key_of(raw.get()) {
                    Ok(key) => Verdict::Gone(key),
                    Err(error) => Verdict::Doubt(error.to_string()),
                },
                Err(error) if error.is_gone() => self.of(parents, &parent).await,
                Err(error) => Verdict::Doubt(format!("its {parents} cannot be read: {error}")),
            };
            match of_parent {
                Verdict::Gone(parent) => {
                    let fields = parent.fields().into_iter().chain([own]);
                    Verdict::Gone(ObjectKey::new(fields))
                }
                doubt @ Verdict::Doubt(_) => doubt,
            }
        }
        .boxed()
    }

    async fn root(&self, kind: Kind, key: &ObjectKey) -> Verdict {
        let cell = {
            let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(roots.entry(kind).or_default())
        };
        match cell.get_or_init(|| self.look(kind)).await {
            Root::Readable(keys) if keys.contains(key) => {
                Verdict::Doubt(format!("Bitbucket lists this {kind}, but does not give it"))
            }
            Root::Readable(_) => Verdict::Gone(key.clone()),
            Root::Useless(why) => Verdict::Doubt(why.clone()),
        }
    }

    async fn look(&self, kind: Kind) -> Root {
        let all = match kind.selector(&json!({ "query": "true" })) {
            Ok(selector) => selector.listing,
            Err(error) => return Root::Useless(error.to_string()),
        };
        match self.ctx.source.first_page(&all, None).await {
            Err(error) => Root::Useless(format!("the listing of {kind} cannot be read: {error}")),
            Ok(page) if page.values.is_empty() && self.empty == EmptyListings::Doubted => {
                Root::Useless(format!("the listing of {kind} is empty; --allow-empty believes it"))
            }
            Ok(page) => Root::Readable(page.values.iter().filter_map(|value| kind.key_of(value.get()).ok()).collect()),
        }
    }
}
