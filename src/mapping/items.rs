//! Where in an object the list that `itemsToParse` names stands.

/// The plain path at the start of an item expression, for example `.a.b` of `.a.b | map(select(.c))`; `None`
/// where the list is computed and so has no place of its own.
///
/// Follows the textual guess of Port's runtime (outer parentheses, pipes, variable bindings and identity are
/// passed over), except that a list without a path leaves the object whole.
pub(super) fn source_path(expression: &str) -> Option<String> {
    let mut text = expression.trim();
    while let Some(inner) = outer_parentheses(text) {
        text = inner.trim();
    }
    text.split('|').map(str::trim).find(|segment| !passed_over(segment)).and_then(leading_path)
}

/// Bindings, variables and identity do not name a place.
fn passed_over(segment: &str) -> bool {
    segment == "." || segment.starts_with('$') || segment.contains(" as $")
}

fn outer_parentheses(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_i32;
    for character in inner.chars() {
        depth += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return None;
        }
    }
    Some(inner)
}

fn leading_path(segment: &str) -> Option<String> {
    let rest = segment.strip_prefix('.')?;
    let mut end = 1;
    let mut characters = rest.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '.' | '_' => end = at + 1 + character.len_utf8(),
            _ if character.is_ascii_alphanumeric() => end = at + 1 + 1,
            '[' => {
                let close = rest[at..].find(']')? + at;
                if !rest[at + 1..close].chars().all(|digit| digit.is_ascii_digit()) || close == at + 1 {
                    break;
                }
                while characters.next_if(|(inside, _)| *inside <= close).is_some() {}
                end = close + 2;
            }
            _ => break,
        }
    }
    let path = segment.get(..end)?.trim_end_matches('.');
    (path.len() > 1).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::source_path;

    #[rstest]
    #[case(".commits", Some(".commits"))]
    #[case("  (.a.b) ", Some(".a.b"))]
    #[case(".a.b[0].c | map(select(.d))", Some(".a.b[0].c"))]
    #[case(". | .values", Some(".values"))]
    #[case(".x as $x | .values", Some(".values"))]
    #[case(".values[]", Some(".values"))]
    #[case("[.l[] | select(.a)]", None)]
    #[case("map(.a)", None)]
    #[case("", None)]
    #[case(".", None)]
    #[case(".é", None)]
    fn the_place_of_a_list(#[case] expression: &str, #[case] path: Option<&str>) {
        assert_eq!(source_path(expression).as_deref(), path);
    }
}
