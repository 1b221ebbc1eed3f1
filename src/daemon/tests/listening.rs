//! Processes that go on, around work that begins and ends when the test says so.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rstest::rstest;
use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::ask::{ask, send};
use crate::daemon::{
    Bound, Closing, Duties, Ended, Job, JobError, Listening, Patience, Process, Requests, ResyncRoute, Signal, Signals,
    Site, Start, Step, Turns,
};
use crate::http::{ManualClock, Moment};
use crate::sync::{Observer, Report, SyncEvent, SyncOutcome};

const INTERVAL: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

fn stamp(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds)
}

/// How a resync ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Complete,
    Incomplete,
    BreaksOff,
    Panics,
}

/// What Port says when it is asked whether a resync was requested.
#[derive(Clone, Copy, Default)]
enum Port {
    #[default]
    Away,
    Quiet,
    Requests(OffsetDateTime),
}

/// What the work finds, and what was seen of it.
#[derive(Default)]
struct Work {
    port: Mutex<Port>,
    /// What an earlier process had served.
    before: Option<OffsetDateTime>,
    /// Whether the shared things are in use by another process.
    in_use: bool,
    asked: AtomicUsize,
    begun: AtomicUsize,
    runs: AtomicBool,
    acts: Mutex<VecDeque<Act>>,
    may_end: Notify,
    interrupted: Notify,
    served: Mutex<Vec<OffsetDateTime>>,
    closed: Mutex<Vec<Closing>>,
}

impl Job for Arc<Work> {
    async fn provision(&self) -> Result<(), JobError> {
        Ok(())
    }

    async fn resync(&self, _: Arc<dyn Observer>) -> Result<Report, JobError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.runs.store(true, Ordering::SeqCst);
        tokio::select! {
            () = self.may_end.notified() => {}
            () = self.interrupted.notified() => return Err("interrupted".into()),
        }
        self.runs.store(false, Ordering::SeqCst);
        let act = self.acts.lock().unwrap().pop_front().unwrap();
        let outcome = match act {
            Act::Complete => SyncOutcome::Complete,
            Act::Incomplete => SyncOutcome::Incomplete,
            Act::BreaksOff => return Err("told to break off".into()),
            Act::Panics => panic!("told to panic"),
        };
        Ok(Report {
            outcome,
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
        self.interrupted.notify_waiters();
        // Long enough that a test which waits for it hangs.
        if self.runs.load(Ordering::SeqCst) { HOUR } else { Duration::ZERO }
    }

    fn closing(&self, why: Closing) -> Vec<Step> {
        self.closed.lock().unwrap().push(why);
        vec![]
    }
}

impl Requests for Arc<Work> {
    async fn open(&self, observer: Arc<dyn Observer>) -> Result<Option<OffsetDateTime>, JobError> {
        if self.in_use {
            observer.on(&SyncEvent::Waiting { holder: "process 7 on elsewhere".to_owned() });
            self.may_end.notified().await;
            return Err("it was in use for too long".into());
        }
        Ok(self.before)
    }

    async fn newest(&self, _: Duration) -> Result<Option<OffsetDateTime>, JobError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match *self.port.lock().unwrap() {
            Port::Away => Err("Port is away".into()),
            Port::Quiet => Ok(None),
            Port::Requests(at) => Ok(Some(at)),
        }
    }

    async fn served(&self, request: OffsetDateTime) -> Result<(), JobError> {
        self.served.lock().unwrap().push(request);
        Ok(())
    }
}

/// A process under way.
struct Stage {
    work: Arc<Work>,
    clock: Arc<ManualClock>,
    site: Site,
    address: SocketAddr,
    signals: mpsc::Sender<Signal>,
    running: JoinHandle<Ended>,
}

