//! Plain tables: aligned columns, no frames, so that they can be piped.

use std::fmt::Write as _;

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Renders rows under a header line; columns are two spaces apart.
pub(crate) fn render(header: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = header
        .iter()
        .enumerate()
        .map(|(at, (title, _))| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
            cells.chain([title.chars().count()]).max().unwrap_or_default()
        })
        .collect();
    let titles: Vec<String> = header.iter().map(|(title, _)| (*title).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for (at, ((_, align), width)) in header.iter().zip(&widths).enumerate() {
            let cell = row.get(at).map_or("", String::as_str);
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            let gap = if at == 0 { "" } else { "  " };
            // Writing to a string cannot fail.
            let _ = match align {
                Align::Left => write!(line, "{gap}{cell}{padding}"),
                Align::Right => write!(line, "{gap}{padding}{cell}"),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_trailing_blanks() {
        let rows = vec![vec!["repository".to_owned(), "7".to_owned()], vec!["é".to_owned(), "1234".to_owned()]];
        let text = render(&[("kind", Align::Left), ("listed", Align::Right)], &rows);
        assert_eq!(text, "kind        listed\nrepository       7\né             1234\n");
    }
}
