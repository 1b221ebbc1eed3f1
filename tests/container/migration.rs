//! From Port's own runtime to this program, back, and forth again: `docs/migration.md` step by step.

use std::time::Duration;

use bitbucket_port::http::{HttpSettings, http_client};
use bitbucket_port_sandbox::cloud::{self, WorldSpec};
use bitbucket_port_sandbox::port;
use serde_json::{Value, json};

use crate::plan::{assert_only_read, refuse_writes};
use crate::program::{Ended, Program};

const REPOSITORY: &str = "bitbucketRepository";
const THEIRS: &str = "port-ocean/bitbucket-cloud/0.5.110/my-bitbucket/exporter";

/// A workspace, and a Port whose integration `my-bitbucket` was kept by Port's own runtime until now.
struct Services {
    bitbucket: cloud::Server,
    port: port::Server,
}

impl Services {
    async fn start() -> Self {
        let spec = WorldSpec { repositories: 8, pull_requests_per_repository: 3, projects: 2, ..WorldSpec::default() };
        let world = cloud::World::generate(&spec);
        let bitbucket = cloud::Server::start(world, cloud::Options::default()).await.expect("the sandbox starts");
        let port = port::Server::start(port::World::empty(), port::Options::default()).await;
        let services = Self { bitbucket, port: port.expect("the sandbox starts") };
        // What it has written is what this program writes, but for the version in the name of the writer.
        services.run(&services.program("my-bitbucket"));
        services.present_runtime_starts().await;
        services.port.change(|world| {
            for (blueprint, identifier) in all(world) {
                assert!(world.edit_entity(&blueprint, &identifier, |it| THEIRS.clone_into(&mut it.datasource)));
            }
        });
        services
    }

    /// The variables of the present container, in a container of its own.
    fn program(&self, identifier: &str) -> Program {
        Program::configured()
            .set("OCEAN__PORT__CLIENT_ID", "sandbox-client")
            .set("OCEAN__PORT__CLIENT_SECRET", "sandbox-secret")
            .set("OCEAN__PORT__BASE_URL", &self.port.url())
            .set("OCEAN__INTEGRATION__IDENTIFIER", identifier)
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_HOST_URL", &self.bitbucket.url())
            // As the chart sets it.
            .set("OCEAN__PROCESSING_MODE", "dsp")
            .set("OCEAN__STRICT_EXIT", "true")
    }

    fn run(&self, program: &Program) -> Ended {
        let ended = program.run(&[]);
        assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.error);
        // Port's clock has whole seconds; what was written in the second of the listing would not be listed.
        self.port.advance_clock(Duration::from_secs(5));
        ended
    }

    /// Registers as a start of Port's runtime does.
    async fn present_runtime_starts(&self) {
        let http = http_client(&HttpSettings::default()).expect("an HTTP client");
        let (base, json) = (format!("{}/v1", self.port.url()), "application/json");
        let credentials = json!({ "clientId": "sandbox-client", "clientSecret": "sandbox-secret" }).to_string();
        let token = http.post(format!("{base}/auth/access_token")).header("content-type", json).body(credentials);
        let token: Value = token.send().await.expect("an answer").json().await.expect("JSON");
        let token = format!("Bearer {}", token["accessToken"].as_str().expect("a token"));
        let patch = http.patch(format!("{base}/integration/my-bitbucket")).header("authorization", token);
        let body = json!({ "version": "0.5.110", "processingMode": "dsp" }).to_string();
        let answer = patch.header("content-type", json).body(body).send().await;
        assert!(answer.expect("an answer").status().is_success());
    }

    fn catalog(&self) -> Value {
        self.port.read(port::World::snapshot)
    }

    fn integration(&self, field: &str) -> Value {
        self.port.read(|world| world.integration("my-bitbucket").expect("it is there")[field].clone())
    }

    fn upserts(&self) -> usize {
        self.port.record().count("POST", "/v1/blueprints/*/entities/bulk")
    }

    /// How many entities each writer has written last.
    fn written_by(&self, part: &str) -> usize {
        self.port.read(|world| {
            let is_of = |(blueprint, identifier): &(String, String)| {
                world.entity(blueprint, identifier).is_some_and(|entity| entity.datasource.contains(part))
            };
            all(world).iter().filter(|id| is_of(id)).count()
        })
    }
}

