//! The program as a process of its own.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

/// How long a program may run before the test is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program in an empty folder, with nothing of the environment but what the test gives.
pub(crate) struct Program {
    pub(crate) folder: TempDir,
    executable: std::path::PathBuf,
    variables: Vec<(String, String)>,
}

impl Program {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, executable: env!("CARGO_BIN_EXE_bitbucket-port").into(), variables: vec![] }
    }

    /// With settings that are complete for a one-shot run into a Port that does not exist.
    pub(crate) fn configured() -> Self {
        Self::new()
            .set("OCEAN__PORT__CLIENT_ID", "an-id-of-a-client")
            .set("OCEAN__PORT__CLIENT_SECRET", "hush-hush-hush")
            .set("OCEAN__PORT__BASE_URL", "http://127.0.0.1:9")
            .set("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#)
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "acme")
            .set("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE_TOKEN", "hush-token-hush")
            .set("APPLICATION__PORT", "0")
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Under the name by which containers call Port's runtime.
    #[cfg(unix)]
    pub(crate) fn called_ocean(mut self) -> Self {
        let link = self.folder.path().join("ocean");
        std::os::unix::fs::symlink(&self.executable, &link).expect("a link");
        self.executable = link;
        self
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("the program starts");
        Ended::new(&output, self.folder.path())
    }

    /// Starts; what it says can be read as it comes.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let piped = || std::process::Stdio::piped();
        let mut child = self.command(arguments).stdout(piped()).stderr(piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let errors = BufReader::new(child.stderr.take().expect("its errors")).lines();
        let watch = watch(child.id());
        Running { child, lines, errors, watch }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("OCEAN__STATE_PATH", self.folder.path().join("state.db"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A program that runs; it is killed with this value.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    errors: Lines<BufReader<ChildStderr>>,
    /// Dropped, it leaves the program alone.
    #[expect(dead_code, reason = "held until the program is done with")]
    watch: mpsc::Sender<()>,
}

/// Kills a program that does not say what a test waits for, so that the test fails instead of waiting for ever.
fn watch(process: u32) -> mpsc::Sender<()> {
    let (watch, done) = mpsc::channel();
    std::thread::spawn(move || {
        if done.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            drop(Command::new("kill").args(["-KILL", &process.to_string()]).status());
        }
    });
    watch
}

impl Running {
    /// Reads lines until one has that text, and gives what follows the text.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let line = self.lines.find_map(|line| line.ok()?.split_once(text).map(|(_, rest)| rest.to_owned()));
        line.unwrap_or_else(|| panic!("{text} was never said"))
    }

    /// Reads lines until one has that text, and gives all of them.
    #[cfg(unix)]
    pub(crate) fn all_until(&mut self, text: &str) -> Vec<String> {
        let mut said = Vec::new();
        while said.last().is_none_or(|line: &String| !line.contains(text)) {
            match self.lines.next() {
                Some(line) => said.push(line.expect("text")),
                None => panic!("{text} was never said: {said:#?}"),
            }
        }
        said
    }

    /// The same with what it says on standard error.
    #[cfg(unix)]
    pub(crate) fn until_error(&mut self, text: &str) -> String {
        let line = self.errors.find_map(|line| line.ok()?.split_once(text).map(|(_, rest)| rest.to_owned()));
        line.unwrap_or_else(|| panic!("{text} was never said"))
    }

    /// The number of the process.
    #[cfg(unix)]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.expect("`kill` runs").success());
    }

    pub(crate) fn code(mut self) -> Option<i32> {
        // Reads on, so that the program never waits for a reader.
        while self.lines.next().is_some() {}
        while self.errors.next().is_some() {}
        self.child.wait().expect("the program ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
    }
}

/// How a program ended, and what it said until then.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl Ended {
    fn new(output: &Output, folder: &Path) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&folder.display().to_string(), "FOLDER");
        let ended = Self { code: output.status.code(), out: text(&output.stdout), error: text(&output.stderr) };
        assert!(!format!("{}{}", ended.out, ended.error).contains("hush"), "a secret was shown");
        ended
    }

    /// Code, output and errors, for a snapshot; times of the log are replaced.
    pub(crate) fn shown(&self) -> String {
        let code = self.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        let out: String = self.out.lines().map(without_time).collect();
        format!("exit {code}\n--- output\n{out}--- errors\n{}", self.error)
    }
}

fn without_time(line: &str) -> String {
    match line.split_once(" | ") {
        Some((time, rest)) if time.starts_with("20") && time.len() == 23 => format!("TIME | {rest}\n"),
        _ => format!("{line}\n"),
    }
}
