//! From arguments to the command that answers them.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use tokio_util::sync::CancellationToken;

use crate::daemon::{Signal, Signals};

use super::args::{Cli, Command, Format, Global, OceanCli, OceanCommand, SailArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::mapping::MappingCommand;
use super::progress::Wanted;
use super::{demo, kinds, map, mapping, plan, refresh, resync, sail, settings, why};

/// What a command ends in.
pub(crate) type Ended = Result<Exit, Failure>;

/// Parses the command line and runs the command.
#[must_use]
pub fn run() -> Exit {
    let called = match parse(std::env::args_os().collect()) {
        Ok(called) => called,
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
        match called {
            // Minds signals itself.
            Called::Ocean(command) => ocean(command).await,
            Called::Friendly(cli) => friendly(*cli).await,
        }
    });
    // Reading standard input or a name look-up may hang in a thread of its own; nothing waits for it.
    runtime.shutdown_background();
    ended.unwrap_or_else(|failure| {
        failure.print();
        Exit::Failed
    })
}

/// As what the program was called.
#[derive(Debug)]
enum Called {
    /// As the runtime in a container.
    Ocean(OceanCommand),
    /// By a person.
    Friendly(Box<Cli>),
}

/// By the name `ocean` and without arguments the program stands in for Port's runtime.
fn parse(arguments: Vec<OsString>) -> Result<Called, clap::Error> {
    let name = arguments.first().map(Path::new).and_then(Path::file_stem);
    if name.is_some_and(|name| name == "ocean") {
        return OceanCli::try_parse_from(arguments).map(|cli| Called::Ocean(cli.command));
    }
    if arguments.len() <= 1 {
        return Ok(Called::Ocean(OceanCommand::Sail(SailArgs::default())));
    }
    Cli::try_parse_from(arguments).map(|cli| match cli.command {
        Command::Ocean { command } => Called::Ocean(command),
        _ => Called::Friendly(Box::new(cli)),
    })
}

async fn ocean(command: OceanCommand) -> Ended {
    match command {
        OceanCommand::Sail(args) => Ok(sail::run(&args).await),
        OceanCommand::Version => {
            write_out(&format!("{}\n", env!("CARGO_PKG_VERSION")))?;
            Ok(Exit::Done)
        }
        OceanCommand::Other(given) => {
            let name = given.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            Err(Failure::new(format!("`ocean {name}` is not offered here"))
                .remedy("offered are `ocean sail` and `ocean version`; see also `bitbucket-port --help`"))
        }
    }
}

/// Longest time for stopping in order.
const ORDERLY: Duration = Duration::from_secs(20);

/// Runs a command until it ends or a signal comes. A resync then stops in order, unless a second signal comes.
async fn friendly(cli: Cli) -> Ended {
    // Where signals cannot be taken over, they end the process by themselves.
    let Ok(mut signals) = Signals::install() else { return dispatch(cli, &CancellationToken::new()).await };
    let stops_in_order = matches!(cli.command, Command::Resync(_) | Command::Refresh(_));
    let stop = CancellationToken::new();
    let mut work = Box::pin(dispatch(cli, &stop));
    let signal = tokio::select! {
        ended = &mut work => return ended,
        signal = signals.next() => signal,
    };
    if stops_in_order {
        stop.cancel();
        eprintln!("{}: stopping in order; a second one ends at once", signal.name());
        let ended = tokio::select! {
            ended = work => ended,
            _ = signals.next() => Ok(Exit::Failed),
            () = tokio::time::sleep(ORDERLY) => Ok(Exit::Failed),
        };
        if let Err(failure) = ended {
            failure.print();
        }
    }
    Ok(match signal {
        Signal::Interrupt => Exit::Interrupted,
        Signal::Terminate => Exit::Terminated,
    })
}

async fn dispatch(cli: Cli, stop: &CancellationToken) -> Ended {
    let Cli { global, command } = cli;
    let checks = matches!(command, Command::Mapping(MappingCommand::Check(_)));
    if matches!(global.format, Format::Github | Format::Gitlab) && !checks {
        return Err(Failure::new("this command does not print that format")
            .remedy("use `--format human` or `json`; `github` and `gitlab` are for `mapping check`"));
    }
    match command {
        Command::Ocean { command } => ocean(command).await,
        Command::Settings(args) => settings::run(&args, &global),
        Command::Demo(args) => demo::run(&args, &global).await,
        Command::Resync(args) => resync::run(args, &global, stop).await,
        Command::Plan(args) => plan::run(&args, &global).await,
        Command::Kinds(args) => kinds::run(&args, &global),
        Command::Mapping(command) => mapping::run(command, global).await,
        Command::Map(args) => map::run(args, global).await,
        Command::Why(args) => why::run(&args, &global).await,
        Command::Refresh(args) => refresh::run(&args, &global, stop).await,
    }
}

fn usage(error: &clap::Error) -> Exit {
    // Help and version come as errors too; they are not.
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
    drop(error.print());
    exit
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
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever closes the pipe has seen enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new("standard output cannot be written").because(error))
        }
        _ => Ok(()),
    }
}
