use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use time::OffsetDateTime;

use super::turn::Turn;
use super::*;
use crate::http::{ManualClock, Moment};

const START: Moment = Moment::from_millis(1_000_000);
const PATIENCE: Patience = Patience { first: Duration::from_secs(10), longest: Duration::from_secs(60) };

fn stamp(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds)
}

fn turns() -> (Turns, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::standing(START));
    (Turns::new(clock.clone(), PATIENCE), clock)
}

#[test]
fn requests_during_a_resync_are_one_follow_up() {
    let (turns, _) = turns();
    assert_eq!([turns.ask(), turns.ask()], [Asked::Starts, Asked::AlreadyQueued]);
    assert!(turns.begin());
    assert!(!turns.begin());
    assert_eq!([turns.ask(), turns.ask(), turns.ask()], [Asked::Queued, Asked::AlreadyQueued, Asked::AlreadyQueued]);
    turns.end(End::Ran);
    assert!(turns.begin());
    assert_eq!(turns.ask(), Asked::Queued);
    turns.end(End::Ran);
    assert!(turns.begin());
    turns.end(End::Ran);
    assert!(!turns.begin());
    assert_eq!(turns.ask(), Asked::Starts);
}

#[test]
fn a_request_is_served_by_the_resync_that_begins_after_it() {
    let (turns, _) = turns();
    turns.resume(Some(stamp(5)));
    assert_eq!([turns.tell(stamp(4)), turns.tell(stamp(5))], [None, None]);
    assert_eq!(turns.tell(stamp(7)), Some(Asked::Starts));
    assert_eq!(turns.tell(stamp(7)), None);
    assert!(turns.begin());
    // The same answer again is the request that is being served; a newer one is not.
    assert_eq!([turns.tell(stamp(7)), turns.tell(stamp(8))], [None, Some(Asked::Queued)]);
    assert_eq!(turns.end(End::Ran), Some(stamp(7)));
    assert!(turns.begin());
    assert_eq!(turns.end(End::Ran), Some(stamp(8)));
    assert!(!turns.begin());
    // A resync that was asked for otherwise serves nothing new.
    turns.ask();
    assert!(turns.begin());
    assert_eq!(turns.end(End::Ran), None);
}

#[test]
fn what_broke_off_is_tried_again_ever_more_seldom() {
    let (turns, clock) = turns();
    turns.tell(stamp(1));
    for wait in [10, 20, 40, 60, 60] {
        assert!(turns.begin());
        assert_eq!(turns.end(End::BrokeOff), None);
        clock.advance(Duration::from_secs(wait - 1));
        assert_eq!(turns.next(), When::At(clock_after(&clock, 1)), "{wait}");
        assert!(!turns.begin());
        clock.advance(Duration::from_secs(1));
    }
    assert!(turns.begin());
    assert_eq!(turns.end(End::Ran), Some(stamp(1)));
    assert_eq!(turns.next(), When::Later);
}

#[test]
fn who_asks_anew_waits_no_longer_than_the_first_time_and_no_less() {
    let (turns, clock) = turns();
    turns.ask();
    for _ in 0..3 {
        assert!(turns.begin());
        turns.end(End::BrokeOff);
        clock.advance(Duration::from_secs(60));
    }
    assert!(turns.begin());
    turns.end(End::BrokeOff);
    assert_eq!(turns.next(), When::At(clock_after(&clock, 60)));
    assert_eq!(turns.ask(), Asked::AlreadyQueued);
    assert_eq!(turns.next(), When::At(clock_after(&clock, 10)));
    clock.advance(Duration::from_secs(10));
    assert!(turns.begin());
    turns.ask();
    turns.end(End::BrokeOff);
    assert_eq!(turns.next(), When::At(clock_after(&clock, 10)));
}

#[test]
fn waits_are_bounded_on_both_sides() {
    assert_eq!(Patience::beginning(Duration::ZERO).first, Duration::from_secs(1));
    let long = Patience::beginning(Duration::from_secs(7_200));
    assert_eq!((long.after(1), long.after(2)), (long.first, long.first));
    assert_eq!(Patience::USUAL.after(u32::MAX), Patience::USUAL.longest);
}

