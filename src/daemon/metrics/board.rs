//! Values by gauge and labels, and their text form.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::family::Family;

/// Series beyond these are not kept: a mapping of endless resources must not fill the memory.
const MOST_SERIES: usize = 20_000;

/// What a value is about; labels that a gauge does not have are `None`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Labels {
    pub(super) kind: String,
    pub(super) phase: Option<&'static str>,
    pub(super) object_count_type: Option<&'static str>,
}

impl Labels {
    pub(super) fn kind(kind: &str) -> Self {
        Self { kind: kind.to_owned(), phase: None, object_count_type: None }
    }

    pub(super) fn phase(kind: &str, phase: &'static str) -> Self {
        Self { phase: Some(phase), ..Self::kind(kind) }
    }

    pub(super) fn count(kind: &str, phase: &'static str, object_count_type: &'static str) -> Self {
        Self { object_count_type: Some(object_count_type), ..Self::phase(kind, phase) }
    }
}

#[derive(Debug, Default)]
pub(super) struct Board(BTreeMap<(Family, Labels), f64>);

impl Board {
    pub(super) fn set(&mut self, family: Family, labels: Labels, value: f64) {
        if let Some(slot) = self.slot(family, labels) {
            *slot = value;
        }
    }

    pub(super) fn add(&mut self, family: Family, labels: Labels, value: f64) {
        if let Some(slot) = self.slot(family, labels) {
            *slot += value;
        }
    }

    fn slot(&mut self, family: Family, labels: Labels) -> Option<&mut f64> {
        let key = (family, labels);
        if self.0.len() >= MOST_SERIES && !self.0.contains_key(&key) {
            return None;
        }
        Some(self.0.entry(key).or_default())
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// `OpenMetrics` text. Gauges without a value still have their description, as in Port's runtime.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        for family in Family::ALL {
            let (name, meaning) = family.describe();
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {name} {meaning}\n# TYPE {name} gauge");
            for ((_, labels), value) in self.0.iter().filter(|((of, _), _)| *of == family) {
                let _ = writeln!(text, "{name}{{{}}} {value:?}", render_labels(labels));
            }
        }
        text.push_str("# EOF\n");
        text
    }
}

fn render_labels(labels: &Labels) -> String {
    let mut text = format!("kind=\"{}\"", escape(&labels.kind));
    let further = [("phase", labels.phase), ("object_count_type", labels.object_count_type)];
    for (name, value) in further {
        if let Some(value) = value {
            let _ = write!(text, ",{name}=\"{value}\"");
        }
    }
    text
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_the_line() {
        let mut board = Board::default();
        board.set(Family::Success, Labels::phase("a\"b\\c\nd", "resync"), 1.0);
        assert!(board.render().contains("\nsuccess{kind=\"a\\\"b\\\\c\\nd\",phase=\"resync\"} 1.0\n"));
    }

    #[test]
    fn the_board_does_not_grow_without_bound() {
        let mut board = Board::default();
        for number in 0..=MOST_SERIES {
            board.add(Family::Success, Labels::kind(&number.to_string()), 1.0);
        }
        board.add(Family::Success, Labels::kind("0"), 1.0);
        assert_eq!(board.0.len(), MOST_SERIES);
        assert_eq!(board.0[&(Family::Success, Labels::kind("0"))].to_string(), "2");
    }
}
