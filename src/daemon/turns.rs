//! Whose turn it is: one resync at a time, and at most one more after it.
//!
//! A request that comes while a resync runs neither aborts it nor is lost: one more resync follows, which sees all that
//! any number of requests until then could have meant.

use std::sync::{Arc, Mutex, PoisonError};

/// What runs and what follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// Nothing runs.
    #[default]
    Idle,
    /// A resync runs.
    Running,
    /// A resync runs, and another follows.
    RunningWithFollowUp,
}

/// What a request for a resync came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is to run now: whoever asked runs it, and says so at its end.
    Starts,
    /// It follows the one that runs.
    Queued,
    /// One follows already, which serves this request too.
    AlreadyQueued,
}

/// What comes after a resync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Rest,
    /// One more.
    Again,
}

impl Turn {
    /// Somebody wants a resync.
    #[must_use]
    pub const fn ask(self) -> (Self, Asked) {
        match self {
            Self::Idle => (Self::Running, Asked::Starts),
            Self::Running => (Self::RunningWithFollowUp, Asked::Queued),
            Self::RunningWithFollowUp => (Self::RunningWithFollowUp, Asked::AlreadyQueued),
        }
    }

    /// The resync that ran ended, well or not.
    #[must_use]
    pub const fn end(self) -> (Self, Next) {
        match self {
            Self::Idle | Self::Running => (Self::Idle, Next::Rest),
            Self::RunningWithFollowUp => (Self::Running, Next::Again),
        }
    }
}

/// The turn of this process; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<Turn>>);

impl Turns {
    /// Asks for a resync.
    pub fn ask(&self) -> Asked {
        self.step(Turn::ask)
    }

    /// Notes that the resync ended.
    pub fn end(&self) -> Next {
        self.step(Turn::end)
    }

    fn step<T>(&self, step: impl FnOnce(Turn) -> (Turn, T)) -> T {
        let mut turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, answer) = step(*turn);
        *turn = now;
        answer
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_during_a_resync_are_one_follow_up() {
        let turns = Turns::default();
        assert_eq!(turns.ask(), Asked::Starts);
        assert_eq!(
            [turns.ask(), turns.ask(), turns.ask()],
            [Asked::Queued, Asked::AlreadyQueued, Asked::AlreadyQueued]
        );
        assert_eq!(turns.end(), Next::Again);
        assert_eq!(turns.ask(), Asked::Queued);
        assert_eq!([turns.end(), turns.end()], [Next::Again, Next::Rest]);
        assert_eq!(turns.ask(), Asked::Starts);
    }

    proptest! {
        /// Every request is followed by a resync that begins after it, and there are never more resyncs than requests.
        #[test]
        fn no_request_is_lost_and_none_is_served_twice(asks in prop::collection::vec(any::<bool>(), 0..60)) {
            let turns = Turns::default();
            let (mut running, mut unserved, mut begun, mut asked) = (false, false, 0, 0);
            for ask in asks {
                if ask {
                    asked += 1;
                    if turns.ask() == Asked::Starts {
                        prop_assert!(!running);
                        (running, unserved, begun) = (true, false, begun + 1);
                    } else {
                        unserved = true;
                    }
                } else if running {
                    running = turns.end() == Next::Again;
                    prop_assert_eq!(running, unserved);
                    (unserved, begun) = (false, begun + i32::from(running));
                }
                prop_assert!(begun <= asked);
            }
        }
    }
}
