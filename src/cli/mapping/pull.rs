//! `bitbucket-port mapping pull`.

use std::fs;

use serde_json::Value;

use super::args::PullArgs;
use crate::cli::args::{Format, Global};
use crate::cli::connection::port_settings;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::{Ended, write_out};
use crate::mapping::yaml;
use crate::port::Integration;
use crate::startup;

pub(super) async fn run(args: &PullArgs, global: &Global) -> Ended {
    let settings = port_settings(&args.identifier, None, global)?;
    let client = startup::port_client(&settings).map_err(|error| Failure::new("Port").because(error))?;
    let found = client.integration().await.map_err(|error| unread(&args.identifier, error))?;
    let integration = found.ok_or_else(|| absent(&args.identifier))?;
    let mapping = integration.mapping().ok_or_else(|| {
        Failure::new(format!("the integration `{}` has no mapping at Port", args.identifier))
            .remedy("`bitbucket-port mapping push FILE --identifier ID` stores one")
    })?;
    let text = match global.format {
        Format::Json => format!("{mapping:#}\n"),
        Format::Human | Format::Github | Format::Gitlab => headed(&integration, mapping, &args.identifier)?,
    };
    let Some(path) = &args.output else { return write_out(&text).map(|()| Exit::Done) };
    fs::write(path, text)
        .map_err(|error| Failure::new(format!("{} cannot be written", path.display())).because(error))?;
    if !global.quiet {
        eprintln!("{}: the mapping of `{}`", path.display(), args.identifier);
    }
    Ok(Exit::Done)
}

fn headed(integration: &Integration, mapping: &Value, identifier: &str) -> Result<String, Failure> {
    // A line break in the name would end the comment.
    let name = identifier.escape_default();
    let sort = integration.integration_type().map_or(String::new(), |sort| format!(" ({})", sort.escape_default()));
    let text = yaml(mapping).map_err(|error| Failure::new("the mapping cannot be written as YAML").because(error))?;
    Ok(format!("# The mapping of the integration {name}{sort}.\n{text}"))
}

pub(super) fn absent(identifier: &str) -> Failure {
    Failure::new(format!("there is no integration `{identifier}` at Port")).remedy(
        "check the identifier and that the base URL is that of your region; \
         `resync --catalog port --create` creates an integration",
    )
}

pub(super) fn unread(identifier: &str, error: crate::port::PortError) -> Failure {
    Failure::new(format!("the integration `{identifier}` cannot be read")).because(error)
}
