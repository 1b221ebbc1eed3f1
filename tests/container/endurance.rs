//! Processes that are killed, interrupted, out of budget, or not alone.

use std::path::PathBuf;
use std::time::Duration;

use bitbucket_port::catalog::local::LocalCatalog;
use bitbucket_port_sandbox::cloud::{Options, Server, World, WorldSpec};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use rusqlite::{Connection, OpenFlags};

use crate::program::{Ended, Program, Running};

const BLUEPRINTS: [&str; 3] = ["bitbucketProject", "bitbucketRepository", "bitbucketPullRequest"];

/// A mapping that needs no request but the listings.
const MAPPING: &str = r#"
resources:
  - kind: project
    selector: { query: "true" }
    port: { entity: { mappings: { identifier: .key, blueprint: '"bitbucketProject"', title: .name } } }
  - kind: repository
    selector: { query: "true" }
    port: { entity: { mappings: { identifier: .name, blueprint: '"bitbucketRepository"', title: .name } } }
  - kind: pull-request
    selector: { query: "true" }
    port:
      entity:
        mappings:
          identifier: .destination.repository.name + (.id | tostring)
          blueprint: '"bitbucketPullRequest"'
          title: .title
          relations: { repository: .destination.repository.name }
"#;

/// A workspace, and a folder with the catalog and the state file of it.
struct Workshop {
    bitbucket: Server,
    program: Program,
}