#[tokio::test]
async fn whoever_waits_wakes_when_something_is_due() {
    let (turns, clock) = turns();
    let waiting = tokio::spawn({
        let turns = turns.clone();
        async move { turns.due().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    turns.ask();
    waiting.await.unwrap();
    assert!(turns.begin());
    turns.end(End::BrokeOff);
    let mut waiting = Box::pin(turns.due());
    assert!(futures::poll!(&mut waiting).is_pending());
    clock.advance(PATIENCE.first);
    assert!(futures::poll!(&mut waiting).is_ready());
}

fn clock_after(clock: &ManualClock, seconds: u64) -> Moment {
    crate::http::Clock::now(clock).after(Duration::from_secs(seconds))
}

#[derive(Clone, Copy, Debug)]
enum Happens {
    Ask,
    Tell(i64),
    Begin,
    End(End),
    Passes(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        Just(Happens::Ask),
        (0_i64..12).prop_map(Happens::Tell),
        Just(Happens::Begin),
        Just(Happens::Begin),
        prop_oneof![Just(End::Ran), Just(End::BrokeOff)].prop_map(Happens::End),
        (0_u64..90).prop_map(Happens::Passes),
    ]
}

proptest! {
    #[test]
    fn no_request_is_lost_and_none_is_served_twice(events in prop::collection::vec(happens(), 0..80)) {
        let (mut turn, mut now) = (Turn::default(), START);
        // What a person would write down beside it.
        let (mut newest, mut watermark): (Option<i64>, Option<i64>) = (None, None);
        let mut running: Option<Option<i64>> = None;
        let mut asked_since = false;
        let (mut reasons, mut begun) = (0_u32, 0_u32);
        let mut broke_off: Option<Moment> = None;
        for event in events {
            match event {
                Happens::Ask => {
                    let (next, asked) = turn.ask(now);
                    prop_assert_eq!(asked == Asked::Starts, running.is_none() && turn.next(now) == When::Later);
                    (turn, asked_since, reasons) = (next, true, reasons + 1);
                }
                Happens::Tell(at) => {
                    let (next, asked) = turn.tell(stamp(at), now);
                    let is_new = Some(at) > newest;
                    prop_assert_eq!(asked.is_some(), is_new);
                    if is_new {
                        (newest, asked_since, reasons) = (Some(at), true, reasons + 1);
                    }
                    turn = next;
                }
                Happens::Begin => {
                    if let Some(next) = turn.begin(now) {
                        prop_assert!(running.is_none(), "two at a time");
                        prop_assert!(broke_off.is_none_or(|then| now.since(then) >= PATIENCE.first), "too soon");
                        (turn, running, asked_since, begun) = (next, Some(newest), false, begun + 1);
                    }
                }
                Happens::End(end) => {
                    let before = watermark;
                    if let (Some(serves), End::Ran) = (running, end) {
                        watermark = watermark.max(serves);
                    }
                    let (next, served) = turn.end(end, now, PATIENCE);
                    prop_assert_eq!(served, watermark.filter(|_| watermark != before).map(stamp));
                    if running.take().is_some() {
                        match end {
                            End::Ran => broke_off = None,
                            End::BrokeOff => (broke_off, asked_since, reasons) = (Some(now), true, reasons + 1),
                        }
                    }
                    turn = next;
                }
                Happens::Passes(seconds) => now = now.after(Duration::from_secs(seconds)),
            }
            prop_assert!(begun <= reasons, "more resyncs than reasons for one");
            // Whatever is unserved is being served, or will be.
            let much_later = now.after(PATIENCE.longest);
            let will_begin = running.is_none() && turn.next(much_later) == When::Now;
            let after_this = turn.end(End::Ran, now, PATIENCE).0.next(much_later) == When::Now;
            prop_assert_eq!(asked_since, will_begin || (running.is_some() && after_this));
            if newest > watermark {
                prop_assert!(will_begin || after_this || running == Some(newest), "{newest:?} is lost");
            }
        }
    }

    /// What an earlier process served is not served again, and everything newer is.
    #[test]
    fn a_restart_serves_only_what_is_newer(served in prop::option::of(0_i64..10), request in 0_i64..10) {
        let turn = Turn::default().resuming(served.map(stamp));
        let (turn, asked) = turn.tell(stamp(request), START);
        prop_assert_eq!(asked.is_some(), Some(request) > served);
        prop_assert_eq!(turn.begin(START).is_some(), Some(request) > served);
    }
}
