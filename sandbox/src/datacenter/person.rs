//! People with an account.

use crate::dice::Dice;
use crate::json::Object;
use crate::stamp::Stamp;
use crate::words;

/// One person, or a service account where there is no e-mail address.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(super) id: u64,
    /// What one signs in with.
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) email: Option<String>,
    pub(super) display_name: String,
    pub(super) active: bool,
    seen: Stamp,
}

impl Person {
    pub(super) fn all(seed: u64, count: u32) -> Vec<Self> {
        (0..u64::from(count.max(1))).map(|index| Self::generate(seed, index)).collect()
    }

    /// The account behind the access token of a project: it opens pull requests and has no e-mail address.
    pub(super) fn service(seed: u64) -> Self {
        let id = 90_000 + Dice::new(seed, &[0x5E]).below(1_000);
        let name = format!("access-token-user-{id}");
        Self {
            id,
            slug: name.clone(),
            display_name: "release bot".to_owned(),
            name,
            email: None,
            active: true,
            seen: Stamp::start_of(2025),
        }
    }

    fn generate(seed: u64, index: u64) -> Self {
        let mut dice = Dice::new(seed, &[0x9E, index]);
        let (given, family) = (dice.word(&words::GIVEN), dice.word(&words::FAMILY));
        let plain = |text: &str| text.chars().filter(char::is_ascii_alphabetic).collect::<String>();
        let name = format!("{}.{}{index}", plain(given), plain(family));
        let slug = name.to_lowercase();
        Self {
            id: index + 1,
            // The name is what was typed when the account was made; the slug is always lower case.
            name: if index % 9 == 4 { name } else { slug.clone() },
            email: Some(format!("{slug}@example.com")),
            slug,
            display_name: format!("{given} {family}"),
            active: index % 31 != 30,
            seen: Stamp::start_of(2025).plus_seconds(dice.below(86_400 * 300)).plus_micros(dice.below(1_000_000)),
        }
    }

    /// Everywhere but in the administrator's listing.
    pub(super) fn write(&self, person: &mut Object<'_>, base: &str) {
        person.text("name", &self.name);
        if let Some(email) = &self.email {
            person.text("emailAddress", email);
        }
        person.flag("active", self.active);
        person.text("displayName", &self.display_name);
        person.number("id", self.id);
        person.text("slug", &self.slug);
        person.text("type", if self.email.is_some() { "NORMAL" } else { "SERVICE" });
        person.object("links", |links| links.links("self", format_args!("{base}/users/{}", self.slug)));
    }

    /// The form of `admin/users`.
    pub(super) fn write_for_admin(&self, person: &mut Object<'_>, base: &str) {
        self.write(person, base);
        person.text("directoryName", "Bitbucket Internal Directory");
        person.flag("deletable", true);
        person.number("lastAuthenticationTimestamp", self.seen.millis());
        person.flag("mutableDetails", true);
        person.flag("mutableGroups", true);
    }

    pub(super) fn matches(&self, filter: &str) -> bool {
        let filter = filter.to_lowercase();
        let contains = |text: &str| text.to_lowercase().contains(&filter);
        contains(&self.name) || contains(&self.display_name) || self.email.as_deref().is_some_and(contains)
    }
}
