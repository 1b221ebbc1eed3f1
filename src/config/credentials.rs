//! How to sign in to Bitbucket: one way out of those given.

use super::problem::Findings;
use super::table::variable;
use super::values::Values;
use super::{Email, Secret, Username};

/// Ways to sign in to Bitbucket Cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloudCredentials {
    /// Access tokens of a workspace, project or repository, as Bearer; at least one.
    WorkspaceTokens(Vec<Secret>),
    /// API token of an account, as Basic with the account's e-mail address.
    UserToken {
        /// Of the account, not its user name.
        email: Email,
        /// The API token.
        token: Secret,
    },
    /// App password, as Basic. Atlassian has ended these.
    AppPassword {
        /// Of the account.
        username: Username,
        /// The app password.
        password: Secret,
    },
    /// None: public repositories only, 60 requests an hour.
    Anonymous,
}

/// Ways to sign in to Bitbucket Data Center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataCenterCredentials {
    /// HTTP access tokens, as Bearer; at least one.
    Tokens(Vec<Secret>),
    /// User name and password, as Basic; or an HTTP access token in its place, as Bearer.
    Password {
        /// Of the account.
        username: Username,
        /// Its password.
        password: Secret,
    },
}

impl CloudCredentials {
    /// The secret parts.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::WorkspaceTokens(tokens) => tokens.iter().collect(),
            Self::UserToken { token, .. } => vec![token],
            Self::AppPassword { password, .. } => vec![password],
            Self::Anonymous => Vec::new(),
        }
    }
}

impl DataCenterCredentials {
    /// The secret parts.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Tokens(tokens) => tokens.iter().collect(),
            Self::Password { password, .. } => vec![password],
        }
    }
}

const TOKEN: &str = "integration.config.bitbucket_workspace_token";
const EMAIL: &str = "integration.config.bitbucket_user_email";
const USER_TOKEN: &str = "integration.config.bitbucket_user_scoped_token";
const USERNAME: &str = "integration.config.bitbucket_username";
const APP_PASSWORD: &str = "integration.config.bitbucket_app_password";
const PASSWORD: &str = "integration.config.bitbucket_password";
const SERVER_TOKEN: &str = "integration.config.bitbucket_token";

/// Two settings that only make sense together.
enum Pair<'a> {
    Whole(&'a str, Secret),
    Half { given: &'static str, missing: &'static str },
    None,
}

fn pair<'a>(values: &'a Values, name: &'static str, secret: &'static str) -> Pair<'a> {
    match (values.text(name), values.secret(secret)) {
        (Some(name), Some(secret)) => Pair::Whole(name, secret),
        // A half that was given but refused has been reported already.
        (Some(_), None) if !values.is_broken(secret) => Pair::Half { given: name, missing: secret },
        (None, Some(_)) if !values.is_broken(name) => Pair::Half { given: secret, missing: name },
        _ => Pair::None,
    }
}

/// Chooses as Port's runtime does: workspace token, then e-mail and API token, then app password.
pub(crate) fn cloud(values: &Values, findings: &mut Findings) -> CloudCredentials {
    let mut ways = Vec::new();
    let mut halves = Vec::new();
    if let Some(tokens) = values.secrets(TOKEN) {
        check_tokens(TOKEN, &tokens, values, findings);
        ways.push((TOKEN, CloudCredentials::WorkspaceTokens(tokens)));
    }
    match pair(values, EMAIL, USER_TOKEN) {
        Pair::Whole(email, token) => {
            ways.push((USER_TOKEN, CloudCredentials::UserToken { email: Email::new(email), token }));
        }
        Pair::Half { given, missing } => halves.push((given, missing)),
        Pair::None => {}
    }
    match pair(values, USERNAME, APP_PASSWORD) {
        Pair::Whole(username, password) => {
            ways.push((APP_PASSWORD, CloudCredentials::AppPassword { username: Username::new(username), password }));
        }
        Pair::Half { given, missing } => halves.push((given, missing)),
        Pair::None => {}
    }
    let mut ways = ways.into_iter();
    let Some((chosen, credentials)) = ways.next() else {
        return without_credentials(values, &halves, findings);
    };
    for ignored in ways.map(|(path, _)| path).chain(halves.iter().map(|(given, _)| *given)) {
        let what = format!("is not used: {} comes first", variable(chosen));
        findings.warn(variable(ignored), values.given_origin(ignored).cloned(), what);
    }
    if matches!(credentials, CloudCredentials::AppPassword { .. }) {
        let what = "app passwords no longer work at bitbucket.org; use an access token or an API token";
        findings.warn(variable(APP_PASSWORD), values.given_origin(APP_PASSWORD).cloned(), what);
    }
    credentials
}

/// Tokens go into a header as they are; anything but plain signs was copied along.
fn check_tokens(path: &str, tokens: &[Secret], values: &Values, findings: &mut Findings) {
    if tokens.iter().any(|token| !token.expose().chars().all(|c| c.is_ascii_graphic())) {
        let what = "contains spaces or other characters that no token has";
        let fix = "give the token alone, without `Bearer`".to_owned();
        findings.problem(variable(path), values.given_origin(path).cloned(), what, Some(fix));
    }
}

fn without_credentials(
    values: &Values,
    halves: &[(&'static str, &'static str)],
    findings: &mut Findings,
) -> CloudCredentials {
    report_halves(values, halves, findings);
    let given = [TOKEN, USER_TOKEN, APP_PASSWORD].into_iter().any(|path| values.is_broken(path));
    if halves.is_empty() && !given {
        let what = "no credentials are given: only public repositories can be read, with 60 requests an hour";
        findings.warn(variable(TOKEN), None, what);
    }
    CloudCredentials::Anonymous
}

fn report_halves(values: &Values, halves: &[(&'static str, &'static str)], findings: &mut Findings) {
    for (given, missing) in halves {
        let what = format!("is missing, but {} is given; they only work together", variable(given));
        let fix = format!("set {}, or remove the other", variable(missing));
        findings.missing(variable(missing), values.given_origin(given).cloned(), what, fix);
    }
}

/// Tokens first: who sets them beside a password means to replace it.
pub(crate) fn datacenter(values: &Values, findings: &mut Findings) -> Option<DataCenterCredentials> {
    let pair = pair(values, USERNAME, PASSWORD);
    if let Some(tokens) = values.secrets(SERVER_TOKEN) {
        check_tokens(SERVER_TOKEN, &tokens, values, findings);
        if values.is_given(PASSWORD) {
            let what = format!("is not used: {} comes first", variable(SERVER_TOKEN));
            findings.warn(variable(PASSWORD), values.given_origin(PASSWORD).cloned(), what);
        }
        return Some(DataCenterCredentials::Tokens(tokens));
    }
    match pair {
        Pair::Whole(username, password) => {
            return Some(DataCenterCredentials::Password { username: Username::new(username), password });
        }
        Pair::Half { given, missing } => report_halves(values, &[(given, missing)], findings),
        Pair::None if [USERNAME, PASSWORD, SERVER_TOKEN].into_iter().any(|path| values.is_broken(path)) => {}
        Pair::None => {
            let fix = format!("set {}, or {} and {}", variable(SERVER_TOKEN), variable(USERNAME), variable(PASSWORD));
            findings.missing(variable(PASSWORD), None, "no credentials are given for the server", fix);
        }
    }
    None
}
