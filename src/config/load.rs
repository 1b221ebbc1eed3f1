//! From sources to settings.

use std::fmt;

use super::Origin;
use super::node::Node;
use super::overlay::Overlay;
use super::problem::{Findings, Problem, SettingsErrors, Warning};
use super::product::{self, ProductKind};
use super::settings::Settings;
use super::source::{DotEnvLine, read_dotenv, read_yaml, resolve_templates};
use super::surroundings::Surroundings;
use super::table::{Match, Spelling, find};
use super::values::Values;

/// A value from the command line. `Debug` does not show the value.
#[derive(Clone)]
pub struct Override {
    path: String,
    value: String,
    flag: String,
    rank: Rank,
}

/// Whether a flag beats the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    AboveVariables,
    BelowVariables,
}

impl Override {
    /// `value` for the setting at `path` (`snake_case`, dots), given by `flag` (for example `--workspace`).
    #[must_use]
    pub fn new(path: impl Into<String>, value: impl Into<String>, flag: impl Into<String>) -> Self {
        Self { path: path.into(), value: value.into(), flag: flag.into(), rank: Rank::AboveVariables }
    }

    /// The same, but weaker than a variable: `ocean sail --port` and `--log-level` are (section 1.1 of the
    /// reference: `APPLICATION__…` beats the flag).
    #[must_use]
    pub fn below_variables(mut self) -> Self {
        self.rank = Rank::BelowVariables;
        self
    }
}

/// A file that was read. `Debug` does not show its text.
#[derive(Clone)]
pub struct TextFile {
    /// As the user knows it, for example `config.yaml`.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// Everything that settings come from. Reading is someone else's business
/// ([`load_from_process`](super::load_from_process)). `Debug` shows no values.
#[derive(Clone, Default)]
pub struct Sources {
    /// From the command line.
    pub overrides: Vec<Override>,
    /// The environment, all of it: templates may name any variable.
    pub variables: Vec<(String, String)>,
    /// `.env`
    pub dotenv: Option<TextFile>,
    /// `config.yaml`
    pub config: Option<TextFile>,
    /// What was found out about the machine.
    pub surroundings: Surroundings,
    /// What went wrong while reading; reported with the rest.
    pub unreadable: Vec<Problem>,
}

impl fmt::Debug for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Override({} from {})", self.path, self.flag)
    }
}

impl fmt::Debug for TextFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextFile({}, {} bytes)", self.name, self.text.len())
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("overrides", &self.overrides)
            .field("variables", &self.variables.len())
            .field("dotenv", &self.dotenv)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Settings that can be used, and what was odd about them.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// To be logged.
    pub warnings: Vec<Warning>,
}

/// Overlays the sources (flags over variables over `.env` over `config.yaml` over defaults), checks the whole
/// and types it. Everything that is wrong is in the error, not only the first thing.
pub fn load(sources: &Sources) -> Result<Loaded, SettingsErrors> {
    let mut findings = Findings::default();
    findings.problems.extend(sources.unreadable.iter().cloned());
    findings.incomplete = !sources.unreadable.is_empty();
    let overlay = overlay(sources, &mut findings);
    let values = Values::read(&overlay, &mut findings);
    let settings = Settings::build(&values, sources, &mut findings);
    let errors = findings.finish();
    match settings {
        Some(settings) if errors.problems.is_empty() => Ok(Loaded { settings, warnings: errors.warnings }),
        _ => Err(errors),
    }
}

/// Which product the sources name; `None` where they name none or both, which [`load`] reports.
#[must_use]
pub fn product_of(sources: &Sources) -> Option<ProductKind> {
    let mut unreported = Findings::default();
    let overlay = overlay(sources, &mut unreported);
    let values = Values::read(&overlay, &mut unreported);
    product::choose(&values, &mut unreported)
}

fn overlay(sources: &Sources, findings: &mut Findings) -> Overlay {
    let dotenv = dotenv_lines(sources, findings);
    let mut overlay = Overlay::default();
    if let Some(file) = &sources.config {
        lay_config(file, &sources.variables, &dotenv, &mut overlay, findings);
    }
    lay_overrides(&sources.overrides, Rank::BelowVariables, &mut overlay, findings);
    let lines = dotenv.iter().map(|(file, line)| {
        let origin = Origin::DotEnv { file: file.clone(), line: line.line, name: line.name.clone() };
        (line.name.as_str(), line.value.as_str(), origin)
    });
    lay_variables(lines, &mut overlay, findings);
    let variables = sources
        .variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str(), Origin::Variable { name: name.clone() }));
    lay_variables(variables, &mut overlay, findings);
    lay_overrides(&sources.overrides, Rank::AboveVariables, &mut overlay, findings);
    overlay
}

