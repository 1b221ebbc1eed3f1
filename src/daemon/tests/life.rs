//! A process from its start to its exit code, around work that does as the test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rstest::rstest;
use tokio::sync::{Notify, mpsc};

use super::ask::ask;
use crate::config::ExitPolicy;
use crate::daemon::{Bound, Closing, Ended, Job, JobError, Once, Process, Signal, Signals, Site, Step, exit_code};
use crate::sync::{Observer, PlannedKind, Report, SyncEvent, SyncOutcome};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Complete,
    Incomplete,
    Fail,
    Panic,
    Hang,
}

/// Work that does as told and writes down what it was asked for.
struct Play {
    provision: Act,
    resync: Act,
    /// How the last step of stopping goes.
    closing: Act,
    provision_may_end: Notify,
    said: Arc<Mutex<Vec<String>>>,
    resyncing: Notify,
}

impl Play {
    fn new(provision: Act, resync: Act) -> Arc<Self> {
        let play = Self {
            provision,
            resync,
            closing: Act::Complete,
            provision_may_end: Notify::new(),
            said: Arc::default(),
            resyncing: Notify::new(),
        };
        play.provision_may_end.notify_one();
        Arc::new(play)
    }

    fn say(&self, what: &str) {
        self.said.lock().unwrap().push(what.to_owned());
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

async fn act(act: Act) -> Result<SyncOutcome, JobError> {
    match act {
        Act::Complete => Ok(SyncOutcome::Complete),
        Act::Incomplete => Ok(SyncOutcome::Incomplete),
        Act::Fail => Err("told to fail".into()),
        Act::Panic => panic!("told to panic"),
        Act::Hang => std::future::pending().await,
    }
}

impl Job for Arc<Play> {
    async fn provision(&self) -> Result<(), JobError> {
        self.say("provision");
        self.provision_may_end.notified().await;
        act(self.provision).await.map(drop)
    }

    async fn resync(&self, observer: Arc<dyn Observer>) -> Result<Report, JobError> {
        self.say("resync");
        observer
            .on(&SyncEvent::Planned { resources: vec![PlannedKind { kind: "repository", blueprint: String::new() }] });
        observer.on(&SyncEvent::Listed { kind: "repository", objects: 7 });
        self.resyncing.notify_one();
        Ok(report(act(self.resync).await?))
    }

    fn closing(&self, why: Closing) -> Vec<Step> {
        self.say(&format!("closing {why:?}"));
        let (said, closing) = (Arc::clone(&self.said), self.closing);
        let deadline = Duration::from_secs(600);
        vec![
            Step::new("a step that fails", deadline, async { Err("told to fail".into()) }),
            Step::new("the last step", deadline, async move {
                said.lock().unwrap().push("last step".to_owned());
                act(closing).await.map(drop)
            }),
        ]
    }
}

fn report(outcome: SyncOutcome) -> Report {
    Report {
        outcome,
        catalog: "play".to_owned(),
        resources: vec![],
        deletions: vec![crate::sync::DeletionReport {
            blueprint: "service".to_owned(),
            owned: 9,
            missing: 1,
            deleted: 0,
            protected: BTreeMap::from([("a listing failed".to_owned(), 1)]),
            withheld: 1,
        }],
        blueprints_created: vec![],
        notices: vec![],
        requests: 3,
        duration: Duration::from_secs(1),
    }
}

async fn stage(resyncs: bool) -> (Once, mpsc::Sender<Signal>) {
    let (sender, incoming) = mpsc::channel(4);
    let process = Process {
        server: Bound::bind(0).await.unwrap(),
        path_prefix: String::new(),
        site: Site::default(),
        signals: Signals::from_channel(incoming),
    };
    let once = Once { process, resyncs };
    (once, sender)
}

#[rstest]
#[case::complete(Act::Complete, Act::Complete, Ended::Resynced(SyncOutcome::Complete))]
#[case::incomplete(Act::Complete, Act::Incomplete, Ended::Resynced(SyncOutcome::Incomplete))]
#[case::failed(Act::Complete, Act::Fail, Ended::Failed)]
#[case::panicked(Act::Complete, Act::Panic, Ended::Failed)]
#[case::not_provisioned(Act::Fail, Act::Complete, Ended::NotProvisioned)]
#[case::provisioning_panicked(Act::Panic, Act::Complete, Ended::NotProvisioned)]
#[tokio::test]
async fn whatever_happens_the_end_is_orderly(#[case] provision: Act, #[case] resync: Act, #[case] ended: Ended) {
    let (once, _signals) = stage(true).await;
    let play = Play::new(provision, resync);
    assert_eq!(once.run(Arc::clone(&play)).await, ended);
    let said = play.said();
    assert_eq!(said.contains(&"resync".to_owned()), ended != Ended::NotProvisioned);
    assert_eq!(said[said.len() - 2..], ["closing Ended", "last step"]);
}

#[tokio::test]
async fn a_process_that_shall_not_resync_does_not() {
    let (once, _signals) = stage(false).await;
    let play = Play::new(Act::Complete, Act::Complete);
    assert_eq!(once.run(Arc::clone(&play)).await, Ended::NothingToDo);
    assert_eq!(play.said(), ["provision", "closing Ended", "last step"]);
}

#[tokio::test]
async fn the_process_is_ready_once_it_is_provisioned() {
    let (once, signals) = stage(true).await;
    let (address, site) = (once.process.server.address(), once.process.site.clone());
    let play = Play::new(Act::Complete, Act::Hang);
    // Takes back the leave to end, so that provisioning waits.
    play.provision_may_end.notified().await;
    let running = tokio::spawn(once.run(Arc::clone(&play)));
    assert_eq!(ask(address, "GET", "/health/ready").await.status, 503);
    play.provision_may_end.notify_one();
    play.resyncing.notified().await;
    assert_eq!(ask(address, "GET", "/health/ready").await.status, 200);
    let metrics = ask(address, "GET", "/metrics").await.body;
    assert!(metrics.contains("object_count_type=\"raw_extracted\"} 7.0\n"), "{metrics}");
    signals.send(Signal::Terminate).await.unwrap();
    assert_eq!(running.await.unwrap(), Ended::Stopped(Signal::Terminate));
    assert!(site.health.unready().is_some());
    assert_eq!(play.said(), ["provision", "resync", "closing Interrupted", "last step"]);
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_the_steps() {
    let (once, signals) = stage(true).await;
    let mut play = Play::new(Act::Complete, Act::Hang);
    Arc::get_mut(&mut play).unwrap().closing = Act::Hang;
    let running = tokio::spawn(once.run(Arc::clone(&play)));
    play.resyncing.notified().await;
    signals.send(Signal::Interrupt).await.unwrap();
    signals.send(Signal::Interrupt).await.unwrap();
    assert_eq!(running.await.unwrap(), Ended::Stopped(Signal::Interrupt));
}

#[rstest]
#[case(Ended::Resynced(SyncOutcome::Complete), 0, 0)]
#[case(Ended::Resynced(SyncOutcome::Incomplete), 0, 2)]
#[case(Ended::Failed, 0, 2)]
#[case(Ended::NothingToDo, 0, 0)]
#[case(Ended::NotProvisioned, 1, 1)]
#[case(Ended::Stopped(Signal::Terminate), 143, 143)]
#[case(Ended::Stopped(Signal::Interrupt), 130, 130)]
fn exit_codes(#[case] ended: Ended, #[case] compatible: u8, #[case] strict: u8) {
    assert_eq!(exit_code(&ended, ExitPolicy::Compatible, 77), compatible);
    assert_eq!(exit_code(&ended, ExitPolicy::Strict, 77), strict);
}

#[test]
fn the_first_process_of_a_container_ends_a_signal_well() {
    for policy in [ExitPolicy::Compatible, ExitPolicy::Strict] {
        assert_eq!(exit_code(&Ended::Stopped(Signal::Terminate), policy, 1), 0);
    }
}
