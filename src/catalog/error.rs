//! Why a whole call to a catalog failed.

/// A failure of a call as a whole; failures of single entities are [`super::WriteFailure`].
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The catalog's file or service answered with something that cannot be used.
    #[error("{catalog}: {message}")]
    Refused {
        /// Name of the catalog.
        catalog: String,
        /// What it said, with the trace id where there is one.
        message: String,
    },
    /// The catalog could not be reached or its file could not be read or written.
    #[error("{catalog}: {message}")]
    Unreachable {
        /// Name of the catalog.
        catalog: String,
        /// What was being done.
        message: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The blueprint does not exist.
    #[error("{catalog}: blueprint {blueprint:?} does not exist")]
    MissingBlueprint {
        /// Name of the catalog.
        catalog: String,
        /// The blueprint that was asked for.
        blueprint: String,
    },
    /// The catalog does not offer this operation.
    #[error("{catalog}: cannot {operation}")]
    Unsupported {
        /// Name of the catalog.
        catalog: String,
        /// What was asked for.
        operation: &'static str,
    },
}

impl CatalogError {
    /// A file that cannot be used for something. The message has the causes as well: notices show nothing else.
    pub(super) fn of_file(catalog: &str, doing: &str, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let mut message = format!("{doing}: {source}");
        let mut cause = std::error::Error::source(&source);
        while let Some(next) = cause {
            let said = next.to_string();
            if !message.contains(&said) {
                message.push_str(": ");
                message.push_str(&said);
            }
            cause = next.source();
        }
        Self::Unreachable { catalog: catalog.to_owned(), message, source: Box::new(source) }
    }
}
