//! Why nothing can be said of an object.

use crate::bitbucket::CallError;
use crate::kinds::KeyError;

/// An inquiry that came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WhyError {
    /// The product has no such kind.
    #[error("there is no kind `{kind}`; kinds are: {known}")]
    Kind {
        /// What was given.
        kind: String,
        /// The kinds that there are.
        known: String,
    },
    /// The name cannot be understood.
    #[error("`{name}` names no {kind}: write {form}")]
    Name {
        /// What was given.
        name: String,
        /// The kind.
        kind: &'static str,
        /// How such objects are named.
        form: &'static str,
    },
    /// Bitbucket answers that there is no such object.
    #[error("there is no {kind} `{name}`: Bitbucket does not have it, or the credential may not see it")]
    Absent {
        /// The kind.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Several objects have the name.
    #[error("several repositories are called `{name}`: {found}; say which")]
    Several {
        /// What was given.
        name: String,
        /// Their full names.
        found: String,
    },
    /// Bitbucket cannot be asked.
    #[error("Bitbucket cannot be asked: {0}")]
    Call(#[from] CallError),
    /// Bitbucket's answer lacks what identifies an object.
    #[error(transparent)]
    Key(#[from] KeyError),
}
