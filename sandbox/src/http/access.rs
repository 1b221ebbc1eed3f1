//! Who is let in.

use super::Credential;

/// Who is let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody, whatever they send or do not send.
    #[default]
    Anyone,
    /// These accounts; without credentials only where something is public.
    Only {
        /// The credentials that are valid.
        accounts: Vec<Account>,
        /// Whether those who send none may read.
        public: bool,
    },
}

/// A valid credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// An access token.
    Bearer(String),
    /// A user name or an e-mail, with the password or token that belongs to it.
    Basic {
        /// The part before the colon.
        user: String,
        /// The part after it.
        password: String,
    },
}

impl Access {
    pub(crate) fn admits(&self, credential: &Credential) -> bool {
        let Self::Only { accounts, public } = self else { return true };
        if credential.0 == "anonymous" {
            return *public;
        }
        accounts.iter().any(|account| match account {
            Account::Bearer(token) => credential.0.strip_prefix("bearer ") == Some(token),
            Account::Basic { user, password } => {
                credential.0.strip_prefix("basic ").and_then(|pair| pair.split_once(':')) == Some((user, password))
            }
        })
    }
}
