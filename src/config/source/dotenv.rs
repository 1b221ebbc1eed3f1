//! The `.env` file: `NAME=value` lines, `export` allowed, quotes removed, `#` comments.

use super::Unreadable;

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DotEnvLine {
    /// Line, from 1.
    pub(crate) line: usize,
    /// The variable.
    pub(crate) name: String,
    /// Its value without quotes.
    pub(crate) value: String,
}

/// Reads all lines; those that make no sense come back beside those that do.
pub(crate) fn read_dotenv(text: &str) -> (Vec<DotEnvLine>, Vec<Unreadable>) {
    let mut lines = Vec::new();
    let mut faults = Vec::new();
    for (index, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        match assignment(text) {
            Ok(Some((name, value))) => lines.push(DotEnvLine { line: index + 1, name: name.to_owned(), value }),
            Ok(None) => {}
            Err(what) => faults.push(Unreadable::at(index + 1, what)),
        }
    }
    (lines, faults)
}

fn assignment(line: &str) -> Result<Option<(&str, String)>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    // A bare name sets nothing, as for other readers of such files.
    let Some((name, value)) = line.split_once('=') else { return Ok(None) };
    let name = name.trim();
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("expected NAME=value");
    }
    Ok(Some((name, unquote(value.trim())?)))
}

fn unquote(value: &str) -> Result<String, &'static str> {
    match value.chars().next() {
        Some('\'') => quoted(value, '\'', false),
        Some('"') => quoted(value, '"', true),
        _ => Ok(value.split_once(" #").map_or(value, |(before, _)| before).trim_end().to_owned()),
    }
}

fn quoted(value: &str, quote: char, escapes: bool) -> Result<String, &'static str> {
    let mut text = String::with_capacity(value.len());
    let mut rest = value.chars();
    rest.next();
    while let Some(c) = rest.next() {
        if c == quote {
            let tail = rest.as_str().trim();
            return if tail.is_empty() || tail.starts_with('#') {
                Ok(text)
            } else {
                Err("text follows the closing quote")
            };
        }
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('n') if escapes => text.push('\n'),
            Some('t') if escapes => text.push('\t'),
            Some('r') if escapes => text.push('\r'),
            Some(next) if next == quote || next == '\\' => text.push(next),
            Some(next) => text.extend(['\\', next]),
            None => break,
        }
    }
    Err("the closing quote is missing; values of several lines are not supported")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("A=b", Some("b"))]
    #[case("export A = b ", Some("b"))]
    #[case("A=", Some(""))]
    #[case("A='x # y' # z", Some("x # y"))]
    #[case(r#"A="x\ny\"z""#, Some("x\ny\"z"))]
    #[case(r"A='x\ny'", Some(r"x\ny"))]
    #[case("A=b # comment", Some("b"))]
    #[case("A=b#c", Some("b#c"))]
    #[case(r#"A={"type":"POLLING"}"#, Some(r#"{"type":"POLLING"}"#))]
    #[case("# A=b", None)]
    #[case("A", None)]
    fn values(#[case] line: &str, #[case] expected: Option<&str>) {
        let (lines, faults) = read_dotenv(line);
        assert_eq!(lines.first().map(|line| line.value.as_str()), expected);
        assert!(faults.is_empty());
    }

    #[rstest]
    #[case("=x")]
    #[case("A B=x")]
    #[case("A='x")]
    #[case("A='x'y")]
    fn faults(#[case] line: &str) {
        let (lines, faults) = read_dotenv(&format!("\n{line}\nB=1"));
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].line, Some(2));
        assert_eq!(lines.len(), 1);
    }
}
