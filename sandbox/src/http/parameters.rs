//! The parameters of a query string.

/// The parameters of a query string.
#[derive(Debug)]
pub(crate) struct Parameters {
    raw: String,
    pairs: Vec<(String, String)>,
}

impl Parameters {
    pub(crate) fn parse(query: Option<&str>) -> Self {
        let raw = query.unwrap_or_default().to_owned();
        let pairs = url::form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
        Self { raw, pairs }
    }

    /// The last value of that name; an empty one counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// As sent.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }
}
