//! Did you mean …?

/// The known name that a person most likely meant.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = simplified(name);
    known
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (strsim::damerau_levenshtein(&plain, &simplified(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= tolerated(name.len().min(candidate.len())))
        .min_by_key(|(distance, candidate)| (*distance, candidate.len().abs_diff(name.len())))
        .map(|(_, candidate)| candidate)
}

/// Cases and separators are what people confuse most.
fn simplified(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A third of the shorter name may differ.
fn tolerated(length: usize) -> usize {
    (length / 3).max(1)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("nam", ["type", "name", "names"]), Some("name"));
        assert_eq!(nearest("displayName", ["nickname", "display_name"]), Some("display_name"));
        assert_eq!(nearest("pull_request", ["project", "pull-request"]), Some("pull-request"));
        assert_eq!(nearest("xyz", ["type", "name"]), None);
    }
}
