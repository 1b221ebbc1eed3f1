//! Things that a person should know, gathered from all stages without growing with the workspace.

use std::sync::{Mutex, PoisonError};

use indexmap::{IndexMap, IndexSet};

use crate::bitbucket::CallError;

use super::report::{Notice, NoticeLevel};

/// How many different notices a sync keeps; further ones are counted only.
const KEPT: usize = 200;

/// How many names one notice keeps; further ones are counted only.
const NAMED: usize = 50;

/// How many of them stand in its message.
const SHOWN: usize = 5;

/// Collects notices. Equal ones are counted; those that differ in one name only are gathered in one.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    notices: IndexMap<Said, Times>,
    dropped: u64,
}

/// What is said, with a gap for the name between both texts.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Said {
    level: NoticeLevel,
    before: String,
    after: String,
}

/// How often, and about what.
#[derive(Debug, Default)]
struct Times {
    count: u64,
    names: IndexSet<String>,
    /// The message of the first, in full.
    first: String,
}

impl Notices {
    pub(crate) fn error(&self, message: impl Into<String>) {
        self.add(NoticeLevel::Error, message.into(), None, String::new(), None);
    }

    pub(crate) fn warning(&self, message: impl Into<String>) {
        self.add(NoticeLevel::Warning, message.into(), None, String::new(), None);
    }

    pub(crate) fn note(&self, message: impl Into<String>) {
        self.add(NoticeLevel::Note, message.into(), None, String::new(), None);
    }

    /// An error about one of many: those with the same texts around the name become one notice.
    pub(crate) fn error_about(&self, before: impl Into<String>, name: &str, after: impl Into<String>) {
        self.add(NoticeLevel::Error, before.into(), Some(name), after.into(), None);
    }

    /// The same as a warning.
    pub(crate) fn warning_about(&self, before: impl Into<String>, name: &str, after: impl Into<String>) {
        self.add(NoticeLevel::Warning, before.into(), Some(name), after.into(), None);
    }

    /// A call that failed for one of many; `what` stands between the name and the cause. Those that failed in the
    /// same way become one notice, a single one is told with all details of its call.
    pub(crate) fn call_failed(&self, level: NoticeLevel, before: &str, name: &str, what: &str, error: &CallError) {
        let (brief, full) = (format!("{what}: {}", error.in_brief()), format!("{what}: {error}"));
        self.add(level, before.to_owned(), Some(name), brief, Some(&full));
    }

    /// The log has each one with its name. `full` is the text after the name where it differs from call to call.
    fn add(&self, level: NoticeLevel, before: String, name: Option<&str>, after: String, full: Option<&str>) {
        let shown = name.unwrap_or_default();
        let full = format!("{before}{shown}{}", full.unwrap_or(&after));
        match level {
            NoticeLevel::Error => tracing::error!("{full}"),
            NoticeLevel::Warning => tracing::warn!("{full}"),
            NoticeLevel::Note => tracing::info!("{full}"),
        }
        let said = Said { level, before, after };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.notices.len() >= KEPT && !kept.notices.contains_key(&said) {
            kept.dropped += 1;
            return;
        }
        let times = kept.notices.entry(said).or_default();
        times.count += 1;
        if times.count == 1 {
            times.first = full;
        }
        if let Some(name) = name.filter(|_| times.names.len() < NAMED) {
            times.names.insert(name.to_owned());
        }
    }

    /// All notices, the gravest first, in the order in which they came.
    pub(crate) fn take(&self) -> Vec<Notice> {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        let mut notices: Vec<_> = kept.notices.into_iter().map(|(said, times)| notice(said, times)).collect();
        notices.sort_by_key(|notice| notice.level);
        if kept.dropped > 0 {
            let message = "further notices are in the log only".to_owned();
            notices.push(Notice { level: NoticeLevel::Note, message, count: kept.dropped, names: vec![] });
        }
        notices
    }
}

fn notice(said: Said, times: Times) -> Notice {
    let Said { level, before, after } = said;
    let Times { count, names, first } = times;
    if names.len() < 2 {
        return Notice { level, message: first, count, names: vec![] };
    }
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    // Names beyond those kept are known by their number only; one that came twice is taken for two.
    let others = if names.len() < NAMED { names.len() as u64 } else { count }.saturating_sub(shown.len() as u64);
    let more = if others > 0 { format!(" and {others} more") } else { String::new() };
    let message = format!("{before}{}{more}{after}", shown.join(", "));
    Notice { level, message, count, names: names.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_that_differ_in_one_name_become_one() {
        let notices = Notices::default();
        for at in 0..120 {
            notices.error_about("README.md of ", &format!("repository-{at}"), " could not be fetched: 500");
        }
        notices.error_about("CODEOWNERS of ", "repository-1", " could not be fetched: 500");
        notices.error("a plain one");
        notices.error("a plain one");
        let taken = notices.take();
        let told: Vec<(&str, u64)> = taken.iter().map(|notice| (notice.message.as_str(), notice.count)).collect();
        assert_eq!(
            told,
            [
                (
                    "README.md of repository-0, repository-1, repository-2, repository-3, repository-4 and 115 more \
                     could not be fetched: 500",
                    120
                ),
                ("CODEOWNERS of repository-1 could not be fetched: 500", 1),
                ("a plain one", 2),
            ]
        );
        assert_eq!(taken[0].names.len(), NAMED);
    }

    #[test]
    fn calls_that_fail_in_the_same_way_become_one_notice() {
        let notices = Notices::default();
        let broken = |path: &str| CallError::Invalid(path.to_owned());
        notices.call_failed(NoticeLevel::Warning, "file of ", "a", " is missing", &broken("same"));
        notices.call_failed(NoticeLevel::Warning, "file of ", "b", " is missing", &broken("same"));
        notices.call_failed(NoticeLevel::Warning, "file of ", "c", " is missing", &broken("other"));
        let messages: Vec<String> = notices.take().into_iter().map(|notice| notice.message).collect();
        assert_eq!(
            messages,
            [
                "file of a, b is missing: the request to Bitbucket cannot be built: same",
                "file of c is missing: the request to Bitbucket cannot be built: other"
            ]
        );
    }

    #[test]
    fn one_name_that_comes_often_is_named_once() {
        let notices = Notices::default();
        for name in ["a", "b", "a", "a"] {
            notices.error_about("", name, " was not written");
        }
        let taken = notices.take();
        assert_eq!((taken[0].message.as_str(), taken[0].count), ("a, b was not written", 4));
    }

    #[test]
    fn beyond_a_bound_notices_are_counted_only() {
        let notices = Notices::default();
        for at in 0..KEPT + 7 {
            notices.error(format!("{at}"));
        }
        let taken = notices.take();
        assert_eq!((taken.len(), taken.last().map(|notice| notice.count)), (KEPT + 1, Some(7)));
    }
}