impl Workshop {
    async fn new(repositories: u32, pull_requests: u32) -> Self {
        let spec = WorldSpec {
            repositories,
            pull_requests_per_repository: pull_requests,
            projects: 2,
            ..WorldSpec::default()
        };
        let bitbucket = Server::start(World::generate(&spec), Options::default()).await.expect("the sandbox starts");
        let program = Program::new()
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "acme")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE_TOKEN", "hush-token-hush")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_HOST_URL", &bitbucket.url())
            .set("OCEAN__BUDGET__REST_PER_HOUR", "1000000")
            .set("OCEAN__BUDGET__FILES_PER_HOUR", "1000000")
            .set("OCEAN__CONCURRENCY", "4");
        std::fs::write(program.folder.path().join("mapping.yaml"), MAPPING).expect("a file");
        Self { bitbucket, program }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.program.folder.path().join(name)
    }

    fn resync(&self, more: &[&str]) -> Ended {
        self.program.run(&[&["resync", "--identifier", "test", "--mapping", "mapping.yaml"], more].concat())
    }

    fn start(&self, more: &[&str]) -> Running {
        self.program.start(&[&["resync", "--identifier", "test", "--mapping", "mapping.yaml"], more].concat())
    }

    /// Everything in the catalog but the times at which it was written, in order.
    async fn catalog(&self) -> Vec<String> {
        let catalog = LocalCatalog::open(&self.path("catalog.db"), "test").await.expect("the catalog opens");
        let mut all = vec![];
        for blueprint in BLUEPRINTS {
            let entities = catalog.entities(blueprint, None, 10_000).await.expect("the catalog can be read");
            all.extend(entities.into_iter().map(|entity| {
                format!(
                    "{blueprint} {} {:?} {:?} {} {:?} {:?} {:?}",
                    entity.identifier,
                    entity.title,
                    entity.icon,
                    entity.team,
                    entity.properties,
                    entity.relations,
                    entity.owner
                )
            }));
        }
        catalog.close().await.expect("the catalog closes");
        all
    }

    /// Blueprint and identifier of each of these.
    fn names(catalog: &[String]) -> Vec<String> {
        catalog.iter().map(|line| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    }

    /// The files of the folder, to be put back.
    fn keep(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = std::fs::read_dir(self.program.folder.path()).expect("a folder");
        let read = |path: PathBuf| (path.clone(), std::fs::read(path).expect("a file"));
        files.map(|entry| read(entry.expect("an entry").path())).collect()
    }

    fn put_back(&self, files: &[(PathBuf, Vec<u8>)]) {
        for entry in std::fs::read_dir(self.program.folder.path()).expect("a folder") {
            std::fs::remove_file(entry.expect("an entry").path()).expect("the file can be removed");
        }
        for (path, content) in files {
            std::fs::write(path, content).expect("the file can be written");
        }
    }

    /// Waits until so many requests were answered, or the program ended by itself.
    fn answered(&self, requests: u64) {
        let began = std::time::Instant::now();
        while self.bitbucket.record().total() < requests && began.elapsed() < Duration::from_secs(20) {
            std::thread::yield_now();
        }
    }

    fn listings(&self) -> (usize, usize) {
        let record = self.bitbucket.record();
        (record.count("GET", "/2.0/repositories/acme"), record.count("GET", "/2.0/repositories/*/*/pullrequests"))
    }

    /// From now on Bitbucket answers nothing.
    fn hang(&self) {
        let never = Fault::Delay(Duration::from_secs(600));
        self.bitbucket.faults().set([FaultRule::on("/**", Occurrence::Always, never)]);
    }

    /// How many rows of the state file another process has written under a condition.
    fn rows(&self, sql: &str) -> i64 {
        let open = || {
            let file = Connection::open_with_flags(self.path("state.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            file.query_row(sql, [], |row| row.get(0))
        };
        open().unwrap_or(0)
    }

    /// Starts a resync and leaves it before a Bitbucket that answers no more, once all that came before is settled.
    fn start_and_hang(&self, after: u64) -> Running {
        let slow = Fault::Delay(Duration::from_millis(15));
        self.bitbucket.faults().set([FaultRule::on("/**/pullrequests", Occurrence::Always, slow)]);
        let running = self.start(&[]);
        self.answered(after);
        self.hang();
        self.roots_are_done();
        running
    }

    /// Waits until the state file says that the listings of projects and repositories are done.
    fn roots_are_done(&self) {
        let began = std::time::Instant::now();
        while self.rows("SELECT count(*) FROM checkpoints WHERE topic = 'root'") < 2 {
            assert!(began.elapsed() < Duration::from_secs(30), "the listings were never done");
            std::thread::yield_now();
        }
    }
}

/// A small generator, so that the moments are the same in each run.
fn moments(seed: u64, count: usize, most: u64) -> Vec<u64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (state >> 33) % most
    };
    (0..count).map(|_| next()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_next_run_comes_to_the_same_catalog() {
    let workshop = Workshop::new(24, 3).await;
    let released = bitbucket_port::mapping::CLOUD_DEFAULT.mapping;
    std::fs::write(workshop.path("mapping.yaml"), released).expect("the released mapping, which reads files too");
    let first = workshop.resync(&[]);
    assert_eq!(first.code, Some(0), "{}", first.error);
    let before = workshop.catalog().await;
    let slugs = workshop.bitbucket.read(World::repository_slugs);
    workshop.bitbucket.change(|world| world.remove_repository(&slugs[3])).expect("the repository is there");
    let ids = workshop.bitbucket.read(|world| world.pull_request_ids(&slugs[8], &[])).expect("its pull requests");
    workshop.bitbucket.change(|world| world.remove_pull_request(&slugs[8], ids[0])).expect("it is there");
    let files = workshop.keep();

    workshop.bitbucket.record().clear();
    assert_eq!(workshop.resync(&[]).code, Some(0));
    let undisturbed = workshop.catalog().await;
    let names = Workshop::names(&undisturbed);
    assert!(undisturbed.len() < before.len());
    let requests = workshop.bitbucket.record().total();

    let mut killed = moments(7, 5, requests);
    killed.push(requests);
    for moment in killed {
        workshop.put_back(&files);
        workshop.bitbucket.record().clear();
        let running = workshop.start(&[]);
        workshop.answered(moment);
        running.signal("KILL");
        running.code();
        let torn = Workshop::names(&workshop.catalog().await);
        assert!(names.iter().all(|name| torn.contains(name)), "killed after {moment} requests: something is lost");
        let next = workshop.resync(&[]);
        assert_eq!(next.code, Some(0), "killed after {moment} requests: {}{}", next.out, next.error);
        assert_eq!(workshop.catalog().await, undisturbed, "killed after {moment} requests: {}", next.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_resync_that_is_killed_is_gone_on_with_and_reads_little_twice() {
    let workshop = Workshop::new(120, 1).await;
    let running = workshop.start_and_hang(80);
    let done = workshop.rows("SELECT count(*) FROM spool WHERE progress >= 2");
    running.signal("KILL");
    running.code();
    assert!(done > 20, "{done} listings were done");
    workshop.bitbucket.faults().clear();
    workshop.bitbucket.record().clear();
    let next = workshop.resync(&[]);
    assert_eq!(next.code, Some(0), "{}{}", next.out, next.error);
    assert!(next.error.contains("going on with an interrupted resync"), "{}", next.error);
    assert!(next.out.contains("note: going on with the sync that began "), "{}", next.out);
    let (repositories, pull_requests) = workshop.listings();
    assert_eq!(repositories, 0, "the repositories were listed to their end before");
    assert!(i64::try_from(pull_requests).expect("few") <= 120 - done, "{pull_requests} more after {done}");
    // Everything is there, and nothing that the interrupted run wrote went: one that lists everything finds no more.
    let catalog = workshop.catalog().await;
    assert!(catalog.iter().filter(|line| line.starts_with("bitbucketPullRequest ")).count() > 20);
    let after = workshop.resync(&[]);
    assert!(!after.error.contains("going on with"), "{}", after.error);
    assert_eq!(workshop.listings().1, pull_requests + 120);
    assert_eq!(workshop.catalog().await, catalog);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_goes_on_deletes_what_is_gone_and_nothing_else() {
    let workshop = Workshop::new(24, 1).await;
    assert_eq!(workshop.resync(&[]).code, Some(0));
    let before = Workshop::names(&workshop.catalog().await);
    let slugs = workshop.bitbucket.read(World::repository_slugs);
    workshop.bitbucket.change(|world| world.remove_repository(&slugs[4])).expect("the repository is there");
    workshop.bitbucket.record().clear();
    // Both listings of the workspace are read by now; the second run meets none of their objects.
    let running = workshop.start_and_hang(10);
    running.signal("KILL");
    running.code();
    workshop.bitbucket.faults().clear();
    workshop.bitbucket.record().clear();
    let next = workshop.resync(&[]);
    assert_eq!(next.code, Some(0), "{}{}", next.out, next.error);
    assert!(next.error.contains("going on with an interrupted resync"), "{}", next.error);
    assert_eq!(workshop.listings().0, 0);
    let after = Workshop::names(&workshop.catalog().await);
    let gone = before.iter().filter(|name| !after.contains(name)).collect::<Vec<_>>();
    assert!((1..=2).contains(&gone.len()) && gone[0].starts_with("bitbucketRepository "), "{gone:?}");
    // A run that reads everything finds no more to do.
    workshop.resync(&["--full"]);
    assert_eq!(Workshop::names(&workshop.catalog().await), after);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_before_the_kill_is_read_again() {
    let workshop = Workshop::new(20, 1).await;
    assert_eq!(workshop.resync(&[]).code, Some(0));
    let before = workshop.catalog().await;
    let requests = workshop.bitbucket.requests();
    let listed = requests.iter().find(|request| request.path.ends_with("/pullrequests")).expect("a listing");
    let refused = Fault::Status { status: 403, retry_after: None };
    let slow = FaultRule::on("/**/pullrequests", Occurrence::Always, Fault::Delay(Duration::from_millis(30)));
    workshop.bitbucket.faults().set([FaultRule::on(&listed.path, Occurrence::Always, refused), slow]);
    workshop.bitbucket.record().clear();
    let running = workshop.start(&[]);
    while workshop.bitbucket.record().count("GET", &listed.path) == 0 {
        std::thread::yield_now();
    }
    workshop.hang();
    workshop.roots_are_done();
    running.signal("KILL");
    running.code();
    workshop.bitbucket.faults().clear();
    workshop.bitbucket.record().clear();
    let next = workshop.resync(&[]);
    assert_eq!(next.code, Some(0), "{}{}", next.out, next.error);
    assert!(next.error.contains("going on with an interrupted resync"), "{}", next.error);
    assert_eq!(workshop.bitbucket.record().count("GET", &listed.path), 1, "{}", next.error);
    assert_eq!(workshop.listings().0, 0);
    assert_eq!(workshop.catalog().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mapping_begins_anew_and_so_does_an_interruption_that_is_too_old() {
    let workshop = Workshop::new(30, 1).await;
    let mapping = workshop.path("mapping.yaml");
    let edited = MAPPING.replace("title: .name", "title: .slug");
    let running = workshop.start_and_hang(15);
    running.signal("KILL");
    running.code();
    workshop.bitbucket.faults().clear();
    let interrupted = workshop.keep();
    std::fs::write(&mapping, edited).expect("a file");
    let next = workshop.resync(&[]);
    assert_eq!(next.code, Some(0), "{}{}", next.out, next.error);
    assert!(next.out.contains("everything is listed anew"), "{}", next.out);
    assert!(!next.error.contains("going on with"), "{}", next.error);
    workshop.put_back(&interrupted);
    let program = Workshop { program: workshop.program.set("OCEAN__RESUME_WITHIN", "0"), ..workshop };
    let next = program.resync(&[]);
    assert!(next.out.contains("(it is too old): everything is listed anew"), "{}", next.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_a_resync_in_order_and_the_next_goes_on() {
    let workshop = Workshop::new(30, 1).await;
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        workshop.bitbucket.faults().clear();
        workshop.bitbucket.record().clear();
        let mut running = workshop.start_and_hang(6);
        running.signal(signal);
        running.until_error("stopping in order");
        running.until_error("the resync was interrupted; the next run goes on where this one stopped");
        assert_eq!(running.code(), Some(code));
        // The file was closed, not torn away: nothing is left in its log.
        let log = std::fs::metadata(workshop.path("state.db-wal")).map_or(0, |log| log.len());
        assert_eq!(log, 0, "{signal}");
        assert_eq!(workshop.rows("SELECT count(*) FROM settings WHERE key = 'budget'"), 1);
    }
    workshop.bitbucket.faults().clear();
    let next = workshop.resync(&[]);
    assert_eq!(next.code, Some(0), "{}{}", next.out, next.error);
    assert!(next.error.contains("going on with an interrupted resync"), "{}", next.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_spent_of_the_budget_the_next_one_knows() {
    let workshop = Workshop::new(10, 0).await;
    // A listing of projects, one of repositories, one for each repository.
    let workshop = Workshop { program: workshop.program.set("OCEAN__BUDGET__REST_PER_HOUR", "15"), ..workshop };
    let listed = |workshop: &Workshop| {
        workshop.bitbucket.requests().iter().filter(|request| !request.path.contains("/src/")).count()
    };
    assert_eq!(workshop.resync(&[]).code, Some(0));
    assert_eq!(listed(&workshop), 12);
    workshop.bitbucket.record().clear();
    let mut second = workshop.start(&[]);
    let warned = second.until_error("about 12 requests do not fit into what is left of the hourly budget");
    assert!(warned.contains("minutes longer, until about "), "{warned}");
    while listed(&workshop) < 3 {
        std::thread::yield_now();
    }
    second.until_error("the request budget is spent; waiting");
    second.signal("TERM");
    assert_eq!(second.code(), Some(143));
    assert_eq!(listed(&workshop), 3);
    // The third goes on with the second and has nothing left to spend.
    let mut third = workshop.start(&[]);
    third.until_error("going on with an interrupted resync");
    third.until_error("the request budget is spent; waiting");
    third.signal("KILL");
    third.code();
    assert_eq!(listed(&workshop), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_fails_or_waits_and_says_for_whom() {
    let workshop = Workshop::new(4, 1).await;
    workshop.hang();
    let first = workshop.start(&[]);
    while !workshop.path("state.db").exists() {
        std::thread::yield_now();
    }
    let holder = format!("in use by process {} on ", first.id());
    let refused = workshop.resync(&["--no-wait"]);
    assert_eq!(refused.code, Some(1));
    let said = refused.error.replace(['\n', '│'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&holder) && said.contains(" since 20"), "{}", refused.error);
    let mut second = workshop.start(&[]);
    let rest = second.until_error(&holder);
    assert!(rest.contains("waiting for it to end"), "{rest}");
    workshop.bitbucket.faults().clear();
    first.signal("TERM");
    assert_eq!(first.code(), Some(143));
    assert_eq!(second.code(), Some(0));
    assert_eq!(workshop.resync(&["--no-wait"]).code, Some(0));
}
