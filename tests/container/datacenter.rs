//! One resync per start from a Data Center of the sandbox into a Port of the sandbox.

use std::time::Duration;

use bitbucket_port::mapping::released;
use bitbucket_port_sandbox::datacenter::{self, Access, Account, Options, WorldSpec};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence, port};
use rstest::rstest;
use rusqlite::{Connection, OpenFlags};

use crate::program::{Ended, Program};

struct Services {
    bitbucket: datacenter::Server,
    port: port::Server,
}

impl Services {
    async fn start(accounts: Vec<Account>) -> Self {
        Self::with_personal_projects(0, accounts).await
    }

    async fn with_personal_projects(personal_projects: u32, accounts: Vec<Account>) -> Self {
        let spec = WorldSpec { repositories: 4, pull_requests_per_repository: 2, projects: 1, ..WorldSpec::default() };
        Self::of(WorldSpec { personal_projects, ..spec }, accounts).await
    }

    async fn of(spec: WorldSpec, accounts: Vec<Account>) -> Self {
        let access = Access::Only { accounts, public: false };
        let options = Options { access, context_path: "/git/bitbucket".to_owned(), ..Options::default() };
        let bitbucket = datacenter::Server::start(datacenter::World::generate(&spec), options).await;
        let port = port::Server::start(port::World::empty(), port::Options::default()).await;
        Self { bitbucket: bitbucket.expect("the sandbox starts"), port: port.expect("the sandbox starts") }
    }

    fn program(&self) -> Program {
        Program::new()
            .set("OCEAN__PORT__CLIENT_ID", "sandbox-client")
            .set("OCEAN__PORT__CLIENT_SECRET", "sandbox-secret")
            .set("OCEAN__PORT__BASE_URL", &self.port.url())
            .set("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#)
            .set("OCEAN__STRICT_EXIT", "true")
            .set("APPLICATION__PORT", "0")
            .set("OCEAN__INTEGRATION__IDENTIFIER", "my-bitbucket")
            .set("OCEAN__INTEGRATION__TYPE", "bitbucket-server")
            // With the slash that Port's specification trims.
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_BASE_URL", &format!("{}/", self.bitbucket.url()))
    }

    fn entities(&self, blueprint: &str) -> usize {
        self.port.read(|world| world.entities(blueprint).count())
    }
}

fn token(text: &str) -> Account {
    Account::Bearer(text.to_owned())
}

fn person(password: &str) -> Account {
    Account::Basic { user: "hana".to_owned(), password: password.to_owned() }
}

fn assert_done(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.error);
    assert!(ended.out.contains("(repository): 4 listed, 4 mapped"), "{}", ended.out);
}

