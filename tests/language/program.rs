//! The program in a folder of its own, beside a Bitbucket and a Port of the sandbox.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use bitbucket_port_sandbox::cloud::{self, WorldSpec};
use bitbucket_port_sandbox::port;
use serde_json::Value;
use tempfile::TempDir;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A folder to run in, with nothing of the environment but what the test gives.
pub(crate) struct Program {
    pub(crate) folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), variables: vec![] }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the file can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("the file can be read")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "")
    }

    /// With further variables for this run alone.
    pub(crate) fn run_also(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        self.start(arguments, variables, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ended {
        self.start(arguments, &[], input)
    }

    fn start(&self, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Ended {
        use std::io::Write as _;
        let mut child = Command::new(env!("CARGO_BIN_EXE_bitbucket-port"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("OCEAN__STATE_PATH", self.path("state.db"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // A command that does not read its input may be gone already.
        drop(child.stdin.take().expect("its input").write_all(input.as_bytes()));
        let output = child.wait_with_output().expect("the program ends");
        Ended {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            error: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// A workspace and a Port.
pub(crate) struct Services {
    pub(crate) bitbucket: cloud::Server,
    pub(crate) port: port::Server,
}

impl Services {
    pub(crate) async fn start() -> Self {
        let spec = WorldSpec { repositories: 4, pull_requests_per_repository: 2, projects: 1, ..WorldSpec::default() };
        let world = cloud::World::generate(&spec);
        Self {
            bitbucket: cloud::Server::start(world, cloud::Options::default()).await.expect("the sandbox starts"),
            port: port::Server::start(port::World::empty(), port::Options::default())
                .await
                .expect("the sandbox starts"),
        }
    }

    /// With credentials for Port and nothing else.
    pub(crate) fn at_port(&self) -> Program {
        Program::new()
            .set("OCEAN__PORT__CLIENT_ID", "sandbox-client")
            .set("OCEAN__PORT__CLIENT_SECRET", "sandbox-secret")
            .set("OCEAN__PORT__BASE_URL", &self.port.url())
    }

    pub(crate) fn program(&self) -> Program {
        self.at_port()
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "acme")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE_TOKEN", "a-token")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_HOST_URL", &self.bitbucket.url())
    }

    /// The slug of the first repository.
    pub(crate) fn slug(&self) -> String {
        self.bitbucket.read(cloud::World::repository_slugs).remove(0)
    }
}
