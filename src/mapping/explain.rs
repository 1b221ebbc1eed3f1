//! What each expression of a resource makes of one object: for people who write mappings.

use bitbucket_port_jq::{Input, Program};
use serde::Serialize;
use serde_json::Value;

use super::compiled::{Blueprint, EntityMapping, Resource, Rule, Search, Slot, Template};

/// One expression and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Where it stands in its resource, for example `properties.url`.
    pub path: String,
    /// The expression.
    pub expression: String,
    /// What came of it.
    #[serde(flatten)]
    pub result: StepResult,
}

/// What came of an expression.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepResult {
    /// Its first output.
    Value(Value),
    /// Why it has none.
    Failure(String),
}

impl Resource {
    /// Evaluates every expression on an object, items first, whatever the selector says.
    #[must_use]
    pub fn explain(&self, object: &Input) -> Vec<Step> {
        let mut steps = vec![];
        let parts = match &self.items {
            None => vec![(String::new(), object.clone())],
            Some(items) => {
                steps.push(step("itemsToParse", &items.expression, object));
                self.parts(object.clone(), &[])
                    .unwrap_or_default()
                    .into_iter()
                    .enumerate()
                    .map(|(at, part)| (format!("{}[{at}]: ", items.name), part))
                    .collect()
            }
        };
        for (prefix, part) in &parts {
            let mut on_part = vec![step("selector.query", &self.query, part)];
            for (at, mapping) in self.mappings.iter().enumerate() {
                let prefix = if self.mappings.len() > 1 { format!("mappings[{at}].") } else { String::new() };
                mapping.explain(&prefix, part, &mut on_part);
            }
            steps.extend(on_part.into_iter().map(|step| Step { path: format!("{prefix}{}", step.path), ..step }));
        }
        steps
    }
}

impl EntityMapping {
    fn explain(&self, prefix: &str, part: &Input, steps: &mut Vec<Step>) {
        let mut explainer = Explainer { prefix, part, steps };
        if let Blueprint::Computed(program) = &self.blueprint {
            explainer.program("blueprint", program);
        }
        explainer.template("identifier", &self.identifier);
        for (name, slot) in [("title", &self.title), ("icon", &self.icon)] {
            if let Some(slot) = slot {
                explainer.slot(name, slot);
            }
        }
        if let Some(team) = &self.team {
            explainer.template("team", team);
        }
        for (name, slot) in self.properties.iter().flatten() {
            explainer.slot(&format!("properties.{name}"), slot);
        }
        for (name, template) in self.relations.iter().flatten() {
            explainer.template(&format!("relations.{name}"), template);
        }
    }
}

struct Explainer<'a> {
    prefix: &'a str,
    part: &'a Input,
    steps: &'a mut Vec<Step>,
}

impl Explainer<'_> {
    fn program(&mut self, path: &str, program: &Program) {
        self.steps.push(step(&format!("{}{path}", self.prefix), program, self.part));
    }

    fn slot(&mut self, path: &str, slot: &Slot) {
        match &slot.program {
            Some(program) => self.program(path, program),
            None => self.steps.push(Step {
                path: format!("{}{path}", self.prefix),
                expression: String::new(),
                result: StepResult::Failure("it does not compile; `mapping check` says why".to_owned()),
            }),
        }
    }

    fn template(&mut self, path: &str, template: &Template) {
        match template {
            Template::Value(slot) => self.slot(path, slot),
            Template::Search(search) => self.search(path, search),
        }
    }

    fn search(&mut self, path: &str, search: &Search) {
        for rule in &search.rules {
            match rule {
                Rule::Nested(nested) => self.search(path, nested),
                Rule::Leaf { property, operator, value } => {
                    self.slot(&format!("{path}.property"), property);
                    self.slot(&format!("{path}.operator"), operator);
                    if let Some(value) = value {
                        self.slot(&format!("{path}.value"), value);
                    }
                }
            }
        }
    }
}

fn step(path: &str, program: &Program, input: &Input) -> Step {
    let result = match program.first(input) {
        Ok(Some(output)) => StepResult::Value(output.into_json()),
        Ok(None) => StepResult::Failure("it gives nothing".to_owned()),
        Err(error) => StepResult::Failure(error.to_string()),
    };
    Step { path: path.to_owned(), expression: program.source().to_owned(), result }
}
