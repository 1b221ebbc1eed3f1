//! `cargo xtask faults`: the fault matrix.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use bitbucket_port_sandbox::matrix::{Bench, Outcome, Product, Program, Target, all, sample};
use clap::{Args, ValueEnum};

/// Cases of each product and target with `--quick`.
const QUICK: usize = 10;

/// Which cases, and how they are shown.
#[derive(Debug, Args)]
pub(crate) struct Faults {
    /// Decides the worlds, the random faults and the moments of kills
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A sample of the cases only
    #[arg(long)]
    quick: bool,
    /// Only cases whose name contains this, for example `cloud/port kill/` or `upsert/500`
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Run a release build of the program
    #[arg(long)]
    release: bool,
    /// Run this executable instead of building one
    #[arg(long, value_name = "FILE", conflicts_with = "release")]
    program: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
}

/// How the result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Human,
    Json,
}

impl Faults {
    /// Runs the cases; the table, or what is wrong.
    pub(crate) fn run(&self) -> Result<String, String> {
        let began = Instant::now();
        let executable = match &self.program {
            Some(program) => program.canonicalize().map_err(|error| format!("{}: {error}", program.display()))?,
            None => build(self.release)?,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
        let outcomes = runtime.block_on(self.outcomes(&executable))?;
        let shown = match self.format {
            Form::Human => table(&outcomes, began.elapsed().as_secs()),
            Form::Json => serde_json::to_string_pretty(&outcomes).map_err(|error| error.to_string())?,
        };
        if outcomes.iter().all(Outcome::is_right) {
            return Ok(shown);
        }
        println!("{shown}");
        let wrong = outcomes.iter().filter(|outcome| !outcome.is_right()).count();
        Err(format!("{wrong} of {} cases went wrong", outcomes.len()))
    }

    async fn outcomes(&self, executable: &Path) -> Result<Vec<Outcome>, String> {
        let benches = [
            (Product::Cloud, Target::Port),
            (Product::Cloud, Target::Sqlite),
            (Product::DataCenter, Target::Port),
            (Product::DataCenter, Target::Sqlite),
        ];
        let running = benches.map(|(product, target)| {
            let (executable, seed, quick, only) = (executable.to_owned(), self.seed, self.quick, self.case.clone());
            tokio::spawn(async move { bench(product, target, seed, quick, only.as_deref(), &executable).await })
        });
        let mut outcomes = Vec::new();
        for running in running {
            outcomes.extend(running.await.map_err(|error| error.to_string())??);
        }
        if outcomes.is_empty() {
            return Err("there is no such case".to_owned());
        }
        Ok(outcomes)
    }
}

async fn bench(
    product: Product,
    target: Target,
    seed: u64,
    quick: bool,
    only: Option<&str>,
    executable: &Path,
) -> Result<Vec<Outcome>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let program = Program::at(executable);
    let bench = Bench::prepare(product, target, seed, &program, folder.path()).await;
    let bench = bench.map_err(|error| format!("{product:?} into {target:?}: {error}"))?;
    let cases = if quick { sample(&bench, QUICK) } else { all(&bench) };
    let wanted = |name: &str| only.is_none_or(|only| format!("{} {name}", bench.name()).contains(only));
    let mut outcomes = Vec::new();
    for case in cases.iter().filter(|case| wanted(&case.name)) {
        let outcome = bench.run(case).await;
        let mark = if outcome.is_right() { "ok" } else { "WRONG" };
        eprintln!("{:18} {:44} {mark} ({:.1} s)", outcome.bench, outcome.case, outcome.duration.as_secs_f64());
        for violation in &outcome.violations {
            eprintln!("    {violation}");
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn build(release: bool) -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--package", "bitbucket-port", "--bin", "bitbucket-port"]).current_dir(root);
    if release {
        command.arg("--release");
    }
    let built = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !built.success() {
        return Err("the program could not be built".to_owned());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join(if release { "release" } else { "debug" }).join("bitbucket-port"))
}

/// One line for each sort of case, and every violation.
fn table(outcomes: &[Outcome], seconds: u64) -> String {
    use std::collections::BTreeMap;
    use std::fmt::Write as _;
    let mut sorts: BTreeMap<(String, String), [u64; 4]> = BTreeMap::new();
    for outcome in outcomes {
        let sort = outcome.case.rsplit_once('/').map_or(outcome.case.as_str(), |(sort, _)| sort);
        let row = sorts.entry((outcome.bench.clone(), sort.to_owned())).or_default();
        row[0] += 1;
        row[1] += outcome.runs.len() as u64;
        row[2] += outcome.struck;
        row[3] += u64::from(!outcome.is_right());
    }
    let mut text =
        format!("{:18} {:36} {:>5} {:>5} {:>7} {:>5}\n", "bench", "what", "cases", "runs", "struck", "wrong");
    for ((bench, sort), [cases, runs, struck, wrong]) in sorts {
        let _ = writeln!(text, "{bench:18} {sort:36} {cases:>5} {runs:>5} {struck:>7} {wrong:>5}");
    }
    for outcome in outcomes.iter().filter(|outcome| !outcome.is_right()) {
        let _ = writeln!(text, "\n{} {}", outcome.bench, outcome.case);
        for violation in &outcome.violations {
            let _ = writeln!(text, "  {violation}");
        }
    }
    let runs: usize = outcomes.iter().map(|outcome| outcome.runs.len()).sum();
    let wrong = outcomes.iter().filter(|outcome| !outcome.is_right()).count();
    let _ = write!(text, "\n{} cases with {runs} runs in {seconds} s: {wrong} wrong", outcomes.len());
    text
}
