//! Exit codes.

use std::process::{ExitCode, Termination};

/// How the program ends. The numbers are part of its interface (`bitbucket-port --help` lists them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Done,
    /// Nothing or not all was done because of settings, mapping, files, credentials or a service.
    Failed,
    /// The resync ran to its end, but something was not read, not mapped, not written, or not deleted for doubt.
    Incomplete,
    /// A plan that was asked to tell so has something to write.
    Changes,
    /// The command line itself is wrong.
    Usage,
    /// Interrupted by a person (`SIGINT`).
    Interrupted,
    /// Terminated by a supervisor (`SIGTERM`).
    Terminated,
    /// The end of a container process, as the daemon decides it.
    Daemon(u8),
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Incomplete | Self::Changes => 2,
            Self::Usage => 64,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Daemon(code) => code,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
