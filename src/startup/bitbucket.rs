//! The Bitbucket that the settings name.

use std::sync::Arc;

use crate::bitbucket::{Adapt, BudgetSettings, Credential, Quota, Server, Transport, TransportSettings, cloud};
use crate::config::{
    CloudConfig, CloudCredentials, DataCenterConfig, DataCenterCredentials, HourlyLimit, Product, RateQuota, Secret,
    Settings,
};
use crate::http::{HttpSettings, RetryPolicy, TlsSettings, Verification, http_client};
use crate::kinds;
use crate::sync::{Bitbucket, Reader};

use super::{StartupError, retry};

/// Connects to the Bitbucket of the settings. Nothing is sent yet.
///
/// # Errors
/// A credential cannot be used, or no HTTP client can be built (certificates, proxies).
pub fn bitbucket(settings: &Settings) -> Result<(Arc<dyn Reader>, Transport), StartupError> {
    match &settings.product {
        Product::Cloud(config) => cloud(settings, config),
        Product::DataCenter(config) => datacenter(settings, config),
    }
}

fn cloud(settings: &Settings, config: &CloudConfig) -> Result<(Arc<dyn Reader>, Transport), StartupError> {
    let credentials = credentials(&config.credentials)?;
    for warning in credentials.iter().filter_map(Credential::warning) {
        tracing::warn!("{warning}");
    }
    let transport = Transport::new(
        credentials,
        TransportSettings {
            concurrency: settings.resync.concurrency,
            budget: cloud_budget(config),
            retry: retry::policy(settings.retry, &RetryPolicy::default()),
            ..TransportSettings::cloud()
        },
    );
    let client = http_client(&http_settings(settings))?;
    let client = cloud::Client::new_with_client(config.base_url.as_str(), client, transport.clone());
    let scope = kinds::cloud::Scope { workspace: config.workspace.as_str().to_owned() };
    let reader = Bitbucket::new(kinds::cloud::Source::new(client, scope), transport.clone());
    Ok((Arc::new(reader), transport))
}

fn datacenter(settings: &Settings, config: &DataCenterConfig) -> Result<(Arc<dyn Reader>, Transport), StartupError> {
    let credentials = match &config.credentials {
        DataCenterCredentials::Tokens(tokens) => access_tokens(tokens)?,
        DataCenterCredentials::Password { username, password } => {
            vec![Credential::password(username.as_str(), &password.clone().into_inner())?]
        }
    };
    let transport = Transport::new(
        credentials,
        TransportSettings {
            concurrency: settings.resync.concurrency,
            budget: server_budget(config.quota),
            retry: retry::policy(settings.retry, &RetryPolicy::default()),
            ..TransportSettings::data_center()
        },
    );
    let client = http_client(&http_settings(settings))?;
    let server = Server::new(config.base_url.as_str(), client, transport.clone());
    let reader = Bitbucket::new(kinds::DataCenter::new(server), transport.clone());
    Ok((Arc::new(reader), transport))
}

/// What the settings allow is never raised by what answers say.
fn cloud_budget(config: &CloudConfig) -> BudgetSettings {
    let allowed = |limit| match limit {
        HourlyLimit::Published(requests) => (requests, Adapt::BothWays),
        HourlyLimit::Given(requests) => (requests, Adapt::OnlyDown),
    };
    let ((rest, adapt), (files, adapt_files)) = (allowed(config.budget.rest), allowed(config.budget.files));
    let rest = if config.credentials == CloudCredentials::Anonymous { rest.min(60) } else { rest };
    BudgetSettings { rest: Some(Quota::per_hour(rest)), files: Some(Quota::per_hour(files)), adapt, adapt_files }
}

/// The quota counts requests of any sort.
fn server_budget(quota: Option<RateQuota>) -> BudgetSettings {
    let rest = quota.map(|quota| Quota { limit: quota.requests, window: quota.window });
    BudgetSettings { rest, ..BudgetSettings::unlimited() }
}

