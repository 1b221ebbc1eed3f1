//! Differences between two texts, line by line.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};

use similar::{ChangeTag, TextDiff};

use crate::cli::args::Format;

/// Whether a difference is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Shown,
    Plain,
}

impl Colours {
    /// Colours are for people at a terminal who do not refuse them.
    pub(super) fn wanted(format: Format) -> Self {
        let shown = format == Format::Human && io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        if shown { Self::Shown } else { Self::Plain }
    }
}

/// What went and what came, with three lines around each.
pub(super) fn difference(before: &str, after: &str, colours: Colours) -> String {
    let mut text = String::new();
    let diff = TextDiff::from_lines(before, after);
    for group in diff.grouped_ops(3) {
        text.push_str("  …\n");
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (sign, colour) = match change.tag() {
                ChangeTag::Delete => ("-", "\x1b[31m"),
                ChangeTag::Insert => ("+", "\x1b[32m"),
                ChangeTag::Equal => (" ", ""),
            };
            let line = change.value().trim_end_matches('\n');
            // Writing to a string cannot fail.
            let _ = match (colours, colour) {
                (Colours::Plain, _) | (_, "") => writeln!(text, "{sign} {line}"),
                (Colours::Shown, colour) => writeln!(text, "{colour}{sign} {line}\x1b[0m"),
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_went_and_what_came() {
        let plain = difference("a\nb\nc\n", "a\nB\nc\n", Colours::Plain);
        assert_eq!(plain, "  …\n  a\n- b\n+ B\n  c\n");
        assert!(difference("b\n", "B\n", Colours::Shown).contains("\x1b[31m- b\x1b[0m"));
        assert_eq!(difference("a\n", "a\n", Colours::Shown), "");
    }
}