/// Blueprint and identifier of everything.
fn all(world: &port::World) -> Vec<(String, String)> {
    let blueprints = ["bitbucketProject", REPOSITORY, "bitbucketPullRequest"];
    let of = |blueprint: &str| {
        let name = blueprint.to_owned();
        world.entities(blueprint).map(|entity| (name.clone(), entity.identifier.clone())).collect::<Vec<_>>()
    };
    blueprints.into_iter().flat_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_present_runtime_to_this_program_and_back_and_forth() {
    let services = Services::start().await;
    let mapping = services.integration("config");
    // The present runtime has not seen this yet.
    services.bitbucket.change(|world| world.add_repository("brand-new"));
    let before = services.catalog();

    // Shadow mode: beside it, with its settings.
    services.port.record().clear();
    refuse_writes(&services.port);
    let shadow = services.run(&services.program("my-bitbucket").set("OCEAN__DRY_RUN", "true"));
    assert!(shadow.out.contains("brand-new"), "{}", shadow.out);
    assert!(!shadow.out.contains("resync complete") && !shadow.out.contains("unchanged, "), "{}", shadow.out);
    assert_only_read(&services.port);
    assert_eq!((services.catalog(), services.integration("version")), (before.clone(), json!("0.5.110")));
    services.port.faults().clear();

    // The switch, with an empty state file: what is the same is not sent.
    let program = services.program("my-bitbucket");
    let switched = services.run(&program);
    assert!(switched.out.contains("(repository): 9 listed, 9 mapped, 8 unchanged, 1 written"), "{}", switched.out);
    assert!(switched.out.contains("| WARNING  | "), "the chart's `dsp` is warned about: {}", switched.out);
    assert_eq!(services.written_by("/0.5.110/"), count(&before), "what the present runtime wrote was sent again");
    assert_eq!(services.integration("processingMode"), "ocean-core");
    assert_eq!(services.integration("config"), mapping, "the mapping stays");
    let ours = services.catalog();

    // The second run sends nothing.
    let upserts = services.upserts();
    services.run(&program);
    assert_eq!((services.upserts(), services.catalog()), (upserts, ours.clone()));

    // Back: the mapping is one that the present runtime takes, and what this program wrote is its own too.
    let pulled = program.run(&["mapping", "pull", "--identifier", "my-bitbucket", "--output", "mapping.yaml"]);
    assert_eq!(pulled.code, Some(0), "{}{}", pulled.out, pulled.error);
    let portable = program.run(&["mapping", "check", "mapping.yaml", "--portable"]);
    assert_eq!(portable.code, Some(0), "{}{}", portable.out, portable.error);
    services.present_runtime_starts().await;
    let edited = services.port.read(|world| all(world)[3].clone());
    services.port.change(|world| {
        world.edit_entity(&edited.0, &edited.1, |entity| {
            entity.title = Some(json!("another title"));
            THEIRS.clone_into(&mut entity.datasource);
        })
    });

    // Forth again, with the state file of the first time: nothing in it is believed.
    let upserts = services.upserts();
    let forth = services.run(&program);
    assert!(forth.out.contains("another program registered under this identifier"), "{}", forth.out);
    assert!(forth.out.contains("0.5.110"), "{}", forth.out);
    assert_eq!((services.upserts() - upserts, services.catalog()), (1, ours));
}

fn count(snapshot: &Value) -> usize {
    snapshot
        .as_object()
        .map_or(0, |blueprints| blueprints.values().filter_map(Value::as_object).map(serde_json::Map::len).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_new_identifier_entities_are_taken_over_by_name() {
    let services = Services::start().await;
    let before = services.catalog();
    let program = services.program("next-bitbucket");
    let plan = program.run(&["plan", "--catalog", "port", "--identifier", "next-bitbucket"]);
    assert_eq!(plan.code, Some(0), "{}{}", plan.out, plan.error);
    assert!(plan.out.contains("integration next-bitbucket would be created"), "{}", plan.out);
    assert!(plan.out.contains("my-bitbucket (bitbucket-cloud)"), "{}", plan.out);
    assert_eq!((services.catalog(), services.written_by("/next-bitbucket/")), (before.clone(), 0));

    let switched = services.run(&program);
    let said = "belongs to my-bitbucket (bitbucket-cloud) and is taken over";
    assert!(switched.out.contains(said) || switched.out.contains("belong to my-bitbucket"), "{}", switched.out);
    assert_eq!(services.catalog(), before, "content stays, the owner changes");
    assert_eq!(services.written_by("/my-bitbucket/"), 0);
}
