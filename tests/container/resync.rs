//! `resync` as a person calls it: the options of deletion, and the codes it ends with.

use bitbucket_port_sandbox::cloud::{Options, Server, World, WorldSpec};

use crate::program::{Ended, Program};

struct Workspace {
    server: Server,
    program: Program,
}

impl Workspace {
    async fn start() -> Self {
        let spec = WorldSpec { repositories: 8, pull_requests_per_repository: 1, projects: 1, ..WorldSpec::default() };
        let server = Server::start(World::generate(&spec), Options::default()).await.expect("the sandbox starts");
        Self { server, program: Program::new() }
    }

    fn resync(&self, options: &[&str]) -> Ended {
        let url = self.server.url();
        self.program.run(&[&["resync", "--quiet", "--workspace", "acme", "--bitbucket-url", &url], options].concat())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_not_there_ends_with_2_and_is_named() {
    let workspace = Workspace::start().await;
    let ended = workspace.resync(&["--repo", "no-such-repository"]);
    assert_eq!(ended.code, Some(2), "{}", ended.shown());
    assert!(ended.out.contains("error: there is no repository `no-such-repository`"), "{}", ended.shown());
    let slug = workspace.server.read(|world| world.repository_slugs()[0].clone());
    assert_eq!(workspace.resync(&["--repo", &slug]).code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_options_of_deletion_do_what_their_settings_do() {
    let workspace = Workspace::start().await;
    assert_eq!(workspace.resync(&[]).code, Some(0));
    let slugs = workspace.server.read(World::repository_slugs);
    for slug in &slugs[..2] {
        workspace.server.change(|world| world.remove_repository(slug)).expect("the repository is there");
    }
    for (options, code, said) in [
        (&["--no-delete"][..], 0, "nothing may be deleted"),
        (&["--max-deletes", "1"][..], 2, "more than the 1 left of --max-deletes 1"),
        (&["--full"][..], 0, "are compared with what the catalog holds: it was asked for"),
    ] {
        let ended = workspace.resync(options);
        assert_eq!(ended.code, Some(code), "{options:?}: {}", ended.shown());
        assert!(ended.out.contains(said), "{options:?}: {}", ended.shown());
    }
    for slug in &slugs[2..] {
        workspace.server.change(|world| world.remove_repository(slug)).expect("the repository is there");
    }
    let ended = workspace.resync(&[]);
    assert_eq!(ended.code, Some(2), "{}", ended.shown());
    assert!(ended.out.contains("--allow-empty believes it"), "{}", ended.shown());
    assert_eq!(workspace.resync(&["--no-delete", "--allow-empty"]).code, Some(64), "they contradict each other");
}
