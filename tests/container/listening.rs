//! Processes that go on: `POLLING`, `WEBHOOK`, their signals and restarts, into a Port and from a Bitbucket of the sandbox.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bitbucket_port_sandbox::cloud::{self, WorldSpec};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence, port};
use serde_json::{Value, json};

use crate::plan::{assert_only_read, refuse_writes};
use crate::program::{Program, Running};

const POLLING: &str = r#"{"type":"POLLING","interval":1}"#;
const WAITING: &str = r#"{"type":"POLLING","interval":1,"resyncOnStart":false}"#;
const WEBHOOK: &str = r#"{"type":"WEBHOOK","appHost":"https://bb.example.com/"}"#;
const REQUESTS: &str = "/v1/integration/my-bitbucket/resync-request";

struct Services {
    bitbucket: cloud::Server,
    port: port::Server,
}

impl Services {
    async fn start() -> Self {
        let spec = WorldSpec { repositories: 3, pull_requests_per_repository: 1, projects: 1, ..WorldSpec::default() };
        let world = cloud::World::generate(&spec);
        Self {
            bitbucket: cloud::Server::start(world, cloud::Options::default()).await.expect("the sandbox starts"),
            port: port::Server::start(port::World::empty(), port::Options::default())
                .await
                .expect("the sandbox starts"),
        }
    }

    fn program(&self, listener: &str) -> Program {
        Program::configured()
            .set("OCEAN__PORT__CLIENT_ID", "sandbox-client")
            .set("OCEAN__PORT__CLIENT_SECRET", "sandbox-secret")
            .set("OCEAN__PORT__BASE_URL", &self.port.url())
            .set("OCEAN__INTEGRATION__IDENTIFIER", "my-bitbucket")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_HOST_URL", &self.bitbucket.url())
            .set("OCEAN__EVENT_LISTENER", listener)
            .set("OCEAN__RESYNC_RETRY_WAIT", "1s")
    }

    /// Somebody asked for a resync so many seconds ago.
    fn request(&self, seconds_ago: u64) {
        let at = self.port.now() - Duration::from_secs(seconds_ago);
        self.port.change(|world| world.request_resync("my-bitbucket", at));
    }

    /// How often Port was told that a resync runs.
    fn resyncs(&self) -> usize {
        let state = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap_or_default()["status"].clone();
        let requests = self.port.requests();
        requests.iter().filter(|it| it.path.ends_with("/resync-state") && state(&it.body) == "running").count()
    }

    /// Waits until Port was asked so many times more whether a resync is requested.
    fn questions(&self, more: usize) {
        let asked = || self.port.record().count("GET", REQUESTS);
        let enough = asked() + more;
        while asked() < enough {
            std::thread::yield_now();
        }
    }

    fn integration(&self, field: &str) -> Value {
        self.port.read(|world| world.integration("my-bitbucket").cloned().unwrap_or_default())[field].clone()
    }

    fn resync_status(&self) -> Value {
        self.integration("resyncState")["status"].clone()
    }

    /// Every listing of the workspace takes so long from now on.
    fn slow(&self, by: Duration) {
        self.bitbucket.faults().set([FaultRule::on("/2.0/**", Occurrence::Always, Fault::Delay(by))]);
    }
}

