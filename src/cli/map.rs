//! `bitbucket-port map`: objects in, entities out.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use bitbucket_port_jq::Input;
use serde_json::json;

use super::args::{Format, Global};
use super::exit::Exit;
use super::failure::Failure;
use super::mapping::MapArgs;
use super::mapping::{StreamError, Surroundings, each_object, mapping, offline};
use super::run::Ended;
use crate::mapping::{Mapping, Remark, Step, StepResult, Trial};

pub(crate) async fn run(args: MapArgs, global: Global) -> Ended {
    offline(move || map(&args, &global)).await
}

fn map(args: &MapArgs, global: &Global) -> Ended {
    let mapping = mapping(args.mapping.as_deref(), &Surroundings::find(args.product))?;
    if !mapping.resources.iter().any(|resource| resource.kind == args.kind) {
        let known: BTreeSet<&str> = mapping.resources.iter().map(|resource| resource.kind.as_str()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Failure::new(format!("the mapping has no usable resource of the kind `{}`", args.kind)).remedy(
            format!("its kinds are: {known}; `bitbucket-port mapping check` says what is wrong with a resource"),
        ));
    }
    let mut mapper = Mapper { mapping: &mapping, kind: &args.kind, explain: args.explain, global, count: 0, failed: 0 };
    let mut out = io::BufWriter::new(io::stdout().lock());
    match each_object(io::stdin().lock(), |object| mapper.object(object, &mut out)) {
        Ok(()) => {}
        Err(StreamError::Taker(error)) => return closed(error),
        Err(StreamError::Read(error)) => {
            drop(out.flush());
            return Err(Failure::new("standard input cannot be read")
                .because(error)
                .remedy("give an object, a list, a page with `values`, or JSON lines, as Bitbucket sends them"));
        }
    }
    if let Err(error) = out.flush() {
        return closed(error);
    }
    if !global.quiet {
        eprintln!("{} objects, {} of them with failures", mapper.count, mapper.failed);
    }
    Ok(if mapper.failed == 0 { Exit::Done } else { Exit::Failed })
}

/// Whoever closes the pipe has seen enough.
fn closed(error: io::Error) -> Ended {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(Exit::Done);
    }
    Err(Failure::new("standard output cannot be written").because(error))
}

struct Mapper<'a> {
    mapping: &'a Mapping,
    kind: &'a str,
    explain: bool,
    global: &'a Global,
    count: u64,
    failed: u64,
}

impl Mapper<'_> {
    fn object(&mut self, object: &str, out: &mut impl io::Write) -> io::Result<()> {
        self.count += 1;
        if self.explain {
            return self.explained(object, out);
        }
        match self.mapping.trial(self.kind, object) {
            Ok(trials) => {
                self.failed += u64::from(trials.iter().any(fails));
                trials.iter().try_for_each(|trial| self.trial(trial, out))
            }
            Err(error) => {
                self.failed += 1;
                eprintln!("object {}: {error}", self.count);
                Ok(())
            }
        }
    }

    fn trial(&self, trial: &Trial, out: &mut impl io::Write) -> io::Result<()> {
        for remark in &trial.remarks {
            let told = match remark {
                Remark::Failed(_) => true,
                Remark::FilteredOut | Remark::Skipped(_) => !self.global.quiet,
                Remark::Null(_) => self.global.verbose > 0,
            };
            if told {
                eprintln!("object {}, resource {}: {remark}", self.count, trial.resource);
            }
        }
        for entity in &trial.entities {
            serde_json::to_writer(&mut *out, entity)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn explained(&mut self, object: &str, out: &mut impl io::Write) -> io::Result<()> {
        let input = match Input::parse(object, &self.mapping.limits) {
            Ok(input) => input,
            Err(error) => {
                self.failed += 1;
                eprintln!("object {}: {error}", self.count);
                return Ok(());
            }
        };
        for resource in self.mapping.resources.iter().filter(|resource| resource.kind == self.kind) {
            let steps = resource.explain(&input);
            if self.global.format == Format::Json {
                let line = json!({ "object": self.count, "resource": resource.index, "steps": steps });
                serde_json::to_writer(&mut *out, &line)?;
                out.write_all(b"\n")?;
            } else {
                writeln!(out, "object {}, resource {}", self.count, resource.index)?;
                out.write_all(steps_text(&steps).as_bytes())?;
            }
        }
        Ok(())
    }
}

fn fails(trial: &Trial) -> bool {
    trial.remarks.iter().any(|remark| matches!(remark, Remark::Failed(_)))
}

/// Every expression with its value or failure, indented.
pub(crate) fn steps_text(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}", step.path);
        for line in step.expression.lines() {
            let _ = writeln!(text, "    {line}");
        }
        let _ = match &step.result {
            StepResult::Value(value) => writeln!(text, "    = {value}"),
            StepResult::Failure(reason) => writeln!(text, "    ! {reason}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_show_expression_and_outcome() {
        let step = |path: &str, expression: &str, result| Step {
            path: path.to_owned(),
            expression: expression.to_owned(),
            result,
        };
        let steps = [
            step("identifier", ".name", StepResult::Value(json!("api"))),
            step("properties.url", ".links\n| .html", StepResult::Failure("no".to_owned())),
        ];
        insta::assert_snapshot!(steps_text(&steps));
    }
}
