//! The instance as it stands: a seed, and what was changed since.

use std::collections::{BTreeMap, HashMap};

use super::person::Person;
use super::project::Project;
use super::pull_request::Edited;
use super::spec::WorldSpec;
use super::version::Version;
use super::webhook::Webhook;
use crate::naming::{generated_name, slug_from};
use crate::stamp::Stamp;

/// An instance. Repositories and pull requests are made from the seed whenever they are asked for; only what was
/// changed by hand is kept, so that 5,000 repositories take less than a megabyte.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) spec: WorldSpec,
    pub(super) version: Version,
    pub(super) people: Vec<Person>,
    pub(super) service: Person,
    pub(super) projects: Vec<ProjectRow>,
    pub(super) repositories: Vec<RepositoryRow>,
    pub(super) next_webhook: u64,
    by_place: HashMap<(usize, Box<str>), usize>,
    next_origin: u32,
    changes: u64,
}

/// What the account that asks may see of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sight {
    #[default]
    Open,
    /// Listed, but what is asked of it is refused with this status.
    Refused(u16),
    /// In no listing, and answered as if it did not exist.
    Hidden,
}

/// One project in the order of the listing.
#[derive(Clone, Debug)]
pub(super) struct ProjectRow {
    pub(super) project: Project,
    pub(super) sight: Sight,
    pub(super) webhooks: Vec<Webhook>,
    /// A project that was removed keeps its place, so that the others keep theirs.
    pub(super) removed: bool,
}

/// One repository in the order of the listing.
#[derive(Clone, Debug)]
pub(crate) struct RepositoryRow {
    /// The number it was generated from; never changes, never used twice.
    pub(super) origin: u32,
    /// The position of its project.
    pub(super) project: usize,
    pub(super) edits: Option<Box<RepositoryEdits>>,
}

/// What became of a default branch.
#[derive(Clone, Debug, Default)]
pub(super) enum DefaultBranch {
    #[default]
    AsGenerated,
    Empty,
    Named(String),
}

/// What was changed of a repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct RepositoryEdits {
    pub(super) name: Option<String>,
    pub(super) slug: Option<String>,
    pub(super) description: Option<String>,
    pub(super) archived: Option<bool>,
    pub(super) default_branch: DefaultBranch,
    pub(super) sight: Sight,
    /// Path to text; `None` for a file that was removed.
    pub(super) files: BTreeMap<String, Option<String>>,
    /// Commits made since, each with the time it was made at.
    pub(super) commits: Vec<Stamp>,
    pub(super) pull_requests: BTreeMap<u64, Edited>,
    /// Pull requests opened since.
    pub(super) opened: u32,
    pub(super) webhooks: Vec<Webhook>,
}

impl RepositoryRow {
    pub(super) fn name(&self) -> String {
        let edited = self.edits.as_deref().and_then(|edits| edits.name.clone());
        edited.unwrap_or_else(|| generated_name(self.origin))
    }

    pub(super) fn slug(&self) -> String {
        let edited = self.edits.as_deref().and_then(|edits| edits.slug.clone());
        edited.unwrap_or_else(|| slug_from(&generated_name(self.origin)))
    }

    /// Wherever it was moved since.
    pub(super) fn is_fork(&self, spec: &WorldSpec) -> bool {
        personal(spec, self.origin).is_some()
    }

    pub(super) fn sight(&self) -> Sight {
        self.edits.as_deref().map_or(Sight::Open, |edits| edits.sight)
    }
}

impl World {
    /// The world that a specification describes.
    #[must_use]
    pub fn generate(spec: &WorldSpec) -> Self {
        let people = Person::all(spec.seed, spec.users);
        let mut world = Self {
            version: Version::parse(&spec.version),
            projects: projects(spec, &people),
            service: Person::service(spec.seed),
            people,
            repositories: (0..spec.repositories).map(|origin| generated_row(spec, origin)).collect(),
            next_webhook: 1,
            by_place: HashMap::new(),
            next_origin: spec.repositories,
            changes: 0,
            spec: WorldSpec { base_url: spec.base_url.trim_end_matches('/').to_owned(), ..spec.clone() },
        };
        world.index();
        world
    }

    /// How many repositories there are now.
    #[must_use]
    pub fn repository_count(&self) -> usize {
        self.repositories.len()
    }

    /// The keys of all projects in the order of the listing.
    #[must_use]
    pub fn project_keys(&self) -> Vec<String> {
        self.projects.iter().filter(|row| !row.removed).map(|row| row.project.key.clone()).collect()
    }

    /// The slugs of all people who have an account.
    #[must_use]
    pub fn user_slugs(&self) -> Vec<String> {
        self.people.iter().map(|person| person.slug.clone()).collect()
    }

    /// Project key and slug of all repositories in the order of the global listing.
    #[must_use]
    pub fn repository_names(&self) -> Vec<(String, String)> {
        self.repositories.iter().map(|row| (self.project_of(row).project.key.clone(), row.slug())).collect()
    }

    pub(super) fn find_project(&self, key: &str) -> Option<usize> {
        self.projects.iter().position(|row| !row.removed && row.project.is_named(key))
    }

    /// Where a repository stands in the global listing.
    pub(super) fn find(&self, project: usize, slug: &str) -> Option<usize> {
        self.by_place.get(&(project, slug.to_lowercase().into())).copied()
    }

    pub(super) fn project_of(&self, row: &RepositoryRow) -> &ProjectRow {
        &self.projects[row.project]
    }

    /// The time at which the next change happens: later with every change, the same in every run.
    pub(super) fn tick(&mut self) -> Stamp {
        self.changes += 1;
        Stamp::start_of(2026).plus_seconds(self.changes * 60)
    }

    /// A number for a repository that is added.
    pub(super) fn claim_origin(&mut self) -> u32 {
        let origin = self.next_origin;
        self.next_origin += 1;
        origin
    }

    /// Brings the index up to date after repositories came, went or changed their place.
    pub(super) fn index(&mut self) {
        let places = self.repositories.iter().enumerate();
        self.by_place = places.map(|(position, row)| ((row.project, row.slug().into()), position)).collect();
    }
}

fn projects(spec: &WorldSpec, people: &[Person]) -> Vec<ProjectRow> {
    let shared = spec.projects.max(1);
    let row = |project| ProjectRow { project, sight: Sight::Open, webhooks: Vec::new(), removed: false };
    let generated = (0..shared).map(|index| Project::generate(spec.seed, index));
    let owners = people.iter().zip(u64::from(shared) + 1..);
    let personal = owners.take(usize::try_from(spec.personal_projects).unwrap_or(0));
    generated.chain(personal.map(|(owner, id)| Project::personal(owner, id))).map(row).collect()
}

fn generated_row(spec: &WorldSpec, origin: u32) -> RepositoryRow {
    let shared = spec.projects.max(1);
    let project = match personal(spec, origin) {
        Some(personal) => shared + personal,
        None => origin % shared,
    };
    RepositoryRow { origin, project: usize::try_from(project).unwrap_or(0), edits: None }
}

/// In which personal project, if in one, a repository is generated.
fn personal(spec: &WorldSpec, origin: u32) -> Option<u32> {
    // There are no more personal projects than people.
    let personal = spec.personal_projects.min(spec.users.max(1));
    (personal > 0 && origin < spec.repositories && origin % 12 == 11).then(|| (origin / 12) % personal)
}
