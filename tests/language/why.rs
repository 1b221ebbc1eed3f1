//! `why`: one object on its way, for both products.

use bitbucket_port_sandbox::datacenter::{self, PullRequestState};
use bitbucket_port_sandbox::port::World;

use crate::program::{Program, Services};

/// Output without what differs from run to run.
fn steady(text: &str, url: &str) -> String {
    text.replace(url.trim_end_matches('/'), "http://bitbucket")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_followed_into_the_catalog() {
    let services = Services::start().await;
    let program = services.program();
    let slug = services.slug();
    let plain = program.run(&["why", "repository", &slug]);
    assert_eq!(plain.code, Some(0), "{plain:?}");
    insta::assert_snapshot!("repository", steady(&plain.out, &services.bitbucket.url()));

    assert_eq!(program.run(&["resync", "--quiet", "--catalog", "sqlite:catalog.db"]).code, Some(0));
    let compare = ["why", "repository", &format!("acme/{slug}"), "--catalog", "sqlite:catalog.db"];
    let same = program.run(&compare);
    assert!(same.out.contains("unchanged: the catalog has it just so"), "{same:?}");
    assert!(same.out.contains("owner: this integration\n"), "{same:?}");
    let stranger = program.run(&[&compare[..], &["--identifier", "another"]].concat());
    assert!(stranger.out.contains("a resync writes over it and never deletes it"), "{stranger:?}");

    services.bitbucket.change(|world| world.set_main_branch(&slug, Some("trunk"))).expect("it is there");
    let changed = program.run(&[&compare[..], &["--format", "json"]].concat()).json();
    let entry = &changed["resources"][0]["fates"][0]["catalog"];
    assert_eq!((&entry["verdict"], &entry["differs"][0]), (&"would_change".into(), &"properties.defaultBranch".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_an_object_out_is_said() {
    let services = Services::start().await;
    let program = services.program();
    let slug = services.slug();
    assert_eq!(program.run(&["resync", "--quiet", "--catalog", "sqlite:catalog.db"]).code, Some(0));
    program.write(
        "mapping.yaml",
        r#"
resources:
  - kind: repository
    selector: {query: '.slug == "another"'}
    port: {entity: {mappings: {identifier: .uuid, blueprint: '"bitbucketRepository"'}}}
  - kind: repository
    selector: {query: 'true', repoQuery: 'slug = "another"'}
    port: {entity: {mappings: {identifier: .uuid, blueprint: '"unheardOf"'}}}
  - kind: repository
    selector: {query: .missing}
    port: {entity: {mappings: {identifier: .uuid, blueprint: '"bitbucketRepository"'}}}
  - kind: repository
    selector: {query: 'true'}
    port: {entity: {mappings: {identifier: .missing, blueprint: '"bitbucketRepository"'}}}
  - kind: repository
    selector: {query: 'true', userRole: boss}
    port: {entity: {mappings: {identifier: .uuid, blueprint: '"bitbucketRepository"'}}}
"#,
    );
    let options = ["--mapping", "mapping.yaml", "--catalog", "sqlite:catalog.db"];
    let ended = program.run(&[&["why", "repository", &slug][..], &options].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!("kept_out", steady(&ended.out, &services.bitbucket.url()));
    let project = program.run(&[&["why", "project", "NOPE"][..], &options].concat());
    assert_eq!(project.code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn pull_requests_and_projects_are_found_by_their_natural_names() {
    let services = Services::start().await;
    let program = services.program();
    let slug = services.slug();
    let json = program.run(&["why", "pull-request", &format!("{slug}#1"), "--format", "json"]).json();
    let slashed = program.run(&["why", "pull-request", &format!("{slug}/1"), "--format", "json"]).json();
    assert_eq!(json["key"], slashed["key"]);
    assert!(json["resources"][0]["listed"]["listing"].as_str().is_some_and(|text| text.contains("of each repository")));
    let text = program.run(&["why", "pull-request", &format!("{slug}#1")]);
    insta::assert_snapshot!("pull_request", steady(&text.out, &services.bitbucket.url()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_plainly() {
    let services = Services::start().await;
    let program = services.program();
    for (kind, name, expected) in [
        ("repository", "nothing-of-the-sort", "Bitbucket does not have it, or the credential may not see it"),
        ("pull-request", "nothing-of-the-sort#1", "Bitbucket does not have it, or the credential may not see it"),
        ("pull-request", "website", "write REPOSITORY#NUMBER"),
        ("repo", "website", "there is no kind `repo`"),
    ] {
        let ended = program.run(&["why", kind, name]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let unbroken = ended.error.replace("\n  │ ", " ");
        assert!(unbroken.contains(expected), "{expected}: {unbroken}");
    }
    let absent = program.run(&["why", "repository", "x", "--catalog", "sqlite:none.db"]);
    assert!(absent.error.contains("there is no none.db"), "{absent:?}");
    assert!(!program.path("none.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_a_server_are_found_with_and_without_their_project() {
    let world = datacenter::World::generate(&datacenter::WorldSpec::default());
    let server = datacenter::Server::start(world, datacenter::Options::default()).await.expect("the sandbox starts");
    let program = Program::new()
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_BASE_URL", &server.url())
        .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_TOKEN", "a-token");
    assert_eq!(program.run(&["resync", "--quiet", "--catalog", "sqlite:catalog.db"]).code, Some(0));
    let listed = program.run(&["why", "project", "NOPE"]);
    assert!(listed.error.contains("there is no project `NOPE`"), "{listed:?}");
    let (project, slug) = server.read(datacenter::World::repository_names).remove(0);
    let full = program.run(&["why", "repository", &format!("{project}/{slug}"), "--catalog", "sqlite:catalog.db"]);
    assert_eq!(full.code, Some(0), "{full:?}");
    insta::assert_snapshot!("server_repository", steady(&full.out, &server.url()));
    let bare = program.run(&["why", "repository", &slug, "--format", "json"]).json();
    assert_eq!(bare["key"], format!("{project}/{slug}"));
    let open = server
        .read(|world| world.pull_request_ids(&project, &slug, Some(PullRequestState::Open)))
        .expect("it is there");
    let name = format!("{slug}#{}", open.first().expect("an open one"));
    let request = program.run(&["why", "pull-request", &name, "--catalog", "sqlite:catalog.db"]);
    assert_eq!(request.code, Some(0), "{request:?}");
    insta::assert_snapshot!("server_pull_request", steady(&request.out, &server.url()));
    let author = program.run(&["why", "pull-request", &format!("{project}/{name}"), "--format", "json"]).json();
    assert_eq!(author["key"], format!("{project}/{slug}/{}", open[0]));
    let users = server.read(datacenter::World::user_slugs);
    let user = program.run(&["why", "user", &users[0], "--catalog", "sqlite:catalog.db"]);
    assert_eq!(user.code, Some(0), "{user:?}");
    insta::assert_snapshot!("server_user", steady(&user.out, &server.url()));
}

#[tokio::test(flavor = "multi_thread")]
async fn port_is_compared_with_as_well() {
    let services = Services::start().await;
    let program = services.program();
    let at_port = ["--catalog", "port", "--identifier", "my-bitbucket"];
    assert_eq!(program.run(&[&["resync", "--create", "--quiet"], &at_port[..]].concat()).code, Some(0));
    let slug = services.slug();
    let why = [&["why", "repository", &slug], &at_port[..]].concat();
    let same = program.run(&why);
    assert!(same.out.contains("unchanged: ") && same.out.contains("owner: this integration\n"), "{same:?}");
    services.port.change(|world| world.remove_entity("bitbucketRepository", &slug)).expect("it is there");
    let gone = program.run(&why);
    assert!(gone.out.contains("would be created\nowner: nobody: it does not exist yet\n"), "{gone:?}");
    let other =
        World::entity_of("bitbucketRepository", &slug, "port-ocean/github/1.2.3/another/exporter", services.port.now());
    services.port.change(|world| world.put_entity(other));
    let taken = program.run(&why);
    assert!(taken.out.contains("its owner\nowner: another (github): "), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_objects_of_one_entity_are_named() {
    let services = Services::start().await;
    let program = services.program();
    program.write(
        "mapping.yaml",
        r#"
resources:
  - kind: repository
    selector: {query: 'true'}
    port: {entity: {mappings: {identifier: .project.key, title: .slug, blueprint: '"bitbucketRepository"'}}}
"#,
    );
    let options = ["--mapping", "mapping.yaml", "--catalog", "sqlite:catalog.db"];
    program.run(&[&["resync", "--quiet"], &options[..]].concat());
    let slugs = services.bitbucket.read(bitbucket_port_sandbox::cloud::World::repository_slugs);
    let told: Vec<String> =
        slugs.iter().map(|slug| program.run(&[&["why", "repository", slug], &options[..]].concat()).out).collect();
    let losers = told.iter().filter(|text| text.contains("collision: repository {")).count();
    assert_eq!(losers, slugs.len() - 1, "{told:#?}");
}
