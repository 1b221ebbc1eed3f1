//! The program under test as a process.

use std::fs::File;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A run that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(90);

/// Where the executable is, and with which settings it runs.
#[derive(Clone, Debug)]
pub struct Program {
    executable: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With that code.
    Code(i32),
    /// Killed by us.
    Killed,
    /// By a signal that nobody sent.
    Crashed,
    /// Not at all; it was killed in the end.
    Hung,
}

impl Program {
    /// An executable without arguments and settings.
    #[must_use]
    pub fn at(executable: &Path) -> Self {
        Self { executable: executable.to_owned(), arguments: vec![], variables: vec![] }
    }

    pub(super) fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self
    }

    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs in a folder, writing what it says to `log.txt` there, until it ends or `stop` comes.
    pub(super) async fn run(&self, folder: &Path, stop: impl Future<Output = ()>) -> std::io::Result<Ended> {
        let log = File::create(folder.join("log.txt"))?;
        let child = Command::new(&self.executable)
            .args(&self.arguments)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut child = Guarded(child);
        let began = Instant::now();
        tokio::pin!(stop);
        loop {
            if let Some(status) = child.0.try_wait()? {
                return Ok(status.code().map_or(Ended::Crashed, Ended::Code));
            }
            if began.elapsed() > LONGEST {
                return Ok(Ended::Hung);
            }
            tokio::select! {
                biased;
                () = &mut stop => {
                    child.0.kill()?;
                    child.0.wait()?;
                    return Ok(Ended::Killed);
                }
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
    }
}

/// A process that does not outlive its run.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
