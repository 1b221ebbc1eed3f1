//! Objects by the names that people give them, also where Bitbucket does not know them any more.

use crate::kinds::{Kind, ObjectKey};
use crate::state::{CatalogState, Provenance, StateError};
use crate::sync::why::{WhyError, key_of_name};

use super::{Live, LiveKey};

/// Objects of one name that are looked at.
const CALLED: usize = 20;

/// What is said of a name that leads nowhere.
pub(super) const UNKNOWN: &str = "neither Bitbucket nor the state file knows it by this name; if it is gone, name it by its key, or let a resync find it";

impl Live {
    /// The objects of a kind that are called so, several only where Bitbucket does not know the name any more and the
    /// state file remembers more than one; see `bitbucket-port refresh --help` for the forms of names.
    ///
    /// # Errors
    /// The kind or the name cannot be understood or leads nowhere, or Bitbucket cannot be asked.
    pub async fn named(&self, kind: &str, name: &str) -> Result<Vec<LiveKey>, WhyError> {
        let kinds = self.source.kinds();
        let kind = kinds.iter().find(|known| known.name() == kind).copied().ok_or_else(|| WhyError::Kind {
            kind: kind.to_owned(),
            known: kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "),
        })?;
        let called = Some(name.trim().to_owned());
        match key_of_name(&*self.source, kind, name).await {
            Ok(key) => Ok(vec![LiveKey { called, ..LiveKey::new(kind, key) }]),
            // A slug alone, of a repository that is not listed any more.
            Err(absent @ WhyError::Absent { .. }) => {
                let key = LiveKey::new(kind, ObjectKey::new(name.trim().split(['#', '/'])));
                let found = recall(&self.state, &key).await.unwrap_or_else(|error| {
                    tracing::warn!("the state file does not say what was called {name}: {error}");
                    vec![]
                });
                if found.is_empty() { Err(absent) } else { Ok(found) }
            }
            Err(error) => Err(error),
        }
    }
}

/// The objects that were called so, as the state file remembers them. Whether they are gone, Bitbucket is asked by
/// their own keys; so one too many costs a request and nothing else.
pub(super) async fn recall(state: &CatalogState, key: &LiveKey) -> Result<Vec<LiveKey>, StateError> {
    let mut fields = key.key.fields();
    let Some(own) = fields.pop() else { return Ok(vec![]) };
    let Some(parents) = key.kind.each() else { return called(state, key.kind, &own).await };
    let Some(of) = fields.pop() else { return Ok(vec![]) };
    let mut found = vec![];
    for parent in called(state, parents, &of).await? {
        let key = LiveKey::new(key.kind, ObjectKey::new(parent.key.fields().into_iter().chain([own.clone()])));
        if !state.from_object(key.kind.name(), key.key.as_str(), None, 1).await?.is_empty() {
            found.push(key);
        }
    }
    Ok(found)
}

async fn called(state: &CatalogState, kind: Kind, name: &str) -> Result<Vec<LiveKey>, StateError> {
    let wanted = plain(name);
    let fits = move |row: &Provenance| {
        let own = |text: &str| text.rsplit('/').next().map(plain).as_ref() == Some(&wanted);
        own(&row.entity.identifier) || row.trace.source_key.as_deref().is_some_and(own)
    };
    let rows = state.called(kind.name(), CALLED, fits).await?;
    let mut keys: Vec<ObjectKey> =
        rows.iter().filter_map(|row| row.trace.source_key.as_deref()?.parse().ok()).collect();
    keys.sort();
    keys.dedup();
    Ok(keys.into_iter().map(|key| LiveKey::new(kind, key)).collect())
}

/// A name and the slug made of it are the same without what slugs do not have.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_slug_are_the_same() {
        assert_eq!(plain("My Web-Site (2)"), plain("my-web-site-2"));
        assert_ne!(plain("website"), plain("website-2"));
    }
}
