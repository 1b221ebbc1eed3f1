//! The client of Port's API: sends calls under one bound, repeats what may be repeated, keeps the token fresh.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use secrecy::SecretString;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use url::Url;

use super::answer::Answer;
use super::call::{Authorization, Call, Lane, Repeat, Site, Target};
use super::clockwork::{Hold, ServiceTime};
use super::error::PortError;
use super::identity::Identity;
use super::integration::Ingest;
use super::organization::CachedOrganization;
use super::registrations::{Registrations, Sight};
use super::token::TokenStore;
use crate::http::{Clock, FailureClass, RetryPolicy, Schedule, classify_failure, is_retryable_status, requested_delay};

/// How often an answer that is no proper JSON is asked for again: a proxy's login page does not go away.
const ODD_ANSWERS: u32 = 2;

/// How to reach Port and as whom.
#[derive(Clone, Debug)]
pub struct PortConnection {
    /// Root of the API, without `/v1`.
    pub base_url: Url,
    /// Client id of the credentials.
    pub client_id: SecretString,
    /// Client secret of the credentials.
    pub client_secret: SecretString,
    /// Who we are.
    pub identity: Identity,
    /// Bounds on repetitions, and on the time of a call, waits included.
    pub retry: RetryPolicy,
    /// Calls in flight at a time, at least 1.
    pub requests: usize,
    /// Bulk writes in flight at a time, at least 1; they count as calls too.
    pub bulks: usize,
    /// How long the organisation's flags are reused.
    pub flags_cache: Duration,
}

impl PortConnection {
    /// A connection with the usual bounds: 16 calls and 10 bulk writes at a time, up to 10 repetitions (a few
    /// minutes in all), two hours for a call that Port asks to wait, flags kept for 5 minutes.
    #[must_use]
    pub fn new(base_url: Url, client_id: SecretString, client_secret: SecretString, identity: Identity) -> Self {
        let retry = RetryPolicy {
            retries: 10,
            min_delay: Duration::from_millis(300),
            max_delay: Duration::from_secs(20),
            ..RetryPolicy::default()
        };
        let flags_cache = Duration::from_secs(300);
        Self { base_url, client_id, client_secret, identity, retry, requests: 16, bulks: 10, flags_cache }
    }
}

/// A client of Port's API; clones share the token, the bounds and the caches.
#[derive(Clone, Debug)]
pub struct PortClient {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    base: String,
    identity: Identity,
    retry: RetryPolicy,
    tokens: TokenStore,
    hold: Hold,
    service_time: ServiceTime,
    requests: Semaphore,
    bulks: Semaphore,
    flags_cache: Duration,
    organization: Mutex<Option<CachedOrganization>>,
    ingest: Mutex<Option<Ingest>>,
    registrations: Registrations,
}

/// What one attempt came to.
enum Attempt {
    Answered(Answer),
    Failed { class: FailureClass, error: PortError },
}

/// What to do after an attempt.
enum Next {
    Done(Result<Answer, PortError>),
    Wait { delay: Duration, last: String },
    FreshToken,
}

/// How far a call has come.
struct Course {
    site: Site,
    started: crate::http::Moment,
    within: Duration,
    schedule: Schedule,
    throttles: u32,
    odd: u32,
    refreshed: bool,
}

