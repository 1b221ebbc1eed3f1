//! Spelling of keys: the conversions between the forms that people write.

/// Beyond this length no suggestion is sought: the distance of two texts costs the product of their lengths.
const LONGEST_COMPARED: usize = 96;

/// The key without separators and case: what keys are matched by when they are not spelt exactly.
pub(crate) fn squash(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// camelCase to `snake_case` with digits left glued to the word before them; a snake-case key stays as it is.
pub(crate) fn snake_case(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    for (index, c) in key.chars().enumerate() {
        if c.is_uppercase() {
            if index > 0 && !snake.ends_with('_') {
                snake.push('_');
            }
            snake.extend(c.to_lowercase());
        } else {
            snake.push(if c == '-' { '_' } else { c });
        }
    }
    snake
}

/// `snake_case` to camelCase, the form of keys in documents.
pub(crate) fn camel_case(key: &str) -> String {
    let mut camel = String::with_capacity(key.len());
    let mut capital = false;
    for c in key.chars() {
        if c == '_' {
            capital = true;
        } else if capital {
            camel.extend(c.to_uppercase());
            capital = false;
        } else {
            camel.push(c);
        }
    }
    camel
}

/// The candidate nearest to a misspelt word, if it is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.chars().count() > LONGEST_COMPARED {
        return None;
    }
    let squashed = squash(word);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&squashed, &squash(candidate)), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 5).clamp(1, 4))
        .map(|(_, candidate)| candidate)
}

/// A key that someone made up may be of any length; this much is shown.
pub(crate) fn shorten(key: &str) -> String {
    const LONGEST: usize = 120;
    match key.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", key.get(..end).unwrap_or_default()),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("bitbucketWorkspace", "bitbucket_workspace")]
    #[case("bitbucketIsVersion8Point7OrOlder", "bitbucket_is_version8_point7_or_older")]
    #[case("already_snake", "already_snake")]
    #[case("X509", "x509")]
    #[case("", "")]
    fn snake(#[case] from: &str, #[case] to: &str) {
        assert_eq!(snake_case(from), to);
        assert_eq!(squash(from), squash(to));
    }

    #[rstest]
    #[case("bitbucket_is_version8_point7_or_older", "bitbucketIsVersion8Point7OrOlder")]
    #[case("port", "port")]
    fn camel(#[case] from: &str, #[case] to: &str) {
        assert_eq!(camel_case(from), to);
    }

    #[rstest]
    #[case("bitbucket_workspce", Some("bitbucket_workspace"))]
    #[case("bitbucket_wrokspace", Some("bitbucket_workspace"))]
    #[case("something_else", None)]
    #[case("", None)]
    fn suggestions(#[case] word: &str, #[case] expected: Option<&str>) {
        assert_eq!(nearest(word, ["bitbucket_workspace", "bitbucket_username"]), expected);
    }
}
