//! A regular expression of a selector.

use std::borrow::Cow;

use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A regular expression that a text has to match from its start; what follows the match does not count.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// It is no regular expression, or one too large to be used.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        // Checked alone first, so that an unclosed group is not closed by the one around it.
        Regex::new(text)?;
        Ok(Self { regex: Regex::new(&format!("^(?:{text})"))?, text: text.to_owned() })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text begins with a match.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(|error| de::Error::custom(format!("`{text}` cannot be used: {error}")))
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "regex" })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::start("PLAT", "PLATFORM", true)]
    #[case::not_elsewhere("FORM", "PLATFORM", false)]
    #[case::either("A|B", "XB", false)]
    #[case::either_at_the_start("A|B", "BX", true)]
    #[case::whole("^OPS$", "OPS", true)]
    #[case::whole_of_more("^OPS$", "OPS2", false)]
    #[case::empty("", "ANY", true)]
    #[case::personal("~", "~jdoe", true)]
    #[case::case_counts("ops", "OPS", false)]
    #[case::flags("(?i)ops", "OPS", true)]
    fn matching(#[case] pattern: &str, #[case] text: &str, #[case] wanted: bool) {
        assert_eq!(Pattern::new(pattern).unwrap().matches(text), wanted);
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for wrong in ["(", "a)|(b", "[", "*", "a{999999999}"] {
            assert!(Pattern::new(wrong).is_err(), "{wrong}");
        }
    }
}
