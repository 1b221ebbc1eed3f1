//! Access tokens.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use time::OffsetDateTime;

/// The tokens given out.
#[derive(Debug)]
pub(super) struct Tokens(Mutex<Issued>);

#[derive(Debug)]
struct Issued {
    lifetime: Duration,
    count: u64,
    expiry: HashMap<String, OffsetDateTime>,
}

impl Tokens {
    pub(super) fn lasting(lifetime: Duration) -> Self {
        Self(Mutex::new(Issued { lifetime, count: 0, expiry: HashMap::new() }))
    }

    /// A new token, of the form of a JWT, and the seconds it lasts.
    pub(super) fn issue(&self, client: &str, now: OffsetDateTime) -> (String, u64) {
        let mut issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        issued.count += 1;
        let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let token = format!(
            "{}.{}.{}",
            part(json!({"alg": "none", "typ": "JWT"})),
            part(json!({"sub": client, "isMachine": true, "number": issued.count})),
            BASE64_URL_SAFE_NO_PAD.encode(issued.count.to_be_bytes()),
        );
        let expiry = now + issued.lifetime;
        issued.expiry.retain(|_, expiry| *expiry > now);
        issued.expiry.insert(token.clone(), expiry);
        (token, issued.lifetime.as_secs())
    }

    pub(super) fn is_valid(&self, token: &str, now: OffsetDateTime) -> bool {
        let issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        issued.expiry.get(token).is_some_and(|expiry| *expiry > now)
    }

    /// Makes every token invalid at once.
    pub(super) fn revoke_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).expiry.clear();
    }

    pub(super) fn set_lifetime(&self, lifetime: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lifetime = lifetime;
    }
}
