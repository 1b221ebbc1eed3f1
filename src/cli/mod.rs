//! The command line: one file per command. Commands parse and print; the work is done by the library.

mod args;
mod demo;
mod exit;
mod failure;
mod kinds;
mod logging;
mod map;
mod mapping;
mod progress;
mod report;
mod resync;
mod run;
mod table;

pub use args::Cli;
pub use exit::Exit;
pub use run::run;
