//! What `/metrics` shows: the gauges of Port's runtime, under its names.
//!
//! No exporter of the usual crates writes gauges alone, under given names, with the end mark of `OpenMetrics`;
//! the text is small enough to be written here.

mod board;
mod family;
mod process;
mod registry;
mod samples;

pub use registry::Metrics;