#[rstest]
#[case::password(person("hush pässword"), None, "hush pässword")]
#[case::token(token("hush-token"), Some("hush-token"), "not-this")]
#[case::token_for_password(token("hush-token"), None, "hush-token")]
#[case::recent_token_for_password(token("BBDC-hush"), None, "BBDC-hush")]
#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_sign_in_works(#[case] account: Account, #[case] given: Option<&str>, #[case] password: &str) {
    let services = Services::start(vec![account]).await;
    let program = services
        .program()
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_USERNAME", "hana")
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_PASSWORD", password)
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_TOKEN", given.unwrap_or_default());
    assert_done(&program.run(&[]));
    assert_eq!(services.entities("bitbucketRepository"), 4);
    let requests = services.bitbucket.requests();
    let refused = requests.iter().filter(|request| request.status == 401).count();
    assert!(refused <= 1, "{refused} of {} were refused", requests.len());
    assert!(requests.iter().all(|request| request.path.starts_with("/git/bitbucket/rest/api/")), "{requests:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_named_and_nothing_is_deleted() {
    let services = Services::start(vec![person("hush-right")]).await;
    let program = |password: &str| {
        services
            .program()
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_USERNAME", "hana")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_PASSWORD", password)
    };
    assert_done(&program("hush-right").run(&[]));
    let before = services.bitbucket.requests().len();
    let ended = program("hush-wrong").run(&[]);
    assert_eq!(ended.code, Some(2), "{}{}", ended.out, ended.error);
    assert!(ended.out.contains("username or password is wrong"), "{}", ended.out);
    assert_eq!(services.bitbucket.requests().len() - before, 2, "once as a password, once as a token");
    assert_eq!(services.entities("bitbucketRepository"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_takes_a_token_from_a_file_for_a_server_of_the_settings() {
    let services = Services::start(vec![token("hush-token")]).await;
    let program = services.program();
    std::fs::write(program.folder.path().join("token.txt"), "hush-token\n").expect("a file");
    let ended = program.run(&["resync", "--token-file", "token.txt", "--catalog", "sqlite:catalog.db"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn port_refuses_the_names_of_personal_projects_unless_the_mapping_changes_them() {
    let services = Services::with_personal_projects(2, vec![token("hush-token")]).await;
    let program = services.program().set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_TOKEN", "hush-token");
    let ended = program.run(&[]);
    assert_eq!(ended.code, Some(2), "{}{}", ended.out, ended.error);
    assert!(ended.out.contains("(project): 3 listed, 3 mapped, 0 unchanged, 1 written, 2 failed"), "{}", ended.out);
    let mapping = released("datacenter", "prefixed").expect("it is released").mapping;
    std::fs::write(program.folder.path().join("mapping.yaml"), mapping).expect("a file");
    // All names are others, so what was written before stays: that much at once is never believed to be gone.
    let into_port = ["--catalog", "port", "--identifier", "my-bitbucket", "--mapping", "mapping.yaml"];
    let ended = program.run(&[&["resync"], &into_port[..]].concat());
    assert_eq!(ended.code, Some(2), "{}{}", ended.out, ended.error);
    assert!(!ended.out.contains("was not written"), "{}", ended.out);
    let read = |world: &port::World| world.entities("bitbucketProject").map(|it| it.identifier.clone()).collect();
    let projects: Vec<String> = services.port.read(read);
    assert_eq!(projects.iter().filter(|identifier| identifier.starts_with("dc-@")).count(), 2, "{projects:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_is_gone_on_with_and_deletes_what_is_gone() {
    let spec = WorldSpec {
        repositories: 24,
        pull_requests_per_repository: 1,
        open_percent: 100,
        empty_repositories: false,
        personal_projects: 0,
        projects: 2,
        ..WorldSpec::default()
    };
    let services = Services::of(spec, vec![token("hush-token")]).await;
    let program = services
        .program()
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_TOKEN", "hush-token")
        .set("OCEAN__CONCURRENCY", "2");
    let first = program.run(&[]);
    assert_eq!(first.code, Some(0), "{}{}", first.out, first.error);
    services.port.advance_clock(Duration::from_secs(5));
    let of = |entity: &port::Entity| (entity.relations["project"].clone(), entity.identifier.clone());
    let (project, slug) =
        services.port.read(|world| world.entities("bitbucketRepository").map(of).next()).expect("one");
    let project = project.as_str().expect("a key").to_owned();
    services.bitbucket.change(|world| world.remove_repository(&project, &slug)).expect("it is there");

    let pull_requests =
        || services.bitbucket.record().count("GET", "/git/bitbucket/rest/api/*/projects/*/repos/*/pull-requests");
    assert_eq!(pull_requests(), 24, "{:#?}", services.bitbucket.requests());
    let slow = FaultRule::on("/**/pull-requests", Occurrence::Always, Fault::Delay(Duration::from_millis(20)));
    services.bitbucket.faults().set([slow]);
    services.bitbucket.record().clear();
    let running = program.start(&[]);
    while pull_requests() < 8 {
        std::thread::yield_now();
    }
    let never = FaultRule::on("/**", Occurrence::Always, Fault::Delay(Duration::from_secs(600)));
    services.bitbucket.faults().set([never]);
    let rows = |sql: &str| {
        let path = program.folder.path().join("state.db");
        let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        file.query_row(sql, [], |row| row.get::<_, i64>(0))
    };
    // What came before is settled: the listings of the whole server, and at least one of a repository.
    let roots = "SELECT count(*) FROM checkpoints WHERE topic = 'root'";
    let children = "SELECT count(*) FROM spool WHERE progress >= 2";
    let began = std::time::Instant::now();
    while rows(roots).unwrap_or(0) < 2 || rows(children).unwrap_or(0) < 4 {
        assert!(began.elapsed() < Duration::from_secs(30), "too few listings were ever done");
        std::thread::yield_now();
    }
    running.signal("KILL");
    running.code();
    services.bitbucket.faults().clear();
    services.bitbucket.record().clear();
    let next = program.run(&[]);
    assert_eq!(next.code, Some(0), "{}{}", next.out, next.error);
    assert!(next.out.contains("going on with the sync that began "), "{}", next.out);
    assert!(pull_requests() <= 20, "{} are listed again", pull_requests());
    let left = |world: &port::World| {
        let repositories: Vec<_> = world.entities("bitbucketRepository").map(|it| it.identifier.clone()).collect();
        (repositories.len(), repositories.contains(&slug), world.entities("bitbucketPullRequest").count())
    };
    assert_eq!(services.port.read(left), (23, false, 23), "{}", next.out);
}
