//! Repositories.

use uuid::Uuid;

use super::people::{API, SITE};
use super::project::Project;
use super::world::{MainBranch, RepositoryRow, World};
use crate::dice::Dice;
use crate::json::Object;
use crate::stamp::Stamp;
use crate::words;

/// A repository as it is now.
pub(crate) struct Repository<'a> {
    pub(super) world: &'a World,
    pub(super) row: &'a RepositoryRow,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) uuid: Uuid,
    pub(super) project: &'a Project,
    pub(super) description: String,
    /// `None` where the repository is empty.
    pub(super) main_branch: Option<String>,
    pub(super) is_private: bool,
    pub(super) created: Stamp,
    pub(super) updated: Stamp,
    pub(super) size: u64,
    pub(super) language: &'static str,
    pub(super) has_issues: bool,
    fork_policy: &'static str,
    website: Option<String>,
    /// 0 to 99: what the caller may do with it, see [`Role`](super::listing::Role).
    pub(super) standing: u64,
}

impl<'a> Repository<'a> {
    pub(super) fn of(world: &'a World, row: &'a RepositoryRow) -> Self {
        let edits = row.edits.as_deref();
        let mut dice = Dice::new(world.spec.seed, &[0xAE, u64::from(row.origin)]);
        let created = Stamp::start_of(2022).plus_seconds(dice.below(86_400 * 800)).plus_micros(dice.below(1_000_000));
        let updated = created.plus_seconds(dice.below(86_400 * 500)).plus_micros(dice.below(1_000_000));
        let generated_branch = main_branch(&mut dice, world.spec.empty_repositories);
        let main_branch = match edits.map(|edits| &edits.main_branch) {
            None | Some(MainBranch::AsGenerated) => generated_branch,
            Some(MainBranch::Empty) => None,
            Some(MainBranch::Named(name)) => Some(name.clone()),
        };
        let (name, slug) = (row.name(), row.slug());
        let website = dice.chance(20).then(|| format!("https://{slug}.example.com/"));
        Self {
            world,
            row,
            uuid: world.uuid_of(row.origin),
            project: world.project_of(row),
            description: edits.and_then(|edits| edits.description.clone()).unwrap_or_else(|| description(&mut dice)),
            main_branch,
            is_private: edits.and_then(|edits| edits.is_private).unwrap_or_else(|| dice.chance(85)),
            created,
            updated: edits.and_then(|edits| edits.updated).unwrap_or(updated),
            size: 40_000 + dice.below(90_000_000),
            language: dice.pick(&words::LANGUAGES).0,
            has_issues: dice.chance(10),
            fork_policy: dice.word(&["allow_forks", "no_public_forks", "no_forks"]),
            website,
            standing: dice.below(100),
            name,
            slug,
        }
    }

    /// The commit at the tip of the main branch.
    pub(super) fn head(&self) -> String {
        let changed = self.row.edits.as_deref().map_or(0, |edits| edits.files.len() as u64);
        Dice::new(self.world.spec.seed, &[0x4EAD, u64::from(self.row.origin), changed]).hash()
    }

    /// The complete form, as listed and as fetched.
    pub(super) fn write(&self, repository: &mut Object<'_>) {
        let workspace = &self.world.workspace;
        let (owner, slug) = (&workspace.slug, &self.slug);
        repository.text("type", "repository");
        repository.format("full_name", format_args!("{owner}/{slug}"));
        repository.object("links", |links| self.write_links(links));
        repository.text("name", &self.name);
        repository.text("slug", slug);
        repository.text("description", &self.description);
        repository.text("scm", "git");
        repository.optional("website", self.website.as_deref());
        repository.object("owner", |object| workspace.write_as_owner(object));
        repository.object("workspace", |object| workspace.write(object));
        repository.flag("is_private", self.is_private);
        repository.object("project", |project| self.project.write(project, workspace));
        repository.text("fork_policy", self.fork_policy);
        repository.format("created_on", format_args!("{}", self.created));
        repository.format("updated_on", format_args!("{}", self.updated));
        repository.number("size", self.size);
        repository.text("language", self.language);
        repository.flag("has_issues", self.has_issues);
        repository.flag("has_wiki", false);
        repository.format("uuid", format_args!("{{{}}}", self.uuid));
        match &self.main_branch {
            Some(name) => repository.object("mainbranch", |branch| {
                branch.text("name", name);
                branch.text("type", "branch");
            }),
            None => repository.null("mainbranch"),
        }
        repository.object("override_settings", |settings| {
            settings.flag("default_merge_strategy", self.size.is_multiple_of(2));
            settings.flag("branching_model", self.size.is_multiple_of(3));
        });
        repository.null("parent");
        repository.null("enforced_signed_commits");
    }

    /// The form within pull requests.
    pub(super) fn write_short(&self, repository: &mut Object<'_>) {
        let (owner, slug) = (&self.world.workspace.slug, &self.slug);
        repository.text("type", "repository");
        repository.format("full_name", format_args!("{owner}/{slug}"));
        repository.object("links", |links| {
            links.link("self", format_args!("{API}/repositories/{owner}/{slug}"));
            links.link("html", format_args!("{SITE}/{owner}/{slug}"));
            links.link("avatar", format_args!("https://bytebucket.org/ravatar/%7B{}%7D?ts=default", self.uuid));
        });
        repository.text("name", &self.name);
        repository.format("uuid", format_args!("{{{}}}", self.uuid));
    }

    fn write_links(&self, links: &mut Object<'_>) {
        let (owner, slug) = (&self.world.workspace.slug, &self.slug);
        links.link("self", format_args!("{API}/repositories/{owner}/{slug}"));
        links.link("html", format_args!("{SITE}/{owner}/{slug}"));
        links.link("avatar", format_args!("https://bytebucket.org/ravatar/%7B{}%7D?ts=default", self.uuid));
        for (name, path) in [
            ("pullrequests", "pullrequests"),
            ("commits", "commits"),
            ("forks", "forks"),
            ("watchers", "watchers"),
            ("branches", "refs/branches"),
            ("tags", "refs/tags"),
            ("downloads", "downloads"),
            ("source", "src"),
            ("hooks", "hooks"),
        ] {
            links.link(name, format_args!("{API}/repositories/{owner}/{slug}/{path}"));
        }
        links.array("clone", |ways| {
            ways.object(|way| {
                way.text("name", "https");
                way.format("href", format_args!("{SITE}/{owner}/{slug}.git"));
            });
            ways.object(|way| {
                way.text("name", "ssh");
                way.format("href", format_args!("git@bitbucket.org:{owner}/{slug}.git"));
            });
        });
    }
}

fn main_branch(dice: &mut Dice, some_are_empty: bool) -> Option<String> {
    match dice.below(20) {
        0 if some_are_empty => None,
        1..4 => Some("develop".to_owned()),
        4..10 => Some("master".to_owned()),
        _ => Some("main".to_owned()),
    }
}

/// One repository in twelve has none.
fn description(dice: &mut Dice) -> String {
    let sentences = if dice.chance(8) { 0 } else { 4 + dice.below(12) };
    let picked: Vec<&str> = (0..sentences).map(|_| dice.word(&words::SENTENCES)).collect();
    picked.join("\r\n")
}
