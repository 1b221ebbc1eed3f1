//! One product and one target: servers, files, and what undisturbed runs make of each world.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::http::{Faults, Record, Request, StartError};
use crate::missing::Missing;
use crate::{cloud, datacenter, port};

use super::case::{Case, Meanwhile, Start, Trouble};
use super::catalog::Catalog;
use super::change;
use super::outcome::Outcome;
use super::program::{Ended, Program};
use super::route::{Route, workspace};

/// What is shown of the violations of one run.
const SHOWN: usize = 5;

/// Which Bitbucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Bitbucket Cloud.
    Cloud,
    /// Bitbucket Data Center.
    DataCenter,
}

/// Which catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Port.
    Port,
    /// A catalog file.
    Sqlite,
}

/// A bench could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A server could not be started.
    #[error(transparent)]
    Server(#[from] StartError),
    /// The program could not be run, or files not be copied.
    #[error("a file or the program cannot be used: {0}")]
    File(#[from] std::io::Error),
    /// A catalog file cannot be read.
    #[error("a catalog file cannot be read: {0}")]
    Catalog(#[from] rusqlite::Error),
    /// The world cannot be changed as planned.
    #[error(transparent)]
    World(#[from] Missing),
    /// An undisturbed run was not complete.
    #[error("the undisturbed run {run} ended with {ended}; it said:\n{log}")]
    Undisturbed {
        /// Which.
        run: u64,
        /// How.
        ended: String,
        /// The end of what it said.
        log: String,
    },
    /// A request that belongs to no route of the matrix.
    #[error("no case is about {0}: add its route to sandbox/src/matrix/route.rs")]
    UnknownRoute(String),
}

enum Bitbucket {
    Cloud(cloud::Server),
    DataCenter(datacenter::Server),
}

/// One product and one target.
pub struct Bench {
    product: Product,
    target: Target,
    seed: u64,
    bitbucket: Bitbucket,
    port: port::Server,
    program: Program,
    folder: PathBuf,
    filled: port::World,
    truth: Vec<Catalog>,
    requests: u64,
    routes: Vec<(Route, Start)>,
}

impl Bench {
    /// Starts the servers and learns what undisturbed runs of the program make of each world. `folder` must be empty.
    pub async fn prepare(
        product: Product,
        target: Target,
        seed: u64,
        program: &Program,
        folder: &Path,
    ) -> Result<Self, BenchError> {
        let bitbucket = Bitbucket::start(product, seed).await?;
        let port = port::Server::start(port::World::empty(), port::Options::default()).await?;
        std::fs::create_dir_all(folder.join("work"))?;
        std::fs::create_dir_all(folder.join("saved"))?;
        let program = configured(program.clone(), target, &bitbucket, &port, folder);
        let mut bench = Self {
            product,
            target,
            seed,
            bitbucket,
            port,
            program,
            folder: folder.to_owned(),
            filled: port::World::empty(),
            truth: vec![],
            requests: 0,
            routes: vec![],
        };
        bench.learn().await?;
        Ok(bench)
    }

    /// Product and target.
    #[must_use]
    pub fn name(&self) -> String {
        let product = if self.product == Product::Cloud { "cloud" } else { "datacenter" };
        let target = if self.target == Target::Port { "port" } else { "sqlite" };
        format!("{product}/{target}")
    }

    /// How many entities the undisturbed catalogs have, world by world.
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        self.truth.iter().map(Catalog::len).collect()
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// The routes that the program uses here, each with the start at which it does.
    pub(super) fn routes(&self) -> Vec<(Route, Start)> {
        self.routes.clone()
    }

    async fn learn(&mut self) -> Result<(), BenchError> {
        self.undisturbed(0).await?;
        let first = self.asked();
        match self.target {
            Target::Port => self.port.change(Catalog::set_by_hand_at_port),
            Target::Sqlite => Catalog::set_by_hand_in_file(&self.catalog_file())?,
        }
        self.filled = self.port.read(Clone::clone);
        copy(&self.work(), &self.folder.join("saved"))?;
        self.truth.push(self.catalog()?);
        let mut later = Vec::new();
        for step in 1..=change::STEPS {
            self.clear_records();
            self.bitbucket.change(self.seed, step)?;
            self.undisturbed(step).await?;
            let asked = self.asked();
            let requests = asked.len() as u64;
            self.requests = if step == 1 { requests } else { self.requests.min(requests) };
            later.extend(asked);
            self.truth.push(self.catalog()?);
        }
        self.routes = self.known(&first, &later)?;
        Ok(())
    }

    /// Which route is used at which start; an error for a request that no route is about.
    fn known(&self, first: &[Request], later: &[Request]) -> Result<Vec<(Route, Start)>, BenchError> {
        let routes = || Route::of_bitbucket(self.product).iter().chain(Route::of_port());
        let unknown = first.iter().chain(later).find(|request| !routes().any(|route| route.takes(request)));
        if let Some(request) = unknown {
            return Err(BenchError::UnknownRoute(format!("{} {}", request.method, request.path)));
        }
        let used = |requests: &[Request], route: &Route| requests.iter().any(|request| route.takes(request));
        let start = |route: &Route| {
            let later = used(later, route).then_some(Start::Filled);
            later.or_else(|| used(first, route).then_some(Start::Empty))
        };
        Ok(routes().filter_map(|route| Some((*route, start(route)?))).collect())
    }

    async fn undisturbed(&self, run: u64) -> Result<(), BenchError> {
        self.port.advance_clock(Duration::from_secs(5));
        let ended = self.program.run(&self.work(), std::future::pending()).await?;
        if ended == Ended::Code(0) {
            return Ok(());
        }
        Err(BenchError::Undisturbed { run, ended: told(&ended), log: self.log() })
    }

    /// Runs a case. Everything that it finds wrong is in the outcome.
    pub async fn run(&self, case: &Case) -> Outcome {
        let began = Instant::now();
        let mut outcome = Outcome {
            bench: self.name(),
            case: case.name.clone(),
            runs: vec![],
            struck: 0,
            violations: vec![],
            duration: Duration::ZERO,
        };
        if let Err(error) = self.try_run(case, &mut outcome).await {
            outcome.violations.push(error.to_string());
        }
        self.faults_end();
        outcome.duration = began.elapsed();
        outcome
    }

    async fn try_run(&self, case: &Case, outcome: &mut Outcome) -> Result<(), BenchError> {
        self.reset(case.start)?;
        let steps = match case.start {
            Start::Filled => 1..=change::STEPS,
            Start::Empty => 0..=0,
        };
        let mut last = Catalog::default();
        for (nth, step) in steps.enumerate() {
            if step > 0 {
                self.bitbucket.change(self.seed, step)?;
            }
            let truth = self.truth(case.start, step);
            for again in 0..case.trouble.times(nth) {
                self.disturbed(case, nth + again, &truth, outcome).await?;
            }
            if let Trouble::Kill { world: Meanwhile::Stays, .. } = case.trouble {
                self.exact(&truth, outcome).await?;
            }
            last = truth;
        }
        if let Trouble::Kill { world: Meanwhile::Moves, .. } = case.trouble {
            self.goes_on(&last, outcome).await?;
        }
        self.exact(&last, outcome).await
    }

    /// A run that is disturbed: it must do no damage.
    async fn disturbed(
        &self,
        case: &Case,
        nth: usize,
        truth: &Catalog,
        outcome: &mut Outcome,
    ) -> Result<(), BenchError> {
        let before = self.catalog()?;
        self.clear_records();
        self.port.advance_clock(Duration::from_secs(5));
        case.trouble.begin(self.bitbucket.faults(), Some(self.port.faults()));
        let ended = self.program.run(&self.work(), self.stop(&case.trouble, nth)).await?;
        self.faults_end();
        outcome.struck += self.struck(&case.trouble, &ended);
        self.judge(&ended, case.trouble.is_bearable(), outcome);
        note(outcome, &format!("after run {}", outcome.runs.len()), &self.catalog()?.damage(&before, truth));
        Ok(())
    }

    /// A run that nothing disturbs: it must be complete, and give what a program gives that nothing ever disturbed.
    async fn exact(&self, truth: &Catalog, outcome: &mut Outcome) -> Result<(), BenchError> {
        self.port.advance_clock(Duration::from_secs(5));
        let ended = self.program.run(&self.work(), std::future::pending()).await?;
        self.judge(&ended, true, outcome);
        note(
            outcome,
            &format!("after run {}, which nothing disturbed", outcome.runs.len()),
            &self.catalog()?.differences(truth),
        );
        Ok(())
    }

    /// A run that goes on with one that was killed in another world. What that one had read stays as it was read: what
    /// changed meanwhile, and what is doubtful therefore, is left to the next run. This one does no damage and ends.
    async fn goes_on(&self, truth: &Catalog, outcome: &mut Outcome) -> Result<(), BenchError> {
        let before = self.catalog()?;
        self.port.advance_clock(Duration::from_secs(5));
        let ended = self.program.run(&self.work(), std::future::pending()).await?;
        self.judge(&ended, false, outcome);
        note(outcome, "after going on", &self.catalog()?.damage(&before, truth));
        Ok(())
    }

    fn judge(&self, ended: &Ended, must_be_complete: bool, outcome: &mut Outcome) {
        outcome.runs.push(told(ended));
        let wrong = match ended {
            Ended::Code(0) | Ended::Killed => false,
            Ended::Code(1 | 2) => must_be_complete,
            Ended::Code(_) | Ended::Crashed | Ended::Hung => true,
        };
        if wrong {
            outcome.violations.push(format!("run {} ended with {}: {}", outcome.runs.len(), told(ended), self.log()));
        }
    }

    /// What an undisturbed run makes of the world of a step.
    fn truth(&self, start: Start, step: u64) -> Catalog {
        let truth = usize::try_from(step).ok().and_then(|step| self.truth.get(step)).cloned().unwrap_or_default();
        if start == Start::Empty { truth.without_hand() } else { truth }
    }

    /// The moment at which the process is killed; never where it is not.
    async fn stop(&self, trouble: &Trouble, nth: usize) {
        let Trouble::Kill { at, after, .. } = trouble else { return std::future::pending().await };
        let requests = at[nth % 2] * self.requests as f64;
        while (self.total() as f64) < requests {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        tokio::time::sleep(after[nth % 2]).await;
    }

    fn struck(&self, trouble: &Trouble, ended: &Ended) -> u64 {
        let requests = self.asked();
        let struck = match trouble {
            Trouble::None => 0,
            Trouble::Kill { .. } => usize::from(*ended == Ended::Killed),
            Trouble::Route(route, _) => requests.iter().filter(|request| route.takes(request)).count(),
            Trouble::Random { .. } => requests.iter().filter(|request| !(200..300).contains(&request.status)).count(),
        };
        struck as u64
    }

    fn reset(&self, start: Start) -> Result<(), BenchError> {
        self.faults_end();
        self.bitbucket.reset(self.seed);
        let world = if start == Start::Filled { self.filled.clone() } else { port::World::empty() };
        self.port.change(|port| *port = world);
        std::fs::remove_dir_all(self.work())?;
        std::fs::create_dir_all(self.work())?;
        if start == Start::Filled {
            copy(&self.folder.join("saved"), &self.work())?;
        }
        Ok(())
    }

    fn catalog(&self) -> Result<Catalog, BenchError> {
        Ok(match self.target {
            Target::Port => self.port.read(Catalog::of_port),
            Target::Sqlite => Catalog::of_file(&self.catalog_file())?,
        })
    }

    fn faults_end(&self) {
        self.bitbucket.faults().clear();
        self.port.faults().clear();
    }

    fn clear_records(&self) {
        self.bitbucket.record().clear();
        self.port.record().clear();
    }

    fn total(&self) -> u64 {
        self.bitbucket.record().total() + self.port.record().total()
    }

    fn asked(&self) -> Vec<Request> {
        let mut requests = self.bitbucket.record().requests();
        requests.extend(self.port.requests());
        requests
    }

    fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    fn catalog_file(&self) -> PathBuf {
        self.work().join("catalog.db")
    }

    /// The end of what the last run said.
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.work().join("log.txt")).unwrap_or_default();
        let (grave, rest): (Vec<&str>, Vec<&str>) = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .partition(|line| line.contains("| ERROR") || line.starts_with("error"));
        let shown = grave.iter().take(3).chain(rest.iter().skip(rest.len().saturating_sub(3)));
        shown.copied().collect::<Vec<_>>().join(" / ").chars().take(1_200).collect()
    }
}

impl Bitbucket {
    async fn start(product: Product, seed: u64) -> Result<Self, StartError> {
        Ok(match product {
            Product::Cloud => Self::Cloud(cloud::Server::start(cloud_world(seed), cloud::Options::default()).await?),
            Product::DataCenter => {
                // Small pages, so that every listing takes several.
                let options = datacenter::Options { largest_page: 4, ..datacenter::Options::default() };
                Self::DataCenter(datacenter::Server::start(datacenter_world(seed), options).await?)
            }
        })
    }

    fn url(&self) -> String {
        match self {
            Self::Cloud(server) => server.url(),
            Self::DataCenter(server) => server.url(),
        }
    }

    fn faults(&self) -> &Faults {
        match self {
            Self::Cloud(server) => server.faults(),
            Self::DataCenter(server) => server.faults(),
        }
    }

    fn record(&self) -> &Record {
        match self {
            Self::Cloud(server) => server.record(),
            Self::DataCenter(server) => server.record(),
        }
    }

    fn reset(&self, seed: u64) {
        match self {
            Self::Cloud(server) => server.change(|world| *world = cloud_world(seed)),
            Self::DataCenter(server) => server.change(|world| *world = datacenter_world(seed)),
        }
    }

    fn change(&self, seed: u64, step: u64) -> Result<(), Missing> {
        match self {
            Self::Cloud(server) => server.change(|world| change::cloud(world, seed, step)),
            Self::DataCenter(server) => server.change(|world| change::datacenter(world, seed, step)),
        }
    }
}

/// Some 60 open pull requests in each repository, more than a page takes.
fn cloud_world(seed: u64) -> cloud::World {
    cloud::World::generate(&cloud::WorldSpec {
        seed,
        projects: 3,
        repositories: 9,
        pull_requests_per_repository: 75,
        open_percent: 80,
        ..cloud::WorldSpec::default()
    })
}

fn datacenter_world(seed: u64) -> datacenter::World {
    datacenter::World::generate(&datacenter::WorldSpec {
        seed,
        projects: 5,
        personal_projects: 0,
        repositories: 12,
        pull_requests_per_repository: 8,
        open_percent: 80,
        users: 14,
        ..datacenter::WorldSpec::default()
    })
}

fn configured(program: Program, target: Target, bitbucket: &Bitbucket, port: &port::Server, folder: &Path) -> Program {
    let work = folder.join("work");
    let file = |name: &str| work.join(name).display().to_string();
    let program = match target {
        Target::Port => program.with(&["ocean", "sail", "--once"]),
        Target::Sqlite => program.with(&["--quiet", "resync", "--catalog", &format!("sqlite:{}", file("catalog.db"))]),
    };
    let program = program
        .set("OCEAN__STATE_PATH", &file("state.db"))
        .set("OCEAN__STRICT_EXIT", "true")
        .set("OCEAN__INTEGRATION__IDENTIFIER", "my-bitbucket")
        .set("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#)
        .set("OCEAN__PORT__BASE_URL", &port.url())
        .set("OCEAN__PORT__CLIENT_ID", "sandbox-client")
        .set("OCEAN__PORT__CLIENT_SECRET", "sandbox-secret")
        .set("OCEAN__CLIENT_TIMEOUT", "5")
        .set("OCEAN__RETRY__REPETITIONS", "2")
        .set("OCEAN__RETRY__FIRST_WAIT", "1ms")
        .set("OCEAN__RETRY__LONGEST_WAIT", "4ms")
        .set("OCEAN__RETRY__GIVE_UP_AFTER", "20s")
        .set("OCEAN__BUDGET__REST_PER_HOUR", "1000000000")
        .set("OCEAN__BUDGET__FILES_PER_HOUR", "1000000000")
        .set("OCEAN__DELETION__CONFIRM_LIMIT", "10000")
        .set("APPLICATION__PORT", "0");
    match bitbucket {
        Bitbucket::Cloud(_) => program
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", &workspace())
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE_TOKEN", "a-token")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_HOST_URL", &bitbucket.url()),
        Bitbucket::DataCenter(_) => program
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_BASE_URL", &bitbucket.url())
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_USERNAME", "a-user")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_PASSWORD", "a-password"),
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn told(ended: &Ended) -> String {
    match ended {
        Ended::Code(code) => code.to_string(),
        Ended::Killed => "killed".to_owned(),
        Ended::Crashed => "crashed".to_owned(),
        Ended::Hung => "hung".to_owned(),
    }
}

fn note(outcome: &mut Outcome, when: &str, found: &[String]) {
    outcome.violations.extend(found.iter().take(SHOWN).map(|what| format!("{when}: {what}")));
    if found.len() > SHOWN {
        outcome.violations.push(format!("{when}: and {} more", found.len() - SHOWN));
    }
}
