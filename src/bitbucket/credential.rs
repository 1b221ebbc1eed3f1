//! Who we are to Bitbucket.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One way to authorise requests, with a name that may be shown and a fingerprint that may be stored.
///
/// Neither `Debug` nor `Display` shows the secret.
#[derive(Clone)]
pub struct Credential {
    form: Form,
    label: String,
    fingerprint: Fingerprint,
}

#[derive(Clone)]
enum Form {
    Bearer { token: SecretString, kind: CredentialKind },
    Basic { user: String, secret: SecretString, kind: CredentialKind },
    Anonymous,
}

/// What sort of credential this is; decides which advice is given when it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// Workspace, project or repository access token; on Data Center an HTTP access token.
    AccessToken,
    /// Account e-mail with an Atlassian API token.
    ApiToken,
    /// Username with an app password. Bitbucket Cloud has withdrawn these.
    AppPassword,
    /// Username with a password, on Data Center.
    Password,
    /// No credential: public workspaces only.
    Anonymous,
}

/// How access tokens of recent versions of Data Center begin; those of older ones cannot be told from passwords.
const SERVER_TOKEN: &str = "BBDC-";

/// A non-reversible mark of a credential, under which its budget is stored.
///
/// For tokens a hash of the token, which has far too many possible values to be tried out; for a username the hash
/// of the name alone, since the budget belongs to the account and a password could be guessed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    fn of(kind: &str, text: &str) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(text).finalize();
        let half = digest.iter().take(16).fold(0u128, |number, byte| number << 8 | u128::from(*byte));
        Self(format!("{half:032x}"))
    }

    /// The fingerprint as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a credential cannot be used. Never contains the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Nothing but blanks and commas.
    #[error("the Bitbucket token is empty: set it to an access token, or to several separated by commas")]
    Empty,
    /// A line break or another control character inside.
    #[error("{label} contains a line break or another control character: copy it again, without what surrounds it")]
    ControlCharacter {
        /// Which one.
        label: String,
    },
    /// A character that a token never has.
    #[error("{label} contains a blank or a character outside ASCII: separate several tokens by commas")]
    ForeignCharacter {
        /// Which one.
        label: String,
    },
    /// A colon in a username would end it in the header.
    #[error("the Bitbucket username must not be empty or contain a colon or control characters")]
    BadUser,
    /// The secret that belongs to a username is missing.
    #[error("the password or API token of {user:?} is empty")]
    EmptySecret {
        /// Whose it is.
        user: String,
    },
}

impl Credential {
    /// Reads one or several access tokens separated by commas; blanks around them and empty parts do not count.
    pub fn access_tokens(list: &SecretString) -> Result<Vec<Self>, CredentialError> {
        let mut tokens: Vec<&str> = Vec::new();
        for token in list.expose_secret().split(',').map(str::trim).filter(|token| !token.is_empty()) {
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
        if tokens.is_empty() {
            return Err(CredentialError::Empty);
        }
        let total = tokens.len();
        tokens.iter().enumerate().map(|(index, token)| Self::access_token(token, &token_label(index, total))).collect()
    }

    fn access_token(token: &str, label: &str) -> Result<Self, CredentialError> {
        if token.chars().any(char::is_control) {
            return Err(CredentialError::ControlCharacter { label: label.to_owned() });
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialError::ForeignCharacter { label: label.to_owned() });
        }
        Ok(Self {
            form: Form::Bearer { token: SecretString::from(token), kind: CredentialKind::AccessToken },
            label: label.to_owned(),
            fingerprint: Fingerprint::of("bearer", token),
        })
    }

    /// Account e-mail and Atlassian API token.
    pub fn api_token(email: &str, token: &SecretString) -> Result<Self, CredentialError> {
        Self::basic(email, token, CredentialKind::ApiToken)
    }

    /// Username and app password; [`Credential::warning`] then says that these are withdrawn.
    pub fn app_password(username: &str, password: &SecretString) -> Result<Self, CredentialError> {
        Self::basic(username, password, CredentialKind::AppPassword)
    }

