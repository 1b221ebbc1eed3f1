//! `bitbucket-port mapping push`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::PushArgs;
use super::check::finding;
use super::difference::{Colours, difference};
use super::document::{Named, Surroundings, offline};
use super::picture;
use super::pull::{absent, unread};
use crate::catalog::port::PortCatalog;
use crate::catalog::{Blueprint, Catalog};
use crate::cli::args::{Format, Global, ProductName};
use crate::cli::connection::port_settings;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::{Ended, write_out};
use crate::config::WriteMode;
use crate::kinds::of_product;
use crate::mapping::check::{Check, Finding, Level, Portability};
use crate::mapping::{Document, FedBlueprints, Node, yaml};
use crate::port::{Integration, PortClient};
use crate::startup;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Refused,
    Same,
    WouldChange,
    Stored,
}

pub(super) async fn run(args: PushArgs, global: Global) -> Ended {
    let settings = port_settings(&args.identifier, args.product, &global)?;
    let client = startup::port_client(&settings).map_err(|error| Failure::new("Port").because(error))?;
    let named = Named::read(Some(&args.file), "")?;
    let found = client.integration().await.map_err(|error| unread(&args.identifier, error))?;
    let integration = found.ok_or_else(|| absent(&args.identifier))?;
    let (findings, named) = checked(&args, named, &integration, &client).await?;
    let new = Node::parse(&named.text).map_or(Value::Null, |node| node.to_json());
    let old = integration.mapping().cloned().unwrap_or(Value::Null);
    let errors = findings.iter().any(|finding| finding.level == Level::Error);
    // What is no map at all is no mapping, whatever is wished for.
    let course = if !new.is_object() || (errors && !args.force) {
        Course::Refused
    } else if new == old {
        Course::Same
    } else if args.dry_run || settings.resync.mode == WriteMode::DryRun {
        Course::WouldChange
    } else {
        client.put_mapping(&new).await.map_err(|error| {
            Failure::new(format!("Port did not take the mapping of `{}`", args.identifier)).because(error)
        })?;
        Course::Stored
    };
    let difference = difference(&shown(&old), &shown(&new), Colours::wanted(global.format));
    let told = Told { args: &args, named: &named, findings: &findings, difference: &difference, course };
    told.print(&global)?;
    Ok(if course == Course::Refused { Exit::Failed } else { Exit::Done })
}

/// Checks the document for the product of the integration, against the blueprints that Port has.
async fn checked(
    args: &PushArgs,
    named: Named,
    integration: &Integration,
    client: &PortClient,
) -> Result<(Vec<Finding>, Named), Failure> {
    let blueprints = blueprints(&named.text, client).await?;
    let product = args.product.map(ProductName::name).or(match integration.integration_type() {
        Some("bitbucket-cloud") => Some("cloud"),
        Some("bitbucket-server") => Some("datacenter"),
        _ => None,
    });
    let portability = if args.portable { Portability::Required } else { Portability::Free };
    let (done, checked) = tokio::sync::oneshot::channel();
    offline(move || {
        let surroundings = Surroundings::find(None);
        let product = product.unwrap_or_else(|| surroundings.product_of(&named.text));
        let check = Check {
            product,
            kinds: of_product(product),
            blueprints: Some(&blueprints),
            compiler: &surroundings.compiler,
            portability,
        };
        let findings = check.run(&named.text);
        drop(done.send((findings, named)));
        Ok(Exit::Done)
    })
    .await?;
    checked.await.map_err(|_| Failure::new("the check broke off").remedy("this is a fault of the program"))
}

/// The blueprints that the document names, as far as Port has them.
async fn blueprints(text: &str, client: &PortClient) -> Result<Vec<Blueprint>, Failure> {
    let catalog = PortCatalog::new(client.clone(), None);
    let mut found = vec![];
    for name in named_blueprints(text) {
        let blueprint = catalog
            .blueprint(&name)
            .await
            .map_err(|error| Failure::new(format!("the blueprint `{name}` cannot be read")).because(error))?;
        found.extend(blueprint);
    }
    Ok(found)
}

fn named_blueprints(text: &str) -> Vec<String> {
    let Ok(document) = Document::parse(text) else { return vec![] };
    let mut names: Vec<String> = document
        .resources
        .iter()
        .filter_map(|resource| match resource.blueprints() {
            FedBlueprints::Literal(names) => Some(names),
            FedBlueprints::Unknown => None,
        })
        .flatten()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A mapping as lines to compare; how its file is laid out does not matter.
fn shown(mapping: &Value) -> String {
    if mapping.is_null() { String::new() } else { yaml(mapping).unwrap_or_else(|_| format!("{mapping:#}\n")) }
}

/// What is said at the end.
struct Told<'a> {
    args: &'a PushArgs,
    named: &'a Named,
    findings: &'a [Finding],
    difference: &'a str,
    course: Course,
}

impl Told<'_> {
    fn print(&self, global: &Global) -> Result<(), Failure> {
        if global.format == Format::Json {
            return global.print(&self.document(), |_| String::new());
        }
        if !self.findings.is_empty() && (!global.quiet || self.course == Course::Refused) {
            eprint!("{}", picture::of(&self.named.name, &self.named.text, self.findings));
        }
        write_out(&self.text())
    }

    fn text(&self) -> String {
        let identifier = &self.args.identifier;
        let mut text = if self.course == Course::Same { String::new() } else { self.difference.to_owned() };
        // Writing to a string cannot fail.
        let _ = match self.course {
            Course::Refused => writeln!(text, "not stored: the mapping has errors; --force stores it all the same"),
            Course::Same => writeln!(text, "`{identifier}` has this mapping already"),
            Course::WouldChange => writeln!(text, "not stored (--dry-run): `{identifier}` would be changed"),
            Course::Stored => writeln!(text, "stored as the mapping of `{identifier}`"),
        };
        text
    }

    fn document(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(|of| finding(&self.named.text, of)).collect();
        json!({
            "identifier": self.args.identifier,
            "result": match self.course {
                Course::Refused => "refused",
                Course::Same => "same",
                Course::WouldChange => "would_change",
                Course::Stored => "stored",
            },
            "difference": self.difference,
            "findings": findings,
        })
    }
}
