//! Repositories.

use std::cell::OnceCell;

use super::project::Project;
use super::world::{DefaultBranch, RepositoryRow, World};
use crate::dice::Dice;
use crate::json::{self, Object};
use crate::words;

/// A repository as it is now.
pub(crate) struct Repository<'a> {
    pub(super) world: &'a World,
    pub(super) row: &'a RepositoryRow,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) project: &'a Project,
    pub(super) description: Option<String>,
    /// The configured default branch; it exists only where there are commits.
    pub(super) default_branch: String,
    pub(super) is_empty: bool,
    pub(super) archived: bool,
    pub(super) public: bool,
    pub(super) language: &'static str,
    hierarchy: String,
    /// The complete form, written once for all pull requests of a page.
    written: OnceCell<Vec<u8>>,
    /// The same of its fork.
    fork: OnceCell<Option<Vec<u8>>>,
}

impl<'a> Repository<'a> {
    pub(super) fn of(world: &'a World, row: &'a RepositoryRow) -> Self {
        let edits = row.edits.as_deref();
        let mut dice = Dice::new(world.spec.seed, &[0xAE, u64::from(row.origin)]);
        let generated_branch = dice.word(&["master", "master", "main", "develop"]).to_owned();
        let generated_empty = dice.below(20) == 0 && world.spec.empty_repositories;
        let (default_branch, is_empty) = match edits.map(|edits| &edits.default_branch) {
            None | Some(DefaultBranch::AsGenerated) => (generated_branch, generated_empty),
            Some(DefaultBranch::Empty) => (generated_branch, true),
            Some(DefaultBranch::Named(name)) => (name.clone(), false),
        };
        let description = description(&mut dice);
        let archived = dice.chance(5);
        let project = &world.project_of(row).project;
        Self {
            world,
            row,
            name: row.name(),
            slug: row.slug(),
            project,
            description: edits.and_then(|edits| edits.description.clone()).or(description),
            default_branch,
            is_empty,
            archived: world.version.knows_archived() && edits.and_then(|edits| edits.archived).unwrap_or(archived),
            public: project.public || dice.chance(5),
            language: dice.pick(&words::LANGUAGES).0,
            hierarchy: dice.hash()[..20].to_owned(),
            written: OnceCell::new(),
            fork: OnceCell::new(),
        }
    }

    pub(super) fn id(&self) -> u64 {
        u64::from(self.row.origin) + 1
    }

    /// Its page, without `/browse`.
    pub(super) fn page(&self) -> String {
        format!("{}/{}/repos/{}", self.world.spec.base_url, self.project.page(), self.slug)
    }

    /// The complete form, the same in listings and in pull requests.
    pub(super) fn written(&self) -> &[u8] {
        self.written.get_or_init(|| {
            let mut out = Vec::with_capacity(2_048);
            json::object(&mut out, |object| self.write(object));
            out
        })
    }

    /// The complete form of its fork in a personal project, where there is one.
    pub(super) fn written_fork(&self) -> Option<&[u8]> {
        let fork = self.fork.get_or_init(|| self.world.fork_of(self.row).map(|fork| fork.written().to_vec()));
        fork.as_deref()
    }

    pub(super) fn write(&self, repository: &mut Object<'_>) {
        self.write_own(repository);
        if let Some(origin) = self.world.origin_of(self.row) {
            repository.object("origin", |object| {
                origin.write_own(object);
                origin.write_place(object);
            });
        }
        self.write_place(repository);
    }

    fn write_own(&self, repository: &mut Object<'_>) {
        repository.text("slug", &self.slug);
        repository.number("id", self.id());
        repository.text("name", &self.name);
        if let Some(description) = &self.description {
            repository.text("description", description);
        }
        repository.text("hierarchyId", &self.hierarchy);
        repository.text("scmId", "git");
        repository.text("state", "AVAILABLE");
        repository.text("statusMessage", "Available");
        // One in sixteen may not be forked.
        repository.flag("forkable", !self.hierarchy.starts_with('0'));
    }

    fn write_place(&self, repository: &mut Object<'_>) {
        let base = &self.world.spec.base_url;
        repository.object("project", |project| self.project.write(project, base));
        repository.flag("public", self.public);
        if self.world.version.knows_archived() {
            repository.flag("archived", self.archived);
        }
        repository.object("links", |links| {
            self.write_clone_links(links);
            links.links("self", format_args!("{}/browse", self.page()));
        });
    }

    fn write_clone_links(&self, links: &mut Object<'_>) {
        let (base, slug, key) = (&self.world.spec.base_url, &self.slug, self.project.key.to_lowercase());
        let host = base.split_once("://").map_or(base.as_str(), |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        links.array("clone", |ways| {
            ways.object(|way| {
                way.format("href", format_args!("{base}/scm/{key}/{slug}.git"));
                way.text("name", "http");
            });
            ways.object(|way| {
                way.format("href", format_args!("ssh://git@{host}:7999/{key}/{slug}.git"));
                way.text("name", "ssh");
            });
        });
    }
}

impl World {
    /// What was generated in a personal project is forked from the repository generated before it.
    fn origin_of(&self, row: &RepositoryRow) -> Option<Repository<'_>> {
        let origin = row.is_fork(&self.spec).then(|| row.origin.checked_sub(1)).flatten()?;
        self.generated_as(origin).map(|row| Repository::of(self, row))
    }

    fn fork_of(&self, row: &RepositoryRow) -> Option<Repository<'_>> {
        let fork = self.generated_as(row.origin.checked_add(1)?)?;
        fork.is_fork(&self.spec).then(|| Repository::of(self, fork))
    }

    fn generated_as(&self, origin: u32) -> Option<&RepositoryRow> {
        self.repositories.iter().find(|row| row.origin == origin)
    }
}

/// One repository in five has none.
fn description(dice: &mut Dice) -> Option<String> {
    let sentences = 1 + dice.below(4);
    let picked: Vec<&str> = (0..sentences).map(|_| dice.word(&words::SENTENCES)).collect();
    (!dice.chance(20)).then(|| picked.join(" "))
}
