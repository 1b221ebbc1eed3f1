//! A product: the texts it is described by, and the files generated from them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::client;
use crate::document::Source;
use crate::emit::Emitter;
use crate::finding::{Finding, Findings};
use crate::kinds::{self, Kind};
use crate::operation::Answer;
use crate::schema::Schema;
use crate::spec::Spec;

/// What a product is generated from.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    /// Short name, part of the names of the generated files: `cloud`.
    pub name: &'a str,
    /// Our own `OpenAPI` document, which says which operations are in use.
    pub spec: Source<'a>,
    /// An upstream document to lay underneath.
    pub upstream: Option<Source<'a>>,
    /// The table of kinds (TOML).
    pub kinds: Source<'a>,
}

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path below the output folder.
    pub path: String,
    /// Its content.
    pub text: String,
}

impl Product<'_> {
    /// Generates the client (`bitbucket_<name>.rs`), the kinds (`kinds_<name>.rs`) and the schema of each kind's
    /// objects (`kinds_<name>/<kind>.json`).
    ///
    /// # Errors
    /// Everything in the inputs that cannot be used, with its place and what to change.
    pub fn generate(&self) -> Result<Vec<File>, Findings> {
        let spec = Spec::read(self.spec, self.upstream)?;
        let kinds = kinds::read(self.kinds, &spec)?;
        let module = format!("crate::bitbucket::{}", self.name);
        let client = client::generate(&spec, &module).map_err(|message| self.refused(self.spec.name, &message))?;
        let emitter = Emitter { product: self.name, spec: &spec, kinds: &kinds, module: &module };
        let code = emitter.emit().map_err(|message| self.refused(self.kinds.name, &message))?;
        let mut files = vec![
            File { path: format!("bitbucket_{}.rs", self.name), text: client },
            File { path: format!("kinds_{}.rs", self.name), text: code },
        ];
        files.extend(kinds.values().map(|kind| File {
            path: format!("kinds_{}/{}.json", self.name, kind.name.value),
            text: schema_text(&spec, kind),
        }));
        Ok(files)
    }

    fn refused(&self, document: &str, message: &str) -> Findings {
        let mut findings = Findings::default();
        findings.push(Finding {
            document: document.to_owned(),
            line: None,
            pointer: String::new(),
            message: format!("no code could be made for `{}`: {message}", self.name),
        });
        findings
    }
}

/// The schema of a kind's objects with all that it refers to.
fn schema_text(spec: &Spec, kind: &Kind) -> String {
    let answer = spec.operation(&kind.list.value).and_then(|operation| operation.answer.as_ref());
    let items = match answer {
        Some(Answer::Json(schema)) => spec.page_items(schema),
        _ => None,
    };
    let reference = |name: &str| format!("#/$defs/{name}");
    let root = items.map_or_else(|| json!({}), |schema| schema.to_json(&reference));
    let mut wanted: Vec<String> = Vec::new();
    let collect =
        |schema: &Schema, wanted: &mut Vec<String>| schema.references(&mut |name| wanted.push(name.to_owned()));
    if let Some(schema) = items {
        collect(schema, &mut wanted);
    }
    let mut seen = BTreeSet::new();
    let mut definitions = Map::new();
    while let Some(name) = wanted.pop() {
        let Some(schema) = spec.schemas.get(&name).filter(|_| seen.insert(name.clone())) else { continue };
        definitions.insert(name, schema.to_json(&reference));
        collect(schema, &mut wanted);
    }
    definitions.sort_keys();
    let mut root = root;
    if let Value::Object(map) = &mut root {
        map.insert("$defs".into(), Value::Object(definitions));
    }
    format!("{root:#}\n")
}
