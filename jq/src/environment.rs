//! The variables that expressions see as `env` and `$ENV`.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What `env.NAME` and `$ENV.NAME` show. Cheap to clone.
#[derive(Clone, Default)]
pub struct Environment {
    variables: Arc<BTreeMap<String, String>>,
}

impl Environment {
    /// An environment without variables: `env` is `{}`.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The given variables but for those named in `hidden`, whose names are compared without regard to case.
    pub fn new<N, V, H>(variables: impl IntoIterator<Item = (N, V)>, hidden: impl IntoIterator<Item = H>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
        H: AsRef<str>,
    {
        let hidden: Vec<H> = hidden.into_iter().collect();
        let is_hidden = |name: &str| hidden.iter().any(|hidden| hidden.as_ref().eq_ignore_ascii_case(name));
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(name, _)| !is_hidden(name))
            .collect();
        Self { variables: Arc::new(variables) }
    }

    /// The visible variables in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Shows the names only: a variable's value may be a secret that its owner forgot to hide.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn hidden_names_are_left_out_whatever_their_case() {
        let variables = [("PATH", "/bin"), ("Ocean__Port__Client_Secret", "s3cret")];
        let environment = Environment::new(variables, ["OCEAN__PORT__CLIENT_SECRET"]);
        assert_eq!(environment.iter().collect::<Vec<_>>(), [("PATH", "/bin")]);
    }

    #[test]
    fn debug_shows_no_value() {
        let environment = Environment::new([("TOKEN", "s3cret")], [""; 0]);
        assert_eq!(format!("{environment:?}"), r#"{"TOKEN"}"#);
    }
}
