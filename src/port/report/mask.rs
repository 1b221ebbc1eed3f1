//! Hides secrets in text that leaves the machine.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde_json::Value;

/// What stands in a secret's place.
const HIDDEN: &str = "[REDACTED]";

/// Values shorter than this are not hidden: they would only spoil unrelated text.
const SHORTEST: usize = 4;

/// Levels of a JSON value that are looked through; what lies deeper is left out.
const DEEPEST: usize = 100;

/// Forms of secrets, whoever they belong to.
static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    // Open repetitions: a counted one is unrolled, and a few of them took 40 MB of automata.
    [
        // Name and password in an address, also those of databases.
        r"[A-Za-z][A-Za-z0-9+.-]+://[^/\s:@]+:[^/\s@]+@",
        r#"(?i-u)(api[_-]?key|secret|token|password|github)['"]?\s*[:=]\s*['"][0-9A-Za-z_+/=-]{32,45}['"]"#,
        r"(?-u)\b(AKIA|ASIA)[0-9A-Z]{16}\b",
        r"(?-u)\bAIza[0-9A-Za-z_-]{35}",
        r"(?-u)\bAAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]{140}",
        r"(?-u)-----BEGIN[A-Z ]* PRIVATE KEY-----[A-Za-z0-9+/=\s\\]*(-----END[A-Z ]* PRIVATE KEY-----)?",
        r"(?-u)\bgh[pousr]_[0-9A-Za-z]{36}[0-9A-Za-z]*\b",
        r"(?-u)\bATCTT3[0-9A-Za-z_=-]{20}[0-9A-Za-z_=-]*",
        r"(?-u)\bATATT3[0-9A-Za-z_=-]{20}[0-9A-Za-z_=-]*",
    ]
    .iter()
    .filter_map(|form| Regex::new(form).ok())
    .collect()
});

/// Hides the values of secret settings, and what looks like a secret.
#[derive(Clone, Default)]
pub struct Mask {
    values: Arc<[String]>,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} values)", self.values.len())
    }
}

impl Mask {
    /// A mask for these values besides what looks like a secret; values shorter than 4 characters are passed over.
    #[must_use]
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut values: Vec<String> = values.into_iter().filter(|value| value.chars().count() >= SHORTEST).collect();
        // The longest first, so that a secret that contains another is hidden whole.
        values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values: values.into() }
    }

    /// The text without secrets.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for value in self.values.iter().filter(|value| !value.is_empty()) {
            if text.contains(value.as_str()) {
                text = Cow::Owned(text.replace(value.as_str(), HIDDEN));
            }
        }
        for form in FORMS.iter() {
            if let Cow::Owned(hidden) = form.replace_all(&text, HIDDEN) {
                text = Cow::Owned(hidden);
            }
        }
        text
    }

    /// Hides secrets in all strings of a value, keys included.
    #[must_use]
    pub fn value(&self, value: &Value) -> Value {
        self.at_depth(value, 0)
    }

    fn at_depth(&self, value: &Value, depth: usize) -> Value {
        match value {
            _ if depth > DEEPEST => Value::Null,
            Value::String(text) => Value::String(self.text(text).into_owned()),
            Value::Array(items) => items.iter().map(|item| self.at_depth(item, depth + 1)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (self.text(name).into_owned(), self.at_depth(value, depth + 1)))
                .collect(),
            plain => plain.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("https://me:hunter22@host/x", "[REDACTED]host/x")]
    #[case("postgres://u:p4ss@db:5432/x", "[REDACTED]db:5432/x")]
    #[case("key AKIAABCDEFGHIJKLMNOP end", "key [REDACTED] end")]
    #[case(r#"api_key = "0123456789abcdef0123456789abcdef" x"#, "[REDACTED] x")]
    #[case("the word token: none", "the word token: none")]
    #[case("https://host/a:b@c", "https://host/a:b@c")]
    fn forms(#[case] text: &str, #[case] hidden: &str) {
        assert_eq!(Mask::default().text(text), hidden);
    }

    #[test]
    fn values_are_hidden_everywhere_but_short_ones_are_not() {
        let mask = Mask::new(["s3cr3t".to_owned(), "s3cr3t-longer".to_owned(), "no".to_owned(), String::new()]);
        let hidden = mask.value(&json!({ "a": ["x s3cr3t-longer y", 5], "s3cr3t": { "no": "none" } }));
        assert_eq!(hidden, json!({ "a": ["x [REDACTED] y", 5], "[REDACTED]": { "no": "none" } }));
    }

    #[test]
    fn every_form_can_be_used() {
        assert_eq!(FORMS.len(), 9);
    }

    proptest! {
        #[test]
        fn no_value_comes_through(before in "[a-z ]{0,20}", secret in "[A-Z]{4,12}", after in "[a-z ]{0,20}") {
            let shown = Mask::new([secret.clone()]).text(&format!("{before}{secret}{after}")).replace(HIDDEN, "");
            prop_assert!(!shown.contains(&secret));
        }
    }
}
