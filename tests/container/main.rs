//! The program as containers and people call it: what it says, what it does and which code it ends with.

mod datacenter;
mod encrypted;
#[cfg(unix)]
mod endurance;
#[cfg(unix)]
mod listening;
mod migration;
mod once;
mod plan;
mod program;
mod rename;
mod resync;
mod settings;
mod tunnel;
