//! From arguments to the command that answers them.

use clap::Parser;

use super::args::{Cli, Command, Format, Global, MappingCommand};
use super::exit::Exit;
use super::failure::Failure;
use super::progress::Wanted;
use super::{demo, kinds, map, mapping, resync};

/// What a command ends in.
pub(crate) type Ended = Result<Exit, Failure>;

/// Parses the command line and runs the command.
#[must_use]
pub fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            Failure::new("the asynchronous runtime cannot be started").because(error).print();
            return Exit::Failed;
        }
    };
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = dispatch(cli) => ended,
            () = interrupted() => Ok(Exit::Interrupted),
        }
    });
    // Reading standard input or a name look-up may hang in a thread of its own; nothing waits for it.
    runtime.shutdown_background();
    ended.unwrap_or_else(|failure| {
        failure.print();
        Exit::Failed
    })
}

async fn dispatch(cli: Cli) -> Ended {
    let Cli { global, command } = cli;
    let checks = matches!(command, Command::Mapping(MappingCommand::Check(_)));
    if matches!(global.format, Format::Github | Format::Gitlab) && !checks {
        return Err(Failure::new("this command does not print that format")
            .remedy("use `--format human` or `json`; `github` and `gitlab` are for `mapping check`"));
    }
    match command {
        Command::Demo(args) => demo::run(&args, &global).await,
        Command::Resync(args) => resync::run(&args, &global).await,
        Command::Kinds(args) => kinds::run(&args, &global),
        Command::Mapping(command) => mapping::run(command, global).await,
        Command::Map(args) => map::run(args, global).await,
    }
}

fn usage(error: &clap::Error) -> Exit {
    // Help and version come as errors too; they are not.
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
    drop(error.print());
    exit
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    drop(tokio::signal::ctrl_c().await);
}

impl Global {
    /// Whether progress is shown.
    pub(crate) fn progress(&self) -> Wanted {
        if self.quiet { Wanted::Hidden } else { Wanted::Shown }
    }

    /// Prints a result on standard output: as JSON, or as the text that `human` makes.
    pub(crate) fn print<T: serde::Serialize>(
        &self,
        result: &T,
        human: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        let text = match self.format {
            Format::Human | Format::Github | Format::Gitlab => human(result),
            Format::Json => serde_json::to_string_pretty(result)
                .map(|text| text + "\n")
                .map_err(|error| Failure::new("the result cannot be written as JSON").because(error))?,
        };
        write_out(&text)
    }
}

/// Writes to standard output.
pub(crate) fn write_out(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever closes the pipe has seen enough.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::new("standard output cannot be written").because(error))
            }
            _ => Ok(()),
        }
    }
}
