//! Finding a setting by what someone wrote.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Setting, TABLES};
use crate::config::key::{nearest, squash};

/// What a written path leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Match {
    /// A setting.
    Leaf(&'static Setting, Spelling),
    /// A branch that holds settings, by its right path.
    Group(&'static str, Spelling),
    /// Neither.
    Unknown,
}

/// How well a written path fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spelling {
    /// Underscores or the case differ.
    Off,
    /// As in the table.
    Exact,
}

/// Paths in the table.
struct Index {
    exact: HashMap<&'static str, Option<&'static Setting>>,
    squashed: HashMap<String, &'static str>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut exact = HashMap::new();
    for setting in all() {
        exact.insert(setting.path, Some(setting));
        for (end, _) in setting.path.match_indices('.') {
            exact.insert(&setting.path[..end], None);
        }
    }
    let squashed = exact.keys().map(|path| (squash(path), *path)).collect();
    Index { exact, squashed }
});

/// Every setting.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    TABLES.into_iter().flatten()
}

/// The setting at exactly this path.
pub(crate) fn find_setting(path: &str) -> Option<&'static Setting> {
    INDEX.exact.get(path).copied().flatten()
}

/// What a path leads to, spelt exactly or not.
pub(crate) fn find(path: &str) -> Match {
    let at = |path: &'static str, found: Option<&'static Setting>, spelling| match found {
        Some(setting) => Match::Leaf(setting, spelling),
        None => Match::Group(path, spelling),
    };
    if let Some((known, found)) = INDEX.exact.get_key_value(path) {
        return at(known, *found, Spelling::Exact);
    }
    match INDEX.squashed.get(&squash(path)) {
        Some(known) => at(known, INDEX.exact.get(known).copied().flatten(), Spelling::Off),
        None => Match::Unknown,
    }
}

/// Settings below a branch.
fn leaves(branch: &str) -> impl Iterator<Item = &'static Setting> {
    all().filter(move |setting| setting.path.strip_prefix(branch).is_some_and(|rest| rest.starts_with('.')))
}

/// Branches that hold settings, shortest first, so that suggestions are the same each time.
fn branches() -> impl Iterator<Item = &'static str> {
    let branches = INDEX.exact.iter().filter(|(_, setting)| setting.is_none()).map(|(path, _)| *path);
    let mut branches: Vec<_> = branches.collect();
    branches.sort_unstable_by_key(|path| (path.len(), *path));
    branches.into_iter()
}

/// The path that was probably meant: among the siblings first, then anywhere.
pub(crate) fn nearest_path(written: &str) -> Option<&'static str> {
    let branch = written.rsplit_once('.').map_or("", |(branch, _)| branch);
    let siblings = leaves(branch).map(|setting| setting.path);
    let anything = || all().map(|setting| setting.path).chain(branches());
    nearest(written, siblings).or_else(|| nearest(written, anything()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::key::snake_case;
    use crate::config::value;

    #[test]
    fn the_table_is_sound() {
        for setting in all() {
            assert_eq!(snake_case(setting.path), setting.path, "paths are snake_case");
            assert!(!setting.doc.is_empty() && setting.doc.ends_with('.'), "{} is documented", setting.path);
            if let Some(default) = setting.default {
                let value = value::parse(setting.kind, default);
                assert!(value.is_ok(), "the default of {} is a value of it: {value:?}", setting.path);
            }
            assert!(!(setting.sensitive && setting.default.is_some()), "{} has no default secret", setting.path);
        }
    }

    #[test]
    fn paths_stay_apart_without_underscores() {
        assert_eq!(INDEX.exact.len(), INDEX.squashed.len());
        assert_eq!(all().count(), INDEX.exact.values().flatten().count(), "no path twice, no path that is a branch");
    }

    #[test]
    fn spellings() {
        assert!(matches!(find("port.client_id"), Match::Leaf(_, Spelling::Exact)));
        assert!(matches!(find("integration.config.bitbucketuseremail"), Match::Leaf(_, Spelling::Off)));
        assert!(matches!(find("event_listener"), Match::Group("event_listener", Spelling::Exact)));
        assert!(matches!(find("port.cleint_id"), Match::Unknown));
        assert_eq!(nearest_path("port.cleint_id"), Some("port.client_id"));
    }
}
