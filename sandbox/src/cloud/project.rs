//! Projects.

use uuid::Uuid;

use super::people::{API, SITE, Workspace};
use crate::dice::Dice;
use crate::json::Object;
use crate::stamp::Stamp;
use crate::words;

/// One project; all its fields may be changed by a test.
#[derive(Clone, Debug)]
pub struct Project {
    /// The key, such as `PAY`.
    pub key: String,
    /// The display name.
    pub name: String,
    /// The description; some have none.
    pub description: Option<String>,
    /// Whether only members see it.
    pub is_private: bool,
    pub(super) uuid: Uuid,
    created: Stamp,
    pub(super) updated: Stamp,
}

impl Project {
    pub(super) fn generate(seed: u64, index: u32) -> Self {
        let mut dice = Dice::new(seed, &[0x50, u64::from(index)]);
        let uuid = dice.uuid();
        let domains = u32::try_from(words::DOMAINS.len()).unwrap_or(1);
        let (domain, key) = words::DOMAINS[usize::try_from(index % domains).unwrap_or(0)];
        let round = index / domains;
        let mut name = format!("{}{}", domain[..1].to_uppercase(), &domain[1..]);
        let mut key = key.to_owned();
        if round > 0 {
            name = format!("{name} {round}");
            key = format!("{key}{round}");
        }
        let description = match dice.below(4) {
            0 => None,
            1 => Some(String::new()),
            _ => Some(format!("Everything about {domain}. {}", dice.word(&words::SENTENCES))),
        };
        let created = Stamp::start_of(2021).plus_seconds(dice.below(86_400 * 700)).plus_micros(dice.below(1_000_000));
        let updated = created.plus_seconds(dice.below(86_400 * 600));
        Self { key, name, description, is_private: dice.chance(80), uuid, created, updated }
    }

    /// The short form within repositories.
    pub(super) fn write(&self, project: &mut Object<'_>, workspace: &Workspace) {
        let (slug, key) = (&workspace.slug, &self.key);
        project.text("type", "project");
        project.text("key", key);
        project.format("uuid", format_args!("{{{}}}", self.uuid));
        project.text("name", &self.name);
        project.object("links", |links| {
            links.link("self", format_args!("{API}/workspaces/{slug}/projects/{key}"));
            links.link("html", format_args!("{SITE}/{slug}/workspace/projects/{key}"));
            links.link("avatar", format_args!("{SITE}/{slug}/workspace/projects/{key}/avatar/32?ts=1700000000"));
        });
    }

    /// The form of `/workspaces/{workspace}/projects`.
    pub(super) fn write_in_full(&self, project: &mut Object<'_>, workspace: &Workspace) {
        let (slug, key) = (&workspace.slug, &self.key);
        project.text("type", "project");
        project.object("owner", |owner| workspace.write_as_owner(owner));
        project.object("workspace", |inner| workspace.write(inner));
        project.text("key", key);
        project.format("uuid", format_args!("{{{}}}", self.uuid));
        project.flag("is_private", self.is_private);
        project.text("name", &self.name);
        project.optional("description", self.description.as_deref());
        project.object("links", |links| {
            links.link("self", format_args!("{API}/workspaces/{slug}/projects/{key}"));
            links.link("html", format_args!("{SITE}/{slug}/workspace/projects/{key}"));
            links.link("repositories", format_args!("{API}/repositories/{slug}?q=project.key%3D%22{key}%22"));
            links.link("avatar", format_args!("{SITE}/{slug}/workspace/projects/{key}/avatar/32?ts=1700000000"));
        });
        project.format("created_on", format_args!("{}", self.created));
        project.format("updated_on", format_args!("{}", self.updated));
        project.flag("has_publicly_visible_repos", !self.is_private);
    }
}
