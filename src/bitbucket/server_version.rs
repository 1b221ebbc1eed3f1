//! Versions of Bitbucket Data Center and Server.

use std::fmt;
use std::str::FromStr;

/// The version of a server, compared part by part: 8.10 is newer than 8.7, and 8.7 the same as 8.7.0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerVersion {
    /// Without zeros at the end.
    parts: Vec<u64>,
}

/// A text that does not begin with a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version: expected something like 8.19.2")]
pub struct ServerVersionError(String);

impl ServerVersion {
    /// Whether webhooks of projects are unknown to the server: they came with 8.8.
    #[must_use]
    pub fn is_8_7_or_older(&self) -> bool {
        let part = |index: usize| self.parts.get(index).copied().unwrap_or_default();
        (part(0), part(1)) <= (8, 7)
    }
}

impl FromStr for ServerVersion {
    type Err = ServerVersionError;

    /// Numbers with dots between; what follows the numbers (`-rc1`, `-SNAPSHOT`) does not count.
    fn from_str(text: &str) -> Result<Self, ServerVersionError> {
        let mut parts = Vec::new();
        for part in text.trim().split('.') {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            let Ok(number) = digits.parse() else { break };
            parts.push(number);
            if digits.len() < part.len() {
                break;
            }
        }
        if parts.is_empty() {
            return Err(ServerVersionError(text.chars().take(64).collect()));
        }
        while parts.len() > 1 && parts.last() == Some(&0) {
            parts.pop();
        }
        Ok(Self { parts })
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(ToString::to_string).collect();
        f.write_str(&parts.join("."))?;
        f.write_str(if parts.len() == 1 { ".0" } else { "" })
    }
}

/// Where a server keeps the webhooks that tell of its projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookPlace {
    /// One for each project.
    Project,
    /// One for each repository.
    Repository,
}

impl WebhookPlace {
    /// What the setting `bitbucketIsVersion8Point7OrOlder` says; without it, what the version does. A server that
    /// does not tell its version is taken for a recent one.
    #[must_use]
    pub fn of(version: Option<&ServerVersion>, is_8_7_or_older: Option<bool>) -> Self {
        let old = is_8_7_or_older.or_else(|| version.map(ServerVersion::is_8_7_or_older));
        if old == Some(true) { Self::Repository } else { Self::Project }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn version(text: &str) -> ServerVersion {
        text.parse().unwrap()
    }

    #[rstest]
    #[case("8.7", true)]
    #[case("8.7.5", true)]
    #[case("8.8.0", false)]
    #[case("8.10", false)]
    #[case("8.19.3", false)]
    #[case("7.21.9", true)]
    #[case("7", true)]
    #[case("9.0.0-rc1", false)]
    #[case("10.0.1", false)]
    fn project_webhooks_came_with_8_8(#[case] text: &str, #[case] old: bool) {
        assert_eq!(version(text).is_8_7_or_older(), old);
    }

    #[test]
    fn parts_are_numbers() {
        assert!(version("8.10") > version("8.7"));
        assert!(version("10.0") > version("9.9.9"));
        assert_eq!(version("8.7"), version("8.7.0"));
        assert_eq!(version(" 9.4.1-SNAPSHOT").to_string(), "9.4.1");
        assert_eq!(version("10.0").to_string(), "10.0");
        for wrong in ["", "v8", "latest", ".8"] {
            assert!(wrong.parse::<ServerVersion>().is_err(), "{wrong}");
        }
    }

    #[rstest]
    #[case(Some("8.10"), None, WebhookPlace::Project)]
    #[case(Some("8.10"), Some(true), WebhookPlace::Repository)]
    #[case(Some("8.6"), None, WebhookPlace::Repository)]
    #[case(Some("8.6"), Some(false), WebhookPlace::Project)]
    #[case(None, None, WebhookPlace::Project)]
    #[case(None, Some(true), WebhookPlace::Repository)]
    fn the_setting_has_the_last_word(
        #[case] text: Option<&str>,
        #[case] setting: Option<bool>,
        #[case] place: WebhookPlace,
    ) {
        assert_eq!(WebhookPlace::of(text.map(version).as_ref(), setting), place);
    }

    proptest! {
        #[test]
        fn any_text_is_a_version_or_an_error(text in "\\PC{0,20}") {
            if let Ok(version) = text.parse::<ServerVersion>() {
                prop_assert_eq!(version.to_string().parse::<ServerVersion>().unwrap(), version);
            }
        }
    }
}
