//! What the probes are told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::metrics::Metrics;

/// Time between two beats of the event loop.
const BEAT: Duration = Duration::from_secs(1);
/// An event loop that did not come round for so long is stuck. Kubernetes asks every 10 s and gives up after 3 times.
const STUCK: Duration = Duration::from_secs(15);

/// Whether the process can take work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Provisioning is under way.
    Starting,
    /// Another process has the state file.
    Waiting {
        /// Which, and since when.
        holder: String,
    },
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
    pub(super) fn unready(&self) -> Option<String> {
        match &*self.readiness.borrow() {
            Readiness::Starting => Some("provisioning has not ended yet".to_owned()),
            Readiness::Waiting { holder } => Some(format!("waiting for the state file, which is in use by {holder}")),
            Readiness::Ready => None,
            Readiness::Stopping => Some("the process is stopping".to_owned()),
        }
    }

    /// Whether the process is about to end.
    pub(super) fn is_stopping(&self) -> bool {
        *self.readiness.borrow() == Readiness::Stopping
    }

    /// Why the process must be restarted; `None` where it need not.
    pub(super) fn stuck(&self, now: Instant) -> Option<String> {
        let last = *self.last_beat.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = now.saturating_duration_since(last);
        (silent > STUCK).then(|| format!("the event loop has been stuck for {} s", silent.as_secs()))
    }

    /// The process can take work, unless it is about to end.
    pub(super) fn ready(&self) {
        self.change(|now| (*now != Readiness::Stopping).then_some(Readiness::Ready));
    }

    /// The wait for another process began.
    pub(super) fn wait(&self, holder: &str) {
        self.change(|now| (*now != Readiness::Stopping).then(|| Readiness::Waiting { holder: holder.to_owned() }));
    }

    /// The wait for another process is over.
    pub(super) fn proceed(&self) {
        self.change(|now| matches!(now, Readiness::Waiting { .. }).then_some(Readiness::Ready));
    }

    /// Goes to the state that follows from the present one, if any: the process may be about to end by now.
    fn change(&self, next: impl FnOnce(&Readiness) -> Option<Readiness>) {
        self.readiness.send_if_modified(|now| match next(now) {
            Some(next) => {
                *now = next;
                true
            }
            None => false,
        });
    }

    fn beaten(&self, now: Instant) {
        *self.last_beat.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Keeps beating, and measures how late the event loop comes round.
    pub(super) async fn beat(self, metrics: Metrics) {
        loop {
            let due = Instant::now() + BEAT;
            tokio::time::sleep_until(due.into()).await;
            let now = Instant::now();
            self.beaten(now);
            metrics.sample(now.saturating_duration_since(due));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_event_loop_is_stuck_and_a_beating_one_is_not() {
        let health = Health::default();
        let began = Instant::now();
        health.beaten(began);
        assert_eq!(health.stuck(began + STUCK), None);
        let later = began + STUCK + Duration::from_secs(5);
        assert_eq!(health.stuck(later).unwrap(), "the event loop has been stuck for 20 s");
        health.beaten(later);
        assert_eq!(health.stuck(later + BEAT), None);
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
