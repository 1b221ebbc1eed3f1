//! Names of generated repositories, and the slugs that Bitbucket makes of names.

use crate::words;

/// A name that no other number has; never ends in a digit, so that a name directly followed by a number is unique too.
pub(crate) fn generated_name(origin: u32) -> String {
    let mut rest = usize::try_from(origin).unwrap_or(0);
    let mut digit = |base: usize| {
        let digit = rest % base;
        rest /= base;
        digit
    };
    let domain = words::DOMAINS[digit(words::DOMAINS.len())].0;
    let component = words::COMPONENTS[(digit(words::COMPONENTS.len()) + domain.len()) % words::COMPONENTS.len()];
    let flavour = words::FLAVOURS[digit(words::FLAVOURS.len())];
    let mut name = format!("{domain}-{component}");
    if !flavour.is_empty() {
        name = format!("{name}-{flavour}");
    }
    while rest > 0 {
        let letter = char::from(b'a' + u8::try_from((rest - 1) % 26).unwrap_or(0));
        name = format!("{name}-{letter}");
        rest = (rest - 1) / 26;
    }
    if origin % 7 == 3 {
        // Slugs are lower case; names need not be.
        name[..1].make_ascii_uppercase();
    }
    name
}

/// The slug that the service makes of a name.
pub(crate) fn slug_from(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() || matches!(character, '_' | '.') {
            slug.push(character);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::slug_from;

    #[test]
    fn slugs_are_made_of_names() {
        assert_eq!(slug_from("Ledger API (v2)"), "ledger-api-v2");
        assert_eq!(slug_from("über"), "ber");
    }
}
