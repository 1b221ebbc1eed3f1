//! A client of the shape that is generated, with one call.

use std::{sync::Arc, time::Duration};

use bitbucket_port::{
    bitbucket::{CallError, Credential, Transport, TransportSettings},
    http::{HttpSettings, ManualClock, Moment, http_client},
};
use progenitor_client::{ClientInfo, Error};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;

use crate::server::Server;

/// Sun, 06 Nov 1994 08:49:37 GMT.
pub(crate) const START: Moment = Moment::from_millis(784_111_777_000);

#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    http: reqwest::Client,
    pub(crate) transport: Transport,
}

impl ClientInfo<Transport> for Client {
    fn api_version() -> &'static str {
        "1"
    }

    fn baseurl(&self) -> &str {
        &self.base
    }

    fn client(&self) -> &reqwest::Client {
        &self.http
    }

    fn inner(&self) -> &Transport {
        &self.transport
    }
}

impl Client {
    pub(crate) fn with(server: &Server, credentials: Vec<Credential>, settings: TransportSettings) -> Self {
        Self::at(server.url("/2.0"), credentials, settings)
    }

    pub(crate) fn at(base: String, credentials: Vec<Credential>, settings: TransportSettings) -> Self {
        let http = HttpSettings { total_timeout: Duration::from_secs(20), ..HttpSettings::default() };
        Self { base, http: http_client(&http).unwrap(), transport: Transport::new(credentials, settings) }
    }

    /// A client with one token and a clock that jumps.
    pub(crate) fn simple(server: &Server) -> (Self, Arc<ManualClock>) {
        let (settings, clock) = jumping();
        (Self::with(server, tokens("one"), settings), clock)
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        let http = HttpSettings { total_timeout: timeout, ..HttpSettings::default() };
        self.http = http_client(&http).unwrap();
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, CallError> {
        self.call(Method::GET, path).await
    }

    /// What the generated code does for one operation.
    pub(crate) async fn call(&self, method: Method, path: &str) -> Result<Value, CallError> {
        let response = self.open(method, path, "anything").await?;
        let decoded = progenitor_client::ResponseValue::<Value>::from_response::<()>(response).await?;
        Ok(decoded.into_inner())
    }

    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        operation: &'static str,
    ) -> Result<reqwest::Response, CallError> {
        let request = self.http.request(method, format!("{}{path}", self.base)).build().unwrap();
        let sent = self.transport.execute(&self.http, request, operation).await;
        let response = sent.map_err(Error::<()>::CommunicationError)?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(Error::<()>::UnexpectedResponse(response).into())
        }
    }
}

pub(crate) fn tokens(list: &str) -> Vec<Credential> {
    Credential::access_tokens(&SecretString::from(list)).unwrap()
}

pub(crate) fn jumping() -> (TransportSettings, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::jumping(START));
    (TransportSettings { clock: Arc::<ManualClock>::clone(&clock), ..TransportSettings::cloud() }, clock)
}
