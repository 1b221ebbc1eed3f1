//! The organisation and its feature flags.

use serde::Deserialize;

use super::call::Call;
use super::client::PortClient;
use super::error::PortError;
use crate::http::Moment;

/// The organisation that the credentials belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Organization {
    /// Its id.
    #[serde(default, deserialize_with = "super::integration::or_default")]
    pub id: Option<String>,
    /// Names of the features that are switched on for it.
    #[serde(default, rename = "featureFlags", deserialize_with = "super::integration::or_default")]
    pub feature_flags: Vec<String>,
}

impl Organization {
    /// Whether a feature is on.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.feature_flags.iter().any(|on| on == flag)
    }
}

/// An organisation as it was at some moment.
#[derive(Debug)]
pub(crate) struct CachedOrganization {
    organization: Organization,
    at: Moment,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "super::integration::or_default")]
    organization: Organization,
}

#[derive(Deserialize)]
struct Provisionable {
    #[serde(default, deserialize_with = "super::integration::or_default")]
    integrations: Vec<String>,
}

impl PortClient {
    /// The organisation; an answer is reused for a while.
    pub async fn organization(&self) -> Result<Organization, PortError> {
        let (cache, keep) = self.organization_cache();
        let mut cached = cache.lock().await;
        let now = self.clock().now();
        if let Some(cached) = cached.as_ref().filter(|cached| now < cached.at.after(keep)) {
            return Ok(cached.organization.clone());
        }
        let call = Call::get("/organization".to_owned());
        let Envelope { organization } = self.send(&call).await?.json(&call.site())?;
        *cached = Some(CachedOrganization { organization: organization.clone(), at: now });
        Ok(organization)
    }

    /// The types of integrations for which Port brings blueprints and mapping itself.
    pub async fn provision_enabled(&self) -> Result<Vec<String>, PortError> {
        let call = Call::get("/integration/provision-enabled".to_owned());
        let Provisionable { integrations } = self.send(&call).await?.json(&call.site())?;
        Ok(integrations)
    }
}