impl Stage {
    async fn start(work: Work, duties: Duties, resync_route: ResyncRoute) -> Self {
        let (work, clock) = (Arc::new(work), Arc::new(ManualClock::standing(Moment::from_millis(1_000_000))));
        let patience = Patience::beginning(Duration::from_secs(10));
        let site = Site { turns: Turns::new(clock.clone(), patience), resync_route, ..Site::default() };
        let (signals, incoming) = mpsc::channel(4);
        let process = Process {
            server: Bound::bind(0).await.unwrap(),
            path_prefix: "/prefix".to_owned(),
            site: site.clone(),
            signals: Signals::from_channel(incoming),
        };
        let address = process.server.address();
        let running = tokio::spawn(Listening { process, duties }.run(Arc::clone(&work)));
        let stage = Self { work, clock, site, address, signals, running };
        settle().await;
        stage
    }

    async fn polling(work: Work, start: Start) -> Self {
        let duties = Duties::Resync { start, poll: Some(INTERVAL), schedule: None };
        Self::start(work, duties, ResyncRoute::Absent).await
    }

    /// Lets time pass, and whatever it brings happen.
    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        settle().await;
    }

    fn request(&self, at: i64) {
        *self.work.port.lock().unwrap() = Port::Requests(stamp(at));
    }

    fn begun(&self) -> usize {
        self.work.begun.load(Ordering::SeqCst)
    }

    /// Ends the resync that runs.
    async fn end(&self, act: Act) {
        self.work.acts.lock().unwrap().push_back(act);
        self.work.may_end.notify_one();
        settle().await;
    }

    fn served(&self) -> Vec<OffsetDateTime> {
        self.work.served.lock().unwrap().clone()
    }

    async fn stop(self) -> (Ended, Vec<Closing>) {
        self.signals.send(Signal::Terminate).await.unwrap();
        let ended = self.running.await.unwrap();
        (ended, self.work.closed.lock().unwrap().clone())
    }
}

/// Everybody who can do something does it; all run on one thread.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

const STOPPED: Ended = Ended::Stopped(Signal::Terminate);

fn quiet_port() -> Work {
    Work { port: Mutex::new(Port::Quiet), ..Work::default() }
}

#[tokio::test]
async fn the_start_is_a_resync_whether_or_not_one_was_requested() {
    let stage = Stage::polling(quiet_port(), Start::Resyncs).await;
    assert_eq!(stage.begun(), 1);
    stage.end(Act::Complete).await;
    stage.pass(HOUR).await;
    assert_eq!((stage.begun(), stage.served()), (1, vec![]));
    assert_eq!(stage.stop().await, (STOPPED, vec![Closing::Interrupted]));
}

#[tokio::test]
async fn the_resync_of_the_start_serves_what_was_requested_before() {
    let work = Work { port: Mutex::new(Port::Requests(stamp(7))), ..Work::default() };
    let stage = Stage::polling(work, Start::Resyncs).await;
    assert_eq!(stage.begun(), 1);
    // Not before its end.
    assert!(stage.served().is_empty());
    stage.end(Act::Incomplete).await;
    assert_eq!(stage.served(), [stamp(7)]);
    stage.pass(INTERVAL).await;
    assert_eq!(stage.begun(), 1);
}

#[tokio::test]
async fn without_a_resync_at_the_start_nothing_happens_until_one_is_requested() {
    let stage = Stage::polling(quiet_port(), Start::Waits).await;
    for _ in 0..5 {
        stage.pass(INTERVAL).await;
    }
    assert_eq!((stage.begun(), stage.work.asked.load(Ordering::SeqCst)), (0, 6));
    stage.request(9);
    stage.pass(INTERVAL).await;
    assert_eq!(stage.begun(), 1);
    stage.end(Act::Complete).await;
    assert_eq!(stage.served(), [stamp(9)]);
}

#[tokio::test]
async fn what_an_earlier_process_served_is_not_served_again() {
    let work = Work { port: Mutex::new(Port::Requests(stamp(9))), before: Some(stamp(9)), ..Work::default() };
    let stage = Stage::polling(work, Start::Waits).await;
    stage.pass(INTERVAL).await;
    assert_eq!(stage.begun(), 0);
    stage.request(10);
    stage.pass(INTERVAL).await;
    assert_eq!(stage.begun(), 1);
}

