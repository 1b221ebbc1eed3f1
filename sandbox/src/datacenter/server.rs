//! The server around a world.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::refusal::fault_body;
use super::rights::Rights;
use super::route;
use super::throttle::{Buckets, Throttle};
use super::world::World;
use crate::http::{Access, Faults, Gate, Listening, Record, Request, StartError, guard};

/// Under which names the API answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiVersions {
    /// `/rest/api/latest` and `/rest/api/1.0`.
    #[default]
    LatestAndNumbered,
    /// `/rest/api/1.0` only; `latest` answers 404.
    Numbered,
}

/// How a server behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of the loopback interface; 0 for a free one.
    pub port: u16,
    /// Where on the server the product is, `/bitbucket` for example; empty for the root.
    pub context_path: String,
    /// The names of the API.
    pub api_versions: ApiVersions,
    /// The most objects on a page; 1,000 as delivered, less where an administrator says so.
    pub largest_page: usize,
    /// Who is let in.
    pub access: Access,
    /// What they are permitted.
    pub rights: Rights,
    /// How often they may ask; without limit where `None`, as delivered.
    pub throttle: Option<Throttle>,
    /// Whether answers are compressed for those who accept it.
    pub compress: bool,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Options {
    /// A free port at the root, everybody with all rights, 1,000 objects on a page, no limit, compressed, no faults.
    fn default() -> Self {
        Self {
            port: 0,
            context_path: String::new(),
            api_versions: ApiVersions::default(),
            largest_page: 1_000,
            access: Access::Anyone,
            rights: Rights::ADMIN,
            throttle: None,
            compress: true,
            faults: Faults::default(),
        }
    }
}

/// What can be changed while the server runs.
#[derive(Clone, Debug)]
struct Control {
    access: Access,
    rights: Rights,
    throttle: Option<Throttle>,
    largest_page: usize,
}

/// What the routes share.
pub(super) struct Shared {
    world: RwLock<World>,
    control: RwLock<Control>,
    pub(super) buckets: Buckets,
}

impl Shared {
    pub(super) fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        change(&mut self.world.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn control(&self) -> RwLockReadGuard<'_, Control> {
        self.control.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, set: impl FnOnce(&mut Control)) {
        set(&mut self.control.write().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn access(&self) -> Access {
        self.control().access.clone()
    }

    pub(super) fn rights(&self) -> Rights {
        self.control().rights
    }

    pub(super) fn throttle(&self) -> Option<Throttle> {
        self.control().throttle
    }

    pub(super) fn largest_page(&self) -> usize {
        self.control().largest_page
    }
}

/// Bitbucket Data Center on a port of this machine; stops when dropped.
pub struct Server {
    shared: Arc<Shared>,
    context_path: String,
    faults: Faults,
    record: Record,
    listening: Listening,
}

impl Server {
    /// Serves a world. Needs a tokio runtime.
    pub async fn start(world: World, options: Options) -> Result<Self, StartError> {
        let Options { access, rights, throttle, largest_page, .. } = options;
        let shared = Arc::new(Shared {
            world: RwLock::new(world),
            control: RwLock::new(Control { access, rights, throttle, largest_page }),
            buckets: Buckets::default(),
        });
        let context_path = match options.context_path.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        let record = Record::default();
        let gate = Arc::new(Gate {
            faults: options.faults.clone(),
            record: record.clone(),
            compress: options.compress,
            keep_bodies: true,
            error: fault_body,
            id_headers: &["x-arequestid"],
            served: AtomicU64::new(0),
            clock: None,
        });
        let router = route::router(&shared, &context_path, options.api_versions);
        let router = router.layer(axum::middleware::from_fn_with_state(gate, guard));
        let listening = Listening::open(options.port, router).await?;
        Ok(Self { shared, context_path, faults: options.faults, record, listening })
    }

    /// What a client takes as the base URL, `http://127.0.0.1:PORT` with the context path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.listening.origin(), self.context_path)
    }

    /// Changes the world; requests that come later see all of it or, if they came before, nothing.
    pub fn change<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        self.shared.change(change)
    }

    /// Reads the world as it is now.
    pub fn read<R>(&self, read: impl FnOnce(&World) -> R) -> R {
        read(&self.shared.world())
    }

    /// Lets others in from now on.
    pub fn set_access(&self, access: Access) {
        self.shared.set(|control| control.access = access);
    }

    /// Permits something else from now on.
    pub fn set_rights(&self, rights: Rights) {
        self.shared.set(|control| control.rights = rights);
    }

    /// Another rate limit from now on; buckets keep their tokens.
    pub fn set_throttle(&self, throttle: Option<Throttle>) {
        self.shared.set(|control| control.throttle = throttle);
    }

    /// Grants that many objects on a page from now on.
    pub fn set_largest_page(&self, largest_page: usize) {
        self.shared.set(|control| control.largest_page = largest_page);
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What was asked so far.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The requests received, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.record.requests()
    }

    /// Closes the port and every connection.
    pub fn stop(self) {
        drop(self);
    }
}
