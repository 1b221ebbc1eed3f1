//! Renamed and moved repositories: the old entities go and the new ones come in one sync, and a plan says so.

use bitbucket_port::catalog::{
    Catalog as _, Entity, Existing, LocalCatalog, MissingRelated, StoredEntity, WriteOptions,
};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence, cloud, datacenter, port};
use serde_json::{Value, json};
use std::time::Duration;

use crate::program::{Ended, Program};

const SQLITE: [&str; 4] = ["--catalog", "sqlite:catalog.db", "--identifier", "ours"];
const MAPPING: [&str; 2] = ["--mapping", "mapping.yaml"];
const DETAILED: [&str; 1] = ["--detailed-exitcode"];
const PROJECT: &str = "bitbucketProject";
const REPOSITORY: &str = "bitbucketRepository";
const PULL_REQUEST: &str = "bitbucketPullRequest";

/// A product, a program set up for it with its mapping, and the catalog file that it writes.
struct Bench {
    program: Program,
    place: Vec<String>,
}

impl Bench {
    fn of_cloud(server: &cloud::Server) -> Self {
        let program = Program::configured().set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_HOST_URL", &server.url());
        Self { program, place: vec![] }.mapped(include_str!("../../mappings/cloud/default.yaml"))
    }

    fn of_data_center(server: &datacenter::Server, mapping: &str) -> Self {
        let program = Program::new();
        std::fs::write(program.folder.path().join("token"), "a-token").expect("written");
        let place = ["--server", &server.url(), "--token-file", "token"].map(str::to_owned).to_vec();
        Self { program, place }.mapped(mapping)
    }

    fn mapped(self, mapping: &str) -> Self {
        std::fs::write(self.program.folder.path().join("mapping.yaml"), mapping).expect("written");
        self
    }

    fn run(&self, command: &str, options: &[&[&str]]) -> Ended {
        let place: Vec<&str> = self.place.iter().map(String::as_str).collect();
        let mut all = vec![command];
        all.extend(place.iter().chain(&MAPPING).chain(options.iter().copied().flatten()));
        self.program.run(&all)
    }

    fn json(&self, command: &str, options: &[&[&str]]) -> Value {
        let ended = self.run(command, &[options, &[&["--format", "json"]]].concat());
        assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.error);
        serde_json::from_str(&ended.out).expect("JSON")
    }

    fn nothing_to_do(&self, options: &[&[&str]]) {
        let plan = self.run("plan", &[options, &[&DETAILED]].concat());
        assert_eq!(plan.code, Some(0), "{}{}", plan.out, plan.error);
        assert!(plan.out.contains("nothing to do"), "{}", plan.out);
    }

    async fn catalog(&self) -> LocalCatalog {
        LocalCatalog::open(&self.program.folder.path().join("catalog.db"), "ours").await.expect("it opens")
    }

    async fn entities(&self, blueprint: &str) -> Vec<StoredEntity> {
        let catalog = self.catalog().await;
        let entities = catalog.entities(blueprint, None, 1_000).await.expect("entities");
        catalog.close().await.expect("it closes");
        entities
    }

    async fn identifiers(&self, blueprint: &str) -> Vec<String> {
        self.entities(blueprint).await.into_iter().map(|entity| entity.identifier).collect()
    }

    /// What a person adds to an entity.
    async fn set_by_hand(&self, blueprint: &str, identifier: &str, content: Value) {
        let catalog = self.catalog().await;
        let mut entity = content;
        entity["identifier"] = identifier.into();
        entity["blueprint"] = blueprint.into();
        let entity: Entity = serde_json::from_value(entity).expect("an entity");
        let options = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Fail };
        catalog.upsert(blueprint, &[entity], options).await.expect("written");
        catalog.close().await.expect("it closes");
    }
}

async fn cloud(repositories: u32) -> cloud::Server {
    let spec =
        cloud::WorldSpec { repositories, pull_requests_per_repository: 4, projects: 3, ..cloud::WorldSpec::default() };
    cloud::Server::start(cloud::World::generate(&spec), cloud::Options::default()).await.expect("the sandbox starts")
}

async fn data_center() -> datacenter::Server {
    let spec = datacenter::WorldSpec {
        repositories: 14,
        pull_requests_per_repository: 3,
        users: 6,
        ..datacenter::WorldSpec::default()
    };
    let world = datacenter::World::generate(&spec);
    datacenter::Server::start(world, datacenter::Options::default()).await.expect("the sandbox starts")
}

