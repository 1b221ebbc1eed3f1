//! A catalog that only logs: one line of JSON for each change.

mod log;
mod sink;

#[cfg(test)]
mod tests;

pub use log::ChangeLog;
