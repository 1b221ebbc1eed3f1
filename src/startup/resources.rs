//! What is created at Port on a first start: built in, or from a folder of the user's (`resources_path`).
//!
//! As Port's runtime, a folder replaces everything that is built in: what it lacks is not created, only the
//! mapping is then the released one. Each document may be `.json`, `.yaml` or `.yml`.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::catalog::Blueprint;
use crate::catalog::port::{FirstResources, Scorecards};
use crate::config::Settings;
use crate::mapping::Node;

use super::StartupError;
use super::mapping::{default, read};

/// Reads what the settings name.
pub(super) fn first_resources(settings: &Settings) -> Result<FirstResources, StartupError> {
    let folder = &settings.provisioning.resources_path;
    if folder.is_dir() { Folder(folder).resources(settings) } else { built_in(settings) }
}

fn built_in(settings: &Settings) -> Result<FirstResources, StartupError> {
    let released = default(settings);
    let refused = |message| StartupError::Blueprints { name: "the released blueprints".to_owned(), message };
    Ok(FirstResources {
        mapping: released_mapping(settings)?,
        blueprints: released.blueprints().map_err(refused)?,
        ..FirstResources::default()
    })
}

fn released_mapping(settings: &Settings) -> Result<Value, StartupError> {
    json("the released mapping", default(settings).mapping)
}

fn json(name: &str, text: &str) -> Result<Value, StartupError> {
    let refused = |message| StartupError::Resource { name: name.to_owned(), message };
    Node::parse(text).map(|node| node.to_json()).map_err(|error| refused(error.to_string()))
}

/// A folder of resources.
struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn resources(&self, settings: &Settings) -> Result<FirstResources, StartupError> {
        let mapping = match self.document("port-app-config")? {
            Some((_, mapping)) => mapping,
            None => released_mapping(settings)?,
        };
        Ok(FirstResources {
            mapping,
            blueprints: self.list::<Blueprint>("blueprints")?,
            actions: self.list("actions")?,
            scorecards: self.list::<Scorecards>("scorecards")?,
            pages: self.list("pages")?,
        })
    }

    /// A list of resources; empty where there is no such document.
    fn list<T: DeserializeOwned>(&self, stem: &str) -> Result<Vec<T>, StartupError> {
        let Some((path, document)) = self.document(stem)? else { return Ok(Vec::new()) };
        serde_json::from_value(document).map_err(|error| StartupError::Resource {
            name: path.display().to_string(),
            message: format!("it must be a list of {stem}: {error}"),
        })
    }

    fn document(&self, stem: &str) -> Result<Option<(PathBuf, Value)>, StartupError> {
        let candidates = ["json", "yaml", "yml"].map(|ending| self.0.join(stem).with_extension(ending));
        let Some(path) = candidates.into_iter().find(|path| path.is_file()) else { return Ok(None) };
        let document = json(&path.display().to_string(), &read(&path)?)?;
        Ok(Some((path, document)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn documents_are_found_by_their_stem_and_what_is_missing_is_not_created() {
        let folder = folder(&[
            ("blueprints.yml", "- identifier: service\n  properties: {}\n"),
            ("actions.json", r#"[{"identifier": "restart"}]"#),
            ("scorecards.yaml", "- blueprint: service\n  data: [{identifier: ready}]\n"),
        ]);
        let folder = Folder(folder.path());
        assert_eq!(folder.list::<Blueprint>("blueprints").unwrap()[0].identifier, "service");
        assert_eq!(folder.list::<Value>("actions").unwrap(), [serde_json::json!({"identifier": "restart"})]);
        assert_eq!(folder.list::<Scorecards>("scorecards").unwrap()[0].blueprint, "service");
        assert!(folder.list::<Value>("pages").unwrap().is_empty());
        assert!(folder.document("port-app-config").unwrap().is_none());
    }

    #[test]
    fn a_document_of_another_form_is_named() {
        let folder = folder(&[("pages.json", r#"{"identifier": "home"}"#), ("actions.yaml", "- [")]);
        for stem in ["pages", "actions"] {
            let error = Folder(folder.path()).list::<Value>(stem).unwrap_err().to_string();
            assert!(error.contains(stem), "{error}");
        }
    }
}
