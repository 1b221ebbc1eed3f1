//! How a process ends, and with which code.

use crate::config::ExitPolicy;
use crate::sync::SyncOutcome;

use super::signal::Signal;

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Provisioning failed, so nothing was resynced.
    NotProvisioned,
    /// The resync ran to its end.
    Resynced(SyncOutcome),
    /// The resync broke off.
    Failed,
    /// This process has no resync to do (`shouldResync` is off).
    NothingToDo,
    /// A signal came first.
    Stopped(Signal),
}

/// The exit code: that of Port's runtime, which is 0 for a resync however it ended, or the strict one. `process` is
/// the number of this process: the first one of a container is not killed by the signals that end it.
#[must_use]
pub fn exit_code(ended: &Ended, policy: ExitPolicy, process: u32) -> u8 {
    match (ended, policy) {
        (Ended::NotProvisioned, _) => 1,
        (Ended::Resynced(SyncOutcome::Complete) | Ended::NothingToDo, _)
        | (Ended::Resynced(SyncOutcome::Incomplete) | Ended::Failed, ExitPolicy::Compatible) => 0,
        (Ended::Resynced(SyncOutcome::Incomplete) | Ended::Failed, ExitPolicy::Strict) => 2,
        (Ended::Stopped(_), _) if process == 1 => 0,
        (Ended::Stopped(Signal::Terminate), _) => 143,
        (Ended::Stopped(Signal::Interrupt), _) => 130,
    }
}
