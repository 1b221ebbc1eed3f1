//! Speaking HTTP to any service: one way to build clients, to measure time and to decide on repetitions.
//!
//! Bitbucket and Port are reached through the same [`http_client`], so that proxies, certificates and timeouts
//! work alike for both. Nothing here knows either service.

mod advice;
mod client;
mod clock;
mod retry;
mod retry_after;
mod tls;

pub use advice::{innermost, network_advice};
pub use client::{HttpClientError, HttpSettings, http_client};
pub use clock::{Clock, ManualClock, Moment, SystemClock};
pub use retry::{FailureClass, RetryPolicy, Schedule, classify_failure, is_retryable_status, may_repeat};
pub use retry_after::requested_delay;
pub use tls::{TlsError, TlsSettings, Verification, tls_config};