fn dotenv_lines(sources: &Sources, findings: &mut Findings) -> Vec<(String, DotEnvLine)> {
    let Some(file) = &sources.dotenv else { return Vec::new() };
    let (lines, faults) = read_dotenv(&file.text);
    for fault in faults {
        findings.warn(place(&file.name, fault.line), None, format!("the line is ignored: {}", fault.what));
    }
    lines.into_iter().map(|line| (file.name.clone(), line)).collect()
}

fn place(file: &str, line: Option<usize>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file} line {line}"))
}

fn lay_config(
    file: &TextFile,
    variables: &[(String, String)],
    dotenv: &[(String, DotEnvLine)],
    overlay: &mut Overlay,
    findings: &mut Findings,
) {
    overlay.next_source();
    let mut root = match read_yaml(&file.name, &file.text) {
        Ok(Some(root)) => root,
        Ok(None) => return,
        Err(fault) => {
            findings.incomplete = true;
            return findings.problem(place(&file.name, fault.line), None, fault.what, None);
        }
    };
    // Names are matched without case: variables of settings are, too.
    let in_process =
        |name: &str| variables.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let in_file =
        |name: &str| dotenv.iter().rfind(|(_, line)| line.name.eq_ignore_ascii_case(name)).map(|(_, line)| &line.value);
    let lookup = |name: &str| in_process(name).or_else(|| in_file(name)).cloned();
    resolve_templates(&mut root, &lookup, &mut |origin, provider| {
        let what = format!("a template reads from `{provider}`; only `env` exists, so the key counts as absent");
        findings.warn(file.name.clone(), Some(origin.clone()), what);
    });
    overlay.lay_document(root, findings);
}

fn lay_overrides(overrides: &[Override], rank: Rank, overlay: &mut Overlay, findings: &mut Findings) {
    overlay.next_source();
    for given in overrides.iter().filter(|given| given.rank == rank) {
        let origin = Origin::Flag { name: given.flag.clone() };
        overlay.lay(&given.path, &given.path, Node::text(given.value.clone(), origin), findings);
    }
}

/// A variable that concerns us, with what decides which of two wins.
struct Candidate<'a> {
    depth: usize,
    exact: bool,
    path: String,
    name: &'a str,
    value: &'a str,
    origin: Origin,
}

fn lay_variables<'a>(
    variables: impl Iterator<Item = (&'a str, &'a str, Origin)>,
    overlay: &mut Overlay,
    findings: &mut Findings,
) {
    overlay.next_source();
    let mut candidates: Vec<Candidate<'a>> = Vec::new();
    for (name, value, origin) in variables {
        if name == "PROMETHEUS_MULTIPROC_DIR" && !value.is_empty() {
            findings.warn(name, Some(origin), "has no effect: there is one process");
        } else if let Some(path) = setting_path(name) {
            let (right, exact) = match find(&path) {
                Match::Leaf(setting, spelling) => (setting.path, spelling == Spelling::Exact),
                Match::Group(branch, spelling) => (branch, spelling == Spelling::Exact),
                Match::Unknown => (path.as_str(), false),
            };
            candidates.push(Candidate { depth: right.matches('.').count(), exact, path, name, value, origin });
        }
    }
    // JSON in a parent variable lies below the variables nested in it; then the rightly spelt key wins.
    candidates.sort_by(|a, b| (a.depth, a.exact, a.name).cmp(&(b.depth, b.exact, b.name)));
    let mut layer = 0;
    for Candidate { depth, path, name, value, origin, .. } in candidates {
        if depth > layer {
            layer = depth;
            overlay.next_source();
        }
        overlay.lay(&path, name, Node::text(value, origin), findings);
    }
}

/// `OCEAN__PORT__CLIENT_ID` to `port.client_id`; `None` for variables that are not ours.
fn setting_path(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("application__") {
        return Some(lower.replace("__", "."));
    }
    let rest = lower.strip_prefix("ocean__").filter(|rest| !rest.is_empty())?;
    Some(rest.replace("__", "."))
}