#[tokio::test]
async fn requests_during_a_resync_are_seen_and_followed_by_exactly_one() {
    let stage = Stage::polling(quiet_port(), Start::Resyncs).await;
    let asked = stage.work.asked.load(Ordering::SeqCst);
    for at in 1..=3 {
        stage.request(at);
        stage.pass(INTERVAL).await;
    }
    // Port is asked while the resync runs.
    assert_eq!((stage.begun(), stage.work.asked.load(Ordering::SeqCst)), (1, asked + 3));
    stage.end(Act::Complete).await;
    assert_eq!((stage.begun(), stage.served()), (2, vec![]));
    stage.pass(INTERVAL).await;
    stage.end(Act::Complete).await;
    assert_eq!((stage.begun(), stage.served()), (2, vec![stamp(3)]));
    stage.pass(HOUR).await;
    assert_eq!(stage.begun(), 2);
}

#[rstest]
#[case(Act::BreaksOff)]
#[case(Act::Panics)]
#[tokio::test]
async fn a_resync_that_broke_off_is_tried_again_and_serves_its_request_only_then(#[case] act: Act) {
    let stage = Stage::polling(quiet_port(), Start::Waits).await;
    stage.request(4);
    stage.pass(INTERVAL).await;
    for (nth, wait) in [10, 20, 40].into_iter().enumerate() {
        assert_eq!(stage.begun(), nth + 1);
        stage.end(act).await;
        stage.pass(Duration::from_secs(wait - 1)).await;
        assert_eq!(stage.begun(), nth + 1, "it rests");
        stage.pass(Duration::from_secs(1)).await;
    }
    assert_eq!((stage.begun(), stage.served()), (4, vec![]));
    stage.end(Act::Complete).await;
    assert_eq!(stage.served(), [stamp(4)]);
    stage.pass(HOUR).await;
    assert_eq!(stage.begun(), 4);
}

#[tokio::test]
async fn a_port_that_is_away_for_a_while_is_asked_again() {
    let stage = Stage::polling(Work::default(), Start::Waits).await;
    stage.pass(INTERVAL).await;
    stage.pass(INTERVAL).await;
    assert_eq!((stage.begun(), stage.work.asked.load(Ordering::SeqCst)), (0, 3));
    stage.request(1);
    stage.pass(INTERVAL).await;
    assert_eq!(stage.begun(), 1);
}

#[tokio::test]
async fn scheduled_resyncs_come_one_at_a_time_however_long_they_take() {
    let duties = Duties::Resync { start: Start::Waits, poll: None, schedule: Some(HOUR) };
    let stage = Stage::start(Work::default(), duties, ResyncRoute::Absent).await;
    stage.pass(Duration::from_secs(3_599)).await;
    assert_eq!(stage.begun(), 0);
    stage.pass(Duration::from_secs(1)).await;
    assert_eq!(stage.begun(), 1);
    // It runs through three more of its times, and comes to its end.
    for _ in 0..3 {
        stage.pass(HOUR).await;
    }
    assert_eq!(stage.begun(), 1);
    stage.end(Act::Complete).await;
    assert_eq!(stage.begun(), 2);
    stage.end(Act::Complete).await;
    assert_eq!(stage.begun(), 2);
    stage.pass(HOUR).await;
    assert_eq!((stage.begun(), stage.work.asked.load(Ordering::SeqCst)), (3, 0));
}

