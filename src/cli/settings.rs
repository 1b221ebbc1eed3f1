//! `bitbucket-port settings`: what is set, where it came from, and what could be set.

use serde_json::{Value, json};

use crate::config::{Effect, Explained, Explanation, Files, Loaded, defaults_document, json_schema, load_from_process};

use super::args::{Global, SettingsArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::run::{Ended, write_out};

pub(crate) fn run(args: &SettingsArgs, global: &Global) -> Ended {
    if args.defaults {
        write_out(&defaults_document())?;
    } else if args.schema {
        write_out(&format!("{:#}\n", json_schema()))?;
    } else {
        explain(global)?;
    }
    Ok(Exit::Done)
}

fn explain(global: &Global) -> Result<(), Failure> {
    let Loaded { settings, warnings } =
        load_from_process(&Files::default(), Vec::new()).map_err(|errors| Failure::new(errors.to_string()))?;
    let explanation = settings.explain();
    global.print(&as_json(explanation), |_| explanation.to_string())?;
    if !global.quiet {
        for warning in warnings {
            eprintln!("warning: {warning}");
        }
    }
    Ok(())
}

fn as_json(explanation: &Explanation) -> Vec<Value> {
    explanation.entries().iter().map(entry).collect()
}

fn entry(entry: &Explained) -> Value {
    json!({
        "path": entry.path,
        "variable": entry.variable,
        "value": entry.value,
        "origin": entry.origin.to_string(),
        "has_effect": entry.effect == Effect::Works,
    })
}
