//! Blueprints at Port, as JSON documents.

use std::fmt;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::call::{Call, segment};
use super::client::PortClient;
use super::error::PortError;

#[derive(Deserialize)]
struct Envelope {
    blueprint: Value,
}

fn path(identifier: &str) -> String {
    format!("/blueprints/{}", segment(identifier))
}

/// Something other than a blueprint that a first start creates.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FirstResource<'a> {
    /// A self-service action.
    Action(&'a Value),
    /// A scorecard of a blueprint.
    Scorecard { blueprint: &'a str, document: &'a Value },
    /// A page.
    Page(&'a Value),
}

impl FirstResource<'_> {
    fn call(self) -> Result<Call, PortError> {
        let (path, document) = match self {
            Self::Action(document) => ("/actions".to_owned(), document),
            Self::Scorecard { blueprint, document } => (format!("{}/scorecards", path(blueprint)), document),
            Self::Page(document) => ("/pages".to_owned(), document),
        };
        Call::post(path).json(document)
    }
}

impl fmt::Display for FirstResource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, document) = match self {
            Self::Action(document) => ("action", document),
            Self::Scorecard { document, .. } => ("scorecard", document),
            Self::Page(document) => ("page", document),
        };
        write!(f, "{what} {}", document["identifier"].as_str().unwrap_or("without identifier"))
    }
}

impl PortClient {
    /// Creates an action, a scorecard or a page. Creating twice is not creating once, so this is not repeated.
    pub(crate) async fn create_first(&self, resource: FirstResource<'_>) -> Result<(), PortError> {
        self.send(&resource.call()?).await.map(drop)
    }

    /// The blueprint of that identifier; `None` if there is none.
    pub async fn blueprint(&self, identifier: &str) -> Result<Option<Value>, PortError> {
        let call = Call::get(path(identifier));
        match self.send(&call).await {
            Ok(answer) => answer.json(&call.site()).map(|Envelope { blueprint }| Some(blueprint)),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a blueprint.
    pub(crate) async fn create_blueprint(&self, blueprint: &Value) -> Result<(), PortError> {
        let call = Call::post("/blueprints".to_owned()).json(blueprint)?.exporter();
        self.send(&call).await.map(drop)
    }

    /// Sets parts of a blueprint; doing it twice is doing it once, so this is repeated.
    pub(crate) async fn patch_blueprint(&self, identifier: &str, blueprint: &Value) -> Result<(), PortError> {
        let call = Call::patch(path(identifier)).json(blueprint)?.exporter().repeatable();
        self.send(&call).await.map(drop)
    }

    /// Deletes a blueprint; one that is not there counts as deleted.
    pub(crate) async fn delete_blueprint(&self, identifier: &str) -> Result<(), PortError> {
        let call = Call::new(Method::DELETE, path(identifier)).exporter();
        match self.send(&call).await {
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(()),
            other => other.map(drop),
        }
    }
}
