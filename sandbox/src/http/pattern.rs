//! Which requests a fault or a count is about.

/// Whether a path matches a pattern: `*` stands for one segment, `**` for any number of them, and a segment may
/// have `*` within it.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    let path: Vec<&str> = path.trim_matches('/').split('/').collect();
    segments(&pattern, &path)
}

fn segments(pattern: &[&str], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((&"**", rest)) => (0..=path.len()).any(|skipped| segments(rest, &path[skipped..])),
        Some((first, rest)) => path
            .split_first()
            .is_some_and(|(segment, others)| within(first.as_bytes(), segment.as_bytes()) && segments(rest, others)),
    }
}

fn within(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skipped| within(rest, &text[skipped..])),
        Some((byte, rest)) => text.split_first().is_some_and(|(other, tail)| byte == other && within(rest, tail)),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn segments_and_wildcards() {
        assert!(matches("**", "/2.0/user"));
        assert!(matches("/2.0/repositories/*/*/pullrequests", "/2.0/repositories/acme/api/pullrequests"));
        assert!(!matches("/2.0/repositories/*/*/pullrequests", "/2.0/repositories/acme/api/pullrequests/1"));
        assert!(matches("**/pullrequests/*", "/2.0/repositories/acme/api/pullrequests/1"));
        assert!(matches("**/src/**", "/2.0/repositories/acme/api/src/main/docs/a.md"));
        assert!(matches("**/ledger-*", "/2.0/repositories/acme/ledger-api"));
        assert!(!matches("**/ledger-*", "/2.0/repositories/acme/the-ledger"));
    }
}