#[tokio::test]
async fn a_resync_can_be_asked_for_by_http() {
    let duties = Duties::Resync { start: Start::Waits, poll: None, schedule: None };
    let stage = Stage::start(Work::default(), duties, ResyncRoute::Open).await;
    let asked = async || {
        let answer = ask(stage.address, "POST", "/resync").await;
        assert_eq!(answer.status, 202);
        answer.body
    };
    assert_eq!(asked().await, r#"{"status":"started"}"#);
    settle().await;
    assert_eq!(stage.begun(), 1);
    assert_eq!(asked().await, r#"{"status":"queued"}"#);
    for _ in 0..20 {
        assert_eq!(asked().await, r#"{"status":"already_queued"}"#);
    }
    stage.end(Act::Complete).await;
    stage.end(Act::Complete).await;
    assert_eq!(stage.begun(), 2);
    // A body is not looked at, and one that is too long asks for nothing.
    let head = "POST /resync HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    assert_eq!(send(stage.address, &format!("{head}content-length: 999999999\r\n\r\n")).await.status, 413);
    settle().await;
    assert_eq!(stage.begun(), 2);
    let sent = send(stage.address, &format!("{head}content-length: 9\r\n\r\nnot{{json]")).await;
    assert_eq!((sent.status, sent.body.as_str()), (202, r#"{"status":"started"}"#));
    for (method, path, status) in [("GET", "/resync", 405), ("POST", "/prefix/resync", 404)] {
        assert_eq!(ask(stage.address, method, path).await.status, status);
    }
    stage.site.health.set(crate::daemon::Readiness::Stopping);
    assert_eq!(ask(stage.address, "POST", "/resync").await.status, 503);
}

#[tokio::test]
async fn asking_all_the_time_does_not_make_a_failing_resync_spin() {
    let duties = Duties::Resync { start: Start::Waits, poll: None, schedule: None };
    let stage = Stage::start(Work::default(), duties, ResyncRoute::Open).await;
    // Ten seconds are the first wait: at 0, 10, … 100.
    for _ in 0..100 {
        assert_eq!(ask(stage.address, "POST", "/resync").await.status, 202);
        settle().await;
        if stage.begun() > stage.work.closed.lock().unwrap().len() {
            stage.work.closed.lock().unwrap().push(Closing::Ended);
            stage.end(Act::BreaksOff).await;
        }
        stage.pass(Duration::from_secs(1)).await;
    }
    assert_eq!(stage.begun(), 11);
}

#[tokio::test]
async fn a_process_that_shall_not_resync_serves_and_does_nothing_else() {
    let stage = Stage::start(quiet_port(), Duties::None, ResyncRoute::Absent).await;
    stage.request(3);
    stage.pass(HOUR).await;
    assert_eq!((stage.begun(), stage.work.asked.load(Ordering::SeqCst)), (0, 0));
    assert_eq!(ask(stage.address, "GET", "/prefix/health/ready").await.status, 200);
    assert_eq!(ask(stage.address, "POST", "/resync").await.status, 404);
    assert_eq!(stage.stop().await.0, STOPPED);
}

#[tokio::test]
async fn a_signal_stops_a_resync_in_order_and_leaves_its_request_to_the_next_process() {
    let stage = Stage::polling(quiet_port(), Start::Waits).await;
    stage.request(4);
    stage.pass(INTERVAL).await;
    assert_eq!(stage.begun(), 1);
    let work = Arc::clone(&stage.work);
    assert_eq!(stage.stop().await, (STOPPED, vec![Closing::Interrupted]));
    assert_eq!((work.begun.load(Ordering::SeqCst), work.served.lock().unwrap().len()), (1, 0));
}

#[tokio::test]
async fn a_signal_ends_the_rest_after_a_failure() {
    let stage = Stage::polling(quiet_port(), Start::Resyncs).await;
    stage.end(Act::BreaksOff).await;
    assert_eq!(stage.stop().await.0, STOPPED);
}

#[tokio::test]
async fn a_process_that_waits_for_another_is_unready_and_ends_when_that_takes_too_long() {
    let work = Work { in_use: true, ..Work::default() };
    let stage = Stage::polling(work, Start::Resyncs).await;
    let answer = ask(stage.address, "GET", "/prefix/health/ready").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("in use by process 7 on elsewhere"), "{}", answer.body);
    assert_eq!(stage.begun(), 0);
    stage.work.may_end.notify_one();
    assert_eq!(stage.running.await.unwrap(), Ended::NotProvisioned);
}