/// The changes of a plan that are renames, as (blueprint, from, to).
fn renames(plan: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let all = plan["changes"].as_array().expect("a list").iter();
    all.filter(|change| change["action"] == "rename")
        .map(|change| (text(&change["blueprint"]), text(&change["from"]["identifier"]), text(&change["identifier"])))
        .collect()
}

fn total(plan: &Value, what: &str) -> u64 {
    plan["totals"].as_object().expect("an object").values().filter_map(|of| of[what].as_u64()).sum()
}

fn messages(report: &Value) -> Vec<&str> {
    report["notices"].as_array().expect("a list").iter().filter_map(|notice| notice["message"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_of_the_cloud_is_renamed_with_its_pull_requests() {
    let server = cloud(8).await;
    let bench = Bench::of_cloud(&server);
    bench.json("resync", &[&SQLITE]);
    let pull_requests = bench.entities(PULL_REQUEST).await;
    let old = pull_requests[0].relations["repository"].as_str().expect("a repository").to_owned();
    let count = pull_requests.iter().filter(|entity| entity.relations["repository"] == old.as_str()).count();
    let repositories = bench.entities(REPOSITORY).await;
    let url = &repositories.iter().find(|entity| entity.identifier == old).expect("it is there").properties["url"];
    let slug = url.as_str().and_then(|url| url.rsplit('/').next()).expect("a slug").to_owned();
    bench.set_by_hand(REPOSITORY, &old, json!({ "icon": "Star", "team": ["platform"] })).await;
    server.change(|world| world.rename_repository(&slug, "Renamed Thing")).expect("it is there");

    let human = bench.run("plan", &[&SQLITE]);
    insta::assert_snapshot!("renamed", human.out.replace(&server.url().replace("/2.0", ""), "ORIGIN"));
    let plan = bench.json("plan", &[&SQLITE]);
    let found = renames(&plan);
    assert_eq!(found.len(), 1 + count, "{plan:#}");
    assert!(found.contains(&(REPOSITORY.to_owned(), old.clone(), "Renamed Thing".to_owned())), "{found:?}");
    assert_eq!((total(&plan, "create"), total(&plan, "delete")), (1 + count as u64, 1 + count as u64));
    assert_eq!(total(&plan, "renamed"), 1 + count as u64);
    let changes = plan["changes"].as_array().expect("a list");
    let repository = changes.iter().find(|change| change["identifier"] == "Renamed Thing").expect("it is planned");
    assert_eq!(
        repository["lost"],
        json!([{ "field": "icon", "old": "Star" }, { "field": "team", "old": ["platform"] }]),
        "{repository:#}"
    );
    assert!(repository["fields"].as_array().is_some_and(|fields| !fields.is_empty()), "{repository:#}");
    assert!(messages(&plan).iter().any(|message| message.starts_with("entities to be renamed of ")), "{plan:#}");

    server.record().clear();
    let report = bench.json("resync", &[&SQLITE]);
    assert_eq!(server.record().count("GET", "/2.0/repositories/*/*"), 0, "nobody has to be asked");
    assert_eq!(server.record().count("GET", "/2.0/repositories/*/*/pullrequests/*"), 0);
    let said = messages(&report);
    let expected = format!("renamed entities of {REPOSITORY}: {old:?} to \"Renamed Thing\" (icon, team)");
    assert!(said.iter().any(|message| message.starts_with(&expected)), "{said:?}");
    let names = bench.identifiers(REPOSITORY).await;
    assert!(!names.contains(&old) && names.contains(&"Renamed Thing".to_owned()) && names.len() == 8, "{names:?}");
    let after = bench.entities(PULL_REQUEST).await;
    assert_eq!(after.len(), pull_requests.len());
    assert!(after.iter().all(|entity| entity.relations["repository"] != old.as_str()));
    bench.nothing_to_do(&[&SQLITE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_of_the_cloud_moves_to_another_project() {
    let server = cloud(6).await;
    let bench = Bench::of_cloud(&server);
    bench.json("resync", &[&SQLITE]);
    let before = bench.entities(REPOSITORY).await;
    let slug = server.read(|world| world.repository_slugs()[0].clone());
    let of = |entities: &[StoredEntity]| {
        let is_it = |url: &Value| url.as_str().is_some_and(|url| url.ends_with(&format!("/{slug}")));
        let found = entities.iter().find(|entity| is_it(&entity.properties["url"])).expect("it is there");
        found.relations["project"].clone()
    };
    let projects = bench.entities("bitbucketProject").await;
    let other = projects.iter().find(|project| of(&before) != project.identifier.as_str()).expect("another project");
    let key = other.properties["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a key").to_owned();
    server.change(|world| world.move_repository(&slug, &key)).expect("it is there");
    let plan = bench.json("plan", &[&SQLITE]);
    assert_eq!((total(&plan, "create"), total(&plan, "update"), total(&plan, "delete")), (0, 1, 0), "{plan:#}");
    let fields = plan["changes"][0]["fields"].as_array().expect("a list");
    assert!(fields.iter().any(|field| field["field"] == "relations.project"), "{plan:#}");
    bench.json("resync", &[&SQLITE]);
    let after = bench.entities(REPOSITORY).await;
    assert_eq!((after.len(), of(&after)), (before.len(), json!(other.identifier)));
    bench.nothing_to_do(&[&SQLITE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn repositories_of_a_server_are_renamed_and_moved() {
    let server = data_center().await;
    let bench = Bench::of_data_center(&server, include_str!("../../mappings/datacenter/prefixed.yaml"));
    bench.json("resync", &[&SQLITE]);
    let count = bench.identifiers(PULL_REQUEST).await.len();
    let keys =
        server.read(|world| world.project_keys().into_iter().filter(|key| !key.starts_with('~')).collect::<Vec<_>>());
    let of = |key: &str| {
        let names = server.read(datacenter::World::repository_names);
        names.into_iter().filter(|(of, _)| of == key).map(|(_, slug)| slug).collect::<Vec<_>>()
    };
    let (renamed, moved) = (of(&keys[0])[0].clone(), of(&keys[1])[0].clone());
    server.change(|world| world.rename_repository(&keys[0], &renamed, "Renamed Thing")).expect("it is there");
    server.change(|world| world.move_repository(&keys[1], &moved, &keys[2])).expect("it is there");
    let name = |key: &str, slug: &str| format!("dc-{key}-{slug}");
    let plan = bench.json("plan", &[&SQLITE]);
    let found = renames(&plan);
    let renamed = (REPOSITORY.to_owned(), name(&keys[0], &renamed), name(&keys[0], "renamed-thing"));
    let moved = (REPOSITORY.to_owned(), name(&keys[1], &moved), name(&keys[2], &moved));
    assert!(found.contains(&renamed) && found.contains(&moved), "{plan:#}");
    assert!(found.iter().any(|(blueprint, ..)| blueprint == PULL_REQUEST), "{found:?}");
    assert_eq!(total(&plan, "delete"), total(&plan, "renamed"), "{plan:#}");
    assert_eq!(total(&plan, "create"), total(&plan, "renamed"), "{plan:#}");

    server.record().clear();
    bench.json("resync", &[&SQLITE]);
    assert_eq!(server.record().count("GET", "/**/pull-requests/*"), 0, "nobody has to be asked");
    let names = bench.identifiers(REPOSITORY).await;
    for (_, from, to) in [renamed, moved] {
        assert!(!names.contains(&from) && names.contains(&to), "{names:?}");
    }
    assert_eq!(bench.identifiers(PULL_REQUEST).await.len(), count);
    bench.nothing_to_do(&[&SQLITE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_of_a_server_gets_another_key_with_all_that_belongs_to_it() {
    let server = data_center().await;
    let bench = Bench::of_data_center(&server, include_str!("../../mappings/datacenter/prefixed.yaml"));
    bench.json("resync", &[&SQLITE]);
    let (key, _) = server.read(|world| world.repository_names()[0].clone());
    let under = |names: Vec<String>, key: &str| {
        let (own, below) = (format!("dc-{key}"), format!("dc-{key}-"));
        names.into_iter().filter(|name| *name == own || name.starts_with(&below)).count()
    };
    let count = async |bench: &Bench, key: &str| {
        let mut of = Vec::new();
        for blueprint in [PROJECT, REPOSITORY, PULL_REQUEST] {
            of.push(under(bench.identifiers(blueprint).await, key));
        }
        of
    };
    let before = count(&bench, &key).await;
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    server.change(|world| world.edit_project(&key, |project| project.key = "ANEW".to_owned())).expect("it is there");
    let plan = bench.json("plan", &[&SQLITE]);
    let renamed = |key: &str| (PROJECT.to_owned(), format!("dc-{key}"), "dc-ANEW".to_owned());
    assert!(renames(&plan).contains(&renamed(&key)), "{plan:#}");
    assert_eq!(total(&plan, "renamed"), before.iter().sum::<usize>() as u64, "{plan:#}");
    bench.json("resync", &[&SQLITE]);
    assert_eq!(count(&bench, "ANEW").await, before);
    assert_eq!(count(&bench, &key).await, [0, 0, 0]);
    bench.nothing_to_do(&[&SQLITE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_mapping_of_a_server_follows_a_rename_and_a_move() {
    let server = data_center().await;
    let bench = Bench::of_data_center(&server, include_str!("../../mappings/datacenter/default.yaml"));
    bench.json("resync", &[&SQLITE]);
    let keys = server.read(datacenter::World::project_keys);
    let (key, slug) = server.read(|world| world.repository_names()[0].clone());
    let other = keys.iter().find(|other| **other != key).expect("another project").clone();
    // Both at once.
    server.change(|world| world.rename_repository(&key, &slug, "Renamed Thing")).expect("it is there");
    server.change(|world| world.move_repository(&key, "renamed-thing", &other)).expect("it is there");
    let plan = bench.json("plan", &[&SQLITE]);
    assert!(renames(&plan).contains(&(REPOSITORY.to_owned(), slug.clone(), "renamed-thing".to_owned())), "{plan:#}");
    bench.json("resync", &[&SQLITE]);
    let entities = bench.entities(REPOSITORY).await;
    let renamed = entities.iter().find(|entity| entity.identifier == "renamed-thing").expect("it came");
    assert_eq!(renamed.relations["project"], other.as_str());
    assert!(entities.iter().all(|entity| entity.identifier != slug));
    bench.nothing_to_do(&[&SQLITE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_projects_at_port_leave_nothing_to_do() {
    let server = data_center().await;
    let port = port::Server::start(port::World::empty(), port::Options::default()).await.expect("the sandbox starts");
    let bench = Bench::of_data_center(&server, include_str!("../../mappings/datacenter/prefixed.yaml"));
    let program = bench.program;
    let program = program
        .set("OCEAN__PORT__CLIENT_ID", "sandbox-client")
        .set("OCEAN__PORT__CLIENT_SECRET", "sandbox-secret")
        .set("OCEAN__PORT__BASE_URL", &port.url());
    let bench = Bench { program, place: bench.place };
    let at_port = ["--catalog", "port", "--identifier", "ours"];
    bench.json("resync", &[&at_port, &["--create"]]);
    port.advance_clock(Duration::from_secs(5));
    assert!(port.read(|world| world.entities(REPOSITORY).any(|entity| entity.identifier.starts_with("dc-@"))));
    bench.nothing_to_do(&[&at_port]);
    // A rename at Port, with something that a person set.
    let (key, slug) = server.read(|world| {
        world.repository_names().into_iter().find(|(key, _)| !key.starts_with('~')).expect("a repository")
    });
    let old = format!("dc-{key}-{slug}");
    let by_hand = |entity: &mut port::Entity| drop(entity.properties.insert("tier".to_owned(), json!("gold")));
    assert!(port.change(|world| world.edit_entity(REPOSITORY, &old, by_hand)));
    server.change(|world| world.rename_repository(&key, &slug, "Renamed Thing")).expect("it is there");
    let plan = bench.json("plan", &[&at_port]);
    let changes = plan["changes"].as_array().expect("a list");
    let renamed = changes.iter().find(|change| change["from"]["identifier"] == old.as_str()).expect("it is planned");
    assert_eq!(renamed["lost"], json!([{ "field": "properties.tier", "old": "gold" }]), "{plan:#}");
    // While Port does not take the new one, the old one stays with what it has.
    let refused = Fault::Status { status: 422, retry_after: None };
    port.faults().set([FaultRule::on("/v1/blueprints/bitbucketRepository/entities/**", Occurrence::Always, refused)]);
    let ended = bench.run("resync", &[&at_port]);
    assert!(ended.out.contains("which could not be written"), "{}", ended.out);
    assert!(port.read(|world| world.entity(REPOSITORY, &old).is_some()));
    port.faults().clear();
    port.advance_clock(Duration::from_secs(5));
    bench.json("resync", &[&at_port]);
    port.advance_clock(Duration::from_secs(5));
    assert!(port.read(|world| world.entity(REPOSITORY, &old).is_none()));
    bench.nothing_to_do(&[&at_port]);
}
