//! The server around a world.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use super::refusal::error_body;
use super::route;
use super::token::Tokens;
use super::world::World;
use crate::clock::Clock;
use crate::http::{Faults, Gate, Listening, Record, Request, StartError, guard};

/// How a server behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of the loopback interface; 0 for a free one.
    pub port: u16,
    /// The client id that gets a token.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long a token lasts; three hours at Port.
    pub token_lifetime: Duration,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Options {
    /// A free port, client `sandbox-client` with secret `sandbox-secret`, tokens of three hours, no faults.
    fn default() -> Self {
        Self {
            port: 0,
            client_id: "sandbox-client".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            token_lifetime: Duration::from_secs(3 * 3_600),
            faults: Faults::default(),
        }
    }
}

/// What the routes share.
pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) tokens: Tokens,
    pub(super) clock: Arc<Clock>,
    pub(super) client: (String, String),
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Port's API on a port of this machine; stops when dropped.
pub struct Server {
    shared: Arc<Shared>,
    faults: Faults,
    record: Record,
    listening: Listening,
}

impl Server {
    /// Serves a catalog. Needs a tokio runtime.
    pub async fn start(world: World, options: Options) -> Result<Self, StartError> {
        let clock = Arc::new(Clock::default());
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            tokens: Tokens::lasting(options.token_lifetime),
            clock: Arc::clone(&clock),
            client: (options.client_id, options.client_secret),
        });
        let record = Record::default();
        let gate = Arc::new(Gate {
            faults: options.faults.clone(),
            record: record.clone(),
            compress: true,
            keep_bodies: true,
            error: error_body,
            id_headers: &["x-trace-id"],
            served: AtomicU64::new(0),
            clock: Some(clock),
        });
        let router = route::router(Arc::clone(&shared)).layer(axum::middleware::from_fn_with_state(gate, guard));
        let listening = Listening::open(options.port, router).await?;
        Ok(Self { shared, faults: options.faults, record, listening })
    }

    /// The base address, `http://127.0.0.1:PORT`; the API is below `/v1`.
    #[must_use]
    pub fn url(&self) -> String {
        self.listening.origin()
    }

    /// Changes what Port holds.
    pub fn change<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        change(&mut self.shared.world())
    }

    /// Reads what Port holds.
    pub fn read<R>(&self, read: impl FnOnce(&World) -> R) -> R {
        read(&self.shared.world())
    }

    /// The time at Port.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.shared.clock.now()
    }

    /// Puts Port's clock forward: `Date`, the times of entities and the expiry of tokens all follow.
    pub fn advance_clock(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    /// Makes every token invalid at once, as after an incident.
    pub fn revoke_tokens(&self) {
        self.shared.tokens.revoke_all();
    }

    /// How long tokens given out from now on last.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.shared.tokens.set_lifetime(lifetime);
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What was asked so far, with bodies.
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
