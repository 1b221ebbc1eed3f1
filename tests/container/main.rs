//! The program as containers and people call it: what it says, what it does and which code it ends with.

mod once;
mod plan;
mod program;
mod settings;
