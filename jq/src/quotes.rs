//! Single quotes as Port's runtime reads them, and values that are no jq.

/// True for the deprecated `file://…` values, which name a file of the repository instead of being jq.
#[must_use]
pub fn is_file_reference(source: &str) -> bool {
    source.trim_start().starts_with("file://")
}

/// Turns the single quotes that delimit a string into double quotes, as Port's runtime does before it compiles.
///
/// A quote opens a string at the start of the text or after a blank, unless a blank or `"` follows; it closes one before
/// a blank or the end, unless a blank or `"` precedes. The blank beside a converted quote is used up: it does not count
/// for the next quote. Both quotes are one byte long, so positions in the result are positions in the source.
#[must_use]
pub fn double_outer_quotes(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let at = |index: usize| chars.get(index).copied();
    let mut output = String::with_capacity(source.len());
    let mut index = 0;
    while let Some(current) = at(index) {
        let before = index.checked_sub(1).and_then(at);
        if current == '\'' && index == 0 && may_open(at(1)) {
            output.push('"');
            index += 1;
        } else if current.is_whitespace() && at(index + 1) == Some('\'') && may_open(at(index + 2)) {
            output.push(current);
            output.push('"');
            index += 2;
        } else if current == '\'' && may_open(before) && closes(at(index + 1)) {
            output.push('"');
            output.extend(at(index + 1));
            index += 2;
        } else {
            output.push(current);
            index += 1;
        }
    }
    output
}

/// True unless the neighbour is a blank or a double quote.
fn may_open(neighbour: Option<char>) -> bool {
    neighbour.is_none_or(|c| !c.is_whitespace() && c != '"')
}

/// True if nothing or a blank follows.
fn closes(next: Option<char>) -> bool {
    next.is_none_or(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::{double_outer_quotes, is_file_reference};

    #[test]
    fn quotes_that_delimit_a_string_are_doubled() {
        for (source, expected) in [
            ("'a'", "\"a\""),
            (".name + '-' + .id", ".name + \"-\" + .id"),
            ("\"it's\"", "\"it's\""),
            ("\"a\" + ' '", "\"a\" + ' \""),
            ("('a')", "('a')"),
            ("'a' 'b'", "\"a\" 'b\""),
            (". | 'x", ". | \"x"),
            ("'", "\""),
            ("' '", "\" '"),
            ("", ""),
        ] {
            assert_eq!(double_outer_quotes(source), expected, "{source}");
        }
    }

    #[test]
    fn file_values_are_recognised() {
        assert!(is_file_reference("file://README.md"));
        assert!(!is_file_reference("\"file://README.md\""));
    }
}
