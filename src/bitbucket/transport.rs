//! The machinery under every call: budget, credentials, concurrency, repetitions, counters.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    budget::Budget,
    budget_settings::BudgetSettings,
    call::Call,
    call_info::Product,
    credential::Credential,
    meter::{Meter, Usage},
    treatment::Treatment,
};
use crate::http::{Clock, Moment, RetryPolicy, SystemClock};

/// How calls are made.
#[derive(Debug, Clone)]
pub struct TransportSettings {
    /// Which Bitbucket is spoken to.
    pub product: Product,
    /// Requests at the same time.
    pub concurrency: usize,
    /// What each credential may spend.
    pub budget: BudgetSettings,
    /// How often and how long calls are repeated.
    pub retry: RetryPolicy,
    /// The largest answer that is read, in bytes, unpacked. Streams are exempt.
    pub max_body: usize,
    /// How the requests of each operation are treated, by its name in the API description.
    pub treatment: fn(&str) -> Treatment,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl TransportSettings {
    /// The settings for Bitbucket Cloud.
    #[must_use]
    pub fn cloud() -> Self {
        Self {
            product: Product::Cloud,
            concurrency: 16,
            budget: BudgetSettings::cloud(),
            retry: RetryPolicy::default(),
            max_body: 64 << 20,
            treatment: Treatment::cloud,
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// The settings for Bitbucket Data Center, which limits requests only where its administrator wants it.
    #[must_use]
    pub fn data_center() -> Self {
        Self {
            product: Product::DataCenter,
            budget: BudgetSettings::unlimited(),
            treatment: Treatment::data_center,
            ..Self::cloud()
        }
    }
}

/// The machinery under every call. Clones share everything.
///
/// Dropping a call at any time returns what it holds.
#[derive(Debug, Clone)]
pub struct Transport {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: TransportSettings,
    budget: Budget,
    concurrency: Arc<Semaphore>,
    meter: Meter,
}

impl Transport {
    /// A transport with these credentials; none at all means [`Credential::anonymous`].
    #[must_use]
    pub fn new(credentials: Vec<Credential>, settings: TransportSettings) -> Self {
        let concurrency = settings.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let budget = Budget::new(credentials, &settings.budget, settings.retry.clone(), Arc::clone(&settings.clock));
        Self {
            shared: Arc::new(Shared {
                budget,
                concurrency: Arc::new(Semaphore::new(concurrency)),
                meter: Meter::default(),
                settings,
            }),
        }
    }

    /// What may still be spent.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    /// What calls have cost so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.shared.meter.usage()
    }

    /// Sends no more than that many requests in all from now on; a call that would be one more is refused.
    pub fn limit_requests(&self, most: u64) {
        self.shared.meter.limit(most);
    }

    /// Waits until a call is refused because of [`Transport::limit_requests`].
    pub async fn limit_reached(&self) {
        self.shared.meter.limit_reached().await;
    }

    /// Sends a request until it is answered or given up.
    ///
    /// An answer is handed on with its body read (unless the operation's [`Treatment`] asks for a stream), whatever its
    /// status. Where no answer can be had, the result is a synthetic response that [`super::CallError`] recognises; the
    /// `Err` form is never used.
    pub async fn execute(
        &self,
        client: &Client,
        request: Request,
        operation: &'static str,
    ) -> reqwest::Result<Response> {
        Ok(Call::new(self, client, request, operation).run().await)
    }

    pub(crate) fn settings(&self) -> &TransportSettings {
        &self.shared.settings
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    pub(crate) fn now(&self) -> Moment {
        self.shared.settings.clock.now()
    }

    pub(crate) async fn sleep(&self, delay: Duration) {
        self.shared.settings.clock.sleep(delay).await;
    }

    /// One of the concurrent requests; `None` when the deadline comes first.
    pub(crate) async fn place(&self, deadline: Moment) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            permit = Arc::clone(&self.shared.concurrency).acquire_owned() => permit.ok(),
            () = self.shared.settings.clock.reached(deadline) => None,
        }
    }
}
