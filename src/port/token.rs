//! The access token: fetched once for all, renewed before it ends.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::call::{Authorization, Call, Lane};
use super::client::PortClient;
use super::error::PortError;
use crate::http::Moment;

/// Longest time before its end at which a token is renewed; shorter for short-lived ones.
const MARGIN: Duration = Duration::from_secs(60);

/// Lifetime of a token that does not name one.
const LIFETIME: Duration = Duration::from_secs(600);

/// How long rejected credentials are not tried again.
const REJECTION: Duration = Duration::from_secs(60);

/// The token and what is needed to get another.
#[derive(Debug)]
pub(crate) struct TokenStore {
    id: SecretString,
    secret: SecretString,
    /// Held while a token is fetched, so that all others wait for that one.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Current>,
    fetched: u64,
    rejected: Option<Rejection>,
}

#[derive(Debug)]
struct Current {
    token: Token,
    renew_at: Moment,
}

#[derive(Debug)]
struct Rejection {
    message: String,
    until: Moment,
}

/// A token to send.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Value of the `Authorization` header, marked as sensitive.
    pub(crate) header: HeaderValue,
    /// Tells tokens apart.
    pub(crate) number: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'a> {
    client_id: &'a str,
    client_secret: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Option<f64>,
    #[serde(default)]
    token_type: Option<String>,
}

impl TokenStore {
    pub(crate) fn new(id: SecretString, secret: SecretString) -> Self {
        if id.expose_secret().contains('@') {
            tracing::warn!(
                "the client id looks like an e-mail address: these are the credentials of a person; use those of the organisation, because a person's end with the account"
            );
        }
        Self { id, secret, state: Mutex::default() }
    }

    /// The present token; fetches one if there is none or it ends soon. Callers at the same time share one fetch.
    pub(crate) async fn get(&self, client: &PortClient) -> Result<Token, PortError> {
        let mut state = self.state.lock().await;
        let now = client.clock().now();
        if let Some(current) = state.current.as_ref().filter(|current| now < current.renew_at) {
            return Ok(current.token.clone());
        }
        if let Some(rejection) = state.rejected.as_ref().filter(|rejection| now < rejection.until) {
            return Err(PortError::Credentials { message: rejection.message.clone() });
        }
        match self.fetch(client, state.fetched + 1).await {
            Ok(current) => {
                let token = current.token.clone();
                *state = State { fetched: token.number, current: Some(current), rejected: None };
                Ok(token)
            }
            Err(PortError::Credentials { message }) => {
                let until = client.clock().now().after(REJECTION);
                state.rejected = Some(Rejection { message: message.clone(), until });
                Err(PortError::Credentials { message })
            }
            Err(error) => Err(error),
        }
    }

    /// Forgets the token of that number, unless another has taken its place meanwhile.
    pub(crate) async fn discard(&self, number: u64) {
        let mut state = self.state.lock().await;
        if state.current.as_ref().is_some_and(|current| current.token.number == number) {
            state.current = None;
        }
    }

    async fn fetch(&self, client: &PortClient, number: u64) -> Result<Current, PortError> {
        let body = Credentials { client_id: self.id.expose_secret(), client_secret: self.secret.expose_secret() };
        let mut call = Call::post("/auth/access_token".to_owned()).json(&body)?.repeatable();
        call.lane = Lane::Free;
        call.authorization = Authorization::None;
        let site = call.site();
        // The token calls itself through the same door as every call, so the future has to be boxed.
        let answer = Box::pin(client.send(&call)).await.map_err(rejected)?;
        let received = client.clock().now();
        let granted: Granted = answer.json(&site)?;
        let scheme = granted.token_type.as_deref().filter(|scheme| !scheme.is_empty()).unwrap_or("Bearer");
        let mut header = HeaderValue::try_from(format!("{scheme} {}", granted.access_token))
            .map_err(|_| answer.unreadable(&site, "a token that cannot be sent".to_owned()))?;
        header.set_sensitive(true);
        let lifetime =
            granted.expires_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(LIFETIME);
        let margin = MARGIN.min(lifetime / 10);
        Ok(Current { token: Token { header, number }, renew_at: received.after(lifetime.saturating_sub(margin)) })
    }
}

/// Turns Port's refusal to give a token into what it means.
fn rejected(error: PortError) -> PortError {
    const REJECTING: [StatusCode; 5] = [
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    match error {
        PortError::Refused(refusal) if REJECTING.contains(&refusal.status) || refusal.status.is_success() => {
            let mut message = format!("{} {}: {}", refusal.method, refusal.path, refusal.status.as_u16());
            for part in [refusal.error, refusal.message].into_iter().flatten() {
                message = format!("{message} {part}");
            }
            if let Some(trace) = refusal.trace_id {
                message = format!("{message}, trace {trace}");
            }
            PortError::Credentials { message }
        }
        other => other,
    }
}
