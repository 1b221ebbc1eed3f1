//! What goes wrong, case by case.

use std::time::Duration;

use crate::dice::Dice;
use crate::http::{Fault, FaultRule, Faults, Occurrence};

use super::bench::Bench;
use super::route::{Need, Route, Side};

/// Cases of random faults, of kills, and of both at a first start.
const RANDOM: u64 = 10;
const KILLS: u64 = 50;
/// Kills between which the world moves on.
const MOVING: u64 = 16;
const AT_FIRST_START: u64 = 8;
/// The share of requests that fail in a case of random faults, in percent.
const SHARE: f64 = 5.0;

/// What a case begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A catalog and a state file that earlier runs left.
    Filled,
    /// Nothing at all.
    Empty,
}

/// What disturbs the runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Five of a hundred requests to either side fail, each in one of many ways.
    Random {
        /// Decides which.
        seed: u64,
    },
    /// Every request to one route fails in one way.
    Route(Route, Fault),
    /// The process is killed.
    Kill {
        /// When so much of the requests of a run have come, from 0 to 1, one for each run.
        at: [f64; 2],
        /// And so much later.
        after: [Duration; 2],
        /// What the world does after a kill.
        world: Meanwhile,
    },
}

/// What the world does between a kill and the run after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// It stays as it is: the next run that comes to its end must be exact.
    Stays,
    /// It changes, so that a run which goes on with the killed one mixes two worlds; the one after it must be exact.
    Moves,
}

/// One case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name, unique within a bench.
    pub name: String,
    /// What it begins with.
    pub start: Start,
    /// What disturbs the runs.
    pub trouble: Trouble,
}

impl Trouble {
    /// Puts the faults in force.
    pub(super) fn begin(&self, bitbucket: &Faults, port: Option<&Faults>) {
        match self {
            Self::None | Self::Kill { .. } => {}
            Self::Random { seed } => {
                bitbucket.reseed(*seed);
                bitbucket.set(random(Side::Bitbucket));
                if let Some(port) = port {
                    port.reseed(seed.wrapping_add(1));
                    port.set(random(Side::Port));
                }
            }
            Self::Route(route, fault) => {
                let rule = FaultRule::on(route.path, Occurrence::Always, fault.clone()).with_method(route.method);
                match route.side {
                    Side::Bitbucket => bitbucket.set([rule]),
                    Side::Port => port.into_iter().for_each(|port| port.set([rule.clone()])),
                }
            }
        }
    }

    /// How many runs it disturbs in the world after so many changes. The second time, a run that goes on with a killed one
    /// is killed as well.
    pub(super) fn times(&self, changes: usize) -> usize {
        match self {
            Self::Kill { world: Meanwhile::Stays, .. } => 1 + changes,
            _ => 1,
        }
    }

    /// Whether a disturbed run must be complete all the same.
    pub(super) fn is_bearable(&self) -> bool {
        match self {
            Self::None => true,
            Self::Route(route, _) => route.need == Need::Report,
            Self::Random { .. } | Self::Kill { .. } => false,
        }
    }
}

/// Faults of all sorts that together strike five of a hundred requests.
fn random(side: Side) -> Vec<FaultRule> {
    let status = |status| Fault::Status { status, retry_after: None };
    let mut faults = vec![
        status(500),
        status(502),
        status(503),
        Fault::Status { status: 429, retry_after: Some("0".to_owned()) },
        Fault::Html { status: 502 },
        Fault::BreakBeforeHeaders,
        Fault::BreakAfterEffect,
        Fault::BreakAfterHeaders,
        Fault::Truncate { keep: 60 },
        Fault::MalformedJson,
    ];
    if side == Side::Port {
        // A page in the place of a file could be the file.
        faults.push(Fault::Html { status: 200 });
    } else {
        // The time limit of requests to Bitbucket can be set, that of requests to Port cannot.
        faults.push(Fault::Delay(Duration::from_millis(5_500)));
    }
    let share = SHARE / 100.0 / faults.len() as f64;
    faults.into_iter().map(|fault| FaultRule::on("**", Occurrence::Share(share), fault)).collect()
}

