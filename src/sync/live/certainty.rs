//! Whether an object that Bitbucket answers 404 for is gone, or only hidden.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::bitbucket::Trail;
use crate::kinds::{Kind, ObjectKey};
use crate::sync::context::Context;
use crate::sync::reconcile::EmptyListings;

/// Asks what stands around an object, each thing once.
pub(super) struct Certainty {
    ctx: Arc<Context>,
    empty: EmptyListings,
    roots: Mutex<HashMap<Kind, Arc<OnceCell<Root>>>>,
    all: Mutex<HashMap<Kind, Arc<OnceCell<All>>>>,
}

/// All objects of a kind by what of them is stable, or why they cannot be read.
type All = Result<HashMap<String, ObjectKey>, String>;

/// What the first page of a whole listing says.
enum Root {
    /// It can be read, and begins with objects of these keys.
    Readable(HashSet<ObjectKey>),
    /// It is of no use.
    Useless(String),
}

/// Whether an object is gone.
pub(super) enum Verdict {
    /// It is, under this key.
    Gone {
        /// Its own key, where another name stood for a part of it.
        key: ObjectKey,
        /// What it belonged to, if that is gone as well: the topmost.
        with: Option<(Kind, ObjectKey)>,
    },
    /// It may be hidden.
    Doubt(String),
}

/// Where the object is whose key leads nowhere any more.
pub(super) enum Whereabouts {
    /// Under another key.
    At(ObjectKey),
    /// Nowhere.
    Nowhere,
    /// That cannot be told.
    Unknown(String),
}

/// Pages of a whole listing that are read for objects under other keys.
const PAGES: usize = 200;

impl Certainty {
    pub(super) fn new(ctx: &Arc<Context>, empty: EmptyListings) -> Self {
        Self { ctx: Arc::clone(ctx), empty, roots: Mutex::default(), all: Mutex::default() }
    }

    /// What a 404 for an object means: what it belongs to must be readable, or gone in turn.
    pub(super) fn of<'a>(&'a self, kind: Kind, key: &'a ObjectKey) -> BoxFuture<'a, Verdict> {
        async move {
            let Some(parents) = kind.each().or(kind.info().within) else { return self.root(kind, key).await };
            let mut fields = key.fields();
            let own = fields.pop().unwrap_or_default();
            let parent = ObjectKey::new(fields);
            let own = |parent: ObjectKey| ObjectKey::new(parent.fields().into_iter().chain([own.clone()]));
            match self.ctx.source.get(parents, &parent).await {
                Ok(raw) => match parents.key_of(raw.get()) {
                    Ok(parent) => Verdict::Gone { key: own(parent), with: None },
                    Err(error) => Verdict::Doubt(error.to_string()),
                },
                Err(error) if error.is_gone() => match self.of(parents, &parent).await {
                    Verdict::Gone { key: parent, with } => {
                        Verdict::Gone { key: own(parent.clone()), with: with.or(Some((parents, parent))) }
                    }
                    doubt @ Verdict::Doubt(_) => doubt,
                },
                Err(error) => Verdict::Doubt(format!("its {parents} cannot be read: {error}")),
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
            Root::Readable(_) => Verdict::Gone { key: key.clone(), with: None },
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

    /// Looks through the whole listing of a kind for an object that has another key now.
    pub(super) async fn find(&self, kind: Kind, stable: &str) -> Whereabouts {
        let cell = {
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(kind).or_default())
        };
        match cell.get_or_init(|| self.read(kind)).await {
            Ok(all) => all.get(stable).map_or(Whereabouts::Nowhere, |key| Whereabouts::At(key.clone())),
            Err(why) => Whereabouts::Unknown(why.clone()),
        }
    }

    /// The keys of all objects of a kind, by what of them is stable.
    async fn read(&self, kind: Kind) -> All {
        let of = |error: &dyn std::fmt::Display| format!("whether it has another key now cannot be told: {error}");
        let selector = kind.selector(&json!({ "query": "true" })).map_err(|error| of(&error))?;
        let (mut all, mut trail) = (HashMap::new(), Trail::default());
        let mut page = self.ctx.source.first_page(&selector.listing, None).await.map_err(|error| of(&error))?;
        for _ in 0..PAGES {
            for value in &page.values {
                let key = kind.key_of(value.get()).map_err(|error| of(&error))?;
                all.extend(kind.stable_of(value.get()).map(|stable| (stable, key)));
            }
            let Some(next) = page.next.take() else { return Ok(all) };
            trail.step(&next).map_err(|error| of(&error))?;
            page = self.ctx.source.next_page(&selector.listing, None, &next).await.map_err(|error| of(&error))?;
        }
        Err(of(&format!("there are more than {PAGES} pages of {kind}")))
    }
}
