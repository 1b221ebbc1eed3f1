//! The command line: one file per command. Commands parse and print; the work is done by the library.

mod args;
mod connection;
mod demo;
mod exit;
mod failure;
mod kinds;
mod logging;
mod map;
mod mapping;
mod plan;
mod plan_text;
mod port_job;
mod progress;
mod refresh;
mod report;
mod resync;
mod run;
mod sail;
mod settings;
mod table;
mod why;

pub use args::{Cli, OceanCli};
pub use exit::Exit;
pub use run::run;