    /// Username and password, for Data Center. A password that looks like an access token goes out as one.
    pub fn password(username: &str, password: &SecretString) -> Result<Self, CredentialError> {
        let basic = Self::basic(username, password, CredentialKind::Password)?;
        if password.expose_secret().starts_with(SERVER_TOKEN) {
            return Self::access_token(password.expose_secret().trim_end(), &basic.label);
        }
        Ok(basic)
    }

    /// The password of Data Center as an access token, for a server that refuses it as a password; `None` for any other
    /// credential, and for passwords that no token looks like.
    pub(crate) fn as_token(&self) -> Option<Self> {
        let Form::Basic { secret, kind: kind @ CredentialKind::Password, .. } = &self.form else { return None };
        let is_token = secret.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self {
            form: Form::Bearer { token: secret.clone(), kind: *kind },
            label: self.label.clone(),
            fingerprint: self.fingerprint.clone(),
        })
    }

    /// No credential, for public workspaces.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { form: Form::Anonymous, label: "no credential".to_owned(), fingerprint: Fingerprint::of("anonymous", "") }
    }

    fn basic(user: &str, secret: &SecretString, kind: CredentialKind) -> Result<Self, CredentialError> {
        let user = user.trim();
        if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
            return Err(CredentialError::BadUser);
        }
        // A trailing line break comes from files; blanks inside or around a password may be meant.
        let text = secret.expose_secret().trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(CredentialError::EmptySecret { user: user.to_owned() });
        }
        if text.chars().any(char::is_control) {
            return Err(CredentialError::ControlCharacter { label: format!("the secret of {user}") });
        }
        Ok(Self {
            form: Form::Basic { user: user.to_owned(), secret: SecretString::from(text), kind },
            label: user.to_owned(),
            fingerprint: Fingerprint::of("basic", user),
        })
    }

    /// A short name to show: `token 1 of 3`, or the username.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The mark under which this credential's budget is stored.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// What sort of credential this is.
    #[must_use]
    pub fn kind(&self) -> CredentialKind {
        match &self.form {
            Form::Bearer { kind, .. } | Form::Basic { kind, .. } => *kind,
            Form::Anonymous => CredentialKind::Anonymous,
        }
    }

    /// What the user should be told before this credential is used, if anything.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        match self.kind() {
            CredentialKind::AppPassword => Some(
                "Bitbucket Cloud no longer accepts app passwords: create an Atlassian API token with scopes for \
                 Bitbucket and use it with the account's e-mail, or use a workspace access token",
            ),
            _ => None,
        }
    }

    /// The value of the `Authorization` header, marked as sensitive; none for [`Credential::anonymous`].
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        let text = match &self.form {
            Form::Bearer { token, .. } => format!("Bearer {}", token.expose_secret()),
            Form::Basic { user, secret, .. } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{}", secret.expose_secret())))
            }
            Form::Anonymous => return None,
        };
        // Both forms were checked to be printable when they were made, so this cannot fail.
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

