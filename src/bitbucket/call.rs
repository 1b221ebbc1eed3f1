//! One call: attempts, and the decision after each.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::StreamExt as _;
use reqwest::{Client, Request, Response, ResponseBuilderExt as _, StatusCode, header::HeaderMap};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    attempt::{self, Answer, Head, Reply},
    budget::{Denied, Grant},
    call_info::{CallInfo, CallSite, request_id},
    credential::CredentialKind,
    lane::{LimitNotice, WaitReason},
    pool::Refused,
    refusal::{Failure, FailureCause, Refusal},
    transport::Transport,
    treatment::{BodyMode, Treatment},
};
use crate::http::{FailureClass, Moment, Schedule, classify_failure, is_retryable_status, may_repeat, requested_delay};

/// Longest time for reading a stream; its silences are bounded by the client's read timeout.
const STREAM_TIMEOUT: Duration = Duration::from_secs(3600);

/// One call on its way.
pub(crate) struct Call<'a> {
    transport: &'a Transport,
    client: &'a Client,
    request: Request,
    site: CallSite,
    treatment: Treatment,
    started: Moment,
    deadline: Moment,
    schedule: Schedule,
    attempts: u32,
    waited: Duration,
    /// Credentials that this call was refused with.
    refused_by: Vec<usize>,
    /// The last 401, which is the answer if no other credential does better.
    unauthorised: Option<Response>,
}

