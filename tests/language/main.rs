//! The commands on mappings that need services or settings, as a person runs them.

mod exchange;
mod formats;
mod nulls;
mod program;
mod refresh;
mod settings;
mod why;
