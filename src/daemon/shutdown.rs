//! An orderly end: steps that do not hang on each other.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::{Instant, timeout};

use super::JobError;

type Work = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

/// One thing to do before the process ends.
pub struct Step {
    name: &'static str,
    deadline: Duration,
    work: Work,
}

impl Step {
    /// `name` completes the sentence "while stopping: …"; `deadline` bounds this step alone.
    pub fn new(
        name: &'static str,
        deadline: Duration,
        work: impl Future<Output = Result<(), JobError>> + Send + 'static,
    ) -> Self {
        Self { name, deadline, work: Box::pin(work) }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({}, {:?})", self.name, self.deadline)
    }
}

/// Runs the steps one after another, within `whole` together. A step that fails, panics or takes too long is
/// logged; the next one runs all the same. Once the whole time is over, the rest are only begun.
pub async fn stop_in_order(steps: Vec<Step>, whole: Duration) {
    let end = Instant::now() + whole;
    for Step { name, deadline, work } in steps {
        let left = end.saturating_duration_since(Instant::now());
        match timeout(deadline.min(left), AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(Ok(()))) => tracing::debug!("stopping: {name}: done"),
            Ok(Ok(Err(error))) => tracing::warn!("while stopping: {name}: {}", with_causes(&*error)),
            Ok(Err(_)) => tracing::error!("while stopping: {name}: it broke off; this is a fault of the program"),
            Err(_) => tracing::warn!("while stopping: {name}: it took too long and was left"),
        }
    }
}

/// An error with its causes in one line.
pub(super) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        // Transparent errors repeat what they wrap.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// The names of the steps that were done, of five of which three go wrong.
    async fn done(whole: Duration) -> Vec<&'static str> {
        let done = Arc::new(Mutex::new(Vec::new()));
        let note = |what: &'static str| {
            let done = done.clone();
            async move {
                done.lock().unwrap().push(what);
                Ok::<(), JobError>(())
            }
        };
        let steps = vec![
            Step::new("first", MINUTE, note("first")),
            Step::new("fails", MINUTE, async { Err("told to fail".into()) }),
            Step::new("panics", MINUTE, async { panic!("told to panic") }),
            Step::new("hangs", Duration::ZERO, std::future::pending()),
            Step::new("last", MINUTE, note("last")),
        ];
        stop_in_order(steps, whole).await;
        std::mem::take(&mut *done.lock().unwrap())
    }

    #[tokio::test]
    async fn every_step_gets_its_turn_whatever_the_others_do() {
        assert_eq!(done(MINUTE).await, ["first", "last"]);
    }

    #[tokio::test]
    async fn steps_are_begun_even_when_the_time_is_over() {
        assert_eq!(done(Duration::ZERO).await, ["first", "last"]);
    }

    #[tokio::test]
    async fn the_whole_time_bounds_a_step_that_would_take_longer() {
        stop_in_order(vec![Step::new("hangs", MINUTE, std::future::pending())], Duration::ZERO).await;
    }

    #[test]
    fn causes_are_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot reach it")]
        struct Outer(#[source] std::io::Error);
        let io = || std::io::Error::other("refused");
        assert_eq!(with_causes(&Outer(io())), "cannot reach it: refused");
        assert_eq!(with_causes(&std::io::Error::other(io())), "refused");
    }
}
