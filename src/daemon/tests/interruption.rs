//! Signals and requests while a resync runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::ask::ask;
use crate::daemon::{Bound, Closing, Ended, Job, JobError, Once, Process, Signal, Signals, Site, Step};
use crate::sync::{Observer, Report, SyncEvent, SyncOutcome};

/// Long enough that a test which waits for it hangs.
const LONG: Duration = Duration::from_secs(3_600);

/// Work that waits until it is interrupted, or asks for more of itself.
#[derive(Default)]
struct Work {
    site: Site,
    begun: Notify,
    interrupted: Notify,
    /// How often it may run before it waits.
    quick: usize,
    runs: AtomicUsize,
    stopped: AtomicUsize,
    closed: Arc<AtomicUsize>,
}

impl Job for Arc<Work> {
    async fn provision(&self) -> Result<(), JobError> {
        Ok(())
    }

    async fn resync(&self, observer: Arc<dyn Observer>) -> Result<Report, JobError> {
        if self.runs.fetch_add(1, Ordering::SeqCst) == 0 {
            // Three requests while it runs are one resync more.
            for _ in 0..3 {
                self.site.turns.ask();
            }
        }
        if self.runs.load(Ordering::SeqCst) > self.quick {
            observer.on(&SyncEvent::Waiting { holder: "process 7 on elsewhere".to_owned() });
            self.begun.notify_one();
            self.interrupted.notified().await;
            self.stopped.fetch_add(1, Ordering::SeqCst);
            return Err("interrupted".into());
        }
        Ok(Report {
            outcome: SyncOutcome::Complete,
            catalog: "play".to_owned(),
            resources: vec![],
            deletions: vec![],
            blueprints_created: vec![],
            notices: vec![],
            requests: 0,
            duration: Duration::ZERO,
        })
    }

    fn interrupt(&self) -> Duration {
        if self.quick == 0 {
            self.interrupted.notify_one();
        }
        LONG
    }

    fn closing(&self, why: Closing) -> Vec<Step> {
        let closed = Arc::clone(&self.closed);
        assert_eq!(why == Closing::Ended, self.quick > 1);
        vec![Step::new("counting", LONG, async move {
            closed.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })]
    }
}

async fn stage(quick: usize) -> (Arc<Work>, Once, mpsc::Sender<Signal>) {
    let work = Arc::new(Work { quick, ..Work::default() });
    let (sender, incoming) = mpsc::channel(4);
    let process = Process {
        server: Bound::bind(0).await.unwrap(),
        path_prefix: String::new(),
        site: work.site.clone(),
        signals: Signals::from_channel(incoming),
    };
    let once = Once { process, resyncs: true };
    (work, once, sender)
}

#[tokio::test]
async fn what_is_asked_for_while_a_resync_runs_follows_it_once() {
    let (work, once, _signals) = stage(9).await;
    assert_eq!(once.run(Arc::clone(&work)).await, Ended::Resynced(SyncOutcome::Complete));
    assert_eq!(work.runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_resync_stops_in_order_before_the_process_does() {
    let (work, once, signals) = stage(0).await;
    let running = tokio::spawn(once.run(Arc::clone(&work)));
    work.begun.notified().await;
    signals.send(Signal::Terminate).await.unwrap();
    assert_eq!(running.await.unwrap(), Ended::Stopped(Signal::Terminate));
    // Its own end, then the steps; what was asked for meanwhile is left to the next process.
    assert_eq!((work.stopped.load(Ordering::SeqCst), work.closed.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(work.runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_second_signal_ends_a_resync_that_does_not_stop() {
    let (work, once, signals) = stage(1).await;
    let running = tokio::spawn(once.run(Arc::clone(&work)));
    work.begun.notified().await;
    signals.send(Signal::Interrupt).await.unwrap();
    signals.send(Signal::Interrupt).await.unwrap();
    assert_eq!(running.await.unwrap(), Ended::Stopped(Signal::Interrupt));
    assert_eq!((work.stopped.load(Ordering::SeqCst), work.closed.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test]
async fn a_process_that_waits_for_another_is_not_ready_and_says_for_whom() {
    let (work, once, signals) = stage(0).await;
    let address = once.process.server.address();
    let running = tokio::spawn(once.run(Arc::clone(&work)));
    work.begun.notified().await;
    let answer = ask(address, "GET", "/health/ready").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("in use by process 7 on elsewhere"), "{}", answer.body);
    assert_eq!(ask(address, "GET", "/health/live").await.status, 200);
    signals.send(Signal::Terminate).await.unwrap();
    running.await.unwrap();
}
