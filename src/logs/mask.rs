//! Masking of secrets in whatever is shown or sent: exact values, replaced whole.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in the place of a secret; nothing of the secret is kept.
pub const MASK: &str = "[masked]";

/// Shorter values occur in unrelated text; masking them would spoil it and hide nothing.
const SHORTEST: usize = 4;
/// Secrets of passing use, such as access tokens that Port hands out, of which the latest are remembered.
const MOST_PASSING: usize = 32;

/// Replaces secrets in text. Clones share their secrets.
#[derive(Clone, Default)]
pub struct Masker {
    secrets: Arc<RwLock<Secrets>>,
}

#[derive(Default)]
struct Secrets {
    lasting: Vec<String>,
    passing: VecDeque<String>,
    /// Every form of every secret, longest first.
    needles: Vec<String>,
}

impl Masker {
    /// Masks these values for good; see `Settings::sensitive_values`.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let lasting = secrets.into_iter().filter(|secret| is_worth_masking(secret)).collect();
        let mut secrets = Secrets { lasting, ..Secrets::default() };
        secrets.rebuild();
        Self { secrets: Arc::new(RwLock::new(secrets)) }
    }

    /// Masks a value that came up at run time. Only the latest few dozen are remembered.
    pub fn add(&self, secret: &str) {
        if !is_worth_masking(secret) {
            return;
        }
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if secrets.passing.iter().any(|known| known == secret) {
            return;
        }
        if secrets.passing.len() >= MOST_PASSING {
            secrets.passing.pop_front();
        }
        secrets.passing.push_back(secret.to_owned());
        secrets.rebuild();
    }

    /// The text without secrets.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let mut masked = Cow::Borrowed(text);
        for needle in &secrets.needles {
            if masked.contains(needle.as_str()) {
                masked = Cow::Owned(masked.replace(needle.as_str(), MASK));
            }
        }
        masked
    }
}

impl Secrets {
    fn rebuild(&mut self) {
        let forms = |secret: &String| [secret.clone(), in_json(secret), in_address(secret)];
        self.needles = self.lasting.iter().chain(&self.passing).flat_map(forms).collect();
        // Longest first, so that a secret inside another does not leave the rest of it behind.
        self.needles.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.needles.dedup();
    }
}

fn is_worth_masking(secret: &str) -> bool {
    secret.chars().count() >= SHORTEST && !secret.trim().is_empty() && !MASK.contains(secret)
}

/// As it stands inside a JSON text (and in `Debug` output).
fn in_json(secret: &str) -> String {
    let quoted = serde_json::Value::from(secret).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(secret).to_owned()
}

/// As it stands in an address.
fn in_address(secret: &str) -> String {
    utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Masker({} secrets)", secrets.lasting.len() + secrets.passing.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn masker(secrets: &[&str]) -> Masker {
        Masker::new(secrets.iter().map(|&secret| secret.to_owned()))
    }

    #[rstest]
    #[case("token hunter2!", "token [masked]")]
    #[case("hunter2!hunter2!", "[masked][masked]")]
    #[case("hunter2!-longer", "[masked]")]
    #[case("?token=hunter2%21", "?token=[masked]")]
    #[case(r#"{"password":"quo\"ted"}"#, r#"{"password":"[masked]"}"#)]
    #[case("None of it", "None of it")]
    #[case("about    a cab", "about    a cab")]
    fn masks_exact_values(#[case] text: &str, #[case] expected: &str) {
        let masker = masker(&["hunter2!", "hunter2!-longer", "quo\"ted", "", "ab", "    "]);
        assert_eq!(masker.mask(text), expected);
    }

    #[test]
    fn secrets_of_passing_use_are_bounded() {
        let masker = masker(&["lasting-secret"]);
        for index in 0..100 {
            masker.add(&format!("passing-{index:03}"));
            masker.add(&format!("passing-{index:03}"));
        }
        assert_eq!(
            masker.mask("lasting-secret passing-099 passing-068 passing-000"),
            "[masked] [masked] [masked] passing-000"
        );
        assert_eq!(format!("{masker:?}"), "Masker(33 secrets)");
    }

    proptest! {
        #[test]
        fn no_secret_survives(secret in "[^\\[\\]a-z]{4,16}", before in ".{0,20}", after in ".{0,20}") {
            prop_assume!(is_worth_masking(&secret));
            let masked = masker(&[&secret]).mask(&format!("{before}{secret}{after}")).into_owned();
            prop_assert!(!masked.contains(&secret));
        }
    }
}
