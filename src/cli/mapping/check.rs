//! `bitbucket-port mapping check`.

use serde_json::{Value, json};

use super::args::CheckArgs;
use super::document::{Named, Surroundings, blueprints};
use super::{annotations, picture};
use crate::cli::args::{Format, Global};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::{Ended, write_out};
use crate::kinds::of_product;
use crate::mapping::check::{Check, Finding, Level, Portability};

pub(super) fn run(args: &CheckArgs, global: &Global) -> Ended {
    let surroundings = Surroundings::find(args.product);
    let named = Named::read(args.file.as_deref(), surroundings.product())?;
    let given = match (&args.blueprints, named.released) {
        (Some(path), _) => Some(blueprints(path)?),
        (None, Some(released)) => Some(
            released.blueprints().map_err(|error| Failure::new("the released blueprints are broken").because(error))?,
        ),
        (None, None) => None,
    };
    let product = named.released.map_or_else(|| surroundings.product_of(&named.text), |released| released.product);
    let check = Check {
        product,
        kinds: of_product(product),
        blueprints: given.as_deref(),
        compiler: &surroundings.compiler,
        portability: if args.portable { Portability::Required } else { Portability::Free },
    };
    let findings = check.run(&named.text);
    let text = match global.format {
        Format::Human => picture::of(&named.name, &named.text, &findings),
        Format::Json => pretty(&report(&named, &findings))?,
        Format::Github => annotations::github(&named.name, &findings),
        Format::Gitlab => pretty(&annotations::gitlab(&named.name, &findings))?,
    };
    write_out(&text)?;
    let errors = findings.iter().any(|finding| finding.level == Level::Error);
    Ok(if errors { Exit::Failed } else { Exit::Done })
}

fn pretty(value: &Value) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Failure::new("the findings cannot be written as JSON").because(error))
}

fn report(named: &Named, findings: &[Finding]) -> Value {
    let findings: Vec<Value> = findings.iter().map(|of| finding(&named.text, of)).collect();
    json!({ "file": named.name, "findings": findings })
}

/// A finding in the document `text`, for programs.
pub(super) fn finding(text: &str, finding: &Finding) -> Value {
    let line = usize::try_from(finding.position.line).ok().and_then(|line| line.checked_sub(1));
    json!({
        "level": finding.level,
        "rule": finding.rule.name(),
        "line": finding.position.line,
        "column": finding.position.column,
        "length": finding.length,
        "message": finding.message,
        "help": finding.help,
        "excerpt": line.and_then(|line| text.lines().nth(line)),
    })
}