/// What follows from an attempt.
enum Next {
    /// The call ends with this response.
    End(Response),
    /// Again, as soon as the budget allows.
    Again,
    /// Again after a while.
    After(Duration),
    /// The call ends without a response.
    Fail(FailureCause),
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        transport: &'a Transport,
        client: &'a Client,
        mut request: Request,
        operation: &'static str,
    ) -> Self {
        let settings = transport.settings();
        let treatment = (settings.treatment)(operation);
        if treatment.body == BodyMode::Stream {
            *request.timeout_mut() = Some(STREAM_TIMEOUT);
        }
        let started = transport.now();
        let site = CallSite { operation, method: request.method().clone(), path: request.url().path().to_owned() };
        Self {
            transport,
            client,
            request,
            site,
            treatment,
            started,
            deadline: started.after(settings.retry.deadline),
            schedule: settings.retry.schedule(),
            attempts: 0,
            waited: Duration::ZERO,
            refused_by: Vec::new(),
            unauthorised: None,
        }
    }

    pub(crate) async fn run(mut self) -> Response {
        loop {
            let (grant, place) = match self.leave_to_send().await {
                Ok(leave) => leave,
                Err(denied) => return self.denied(denied),
            };
            if let Err(limit) = self.transport.meter().admit() {
                grant.not_sent();
                // Whoever waits for the limit gets the word before the caller does.
                tokio::task::yield_now().await;
                return self.fail(FailureCause::Refused(Refusal::Limit { limit }));
            }
            match self.attempt(grant, place).await {
                Next::End(response) => return response,
                Next::Fail(cause) => return self.fail(cause),
                Next::Again => {}
                Next::After(delay) => {
                    self.transport.sleep(delay).await;
                    self.count_wait(delay);
                }
            }
        }
    }

    async fn leave_to_send(&mut self) -> Result<(Grant, OwnedSemaphorePermit), Denied> {
        loop {
            let asked = self.transport.now();
            let grant = self.transport.budget().acquire(self.treatment.class, &self.refused_by, self.deadline).await?;
            self.count_wait(self.transport.now().since(asked));
            let place = self.transport.place(self.deadline).await.ok_or(Denied::Expired)?;
            if !grant.is_stale() {
                return Ok((grant, place));
            }
        }
    }

    fn count_wait(&mut self, delay: Duration) {
        self.waited = self.waited.saturating_add(delay);
        self.transport.meter().waited(self.site.operation, delay);
    }

    fn denied(mut self, denied: Denied) -> Response {
        let reason = match denied {
            // Some credential may be left in general, but none that this call has not tried.
            Denied::NoCredential { refused } => match self.unauthorised.take() {
                Some(response) => return response,
                None => Refusal::Credentials { labels: refused },
            },
            Denied::TooLong { wait, reason } => Refusal::Wait { wait, reason },
            Denied::Expired => Refusal::Deadline { deadline: self.deadline.since(self.started) },
        };
        self.fail(FailureCause::Refused(reason))
    }

    fn fail(self, cause: FailureCause) -> Response {
        Failure { site: self.site, attempts: self.attempts, waited: self.waited, cause }.into_response()
    }

    async fn attempt(&mut self, mut grant: Grant, place: OwnedSemaphorePermit) -> Next {
        // A body that can be sent only once is sent only once.
        let again = self.request.try_clone();
        let repeatable = again.is_some();
        let request = again.unwrap_or_else(|| {
            let empty = Request::new(self.site.method.clone(), self.request.url().clone());
            std::mem::replace(&mut self.request, empty)
        });
        self.transport.meter().request(self.site.operation, self.attempts > 0);
        self.attempts += 1;
        grant.sent();
        let settings = self.transport.settings();
        let begun = std::time::Instant::now();
        let authorization = grant.credential().authorization();
        let outcome = attempt::send(self.client, request, authorization, self.treatment.body, settings.max_body).await;
        self.log(&outcome, &grant, begun.elapsed());
        if let Some(headers) = outcome.headers() {
            grant.notice(&limit_notice(headers));
        }
        self.decide(outcome, grant, place, repeatable)
    }

    fn decide(&mut self, outcome: Reply, grant: Grant, place: OwnedSemaphorePermit, repeatable: bool) -> Next {
        match outcome {
            Reply::Open(response) => {
                grant.accepted();
                Next::End(self.hand_on(response, place, grant.credential().kind()))
            }
            Reply::Whole(answer) => self.decide_on_answer(answer, &grant, repeatable),
            Reply::TooLarge => {
                grant.accepted();
                let limit = self.transport.settings().max_body;
                Next::Fail(FailureCause::Refused(Refusal::TooLarge { limit }))
            }
            Reply::Failed(error) => {
                let class = classify_failure(&error);
                if class != FailureClass::Uncertain {
                    grant.not_sent();
                }
                self.repeat_or_fail(class, repeatable, Arc::new(error))
            }
            Reply::CutOff(error) => self.repeat_or_fail(FailureClass::Uncertain, repeatable, Arc::new(error)),
        }
    }

    fn repeat_or_fail(
        &mut self,
        class: FailureClass,
        repeatable: bool,
        error: Arc<dyn std::error::Error + Send + Sync>,
    ) -> Next {
        let allowed = repeatable && may_repeat(&self.site.method, class);
        let delay = if allowed { self.schedule.next().filter(|delay| self.in_time(*delay)) } else { None };
        if let Some(delay) = delay {
            let seconds = delay.as_secs_f64();
            tracing::warn!(call = %self.site, attempt = self.attempts, seconds, %error, "no answer; trying again");
            return Next::After(delay);
        }
        Next::Fail(FailureCause::Unreachable(error))
    }

    fn in_time(&self, delay: Duration) -> bool {
        self.transport.now().after(delay) <= self.deadline
    }

    fn decide_on_answer(&mut self, answer: Answer, grant: &Grant, repeatable: bool) -> Next {
        let status = answer.head.status;
        let asked = requested_delay(&answer.head.headers, self.transport.now());
        match status {
            StatusCode::UNAUTHORIZED => {
                if grant.refused() != Refused::AsToken {
                    self.refused_by.push(grant.slot());
                }
                let response = self.rebuild(answer, grant.credential().kind());
                if !repeatable {
                    return Next::End(response);
                }
                self.unauthorised = Some(response);
                Next::Again
            }
            // A request that is refused for its rate had no effect, so that even one that changes something is repeated.
            StatusCode::TOO_MANY_REQUESTS => {
                grant.throttled(asked);
                if repeatable { Next::Again } else { Next::End(self.rebuild(answer, grant.credential().kind())) }
            }
            _ if is_retryable_status(status) => self.decide_on_fault(answer, asked, grant, repeatable),
            _ => {
                grant.accepted();
                Next::End(self.rebuild(answer, grant.credential().kind()))
            }
        }
    }

    fn decide_on_fault(&mut self, answer: Answer, asked: Option<Duration>, grant: &Grant, repeatable: bool) -> Next {
        let status = answer.head.status;
        // Only these two come with a wait that is meant for all.
        let asked = asked.filter(|_| matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT));
        if let Some(delay) = asked {
            grant.hold(delay);
        }
        if !(repeatable && self.site.method.is_idempotent()) {
            return Next::End(self.rebuild(answer, grant.credential().kind()));
        }
        let Some(delay) = self.schedule.next() else {
            return Next::End(self.rebuild(answer, grant.credential().kind()));
        };
        let delay = delay.max(asked.unwrap_or_default());
        if !self.in_time(delay) {
            return match asked {
                Some(wait) => Next::Fail(FailureCause::Refused(Refusal::Wait { wait, reason: WaitReason::Service })),
                None => Next::End(self.rebuild(answer, grant.credential().kind())),
            };
        }
        let (status, seconds) = (status.as_u16(), delay.as_secs_f64());
        tracing::warn!(call = %self.site, attempt = self.attempts, status, seconds, "Bitbucket has a fault; trying again");
        Next::After(delay)
    }

    fn info(&self, headers: &HeaderMap, credential: CredentialKind, body: Bytes) -> CallInfo {
        CallInfo {
            site: self.site.clone(),
            product: self.transport.settings().product,
            credential,
            request_id: request_id(headers),
            attempts: self.attempts,
            waited: self.waited,
            body,
        }
    }

    /// The answer as a response again, whose body cannot fail any more.
    fn rebuild(&self, answer: Answer, credential: CredentialKind) -> Response {
        let Answer { head, body } = answer;
        let info = self.info(&head.headers, credential, body.clone());
        restore(head, info, body.into())
    }

    /// A response that is read later, and keeps its place among the concurrent requests until then.
    fn hand_on(&self, response: Response, place: OwnedSemaphorePermit, credential: CredentialKind) -> Response {
        let head = Head::of(&response);
        let info = self.info(&head.headers, credential, Bytes::new());
        let stream = response.bytes_stream().map(move |chunk| {
            let _held = &place;
            chunk
        });
        restore(head, info, reqwest::Body::wrap_stream(stream))
    }

    fn log(&self, outcome: &Reply, grant: &Grant, duration: Duration) {
        tracing::debug!(
            operation = self.site.operation,
            method = %self.site.method,
            path = self.site.path,
            status = outcome.status().map(|status| status.as_u16()),
            millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            credential = grant.credential().label(),
            request_id = outcome.headers().and_then(request_id),
            attempt = self.attempts,
            "request"
        );
    }
}

fn restore(head: Head, info: CallInfo, body: reqwest::Body) -> Response {
    let Head { status, version, headers, url } = head;
    let builder = http::Response::builder().status(status).version(version).url(url).extension(info);
    // Status and version come from a response, so that building one from them cannot fail.
    let mut response = builder.body(body).unwrap_or_default();
    *response.headers_mut() = headers;
    response.into()
}

fn limit_notice(headers: &HeaderMap) -> LimitNotice {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    // Data Center sends a limit too, but of a bucket that fills by the second.
    let is_bucket = headers.contains_key("x-ratelimit-interval-seconds");
    LimitNotice {
        limit: text("x-ratelimit-limit").filter(|_| !is_bucket).and_then(|value| value.parse().ok()),
        near: text("x-ratelimit-nearlimit").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        resource: text("x-ratelimit-resource").map(|value| value.chars().take(64).collect()),
    }
}
