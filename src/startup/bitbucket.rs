//! The Bitbucket that the settings name.

use std::sync::Arc;

use crate::bitbucket::{BudgetSettings, Credential, Quota, Server, Transport, TransportSettings, cloud};
use crate::config::{
    CloudConfig, CloudCredentials, DataCenterConfig, DataCenterCredentials, Product, RateQuota, Secret, Settings,
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
    let budget = BudgetSettings {
        rest: Some(Quota::per_hour(config.budget.rest)),
        files: Some(Quota::per_hour(config.budget.files)),
        ..BudgetSettings::cloud()
    };
    let budget = match config.credentials {
        CloudCredentials::Anonymous => {
            let rest = config.budget.rest.min(60);
            BudgetSettings { rest: Some(Quota::per_hour(rest)), ..budget }
        }
        _ => budget,
    };
    let transport = Transport::new(
        credentials,
        TransportSettings {
            concurrency: settings.resync.concurrency,
            budget,
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
