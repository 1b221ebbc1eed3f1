//! Speaking to Port's API: who we are there, the token, calls and their repetition, the integration document,
//! and reports about syncs. What is written to the catalog stands in [`crate::catalog::port`].

mod answer;
mod blueprint;
mod call;
mod client;
mod clockwork;
mod error;
mod identity;
mod integration;
mod organization;
mod registrations;
mod report;
#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use answer::{Answer, text};
pub(crate) use blueprint::FirstResource;
pub(crate) use call::{Call, segment};
pub(crate) use clockwork::iso;
pub(crate) use integration::{IntegrationPatch, NewIntegration, or_default};
pub(crate) use registrations::Sight;

pub use client::{PortClient, PortConnection};
pub use error::{PortError, Refusal};
pub use identity::{CORE_VERSION, Identity, ResyncId};
pub use integration::{Ingest, Integration};
pub use organization::Organization;
pub use report::{
    KindMetrics, LogRecord, LogSettings, LogShipper, LogSink, Mask, PortLogLayer, PortReporter, ReportedResource,
    ReporterSettings, ResyncSchedule, SyncState,
};