impl PortClient {
    /// A client on this connection, speaking through `http` by `clock`.
    #[must_use]
    pub fn new(connection: PortConnection, http: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        let base = connection.base_url.as_str().trim_end_matches('/').to_owned();
        let shared = Shared {
            http,
            clock,
            base,
            identity: connection.identity,
            retry: connection.retry,
            tokens: TokenStore::new(connection.client_id, connection.client_secret),
            hold: Hold::default(),
            service_time: ServiceTime::default(),
            requests: Semaphore::new(connection.requests.max(1)),
            bulks: Semaphore::new(connection.bulks.max(1)),
            flags_cache: connection.flags_cache,
            organization: Mutex::default(),
            ingest: Mutex::default(),
            registrations: Registrations::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn registrations(&self) -> &Registrations {
        &self.shared.registrations
    }

    /// What answers told of the program that is registered, since this was last asked.
    pub(crate) fn take_registrations(&self) -> Vec<Sight> {
        self.shared.registrations.take()
    }

    /// Who we are at Port.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    /// Root of the API, without `/v1`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared.base
    }

    /// The time at Port: that of its last answer, carried on by the time that passed since; `None` before the
    /// first answer. Off by less than a second, to the past.
    #[must_use]
    pub fn service_time(&self) -> Option<time::OffsetDateTime> {
        self.shared.service_time.now(&*self.shared.clock)
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    pub(super) fn organization_cache(&self) -> (&Mutex<Option<CachedOrganization>>, Duration) {
        (&self.shared.organization, self.shared.flags_cache)
    }

    pub(super) fn ingest_cache(&self) -> &Mutex<Option<Ingest>> {
        &self.shared.ingest
    }

    /// Fetches a token if none is at hand: tells early whether the credentials are right.
    pub async fn sign_in(&self) -> Result<(), PortError> {
        self.shared.tokens.get(self).await.map(drop)
    }

    /// Sends a call until it succeeded, failed for good or its time is over.
    ///
    /// An answer with success is JSON and does not say `ok: false`, except that of a bulk, which says so per entity.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, PortError> {
        let within = call.within.unwrap_or(self.shared.retry.deadline);
        let deadline = self.shared.clock.now().after(within);
        let running = std::sync::Mutex::new(None);
        tokio::select! {
            biased;
            result = Box::pin(self.repeat(call, within, &running)) => result,
            () = self.shared.clock.reached(deadline) => {
                let last = running.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
                Err(PortError::late(&call.site(), within, last))
            }
        }
    }

    async fn repeat(
        &self,
        call: &Call,
        within: Duration,
        running: &std::sync::Mutex<Option<String>>,
    ) -> Result<Answer, PortError> {
        let mut course = Course {
            site: call.site(),
            started: self.shared.clock.now(),
            within,
            schedule: self.shared.retry.schedule(),
            throttles: 0,
            odd: 0,
            refreshed: false,
        };
        loop {
            let (attempt, token) = self.attempt(call, &course).await?;
            match self.judge(call, attempt, &mut course) {
                Next::Done(result) => return result,
                Next::FreshToken => {
                    course.refreshed = true;
                    self.shared.tokens.discard(token).await;
                }
                Next::Wait { delay, last } => {
                    tracing::debug!(method = %course.site.method, path = course.site.path, ?delay, last, "will be sent again");
                    self.check_time(&course, delay, &last)?;
                    *running.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(last);
                    self.shared.clock.sleep(delay).await;
                }
            }
        }
    }

    /// A wait that would outlast the call is not begun.
    fn check_time(&self, course: &Course, delay: Duration, last: &str) -> Result<(), PortError> {
        if self.shared.clock.now().after(delay).since(course.started) <= course.within {
            return Ok(());
        }
        let last = format!("{last}; the next try would be in {} seconds", delay.as_secs());
        Err(PortError::late(&course.site, course.within, Some(last)))
    }

    /// One attempt, and the number of the token that it carried.
    async fn attempt(&self, call: &Call, course: &Course) -> Result<(Attempt, u64), PortError> {
        let (header, token) = match call.authorization {
            Authorization::Token => {
                let token = self.shared.tokens.get(self).await?;
                (Some(token.header), token.number)
            }
            Authorization::None => (None, 0),
        };
        let request = self.request(call, header, &course.site)?;
        let _permits = self.permits(call.lane, &course.site).await?;
        while let Some(wait) = self.shared.hold.wait(self.shared.clock.now()) {
            self.check_time(course, wait, "Port asked to wait")?;
            self.shared.clock.sleep(wait).await;
        }
        Ok((self.exchange(request, &course.site).await, token))
    }

    async fn exchange(&self, request: reqwest::Request, site: &Site) -> Attempt {
        let response = match self.shared.http.execute(request).await {
            Ok(response) => response,
            Err(error) => {
                let class = classify_failure(&error);
                return Attempt::Failed { class, error: PortError::unreachable(site, error.without_url()) };
            }
        };
        self.shared.service_time.learn(response.headers(), &*self.shared.clock);
        match Answer::read(response).await {
            Ok(answer) => Attempt::Answered(answer),
            Err(error) => {
                let class = match error {
                    super::answer::BodyError::Broken(_) => FailureClass::Uncertain,
                    super::answer::BodyError::TooLong => FailureClass::Unsendable,
                };
                Attempt::Failed { class, error: PortError::unreachable(site, error) }
            }
        }
    }

    fn judge(&self, call: &Call, attempt: Attempt, course: &mut Course) -> Next {
        match attempt {
            Attempt::Failed { class, error } => {
                let again = match class {
                    FailureClass::NotSent => true,
                    FailureClass::Uncertain => call.repeat == Repeat::Freely,
                    FailureClass::Unsendable => false,
                };
                Self::again(again, error, None, course)
            }
            Attempt::Answered(answer) if answer.status.is_success() => Self::judge_success(call, answer, course),
            Attempt::Answered(answer) => self.judge_failure(call, &answer, course),
        }
    }

    fn judge_success(call: &Call, answer: Answer, course: &mut Course) -> Next {
        if let Some(what) = answer.oddity() {
            course.odd += 1;
            let again = call.repeat == Repeat::Freely && course.odd <= ODD_ANSWERS;
            return Self::again(again, answer.unreadable(&course.site, what), None, course);
        }
        if call.lane != Lane::Bulk && answer.says_no() {
            return Next::Done(Err(answer.refusal(&course.site)));
        }
        Next::Done(Ok(answer))
    }

    fn judge_failure(&self, call: &Call, answer: &Answer, course: &mut Course) -> Next {
        let refusal = answer.refusal(&course.site);
        let now = self.shared.clock.now();
        let asked = requested_delay(&answer.headers, now);
        match answer.status {
            StatusCode::UNAUTHORIZED if call.authorization == Authorization::Token && !course.refreshed => {
                Next::FreshToken
            }
            StatusCode::TOO_MANY_REQUESTS => {
                course.throttles = course.throttles.saturating_add(1);
                let delay = asked.unwrap_or_else(|| self.shared.retry.throttle_delay(course.throttles));
                // All others wait as well: the limit is that of the organisation.
                self.shared.hold.until(now.after(delay));
                Next::Wait { delay, last: refusal.to_string() }
            }
            status if is_retryable_status(status) => Self::again(call.repeat == Repeat::Freely, refusal, asked, course),
            _ => Next::Done(Err(refusal)),
        }
    }

    fn again(again: bool, error: PortError, asked: Option<Duration>, course: &mut Course) -> Next {
        match course.schedule.next().filter(|_| again) {
            Some(delay) => Next::Wait { delay: delay.max(asked.unwrap_or_default()), last: error.in_full() },
            None => Next::Done(Err(error)),
        }
    }

    async fn permits(&self, lane: Lane, site: &Site) -> Result<[Option<SemaphorePermit<'_>>; 2], PortError> {
        let closed = |error| PortError::unsendable(site, error);
        let bulk = match lane {
            Lane::Bulk => Some(self.shared.bulks.acquire().await.map_err(closed)?),
            Lane::Any | Lane::Free => None,
        };
        let any = match lane {
            Lane::Bulk | Lane::Any => Some(self.shared.requests.acquire().await.map_err(closed)?),
            Lane::Free => None,
        };
        Ok([bulk, any])
    }

    fn request(&self, call: &Call, token: Option<HeaderValue>, site: &Site) -> Result<reqwest::Request, PortError> {
        let address = call.address(&self.shared.base);
        let url = Url::parse(&address).map_err(|error| PortError::unsendable(site, error))?;
        if matches!(call.target, Target::Ingest(_)) && self.shared.base.starts_with("https:") && url.scheme() != "https"
        {
            return Err(PortError::unsendable(site, "the address that Port names would send the token unencrypted"));
        }
        let agent = HeaderValue::try_from(self.shared.identity.user_agent(call.agent))
            .map_err(|error| PortError::unsendable(site, error))?;
        let mut request = self.shared.http.request(call.method.clone(), url).header(header::USER_AGENT, agent);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, token);
        }
        request = request.header(header::CONTENT_TYPE, "application/json");
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        request.build().map_err(|error| PortError::unsendable(site, error.without_url()))
    }
}
