//! One resync per start, into a Port and from a Bitbucket of the sandbox.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bitbucket_port_sandbox::cloud::{self, WorldSpec};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence, port};

use crate::program::Program;

struct Services {
    bitbucket: cloud::Server,
    port: port::Server,
}

impl Services {
    async fn start() -> Self {
        let spec = WorldSpec { repositories: 4, pull_requests_per_repository: 2, projects: 1, ..WorldSpec::default() };
        let world = cloud::World::generate(&spec);
        Self {
            bitbucket: cloud::Server::start(world, cloud::Options::default()).await.expect("the sandbox starts"),
            port: port::Server::start(port::World::empty(), port::Options::default())
                .await
                .expect("the sandbox starts"),
        }
    }

    fn program(&self) -> Program {
        Program::configured()
            .set("OCEAN__PORT__CLIENT_ID", "sandbox-client")
            .set("OCEAN__PORT__CLIENT_SECRET", "sandbox-secret")
            .set("OCEAN__PORT__BASE_URL", &self.port.url())
            .set("OCEAN__INTEGRATION__IDENTIFIER", "my-bitbucket")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_HOST_URL", &self.bitbucket.url())
    }

    fn entities(&self, blueprint: &str) -> usize {
        self.port.read(|world| world.entities(blueprint).count())
    }

    /// How each kind stands by the last metrics that Port got of it.
    #[cfg(unix)]
    fn last_states(&self) -> std::collections::BTreeMap<String, String> {
        let text = |document: &serde_json::Value, name: &str| document[name].as_str().unwrap_or_default().to_owned();
        let of = |document: &serde_json::Value| (text(document, "kindIdentifier"), text(document, "syncState"));
        self.port.read(|world| {
            let mut last = std::collections::BTreeMap::new();
            for report in world.reports_to("syncMetrics") {
                last.extend(report["syncKindsMetrics"].as_array().into_iter().flatten().map(of));
                last.extend(report.get("syncKindMetrics").map(of));
            }
            last
        })
    }

    fn resync_status(&self) -> String {
        let read = |world: &port::World| world.integration("my-bitbucket").cloned().unwrap_or_default();
        self.port.read(read)["resyncState"]["status"].as_str().unwrap_or_default().to_owned()
    }
}

fn get(port: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the server accepts");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_fills_port_and_the_next_has_nothing_to_write() {
    let services = Services::start().await;
    let program = services.program();
    let first = program.run(&[]);
    assert_eq!(first.code, Some(0), "{}{}", first.out, first.error);
    assert!(first.out.contains("| INFO     | bitbucket-port "), "{}", first.out);
    assert!(first.out.contains("resource 1 (repository): 4 listed, 4 mapped, 0 unchanged, 4 written"), "{}", first.out);
    assert_eq!((services.entities("bitbucketRepository"), services.resync_status().as_str()), (4, "completed"));
    // Port's clock has whole seconds; what was written in the second of the listing would not be listed.
    services.port.advance_clock(Duration::from_secs(5));
    let second = program.run(&["ocean", "sail", "--once"]);
    assert_eq!(second.code, Some(0), "{}{}", second.out, second.error);
    assert!(
        second.out.contains("resource 1 (repository): 4 listed, 4 mapped, 4 unchanged, 0 written"),
        "{}",
        second.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_resync_ends_with_0_or_strictly_with_2() {
    let services = Services::start().await;
    let forbidden = Fault::Status { status: 403, retry_after: None };
    services.bitbucket.faults().set([FaultRule::on("/**/pullrequests", Occurrence::Always, forbidden)]);
    let compatible = services.program().run(&[]);
    assert_eq!(compatible.code, Some(0), "{}{}", compatible.out, compatible.error);
    assert!(compatible.out.contains("| WARNING  | resync INCOMPLETE"), "{}", compatible.out);
    let strict = services.program().set("OCEAN__STRICT_EXIT", "true").run(&[]);
    assert_eq!(strict.code, Some(2), "{}{}", strict.out, strict.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_refuses_the_credentials_ends_it_with_1() {
    let services = Services::start().await;
    let ended = services.program().set("OCEAN__PORT__CLIENT_SECRET", "hush-hush").run(&[]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.error);
    assert!(ended.out.contains("| ERROR    | provisioning failed: "), "{}", ended.out);
    assert_eq!(services.bitbucket.record().total(), 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_in_order_and_port_is_told() {
    let services = Services::start().await;
    let slow = Fault::Delay(Duration::from_secs(600));
    services.bitbucket.faults().set([FaultRule::on("/**", Occurrence::Always, slow)]);
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut running = services.program().start(&[]);
        let port = running.until("listening on 0.0.0.0:");
        // Before provisioning ended the answer is 503.
        while !get(&port, "/health/ready").starts_with("HTTP/1.1 200 OK\r\n") {
            std::thread::yield_now();
        }
        assert!(get(&port, "/health/live").contains(r#""status":"healthy""#));
        while services.resync_status() != "running" {
            std::thread::yield_now();
        }
        assert!(get(&port, "/metrics").contains("object_count{kind=\"repository-1\""));
        running.signal(signal);
        assert_eq!(running.code(), Some(code));
        assert_eq!(services.resync_status(), "aborted", "{signal}");
        let last = services.last_states();
        assert!(last.len() > 3 && last.values().all(|state| state == "aborted"), "{signal}: {last:?}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_container_waits_unready_until_the_first_has_ended() {
    let services = Services::start().await;
    let slow = Fault::Delay(Duration::from_secs(600));
    services.bitbucket.faults().set([FaultRule::on("/**", Occurrence::Always, slow)]);
    let program = services.program();
    let mut first = program.start(&[]);
    first.until("listening on 0.0.0.0:");
    while services.resync_status() != "running" {
        std::thread::yield_now();
    }
    let mut second = program.start(&[]);
    let port = second.until("listening on 0.0.0.0:");
    second.until("| WARNING  | Port says that a resync of this integration runs since ");
    second.until(&format!("is in use by process {} on ", first.id()));
    while !get(&port, "/health/ready").contains("waiting for the state file, which is in use by process") {
        std::thread::yield_now();
    }
    assert!(get(&port, "/health/live").starts_with("HTTP/1.1 200 OK\r\n"));
    // One that only waited says nothing about the resync of the other.
    let mut third = program.start(&[]);
    third.until(&format!("is in use by process {} on ", first.id()));
    third.signal("TERM");
    assert_eq!((third.code(), services.resync_status().as_str()), (Some(143), "running"));
    services.bitbucket.faults().clear();
    first.signal("TERM");
    assert_eq!(first.code(), Some(143));
    second.until("resync complete in ");
    assert_eq!(second.code(), Some(0));
    assert_eq!((services.entities("bitbucketRepository"), services.resync_status().as_str()), (4, "completed"));
}
