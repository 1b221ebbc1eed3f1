//! The workspace as it stands: a seed, and what was changed since.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::people::{Person, Workspace};
use super::project::Project;
use super::pull_request::Edited;
use super::spec::WorldSpec;
use crate::dice::Dice;
use crate::naming::{generated_name, slug_from};
use crate::stamp::Stamp;

/// A workspace. Repositories and pull requests are made from the seed whenever they are asked for; only what was
/// changed by hand is kept, so that 5,000 repositories take less than a megabyte.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) spec: WorldSpec,
    pub(super) workspace: Workspace,
    pub(super) people: Vec<Person>,
    pub(super) projects: Vec<Project>,
    pub(super) repositories: Vec<RepositoryRow>,
    by_slug: HashMap<Box<str>, u32>,
    by_uuid: HashMap<Uuid, u32>,
    next_origin: u32,
    changes: u64,
}

/// One repository in the order of the listing.
#[derive(Clone, Debug)]
pub(crate) struct RepositoryRow {
    /// The number it was generated from; never changes, never used twice.
    pub(super) origin: u32,
    pub(super) edits: Option<Box<RepositoryEdits>>,
}

/// What became of a main branch.
#[derive(Clone, Debug, Default)]
pub(super) enum MainBranch {
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
    pub(super) main_branch: MainBranch,
    pub(super) project: Option<usize>,
    pub(super) is_private: Option<bool>,
    pub(super) updated: Option<Stamp>,
    /// Path to text; `None` for a file that was removed.
    pub(super) files: BTreeMap<String, Option<String>>,
    pub(super) pull_requests: BTreeMap<u64, Edited>,
    /// Pull requests opened since.
    pub(super) opened: u32,
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
}

impl World {
    /// The world that a specification describes.
    #[must_use]
    pub fn generate(spec: &WorldSpec) -> Self {
        let mut world = Self {
            workspace: Workspace::generate(spec.seed, &spec.workspace),
            people: Person::all(spec.seed),
            projects: (0..spec.projects.max(1)).map(|index| Project::generate(spec.seed, index)).collect(),
            repositories: (0..spec.repositories).map(|origin| RepositoryRow { origin, edits: None }).collect(),
            by_slug: HashMap::new(),
            by_uuid: HashMap::new(),
            next_origin: spec.repositories,
            changes: 0,
            spec: spec.clone(),
        };
        world.index();
        world
    }

    /// The slug of the workspace.
    #[must_use]
    pub fn workspace(&self) -> &str {
        &self.workspace.slug
    }

    /// How many repositories there are now.
    #[must_use]
    pub fn repository_count(&self) -> usize {
        self.repositories.len()
    }

    /// The slugs of all repositories in the order of the listing.
    #[must_use]
    pub fn repository_slugs(&self) -> Vec<String> {
        self.repositories.iter().map(RepositoryRow::slug).collect()
    }

    /// Where a repository stands in the listing, named by slug or by uuid in braces.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let position = self.by_slug.get(name).or_else(|| {
            let uuid: Uuid = name.strip_prefix('{')?.strip_suffix('}')?.parse().ok()?;
            self.by_uuid.get(&uuid)
        })?;
        usize::try_from(*position).ok()
    }

    pub(super) fn uuid_of(&self, origin: u32) -> Uuid {
        Dice::new(self.spec.seed, &[0x1D, u64::from(origin)]).uuid()
    }

    /// The project of a repository, by position.
    pub(super) fn project_of(&self, row: &RepositoryRow) -> &Project {
        let generated = usize::try_from(row.origin).unwrap_or(0) % self.projects.len();
        let position = row.edits.as_deref().and_then(|edits| edits.project).unwrap_or(generated);
        &self.projects[position.min(self.projects.len() - 1)]
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

    /// Brings the indexes up to date after the list of repositories changed.
    pub(super) fn index(&mut self) {
        let slugs = self.repositories.iter().zip(0_u32..).map(|(row, position)| (row.slug().into(), position));
        self.by_slug = slugs.collect();
        let uuids = self.repositories.iter().zip(0_u32..).map(|(row, position)| (self.uuid_of(row.origin), position));
        self.by_uuid = uuids.collect();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{World, WorldSpec};

    #[test]
    fn names_are_unique_even_when_numbers_follow() {
        let spec = WorldSpec { repositories: 30_000, ..WorldSpec::default() };
        let world = World::generate(&spec);
        let slugs: HashSet<String> = world.repository_slugs().into_iter().collect();
        assert_eq!(slugs.len(), 30_000);
        assert!(slugs.iter().all(|slug| !slug.ends_with(|last: char| last.is_ascii_digit())));
    }
}
