//! From a place in an expression to its place in the document.

use crate::mapping::Position;

/// The text of a document by lines.
pub(super) struct Lines<'t> {
    lines: Vec<&'t str>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { lines: text.lines().collect() }
    }

    /// Where byte `offset` of an expression stands that begins at `start` as a YAML or JSON scalar.
    ///
    /// The two texts are laid side by side: what only the document has (quotes, escapes, indentation, the sign of a
    /// block) is passed over.
    pub(super) fn place(&self, start: Position, expression: &str, offset: usize) -> Position {
        let mut cursor = Cursor { lines: &self.lines, line: index(start.line), column: index(start.column) };
        cursor.skip_block_sign();
        let mut last = cursor.position();
        for (at, character) in expression.char_indices() {
            if character.is_whitespace() {
                continue;
            }
            let Some(found) = cursor.seek(character) else { return last };
            last = found;
            if at >= offset {
                return found;
            }
        }
        last
    }
}

struct Cursor<'a, 't> {
    lines: &'a [&'t str],
    /// From 0.
    line: usize,
    /// In characters, from 0.
    column: usize,
}

impl Cursor<'_, '_> {
    fn position(&self) -> Position {
        Position { line: number(self.line), column: number(self.column) }
    }

    /// A scalar that begins with `|` or `>` stands on the lines that follow.
    fn skip_block_sign(&mut self) {
        let sign = self.lines.get(self.line).and_then(|line| line.chars().nth(self.column));
        if matches!(sign, Some('|' | '>')) {
            self.line += 1;
            self.column = 0;
        }
    }

    /// The place of the next such character; the cursor moves behind it.
    fn seek(&mut self, wanted: char) -> Option<Position> {
        while let Some(line) = self.lines.get(self.line) {
            let found = line.chars().skip(self.column).position(|character| character == wanted);
            if let Some(steps) = found {
                self.column += steps;
                let position = self.position();
                self.column += 1;
                return Some(position);
            }
            self.line += 1;
            self.column = 0;
        }
        None
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX)
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Node;

    fn place(document: &str, expression: &str, needle: &str) -> (u32, u32) {
        let node = Node::parse(document).unwrap();
        let value = node.get("a").unwrap();
        assert_eq!(value.to_json(), expression, "the test's own expression");
        let position = Lines::of(document).place(value.position, expression, expression.find(needle).unwrap());
        (position.line, position.column)
    }

    #[test]
    fn scalars_of_every_style() {
        assert_eq!(place("a: .b.c\n", ".b.c", "c"), (1, 7));
        assert_eq!(place("a: '.b[\"c\"]'\n", ".b[\"c\"]", "c"), (1, 9));
        assert_eq!(place("a: \".b[\\\"c\\\"].d\"\n", ".b[\"c\"].d", "d"), (1, 15));
        assert_eq!(place("a: |\n  .b\n  | .c\n", ".b\n| .c\n", ".c"), (3, 5));
        assert_eq!(place("a: >-\n  .b\n  | .c\n", ".b | .c", ".c"), (3, 5));
        assert_eq!(place("{\"a\": \".é.c\"}\n", ".é.c", "c"), (1, 11));
    }
}
