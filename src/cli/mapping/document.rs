//! Reading mapping documents and blueprints, and running where expressions have room.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bitbucket_port_jq::{Compiler, Environment, Limits, spawn_worker};

use crate::catalog::Blueprint;
use crate::cli::args::ProductName;
use crate::cli::failure::Failure;
use crate::cli::run::Ended;
use crate::config::{Files, ProductKind, load_from_process};
use crate::mapping::check::likely_product;
use crate::mapping::{Document, Mapping, Node, Released, released};
use crate::startup;

/// Longest document that is read, in bytes.
const LONGEST: u64 = 4 << 20;

/// A document and the name under which findings show it.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Set where it is the released one.
    pub(crate) released: Option<&'static Released>,
}

impl Named {
    /// The file, standard input for `-`, or the released mapping of a product.
    pub(crate) fn read(file: Option<&Path>, product: &str) -> Result<Self, Failure> {
        match file {
            None => {
                let released = released(product, "default")
                    .ok_or_else(|| Failure::new("no mapping is released with this program"))?;
                let name = format!("mappings/{}/{}.yaml", released.product, released.name);
                Ok(Self { name, text: released.mapping.to_owned(), released: Some(released) })
            }
            Some(path) if path.as_os_str() == "-" => Ok(Self {
                name: "(standard input)".to_owned(),
                text: bounded(io::stdin().lock(), path)?,
                released: None,
            }),
            Some(path) => {
                let text =
                    File::open(path).map_err(|error| unreadable(path, error)).and_then(|file| bounded(file, path))?;
                Ok(Self { name: path.display().to_string(), text, released: None })
            }
        }
    }
}

/// The blueprints of a file; YAML or JSON, a list of them.
pub(super) fn blueprints(path: &Path) -> Result<Vec<Blueprint>, Failure> {
    let text = File::open(path).map_err(|error| unreadable(path, error)).and_then(|file| bounded(file, path))?;
    let refused = || Failure::new(format!("{} holds no list of blueprints", path.display()));
    let node = Node::parse(&text).map_err(|error| refused().because(error))?;
    serde_json::from_value(node.to_json()).map_err(|error| refused().because(error))
}

/// How a resync here would read mappings, as far as that is known without one.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// Compiles as a resync does. Without settings: with default limits, and expressions see no environment.
    pub(crate) compiler: Compiler,
    /// The product that was asked for, else that of the settings.
    product: Option<&'static str>,
    /// Whether the product was asked for.
    asked: bool,
}

impl Surroundings {
    /// Reads the settings of the process if it has any that are whole.
    pub(crate) fn find(asked: Option<ProductName>) -> Self {
        let settings = load_from_process(&Files::default(), Vec::new()).ok().map(|loaded| loaded.settings);
        let set = settings.as_ref().map(|settings| match settings.product.kind() {
            ProductKind::Cloud => "cloud",
            ProductKind::DataCenter => "datacenter",
        });
        Self {
            compiler: settings
                .as_ref()
                .map_or_else(|| Compiler::new(Limits::default(), Environment::empty()), startup::compiler),
            product: asked.map(ProductName::name).or(set),
            asked: asked.is_some(),
        }
    }

    /// The product of commands without a mapping of the user's own.
    pub(crate) fn product(&self) -> &'static str {
        self.product.unwrap_or("cloud")
    }

    /// The product of a document: as asked for, else as the document tells, else as set.
    pub(crate) fn product_of(&self, text: &str) -> &'static str {
        if self.asked { self.product() } else { likely_product(text, &self.compiler).unwrap_or_else(|| self.product()) }
    }
}

/// A mapping, compiled.
pub(crate) fn mapping(file: Option<&Path>, surroundings: &Surroundings) -> Result<Mapping, Failure> {
    let named = Named::read(file, surroundings.product())?;
    let document = Document::parse(&named.text).map_err(|error| {
        Failure::new(format!("{} cannot be used", named.name))
            .because(error)
            .remedy("`bitbucket-port mapping check` says what is wrong")
    })?;
    Ok(Mapping::compile(document, &surroundings.compiler))
}

/// Runs blocking work on a thread with the stack that deep expressions want.
pub(crate) async fn offline(work: impl FnOnce() -> Ended + Send + 'static) -> Ended {
    let (done, result) = tokio::sync::oneshot::channel();
    spawn_worker("mapping", move || drop(done.send(work())))
        .map_err(|error| Failure::new("a thread cannot be started").because(error))?;
    result.await.unwrap_or_else(|_| Err(Failure::new("the command broke off").remedy("this is a fault of the program")))
}

fn bounded(reader: impl Read, path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let length = reader.take(LONGEST + 1).read_to_string(&mut text).map_err(|error| unreadable(path, error))?;
    if length as u64 > LONGEST {
        return Err(Failure::new(format!("{} is longer than {LONGEST} bytes", path.display())));
    }
    Ok(text)
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    Failure::new(format!("{} cannot be read", path.display())).because(error)
}
