//! TLS and proxies, which are to work alike for Bitbucket Cloud, Data Center and Port.

use std::net::SocketAddr;

use bitbucket_port_sandbox::{cloud, datacenter, port};
use rstest::rstest;

use crate::program::{Ended, Program};
use crate::tunnel::{Encrypted, Proxy};

/// The service that is reached by TLS; the others are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    Cloud,
    DataCenter,
    Port,
}

/// All services, one of them behind TLS.
struct Scene {
    hidden: Hidden,
    cloud: cloud::Server,
    server: datacenter::Server,
    port: port::Server,
    front: Encrypted,
}

impl Scene {
    async fn new(hidden: Hidden, host: &str) -> Self {
        let world = cloud::WorldSpec { repositories: 2, projects: 1, ..cloud::WorldSpec::default() };
        let cloud = cloud::Server::start(cloud::World::generate(&world), cloud::Options::default()).await;
        let world = datacenter::WorldSpec {
            repositories: 2,
            projects: 1,
            personal_projects: 0,
            ..datacenter::WorldSpec::default()
        };
        let options = datacenter::Options { context_path: "/scm".to_owned(), ..datacenter::Options::default() };
        let server = datacenter::Server::start(datacenter::World::generate(&world), options).await;
        let port = port::Server::start(port::World::empty(), port::Options::default()).await;
        let (cloud, server, port) = (cloud.expect("Cloud"), server.expect("Data Center"), port.expect("Port"));
        let url = match hidden {
            Hidden::Cloud => cloud.url(),
            Hidden::DataCenter => server.url(),
            Hidden::Port => port.url(),
        };
        let front = Encrypted::before(address(&url), host).await;
        Self { hidden, cloud, server, port, front }
    }

    /// The program with all three addresses; `origin` is how the hidden one is reached.
    fn program(&self, origin: &str) -> Program {
        let reached = |which, url: String| if which == self.hidden { format!("{origin}{}", path(&url)) } else { url };
        let program = Program::new()
            .set("OCEAN__PORT__CLIENT_ID", "sandbox-client")
            .set("OCEAN__PORT__CLIENT_SECRET", "sandbox-secret")
            .set("OCEAN__PORT__BASE_URL", &reached(Hidden::Port, self.port.url()))
            .set("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#)
            .set("OCEAN__STRICT_EXIT", "true")
            .set("APPLICATION__PORT", "0");
        match self.hidden {
            Hidden::Cloud | Hidden::Port => program
                .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "acme")
                .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE_TOKEN", "hush-token")
                .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_HOST_URL", &reached(Hidden::Cloud, self.cloud.url())),
            Hidden::DataCenter => program
                .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_TOKEN", "hush-token")
                .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_BASE_URL", &reached(Hidden::DataCenter, self.server.url())),
        }
    }

    fn direct(&self) -> String {
        format!("https://localhost:{}", self.front.address.port())
    }

    /// Writes the authority into the program's folder.
    fn authority(&self, program: &Program) -> String {
        let path = program.folder.path().join("authority.pem");
        std::fs::write(&path, &self.front.authority).expect("a file");
        path.display().to_string()
    }

    /// The setting that turns verification off for the hidden one.
    fn switch(&self) -> &'static str {
        if self.hidden == Hidden::Port { "OCEAN__SSL__PORT__VERIFY" } else { "OCEAN__SSL__THIRD_PARTY__VERIFY" }
    }
}

fn address(url: &str) -> SocketAddr {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    rest.split('/').next().expect("a host").parse().expect("an address")
}

fn path(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    rest.split_once('/').map(|(_, path)| format!("/{path}")).unwrap_or_default()
}

/// Everything was read and written.
fn assert_done(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.error);
    assert!(ended.out.contains("(repository): 2 listed, 2 mapped"), "{}", ended.out);
}

#[rstest]
#[case(Hidden::Cloud)]
#[case(Hidden::DataCenter)]
#[case(Hidden::Port)]
#[tokio::test(flavor = "multi_thread")]
async fn an_authority_of_ones_own_is_trusted_where_it_is_named(#[case] hidden: Hidden) {
    let scene = Scene::new(hidden, "localhost").await;
    let unknown = scene.program(&scene.direct()).run(&[]);
    assert_ne!(unknown.code, Some(0), "{}{}", unknown.out, unknown.error);
    assert!(unknown.out.contains("authority"), "{}{}", unknown.out, unknown.error);
    for variable in ["OCEAN__SSL__CA_FILES", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let program = scene.program(&scene.direct());
        let file = scene.authority(&program);
        let folder = program.folder.path().display().to_string();
        let value = if variable == "SSL_CERT_DIR" { folder } else { file };
        assert_done(&program.set(variable, &value).run(&[]));
    }
    let skipped = scene.program(&scene.direct()).set(scene.switch(), "false").run(&[]);
    assert_done(&skipped);
    assert!(skipped.out.contains("| WARNING  | certificates of "), "{}", skipped.out);
}

#[rstest]
#[case(Hidden::Cloud)]
#[case(Hidden::DataCenter)]
#[case(Hidden::Port)]
#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_of_the_environment_is_used_but_where_it_is_not_to_be(#[case] hidden: Hidden) {
    let scene = Scene::new(hidden, "behind.invalid").await;
    let proxy = Proxy::to(scene.front.address).await;
    let program = scene.program("https://behind.invalid").set("HTTPS_PROXY", &proxy.url());
    let file = scene.authority(&program);
    assert_done(&program.set("OCEAN__SSL__CA_FILES", &file).run(&[]));
    let asked = proxy.asked();
    assert!(!asked.is_empty() && asked.iter().all(|line| line == "CONNECT behind.invalid:443 HTTP/1.1"), "{asked:?}");

    let scene = Scene::new(hidden, "localhost").await;
    let program = scene.program(&scene.direct()).set("HTTPS_PROXY", &proxy.url()).set("NO_PROXY", "localhost");
    let file = scene.authority(&program);
    assert_done(&program.set("OCEAN__SSL__CA_FILES", &file).run(&[]));
    assert_eq!(proxy.asked().len(), asked.len());
}

#[rstest]
#[case(Hidden::Cloud)]
#[case(Hidden::DataCenter)]
#[case(Hidden::Port)]
#[tokio::test(flavor = "multi_thread")]
async fn plain_http_works_with_a_warning(#[case] hidden: Hidden) {
    let scene = Scene::new(hidden, "localhost").await;
    let url = match hidden {
        Hidden::Cloud => scene.cloud.url(),
        Hidden::DataCenter => scene.server.url(),
        Hidden::Port => scene.port.url(),
    };
    let proxy = Proxy::to(address(&url)).await;
    let program = scene.program("http://elsewhere.invalid").set("HTTP_PROXY", &proxy.url());
    let ended = program.set("NO_PROXY", "127.0.0.1").run(&[]);
    assert_done(&ended);
    assert!(ended.out.contains("is plain HTTP: credentials and data can be read on the way"), "{}", ended.out);
}