fn token_label(index: usize, total: usize) -> String {
    if total == 1 { "access token".to_owned() } else { format!("token {} of {total}", index + 1) }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("kind", &self.kind()).field("label", &self.label).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn labels(list: &str) -> Vec<String> {
        Credential::access_tokens(&secret(list)).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn several_tokens_are_split_trimmed_and_numbered() {
        assert_eq!(labels(" one ,, two,three ,one"), ["token 1 of 3", "token 2 of 3", "token 3 of 3"]);
        assert_eq!(labels("only\n"), ["access token"]);
    }

    #[test]
    fn unusable_tokens_are_refused_by_name_and_not_shown() {
        assert_eq!(Credential::access_tokens(&secret(" , ,")).unwrap_err(), CredentialError::Empty);
        let error = Credential::access_tokens(&secret("good,hush\u{7}hush")).unwrap_err();
        assert_eq!(error, CredentialError::ControlCharacter { label: "token 2 of 2".to_owned() });
        assert!(!format!("{error} {error:?}").contains("hush"));
        let error = Credential::access_tokens(&secret("hush hush")).unwrap_err();
        assert_eq!(error, CredentialError::ForeignCharacter { label: "access token".to_owned() });
    }

    #[test]
    fn headers_have_the_form_of_their_kind() {
        let bearer = Credential::access_tokens(&secret("abc")).unwrap().remove(0);
        assert_eq!(bearer.authorization().unwrap(), "Bearer abc");
        let basic = Credential::api_token("me@example.org", &secret("s3cret\n")).unwrap();
        assert_eq!(basic.authorization().unwrap(), "Basic bWVAZXhhbXBsZS5vcmc6czNjcmV0");
        assert!(basic.authorization().unwrap().is_sensitive());
        assert_eq!(Credential::anonymous().authorization(), None);
    }

    #[test]
    fn a_password_that_may_be_a_token_can_be_sent_as_one() {
        let header = |credential: &Credential| credential.authorization().unwrap().to_str().unwrap().to_owned();
        let password = Credential::password("me", &secret("MDEyMzQ1Njc4OTAx\n")).unwrap();
        assert_eq!(header(&password), "Basic bWU6TURFeU16UTFOamM0T1RBeA==");
        let token = password.as_token().unwrap();
        assert_eq!((header(&token).as_str(), token.label()), ("Bearer MDEyMzQ1Njc4OTAx", "me"));
        assert!(token.as_token().is_none());
        // Tokens of recent servers are known by their beginning.
        let marked = Credential::password("me", &secret("BBDC-MDEyMzQ1Njc4\n")).unwrap();
        assert_eq!(header(&marked), "Bearer BBDC-MDEyMzQ1Njc4");
        assert_eq!((marked.kind(), marked.label()), (CredentialKind::AccessToken, "me"));
        for other in [
            Credential::password("me", &secret("with a blank")).unwrap(),
            Credential::api_token("me@example.org", &secret("x")).unwrap(),
            Credential::anonymous(),
        ] {
            assert!(other.as_token().is_none(), "{other:?}");
        }
    }

    #[test]
    fn only_app_passwords_are_warned_about() {
        assert!(Credential::app_password("me", &secret("x")).unwrap().warning().is_some());
        assert!(Credential::password("me", &secret("x")).unwrap().warning().is_none());
        assert!(Credential::anonymous().warning().is_none());
    }

    #[test]
    fn bad_users_are_refused() {
        for user in ["", " ", "a:b", "a\nb"] {
            assert_eq!(Credential::password(user, &secret("x")).unwrap_err(), CredentialError::BadUser);
        }
        assert!(matches!(Credential::password("me", &secret("\n")), Err(CredentialError::EmptySecret { .. })));
    }

    #[test]
    fn a_fingerprint_belongs_to_a_token_or_an_account() {
        let [one, two] = &Credential::access_tokens(&secret("one,two")).unwrap()[..] else { panic!("two tokens") };
        assert_ne!(one.fingerprint(), two.fingerprint());
        let old = Credential::password("me", &secret("old")).unwrap();
        let new = Credential::password("me", &secret("new")).unwrap();
        assert_eq!(old.fingerprint(), new.fingerprint());
    }

    proptest! {
        #[test]
        fn no_secret_is_ever_shown(token in "[A-Za-z0-9=_-]{12,60}") {
            for credential in [
                Credential::access_tokens(&secret(&token)).unwrap().remove(0),
                Credential::api_token("me@example.org", &secret(&token)).unwrap(),
            ] {
                let header = credential.authorization();
                let shown = format!("{credential} {credential:?} {header:?} {:?}", credential.fingerprint());
                prop_assert!(!shown.contains(&token));
            }
        }

        #[test]
        fn any_input_gives_tokens_or_an_error(list in "\\PC{0,80}") {
            if let Ok(credentials) = Credential::access_tokens(&secret(&list)) {
                prop_assert!(credentials.iter().all(|credential| credential.authorization().is_some()));
            }
        }

        #[test]
        fn any_password_gives_a_header_or_an_error(password in ".{0,40}") {
            if let Ok(credential) = Credential::password("me", &secret(&password)) {
                prop_assert!(credential.authorization().is_some());
            }
        }
    }
}
