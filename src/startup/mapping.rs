//! The mapping that a command uses, compiled.

use std::path::{Path, PathBuf};

use bitbucket_port_jq::{Compiler, Environment, Limits};

use crate::catalog::Blueprint;
use crate::config::{JqEnvironment, Settings};
use crate::mapping::{Document, Mapping, Node, Released, released};

use super::StartupError;
use super::port::{port_client_of, port_mapping};

/// Longest document that is read, in bytes.
const LONGEST: u64 = 4 << 20;

/// Where a mapping comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingSource {
    /// The released default of the product.
    Released,
    /// A file.
    File(PathBuf),
    /// The mapping that the integration of that identifier has at Port.
    Port(String),
}

impl MappingSource {
    /// What `--mapping` names: a file, or `port:IDENTIFIER`.
    #[must_use]
    pub fn named(name: &Path) -> Self {
        match name.to_str().and_then(|name| name.strip_prefix("port:")) {
            Some(identifier) if !identifier.is_empty() => Self::Port(identifier.to_owned()),
            _ => Self::File(name.to_owned()),
        }
    }
}

/// Reads and compiles a mapping.
///
/// # Errors
/// The document cannot be read, or is no mapping at all; faults of single resources are in the result.
pub async fn mapping(source: &MappingSource, settings: &Settings) -> Result<Mapping, StartupError> {
    match source {
        MappingSource::Port(identifier) => port_mapping(&port_client_of(settings, identifier)?, settings).await,
        MappingSource::Released => released_mapping(default(settings), settings),
        MappingSource::File(path) => compile(path.display().to_string(), &read(path)?, settings),
    }
}

/// Compiles a mapping that is released with the program.
///
/// # Errors
/// The embedded document is broken; tests read each of them.
pub fn released_mapping(released: &Released, settings: &Settings) -> Result<Mapping, StartupError> {
    compile("the released mapping".to_owned(), released.mapping, settings)
}

fn compile(name: String, text: &str, settings: &Settings) -> Result<Mapping, StartupError> {
    let document = Document::parse(text).map_err(|source| StartupError::Mapping { name, source })?;
    Ok(Mapping::compile(document, &compiler(settings)))
}

/// The blueprints to create where they are missing: those of a file, or those of the released mapping.
///
/// # Errors
/// The file cannot be read or holds no blueprints.
pub fn blueprints(file: Option<&Path>, settings: &Settings) -> Result<Vec<Blueprint>, StartupError> {
    let refused = |name: String, message: String| StartupError::Blueprints { name, message };
    let Some(path) = file else {
        let released = default(settings);
        return released.blueprints().map_err(|message| refused("the released blueprints".to_owned(), message));
    };
    let name = path.display().to_string();
    let node = Node::parse(&read(path)?).map_err(|error| refused(name.clone(), error.to_string()))?;
    serde_json::from_value(node.to_json()).map_err(|error| refused(name, error.to_string()))
}

pub(super) fn default(settings: &Settings) -> &'static Released {
    let product = match settings.product {
        crate::config::Product::Cloud(_) => "cloud",
        crate::config::Product::DataCenter(_) => "datacenter",
    };
    released(product, "default").unwrap_or(&crate::mapping::CLOUD_DEFAULT)
}

/// Compiles expressions under the limits of the settings, with the environment that they may see.
#[must_use]
pub fn compiler(settings: &Settings) -> Compiler {
    let environment = match settings.jq.environment {
        JqEnvironment::Empty => Environment::empty(),
        JqEnvironment::Visible => {
            let variables: Vec<(String, String)> = std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect();
            Environment::new(settings.visible_variables(&variables), std::iter::empty::<&str>())
        }
    };
    let limits = Limits {
        deadline: settings.jq.deadline,
        steps: settings.jq.max_steps,
        allocated_bytes: settings.jq.max_bytes as u64,
        expression_length: settings.jq.max_source_bytes,
        stack_bytes: settings.jq.max_stack_bytes,
        expression_depth: settings.jq.max_source_depth,
        input_length: settings.jq.max_input_bytes,
        input_depth: settings.jq.max_input_depth,
    };
    Compiler::new(limits, environment)
}

pub(super) fn read(path: &Path) -> Result<String, StartupError> {
    use std::io::Read as _;
    let unreadable = |source| StartupError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let length = file.take(LONGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if length as u64 > LONGEST {
        return Err(unreadable(std::io::Error::other(format!("it is longer than {LONGEST} bytes"))));
    }
    Ok(text)
}
