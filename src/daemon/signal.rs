//! Signals that end the process.

use tokio::sync::mpsc;

/// A signal that asks the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `SIGTERM`: the supervisor.
    Terminate,
    /// `SIGINT`: a person.
    Interrupt,
}

impl Signal {
    /// Its name, for the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }
}

/// Incoming signals. Once installed, signals do nothing by themselves, which matters for process 1.
#[derive(Debug)]
pub struct Signals {
    incoming: mpsc::Receiver<Signal>,
}

impl Signals {
    /// Takes over `SIGTERM` and `SIGINT` of this process.
    ///
    /// # Errors
    /// The system refuses.
    #[cfg(unix)]
    pub fn install() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (sender, incoming) = mpsc::channel(4);
        tokio::spawn(async move {
            loop {
                let signal = tokio::select! {
                    Some(()) = terminate.recv() => Signal::Terminate,
                    Some(()) = interrupt.recv() => Signal::Interrupt,
                    else => return,
                };
                if sender.send(signal).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { incoming })
    }

    /// Takes over Ctrl-C of this process.
    ///
    /// # Errors
    /// Never; what the system refuses shows when a signal is waited for.
    #[cfg(not(unix))]
    pub fn install() -> std::io::Result<Self> {
        let (sender, incoming) = mpsc::channel(4);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && sender.send(Signal::Interrupt).await.is_ok() {}
        });
        Ok(Self { incoming })
    }

    /// Signals from a channel, for tests.
    #[must_use]
    pub const fn from_channel(incoming: mpsc::Receiver<Signal>) -> Self {
        Self { incoming }
    }

    /// The next signal; waits for ever where none can come any more.
    pub async fn next(&mut self) -> Signal {
        match self.incoming.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}
