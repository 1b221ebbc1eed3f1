//! Tests of the settings as a whole.

mod credentials;
mod deployments;
mod docs;
mod errors;
mod laws;
mod precedence;
mod sections;
mod spelling;

use super::*;

/// Sources made of variables only.
fn variables(variables: &[(&str, &str)]) -> Sources {
    Sources {
        variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        surroundings: Surroundings { home: Some("/home/me".into()), ..Surroundings::default() },
        ..Sources::default()
    }
}

/// The least that loads: a workspace of Cloud and a token.
const CLOUD: [(&str, &str); 2] = [
    ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "acme"),
    ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE_TOKEN", "t0ken-of-acme"),
];

/// `CLOUD` and more variables.
fn cloud(more: &[(&str, &str)]) -> Sources {
    variables(&[&CLOUD, more].concat())
}

/// The same with a settings file.
fn with_config(mut sources: Sources, text: &str) -> Sources {
    sources.config = Some(TextFile { name: "config.yaml".into(), text: text.into() });
    sources
}

/// The same with a `.env`.
fn with_dotenv(mut sources: Sources, text: &str) -> Sources {
    sources.dotenv = Some(TextFile { name: ".env".into(), text: text.into() });
    sources
}

fn loaded(sources: &Sources) -> Loaded {
    load(sources).unwrap_or_else(|errors| panic!("{errors}"))
}

fn explained(loaded: &Loaded, path: &str) -> (Option<String>, String) {
    let entry = loaded.settings.explain().entries().iter().find(|entry| entry.path == path).unwrap();
    (entry.value.clone(), entry.origin.to_string())
}

fn shown<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