/// The ways in which a route fails for good.
fn ways(route: &Route) -> Vec<(&'static str, Fault)> {
    let mut ways = vec![
        ("500", Fault::Status { status: 500, retry_after: None }),
        ("truncated", Fault::Truncate { keep: 40 }),
        ("malformed", Fault::MalformedJson),
        ("html", Fault::Html { status: 200 }),
        ("broken", Fault::BreakAfterEffect),
    ];
    // A single object that answers 404 is gone, and a file is not there: that is no fault.
    let lists = matches!(route.name, "projects" | "repositories" | "pull-requests" | "users");
    if route.side == Side::Port || lists {
        ways.push(("404", Fault::Status { status: 404, retry_after: None }));
    }
    if route.side == Side::Bitbucket {
        ways.push(("403", Fault::Status { status: 403, retry_after: None }));
        // A file may be any text, so that half of it or a page is one as well.
        if matches!(route.name, "files") {
            ways.retain(|(way, _)| !matches!(*way, "malformed" | "html"));
        }
    }
    ways
}

/// Every case of a bench.
#[must_use]
pub fn all(bench: &Bench) -> Vec<Case> {
    let mut cases = vec![Case { name: "undisturbed/first".to_owned(), start: Start::Empty, trouble: Trouble::None }];
    for nth in 0..RANDOM {
        let trouble = Trouble::Random { seed: bench.seed().wrapping_mul(1_000).wrapping_add(nth) };
        cases.push(Case { name: format!("random/{nth}"), start: Start::Filled, trouble: trouble.clone() });
        if nth < AT_FIRST_START {
            cases.push(Case { name: format!("random/first-{nth}"), start: Start::Empty, trouble });
        }
    }
    for (route, start) in bench.routes() {
        for (way, fault) in ways(&route) {
            let side = if route.side == Side::Port { "port" } else { "bitbucket" };
            let name = format!("{side}/{}/{way}", route.name);
            cases.push(Case { name, start, trouble: Trouble::Route(route, fault) });
        }
    }
    let kills = [
        ("kill/", KILLS, Start::Filled, Meanwhile::Stays),
        ("kill/first-", AT_FIRST_START, Start::Empty, Meanwhile::Stays),
        ("kill/moving-", MOVING, Start::Filled, Meanwhile::Moves),
    ];
    let mut moment = 0;
    for (sort, count, start, world) in kills {
        for nth in 0..count {
            cases.push(Case { name: format!("{sort}{nth}"), start, trouble: kill(bench.seed(), moment, world) });
            moment += 1;
        }
    }
    cases
}

fn kill(seed: u64, nth: u64, world: Meanwhile) -> Trouble {
    let mut dice = Dice::new(seed, &[0x9, nth]);
    let mut moment = || dice.below(1_000) as f64 / 1_000.0;
    let at = [moment(), moment()];
    // Some come well after the last request, when files are written and closed.
    let longest = if nth.is_multiple_of(4) { 20_000 } else { 3_000 };
    let mut after = || Duration::from_micros(dice.below(longest));
    Trouble::Kill { at, after: [after(), after()], world }
}

/// A few of the cases: for a quick look, and for the tests.
#[must_use]
pub fn sample(bench: &Bench, count: usize) -> Vec<Case> {
    let cases = all(bench);
    let mut dice = Dice::new(bench.seed(), &[0x5A, cases.len() as u64]);
    let sorts = ["random/", "bitbucket/", "kill/", "port/", "undisturbed/"];
    let mut chosen: Vec<Case> = Vec::with_capacity(count);
    for sort in sorts.iter().cycle().take(count * sorts.len()) {
        let of_sort: Vec<&Case> =
            cases.iter().filter(|case| case.name.starts_with(sort) && !chosen.contains(case)).collect();
        if chosen.len() < count && !of_sort.is_empty() {
            chosen.push((*dice.pick(&of_sort)).clone());
        }
    }
    chosen
}
