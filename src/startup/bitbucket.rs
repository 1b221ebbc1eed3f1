//! The Bitbucket that the settings name.

use std::sync::Arc;

use crate::bitbucket::{BudgetSettings, Credential, Quota, Transport, TransportSettings, cloud};
use crate::config::{CloudConfig, CloudCredentials, Product, Secret, Settings};
use crate::http::{HttpSettings, TlsSettings, Verification, http_client};
use crate::kinds;
use crate::sync::{Bitbucket, Reader};

use super::StartupError;

/// Connects to the Bitbucket of the settings. Nothing is sent yet.
///
/// # Errors
/// A credential cannot be used, or no HTTP client can be built (certificates, proxies).
pub fn bitbucket(settings: &Settings) -> Result<(Arc<dyn Reader>, Transport), StartupError> {
    match &settings.product {
        Product::Cloud(config) => cloud(settings, config),
        Product::DataCenter(_) => Err(StartupError::UnsupportedProduct),
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
        TransportSettings { concurrency: settings.resync.concurrency, budget, ..TransportSettings::cloud() },
    );
    let client = http_client(&http_settings(settings))?;
    let client = cloud::Client::new_with_client(config.base_url.as_str(), client, transport.clone());
    let scope = kinds::cloud::Scope { workspace: config.workspace.as_str().to_owned() };
    let reader = Bitbucket::new(kinds::cloud::Source::new(client, scope), transport.clone());
    Ok((Arc::new(reader), transport))
}

fn credentials(given: &CloudCredentials) -> Result<Vec<Credential>, StartupError> {
    Ok(match given {
        CloudCredentials::WorkspaceTokens(tokens) => {
            let list = tokens.iter().map(Secret::expose).collect::<Vec<_>>().join(",");
            Credential::access_tokens(&list.into())?
        }
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
