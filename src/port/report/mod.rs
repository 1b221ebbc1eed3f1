//! What Port is told about a sync besides entities: its state, metrics by kind, heartbeats, examples of raw
//! objects, the log. None of it may delay a sync or make it fail: everything goes through bounded queues that
//! drop rather than wait, and background tasks that end within a bounded time.

mod examples;
mod log_layer;
mod logs;
mod mask;
mod metrics;
mod queue;
mod reporter;
mod sender;

#[cfg(test)]
mod tests;

pub use log_layer::PortLogLayer;
pub use logs::{LogRecord, LogSettings, LogShipper, LogSink};
pub use mask::Mask;
pub use metrics::{KindMetrics, ReportedResource, SyncState};
pub use reporter::{PortReporter, ReporterSettings, ResyncSchedule};
