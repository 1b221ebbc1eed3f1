//! What the probes are told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::metrics::Metrics;

/// The release of Port's runtime whose routes and settings are followed; `core_version` in the answers to probes.
pub(super) const CORE_VERSION: &str = "0.48.12";

/// Time between two beats of the event loop.
const BEAT: Duration = Duration::from_secs(1);
/// An event loop that did not come round for so long is stuck. Kubernetes asks every 10 s and gives up after 3 times.
const STUCK: Duration = Duration::from_secs(15);

/// Whether the process can take work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Provisioning is under way.
    Starting,
    /// It can.
    Ready,
    /// It is about to end.
    Stopping,
}

/// State that the probes read; clones share it.
#[derive(Clone, Debug)]
pub struct Health {
    readiness: Arc<watch::Sender<Readiness>>,
    last_beat: Arc<Mutex<Instant>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            readiness: Arc::new(watch::Sender::new(Readiness::Starting)),
            last_beat: Arc::new(Mutex::new(Instant::now())),
        }
    }
}

impl Health {
    /// From now on readiness is this.
    pub fn set(&self, readiness: Readiness) {
        self.readiness.send_replace(readiness);
    }

    /// Why the process is not ready; `None` where it is.
    pub(super) fn unready(&self) -> Option<&'static str> {
        match *self.readiness.borrow() {
            Readiness::Starting => Some("provisioning has not ended yet"),
            Readiness::Ready => None,
            Readiness::Stopping => Some("the process is stopping"),
        }
    }

    /// Why the process must be restarted; `None` where it need not.
    pub(super) fn stuck(&self) -> Option<String> {
        let silent = self.last_beat.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        (silent > STUCK).then(|| format!("the event loop has been stuck for {} s", silent.as_secs()))
    }

    /// Keeps beating, and measures how late the event loop comes round.
    pub(super) async fn beat(self, metrics: Metrics) {
        loop {
            let due = Instant::now() + BEAT;
            tokio::time::sleep_until(due).await;
            let now = Instant::now();
            *self.last_beat.lock().unwrap_or_else(PoisonError::into_inner) = now;
            metrics.sample(now.saturating_duration_since(due));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_event_loop_is_stuck_and_a_beating_one_is_not() {
        let health = Health::default();
        tokio::time::advance(STUCK).await;
        assert_eq!(health.stuck(), None);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(health.stuck().unwrap(), "the event loop has been stuck for 20 s");

        let beating = tokio::spawn(health.clone().beat(Metrics::default()));
        tokio::time::sleep(3 * BEAT).await;
        assert_eq!(health.stuck(), None);
        beating.abort();
    }

    #[test]
    fn readiness_follows_the_state() {
        let health = Health::default();
        assert!(health.unready().is_some());
        health.clone().set(Readiness::Ready);
        assert_eq!(health.unready(), None);
        health.set(Readiness::Stopping);
        assert!(health.unready().is_some());
    }
}
