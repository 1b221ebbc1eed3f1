//! The server around a world.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::page::error_body;
use super::quota::{Meter, Quota};
use super::route;
use super::world::World;
use crate::http::{Access, Faults, Gate, Listening, Record, Request, StartError, guard};

/// How a server behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of the loopback interface; 0 for a free one.
    pub port: u16,
    /// Who is let in.
    pub access: Access,
    /// How often; without limit where `None`.
    pub quota: Option<Quota>,
    /// Whether answers are compressed for those who accept it.
    pub compress: bool,
    /// The origin of `next` links, `https://api.bitbucket.org` for example, where it is not the one that was called.
    pub public_origin: Option<String>,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Options {
    /// A free port, everybody, no limit, compressed, no faults.
    fn default() -> Self {
        Self {
            port: 0,
            access: Access::Anyone,
            quota: None,
            compress: true,
            public_origin: None,
            faults: Faults::default(),
        }
    }
}

/// What the routes share.
pub(super) struct Shared {
    world: RwLock<World>,
    control: RwLock<(Access, Option<Quota>)>,
    pub(super) meter: Meter,
    pub(super) public_origin: Option<String>,
}

impl Shared {
    pub(super) fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn access(&self) -> Access {
        self.control.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    pub(super) fn quota(&self) -> Option<Quota> {
        self.control.read().unwrap_or_else(PoisonError::into_inner).1
    }
}

/// Bitbucket Cloud on a port of this machine; stops when dropped.
pub struct Server {
    shared: Arc<Shared>,
    faults: Faults,
    record: Record,
    listening: Listening,
}

impl Server {
    /// Serves a world. Needs a tokio runtime.
    pub async fn start(world: World, options: Options) -> Result<Self, StartError> {
        let shared = Arc::new(Shared {
            world: RwLock::new(world),
            control: RwLock::new((options.access, options.quota)),
            meter: Meter::default(),
            public_origin: options.public_origin,
        });
        let record = Record::default();
        let gate = Arc::new(Gate {
            faults: options.faults.clone(),
            record: record.clone(),
            compress: options.compress,
            keep_bodies: false,
            error: |_, message| error_body(message),
            id_headers: &["x-request-uuid", "x-request-id"],
            served: AtomicU64::new(0),
            clock: None,
        });
        let router = route::router(Arc::clone(&shared)).layer(axum::middleware::from_fn_with_state(gate, guard));
        let listening = Listening::open(options.port, router).await?;
        Ok(Self { shared, faults: options.faults, record, listening })
    }

    /// The base of the API, `http://127.0.0.1:PORT/2.0`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/2.0", self.listening.origin())
    }

    /// Changes the world; requests that come later see all of it or, if they came before, nothing.
    pub fn change<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        change(&mut self.shared.world.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the world as it is now.
    pub fn read<R>(&self, read: impl FnOnce(&World) -> R) -> R {
        read(&self.shared.world())
    }

    /// Lets others in from now on.
    pub fn set_access(&self, access: Access) {
        self.shared.control.write().unwrap_or_else(PoisonError::into_inner).0 = access;
    }

    /// Another quota from now on; what was used stays used.
    pub fn set_quota(&self, quota: Option<Quota>) {
        self.shared.control.write().unwrap_or_else(PoisonError::into_inner).1 = quota;
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
