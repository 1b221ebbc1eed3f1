//! `bitbucket-port mapping test`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::{Value, json};

use super::args::TestArgs;
use super::difference::{Colours, difference};
use super::document::{Surroundings, mapping};
use super::folder::{self, Case};
use super::objects::{StreamError, each_object};
use crate::cli::args::{Format, Global};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::{Ended, write_out};
use crate::mapping::Mapping;

/// Longest file of expected entities, in bytes.
const LONGEST: u64 = 64 << 20;

/// How one file of payloads compares.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    Written,
    /// The difference, as lines.
    Different(String),
}

pub(super) fn run(args: &TestArgs, global: &Global) -> Ended {
    let mapping = mapping(Some(&folder::mapping(&args.dir)?), &Surroundings::find(None))?;
    let colours = Colours::wanted(global.format);
    let mut verdicts = vec![];
    if let Some(invalid) = mapping.invalid.first() {
        let message = format!("line {}: {}", invalid.position, invalid.reason);
        return Err(Failure::new("the mapping has a resource that cannot be used").because(message));
    }
    for case in folder::cases(&args.dir)? {
        let verdict = judge(&mapping, &case, args.update, colours)?;
        verdicts.push((case.name, verdict));
    }
    report(&verdicts, global)?;
    let different = verdicts.iter().any(|(_, verdict)| matches!(verdict, Verdict::Different(_)));
    Ok(if different { Exit::Failed } else { Exit::Done })
}

fn judge(mapping: &Mapping, case: &Case, update: bool, colours: Colours) -> Result<Verdict, Failure> {
    let found = outcome(mapping, case)?;
    let expected = read(&case.expected)?;
    if expected.as_deref() == Some(found.as_str()) {
        return Ok(Verdict::Same);
    }
    if update {
        write(&case.expected, &found)?;
        return Ok(Verdict::Written);
    }
    Ok(Verdict::Different(difference(&expected.unwrap_or_default(), &found, colours)))
}

/// What the mapping makes of the objects of a file, as the text that is kept.
fn outcome(mapping: &Mapping, case: &Case) -> Result<String, Failure> {
    let refused = || Failure::new(format!("{} cannot be read", case.payloads.display()));
    let file = File::open(&case.payloads).map_err(|error| refused().because(error))?;
    let mut objects: Vec<Value> = vec![];
    let result = each_object(file, |object| {
        let trials = mapping.trial(&case.kind, object)?;
        objects.push(Value::Array(trials.iter().map(crate::mapping::Trial::document).collect()));
        Ok(())
    });
    result.map_err(|error| match error {
        StreamError::Read(error) => refused().because(error),
        StreamError::Taker::<bitbucket_port_jq::InputError>(error) => refused().because(error),
    })?;
    serde_json::to_string_pretty(&objects)
        .map(|text| text + "\n")
        .map_err(|error| Failure::new("the entities cannot be written as JSON").because(error))
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    let unreadable = |error: io::Error| Failure::new(format!("{} cannot be read", path.display())).because(error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
    Ok(Some(text.replace("\r\n", "\n")))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let refused = |error: io::Error| Failure::new(format!("{} cannot be written", path.display())).because(error);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(refused)?;
    }
    fs::write(path, text).map_err(refused)
}

fn report(verdicts: &[(String, Verdict)], global: &Global) -> Result<(), Failure> {
    let document: Vec<Value> = verdicts
        .iter()
        .map(|(name, verdict)| match verdict {
            Verdict::Same => json!({ "case": name, "result": "same" }),
            Verdict::Written => json!({ "case": name, "result": "written" }),
            Verdict::Different(difference) => json!({ "case": name, "result": "different", "difference": difference }),
        })
        .collect();
    if global.format == Format::Json {
        return global.print(&document, |_| String::new());
    }
    write_out(&human(verdicts))
}

fn human(verdicts: &[(String, Verdict)]) -> String {
    let mut text = String::new();
    for (name, verdict) in verdicts {
        // Writing to a string cannot fail.
        let _ = match verdict {
            Verdict::Same => writeln!(text, "{name}: as expected"),
            Verdict::Written => writeln!(text, "{name}: written"),
            Verdict::Different(difference) => write!(text, "{name}: different\n{difference}"),
        };
    }
    let different = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Different(_))).count();
    if different > 0 {
        let total = verdicts.len();
        let _ = writeln!(text, "\n{different} of {total} differ; `--update` takes what comes out as expected");
    }
    text
}
