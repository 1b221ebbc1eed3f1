//! The log: lines as Port's runtime writes them, or JSON, with every secret masked.
//!
//! In daemon mode lines go to standard output, for the commands of a person to standard error.

mod format;
mod mask;
mod record;
mod setup;

pub use mask::{MASK, Masker};
pub use record::Record;
pub use setup::{LogOptions, LogTarget, LogsError, MoreLayers, init, subscriber};
