//! The program as containers and people call it: what it says, what it does and which code it ends with.

#[cfg(unix)]
mod endurance;
mod once;
mod program;
mod settings;
