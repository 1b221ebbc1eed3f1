//! Projects, personal ones among them.

use super::person::Person;
use crate::dice::Dice;
use crate::json::Object;
use crate::words;

/// One project; its fields may be changed by a test.
#[derive(Clone, Debug)]
pub struct Project {
    /// The key, such as `PAY`, or `~GRACE.HOPPER3` of a personal project.
    pub key: String,
    /// The display name.
    pub name: String,
    /// The description; some have none.
    pub description: Option<String>,
    /// Whether everybody sees it.
    pub public: bool,
    pub(super) id: u64,
    pub(super) owner: Option<Person>,
}

impl Project {
    pub(super) fn generate(seed: u64, index: u32) -> Self {
        let mut dice = Dice::new(seed, &[0x50, u64::from(index)]);
        let domains = u32::try_from(words::DOMAINS.len()).unwrap_or(1);
        let (domain, key) = words::DOMAINS[usize::try_from(index % domains).unwrap_or(0)];
        let mut name = format!("{}{}", domain[..1].to_uppercase(), &domain[1..]);
        let mut key = key.to_owned();
        let round = index / domains;
        if round > 0 {
            name = format!("{name} {round}");
            key = format!("{key}_{round}");
        }
        let description =
            (!dice.chance(25)).then(|| format!("Everything about {domain}. {}", dice.word(&words::SENTENCES)));
        Self { key, name, description, public: dice.chance(10), id: u64::from(index) + 1, owner: None }
    }

    pub(super) fn personal(owner: &Person, id: u64) -> Self {
        Self {
            key: format!("~{}", owner.slug.to_uppercase()),
            name: owner.display_name.clone(),
            description: None,
            public: false,
            id,
            owner: Some(owner.clone()),
        }
    }

    /// Whether a path segment names it; keys are the same in upper and lower case.
    pub(super) fn is_named(&self, segment: &str) -> bool {
        self.key.eq_ignore_ascii_case(segment)
    }

    /// Its page: people's own ones are at their profile.
    pub(super) fn page(&self) -> String {
        match &self.owner {
            Some(owner) => format!("users/{}", owner.slug),
            None => format!("projects/{}", self.key),
        }
    }

    pub(super) fn write(&self, project: &mut Object<'_>, base: &str) {
        project.text("key", &self.key);
        project.number("id", self.id);
        project.text("name", &self.name);
        if let Some(description) = &self.description {
            project.text("description", description);
        }
        if let Some(owner) = &self.owner {
            // The service says nothing of the visibility of a personal project.
            project.text("type", "PERSONAL");
            project.object("owner", |person| owner.write(person, base));
        } else {
            project.flag("public", self.public);
            project.text("type", "NORMAL");
        }
        project.object("links", |links| links.links("self", format_args!("{base}/{}", self.page())));
    }
}