fn access_tokens(tokens: &[Secret]) -> Result<Vec<Credential>, StartupError> {
    let list = tokens.iter().map(Secret::expose).collect::<Vec<_>>().join(",");
    Ok(Credential::access_tokens(&list.into())?)
}

fn credentials(given: &CloudCredentials) -> Result<Vec<Credential>, StartupError> {
    Ok(match given {
        CloudCredentials::WorkspaceTokens(tokens) => access_tokens(tokens)?,
        CloudCredentials::UserToken { email, token } => {
            vec![Credential::api_token(email.as_str(), &token.clone().into_inner())?]
        }
        CloudCredentials::AppPassword { username, password } => {
            vec![Credential::app_password(username.as_str(), &password.clone().into_inner())?]
        }
        CloudCredentials::Anonymous => vec![Credential::anonymous()],
    })
}

fn http_settings(settings: &Settings) -> HttpSettings {
    let tls = &settings.tls;
    if tls.bitbucket == crate::config::Verification::Off {
        tracing::warn!("certificates of Bitbucket are not verified: whoever answers gets the credentials");
    }
    HttpSettings {
        tls: TlsSettings {
            extra_authorities: tls.ca_files.clone(),
            verification: match tls.bitbucket {
                crate::config::Verification::Off => Verification::Skip,
                crate::config::Verification::Strict | crate::config::Verification::Lenient => Verification::Full,
            },
        },
        total_timeout: settings.client_timeout,
        idle_connections: settings.resync.concurrency.max(1),
        ..HttpSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::bitbucket::Class;
    use crate::config::{Sources, load};

    fn loaded(variables: &[(&str, &str)]) -> Settings {
        let variable = |(name, value): &(&str, &str)| (format!("OCEAN__{name}"), (*value).to_owned());
        let variables = variables.iter().map(variable).collect();
        load(&Sources { variables, ..Sources::default() }).unwrap().settings
    }

    const SERVER: [(&str, &str); 2] = [
        ("INTEGRATION__CONFIG__BITBUCKET_BASE_URL", "https://git.example.com"),
        ("INTEGRATION__CONFIG__BITBUCKET_TOKEN", "one,two"),
    ];

    #[rstest]
    #[case::nothing_set(&[], None)]
    #[case::quota(&[("INTEGRATION__CONFIG__BITBUCKET_RATE_LIMIT_QUOTA", "70")], Some(2 * 70))]
    #[case::window(&[("INTEGRATION__CONFIG__BITBUCKET_RATE_LIMIT_WINDOW", "60")], Some(2 * 1000))]
    fn the_quota_of_a_server_counts_for_each_credential_where_it_is_set(
        #[case] given: &[(&str, &str)],
        #[case] wanted: Option<u32>,
    ) {
        let (_, transport) = bitbucket(&loaded(&[&SERVER[..], given].concat())).unwrap();
        assert_eq!(transport.budget().remaining(Class::Rest), wanted);
    }

    #[rstest]
    #[case::nothing_set(&[], (Adapt::BothWays, Adapt::BothWays))]
    #[case::one_set(&[("BUDGET__REST_PER_HOUR", "500")], (Adapt::OnlyDown, Adapt::BothWays))]
    #[case::both_set(&[("BUDGET__REST_PER_HOUR", "500"), ("BUDGET__FILES_PER_HOUR", "9")], (Adapt::OnlyDown, Adapt::OnlyDown))]
    fn a_budget_that_is_set_is_never_raised(#[case] given: &[(&str, &str)], #[case] wanted: (Adapt, Adapt)) {
        let cloud = [("INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "acme")];
        let Product::Cloud(config) = loaded(&[&cloud[..], given].concat()).product else { panic!("not Cloud") };
        let budget = cloud_budget(&config);
        assert_eq!((budget.adapt, budget.adapt_files), wanted);
    }
}
