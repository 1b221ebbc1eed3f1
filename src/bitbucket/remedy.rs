//! What to do about an error.

use reqwest::StatusCode;

use super::{call_info::Product, credential::CredentialKind};

/// Advice on a status; none where there is nothing to do but wait or report.
pub(crate) fn remedy(status: StatusCode, product: Product, credential: CredentialKind) -> Option<&'static str> {
    match status.as_u16() {
        400 => Some("check the filters of the mapping's selectors: Bitbucket does not understand the request"),
        401 => Some(unauthorised(product, credential)),
        403 => Some(forbidden(product, credential)),
        404 => Some("check the spelling of workspace, project and repository, and that the credential may see it"),
        410 if product == Product::Cloud => {
            Some("Bitbucket has removed this call (CHANGE-2770 and its like): a newer release may use its successor")
        }
        429 => Some("the rate limit is spent: use several access tokens separated by commas, or run less often"),
        301 | 302 | 303 | 307 | 308 => Some(
            "redirects are not followed, so that credentials stay with one host: set the base URL to where it leads",
        ),
        500..=599 => Some("Bitbucket had a fault: try again later; what could not be read stays in the catalog"),
        _ => None,
    }
}

fn unauthorised(product: Product, credential: CredentialKind) -> &'static str {
    match (product, credential) {
        (_, CredentialKind::Anonymous) => "a credential is needed: set an access token",
        (Product::DataCenter, CredentialKind::AccessToken) => {
            "the HTTP access token is wrong or has expired: make a new one"
        }
        (Product::DataCenter, _) => {
            "username or password is wrong (as an HTTP access token it is refused too), or the account must first pass a \
             captcha in the browser"
        }
        (Product::Cloud, CredentialKind::AccessToken) => {
            "the access token is wrong or has expired; an Atlassian API token is no access token: it goes with the account's e-mail"
        }
        (Product::Cloud, CredentialKind::ApiToken) => {
            "an API token goes with the e-mail of the account, not its username; a workspace, project or repository access token \
             goes without either"
        }
        (Product::Cloud, CredentialKind::AppPassword | CredentialKind::Password) => {
            "app passwords no longer work: use an Atlassian API token with the account's e-mail, or an access token"
        }
    }
}

fn forbidden(product: Product, credential: CredentialKind) -> &'static str {
    match (product, credential) {
        (Product::DataCenter, _) => "the account may not read this: give it at least read permission on the project",
        (Product::Cloud, CredentialKind::Anonymous) => "this is not public: set an access token",
        (Product::Cloud, _) => {
            "the token needs the read scopes for account, workspace, project, repository and pull request, and the account behind it \
             access to this workspace"
        }
    }
}