fn send(port: &str, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the server accepts");
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn stop(running: Running) {
    running.signal("TERM");
    assert_eq!(running.code(), Some(143));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_it_resyncs_at_the_start_and_goes_on_until_a_signal() {
    let services = Services::start().await;
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        // Without a listener that is named.
        let mut running = services.program("").start(&["ocean", "sail"]);
        running.until("listener POLLING");
        let port = running.until("listening on 0.0.0.0:");
        running.until("resync complete in ");
        assert!(send(&port, "GET", "/health/ready").starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(send(&port, "GET", "/metrics").contains("success{kind=\"__runtime__\""));
        assert!(send(&port, "POST", "/resync").starts_with("HTTP/1.1 404 "));
        let asked = Instant::now();
        running.signal(signal);
        assert_eq!(running.code(), Some(code));
        // An idle process has nothing to abort, and nothing to wait for.
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
        assert_eq!(services.resync_status(), "completed", "{signal}");
    }
    assert_eq!((services.resyncs(), services.port.read(|world| world.entities("bitbucketRepository").count())), (2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_resync_at_the_start_it_waits_for_a_request_and_serves_it_once() {
    let services = Services::start().await;
    let program = services.program(WAITING);
    let mut first = program.start(&[]);
    first.until("listening on ");
    services.questions(2);
    assert_eq!(services.resyncs(), 0);
    services.request(5);
    first.until("a resync was requested at ");
    first.until("resync complete in ");
    services.questions(2);
    stop(first);
    assert_eq!(services.resyncs(), 1);
    // Neither the next process serves it again, nor one that lost its state file.
    for lost in [false, true] {
        if lost {
            std::fs::remove_file(program.folder.path().join("state.db")).expect("the state file");
        }
        let next = program.start(&[]);
        services.questions(3);
        stop(next);
        assert_eq!(services.resyncs(), 1, "lost: {lost}");
    }
    let mut last = program.start(&[]);
    services.request(0);
    last.until("resync complete in ");
    stop(last);
    assert_eq!(services.resyncs(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_served_is_kept_in_the_state_file() {
    let services = Services::start().await;
    // Port itself never learns that a resync took place.
    let refused = Fault::Status { status: 403, retry_after: None };
    services.port.faults().set([FaultRule::on("/**/resync-state", Occurrence::Always, refused)]);
    let program = services.program(WAITING);
    services.request(5);
    let mut first = program.start(&[]);
    first.until("resync complete in ");
    services.questions(1);
    // Killed, not stopped.
    first.signal("KILL");
    first.code();
    let next = program.start(&[]);
    services.questions(3);
    stop(next);
    assert_eq!(services.resyncs(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_during_a_resync_are_followed_by_exactly_one() {
    let services = Services::start().await;
    services.slow(Duration::from_millis(900));
    let mut running = services.program(POLLING).start(&[]);
    while services.resyncs() == 0 {
        std::thread::yield_now();
    }
    // While it runs Port is asked, and tells of two.
    services.request(1);
    running.until(": it is the next one");
    services.request(0);
    services.questions(1);
    services.bitbucket.faults().clear();
    running.until("resync complete in ");
    running.until("resync complete in ");
    services.questions(2);
    assert_eq!(services.resyncs(), 2);
    stop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resync_that_broke_off_is_tried_again_until_it_has_served_its_request() {
    let services = Services::start().await;
    let program = services.program(WAITING);
    let mut running = program.start(&[]);
    running.until("listening on ");
    services.questions(1);
    // The mapping cannot be read.
    let refused = Fault::Status { status: 403, retry_after: None };
    services.port.faults().set([FaultRule::on("/v1/integration/my-bitbucket", Occurrence::Always, refused.clone())]);
    services.request(5);
    running.until("| ERROR    | the resync broke off: ");
    running.until("| WARNING  | the resync is tried again in 1 s");
    running.until("| WARNING  | the resync is tried again in 2 s");
    // It is not given up by a restart either.
    services.port.faults().clear();
    stop(running);
    let mut next = program.start(&[]);
    next.until("a resync was requested at ");
    next.until("resync complete in ");
    let before = services.resyncs();
    services.questions(2);
    stop(next);
    assert_eq!(services.resyncs(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resync_that_a_signal_stops_is_completed_by_the_next_process() {
    let services = Services::start().await;
    let program = services.program(WAITING);
    services.slow(Duration::from_secs(600));
    services.request(5);
    let mut first = program.start(&[]);
    let port = first.until("listening on 0.0.0.0:");
    while services.resync_status() != "running" {
        std::thread::yield_now();
    }
    assert!(send(&port, "GET", "/health/ready").starts_with("HTTP/1.1 200 OK\r\n"));
    stop(first);
    assert_eq!(services.resync_status(), "aborted");
    services.bitbucket.faults().clear();
    let mut next = program.start(&[]);
    next.until("resync complete in ");
    stop(next);
    assert_eq!((services.resyncs(), services.resync_status()), (2, json!("completed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_does_not_wait_for_a_resync_to_stop() {
    let services = Services::start().await;
    let refused = Fault::Delay(Duration::from_secs(600));
    services.slow(Duration::from_secs(600));
    let mut running = services.program(POLLING).start(&[]);
    running.until("listening on ");
    while services.resync_status() != "running" {
        std::thread::yield_now();
    }
    // Nothing of what is told at the end gets through.
    services.port.faults().set([FaultRule::on("/**", Occurrence::Always, refused)]);
    running.signal("TERM");
    running.until("SIGTERM: stopping");
    running.signal("TERM");
    running.until("SIGTERM again: stopping at once");
    assert_eq!(running.code(), Some(143));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_does_not_tell_is_asked_again_and_said_once() {
    let services = Services::start().await;
    let mut running = services.program(WAITING).set("OCEAN__RETRY__REPETITIONS", "0").start(&[]);
    running.until("listening on ");
    services.questions(1);
    let faults = [Fault::BreakBeforeHeaders, Fault::Html { status: 502 }, Fault::MalformedJson];
    services.port.faults().set(faults.map(|fault| FaultRule::on(REQUESTS, Occurrence::First(1), fault)));
    services.questions(4);
    services.request(5);
    let said = running.all_until("resync complete in ");
    let times = |text: &str| said.iter().filter(|line| line.contains(text)).count();
    assert_eq!(times("| WARNING  | Port does not tell whether a resync is requested"), 1, "{said:#?}");
    assert_eq!(times("Port tells again"), 1, "{said:#?}");
    stop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_listener_is_called_and_told_to_port() {
    let services = Services::start().await;
    let program = services.program(WEBHOOK).set("OCEAN__PATH_PREFIX", "hooks");
    let mut running = program.set("OCEAN__SCHEDULED_RESYNC_INTERVAL", "90").start(&[]);
    let port = running.until("listening on 0.0.0.0:");
    while !send(&port, "GET", "/hooks/health/ready").starts_with("HTTP/1.1 200 OK\r\n") {
        std::thread::yield_now();
    }
    assert_eq!(
        services.integration("changelogDestination"),
        json!({ "type": "WEBHOOK", "url": "https://bb.example.com/resync" })
    );
    assert_eq!(services.resyncs(), 0);
    let mut due = Value::Null;
    for nth in 1..=3 {
        let answer = send(&port, "POST", "/resync");
        // What was said of the end of the last one may be a moment ahead of it.
        let started = [r#"{"status":"started"}"#, r#"{"status":"queued"}"#].iter().any(|said| answer.ends_with(said));
        assert!(answer.starts_with("HTTP/1.1 202 ") && started, "{answer}");
        // The mapping is that of the moment.
        running.until(&format!("resource {} (", 3 - nth));
        running.until("resync complete in ");
        assert_eq!(services.resyncs(), nth);
        services.port.change(|world| {
            let mut mapping = world.integration("my-bitbucket").expect("it")["config"].clone();
            mapping["resources"].as_array_mut().expect("a list").pop();
            world.set_mapping("my-bitbucket", mapping).expect("it is there");
        });
        // The next one by the clock is counted from the start, not from here.
        let next = services.integration("resyncState")["nextResync"].clone();
        assert!(next.is_string() && (nth == 1 || next == due), "{next} {due}");
        due = next;
    }
    assert_eq!(services.port.record().count("GET", REQUESTS), 0);
    stop(running);
    // Port has the whole log.
    let logged = services.port.read(|world| {
        let logs = world.reports_to("/logs/").flat_map(|report| report["logs"].as_array().cloned().unwrap_or_default());
        logs.filter(|log| log["message"].as_str().is_some_and(|text| text.starts_with("resync complete"))).count()
    });
    assert_eq!(logged, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_process_keeps_its_state_file_and_the_next_one_waits_for_it() {
    let services = Services::start().await;
    let program = services.program(POLLING);
    let mut first = program.start(&[]);
    first.until("resync complete in ");
    let mut second = program.start(&[]);
    let port = second.until("listening on 0.0.0.0:");
    second.until(&format!("is in use by process {} on ", first.id()));
    while !send(&port, "GET", "/health/ready").contains("waiting for the state file") {
        std::thread::yield_now();
    }
    stop(first);
    second.until("resync complete in ");
    assert!(send(&port, "GET", "/health/ready").starts_with("HTTP/1.1 200 OK\r\n"));
    stop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_plans_each_time_and_writes_nothing() {
    let services = Services::start().await;
    let once = services.program(r#"{"type":"ONCE"}"#);
    assert_eq!(once.run(&[]).code, Some(0));
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(once.folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .map(|path| (path.clone(), std::fs::read(path).expect("a file")))
            .collect();
        files.sort();
        files
    };
    let before = files();
    services.port.record().clear();
    refuse_writes(&services.port);
    let state = once.folder.path().join("state.db").display().to_string();
    let dry = services.program(POLLING).set("OCEAN__DRY_RUN", "true").set("OCEAN__STATE_PATH", &state);
    let mut running = dry.start(&[]);
    running.until("plan: nothing was written");
    services.request(0);
    running.until("a resync was requested at ");
    running.until("plan: nothing was written");
    services.questions(2);
    stop(running);
    assert_only_read(&services.port);
    assert_eq!(files(), before);
}
