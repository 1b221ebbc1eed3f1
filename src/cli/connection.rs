//! The settings of commands that speak to Bitbucket or Port: options over what the process has.

use std::path::Path;

use crate::config::{
    Files, Loaded, Override, ProductKind, Settings, load, load_from_process, product_of, read_secret, read_sources,
};

use super::args::{DeletionArgs, Global, ProductName};
use super::failure::Failure;
use super::logging;

/// What options say of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given<'a> {
    pub(crate) workspace: Option<&'a str>,
    pub(crate) server: Option<&'a str>,
    pub(crate) bitbucket_url: Option<&'a str>,
    pub(crate) identifier: Option<&'a str>,
    pub(crate) token_file: Option<&'a Path>,
    pub(crate) state: Option<&'a Path>,
    pub(crate) no_wait: bool,
    pub(crate) full: bool,
    pub(crate) deletion: DeletionArgs,
}

impl Given<'_> {
    fn overrides(&self) -> Vec<Override> {
        let mut overrides = Vec::new();
        let mut set = |path: &str, value: Option<String>, flag: &str| {
            overrides.extend(value.map(|value| Override::new(path, value, flag)));
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        set("integration.config.bitbucket_workspace", owned(self.workspace), "--workspace");
        set("integration.config.bitbucket_base_url", owned(self.server), "--server");
        set("integration.config.bitbucket_host_url", owned(self.bitbucket_url), "--bitbucket-url");
        set("integration.identifier", owned(self.identifier), "--identifier");
        set("state_path", self.state.map(|path| path.display().to_string()), "--state");
        let on = |given: bool| given.then(|| "true".to_owned());
        let DeletionArgs { no_delete, max_deletes, allow_empty, prune_unmapped } = self.deletion;
        set("state_wait", self.no_wait.then(|| "0".to_owned()), "--no-wait");
        set("full_comparison_interval", self.full.then(|| "0s".to_owned()), "--full");
        set("deletion.no_delete", on(no_delete), "--no-delete");
        set("deletion.max_deletes", max_deletes.map(|most| most.to_string()), "--max-deletes");
        set("deletion.allow_empty", on(allow_empty), "--allow-empty");
        set("deletion.prune_unmapped", on(prune_unmapped), "--prune-unmapped");
        overrides
    }

    fn load(&self) -> Result<Loaded, Failure> {
        let mut sources = read_sources(&Files::default(), self.overrides());
        if let Some(path) = self.token_file {
            let token = read_secret(path).map_err(|error| {
                Failure::new(format!("the token cannot be read from {}", path.display()))
                    .because(error)
                    .remedy("--token-file takes a file that holds the token and nothing else, or - for standard input")
            })?;
            // Which token it is follows from what is read.
            let path = match product_of(&sources) {
                Some(ProductKind::DataCenter) => "integration.config.bitbucket_token",
                Some(ProductKind::Cloud) | None => "integration.config.bitbucket_workspace_token",
            };
            sources.overrides.push(Override::new(path, token.expose(), "--token-file"));
        }
        load(&sources).map_err(|errors| Failure::new(errors.to_string()))
    }
}

/// The settings of a command that reads from Bitbucket. Starts logging.
pub(crate) fn settings(given: &Given<'_>, global: &Global) -> Result<Settings, Failure> {
    Ok(started(given.load()?, global))
}

/// The settings of a command that speaks to Port alone: which Bitbucket is read need not be said. Starts logging.
pub(crate) fn port_settings(
    identifier: &str,
    product: Option<ProductName>,
    global: &Global,
) -> Result<Settings, Failure> {
    let given = Given { identifier: Some(identifier), ..Given::default() };
    let whole = load_from_process(&Files::default(), given.overrides());
    let loaded = match (whole, product) {
        (Ok(loaded), None) => loaded,
        (_, product) => {
            let mut overrides = given.overrides();
            overrides.extend(some_bitbucket(product.unwrap_or(ProductName::Cloud)));
            load_from_process(&Files::default(), overrides).map_err(|errors| Failure::new(errors.to_string()))?
        }
    };
    Ok(started(loaded, global))
}

/// A Bitbucket that nothing is asked of.
fn some_bitbucket(product: ProductName) -> Vec<Override> {
    let set = |path: &str, value: &str| Override::new(path, value, "--product");
    match product {
        ProductName::Cloud => {
            vec![set("integration.type", "bitbucket-cloud"), set("integration.config.bitbucket_workspace", "unnamed")]
        }
        ProductName::Datacenter => vec![
            set("integration.type", "bitbucket-server"),
            set("integration.config.bitbucket_base_url", "https://bitbucket.invalid"),
            set("integration.config.bitbucket_token", "unused"),
        ],
    }
}

fn started(loaded: Loaded, global: &Global) -> Settings {
    let Loaded { settings, warnings } = loaded;
    logging::start(&settings, global);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    settings
}
