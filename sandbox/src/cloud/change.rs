//! Changing the world, as people would.

use super::project::Project;
use super::pull_request::{self, Edited, PullRequestEdit, PullRequestState};
use super::repository::Repository;
use super::world::{MainBranch, RepositoryEdits, RepositoryRow, World};
use crate::missing::Missing;
use crate::naming::slug_from;

impl World {
    /// Deletes a repository with its pull requests.
    pub fn remove_repository(&mut self, slug: &str) -> Result<(), Missing> {
        let position = self.position(slug)?;
        self.repositories.remove(position);
        self.index();
        Ok(())
    }

    /// Gives a repository another name, and the slug that follows from it. The uuid stays.
    pub fn rename_repository(&mut self, slug: &str, name: &str) -> Result<String, Missing> {
        let new_slug = slug_from(name);
        let edits = self.edit(slug)?;
        edits.name = Some(name.to_owned());
        edits.slug = Some(new_slug.clone());
        self.index();
        Ok(new_slug)
    }

    /// Adds a repository at the end of the listing and gives its slug.
    pub fn add_repository(&mut self, name: &str) -> String {
        let slug = slug_from(name);
        let origin = self.claim_origin();
        let updated = Some(self.tick());
        let edits = RepositoryEdits {
            name: Some(name.to_owned()),
            slug: Some(slug.clone()),
            updated,
            ..RepositoryEdits::default()
        };
        self.repositories.push(RepositoryRow { origin, edits: Some(Box::new(edits)) });
        self.index();
        slug
    }

    /// Puts a repository at the front of the listing: all others move back by one.
    pub fn move_to_front(&mut self, slug: &str) -> Result<(), Missing> {
        let position = self.position(slug)?;
        let row = self.repositories.remove(position);
        self.repositories.insert(0, row);
        self.index();
        Ok(())
    }

    /// Gives a repository another description.
    pub fn describe_repository(&mut self, slug: &str, description: &str) -> Result<(), Missing> {
        self.edit(slug)?.description = Some(description.to_owned());
        Ok(())
    }

    /// Names another main branch, or none for an empty repository.
    pub fn set_main_branch(&mut self, slug: &str, branch: Option<&str>) -> Result<(), Missing> {
        self.edit(slug)?.main_branch = branch.map_or(MainBranch::Empty, |name| MainBranch::Named(name.to_owned()));
        Ok(())
    }

    /// Moves a repository to another project, named by key.
    pub fn move_repository(&mut self, slug: &str, project_key: &str) -> Result<(), Missing> {
        let project = self.projects.iter().position(|project| project.key == project_key);
        let project = project.ok_or_else(|| Missing(format!("project {project_key}")))?;
        self.edit(slug)?.project = Some(project);
        Ok(())
    }

    /// Makes a repository private or public.
    pub fn set_private(&mut self, slug: &str, is_private: bool) -> Result<(), Missing> {
        self.edit(slug)?.is_private = Some(is_private);
        Ok(())
    }

    /// Writes a file on the main branch, or removes it where `text` is `None`.
    pub fn write_file(&mut self, slug: &str, path: &str, text: Option<&str>) -> Result<(), Missing> {
        self.edit(slug)?.files.insert(path.to_owned(), text.map(str::to_owned));
        Ok(())
    }

    /// Changes a pull request; its time of update moves on.
    pub fn update_pull_request(&mut self, slug: &str, id: u64, change: PullRequestEdit) -> Result<(), Missing> {
        let position = self.position(slug)?;
        let repository = Repository::of(self, &self.repositories[position]);
        if pull_request::state(&repository, id).is_none() {
            return Err(Missing(format!("pull request {id} in {slug}")));
        }
        let updated = self.tick();
        let blank = Edited { edit: PullRequestEdit::default(), updated };
        let edited = self.edit(slug)?.pull_requests.entry(id).or_insert(blank);
        edited.updated = updated;
        let edit = &mut edited.edit;
        edit.title = change.title.or_else(|| edit.title.take());
        edit.description = change.description.or_else(|| edit.description.take());
        edit.state = change.state.or(edit.state);
        edit.draft = change.draft.or(edit.draft);
        edit.removed |= change.removed;
        Ok(())
    }

    /// Merges a pull request.
    pub fn merge(&mut self, slug: &str, id: u64) -> Result<(), Missing> {
        let change =
            PullRequestEdit { state: Some(PullRequestState::Merged), draft: Some(false), ..PullRequestEdit::default() };
        self.update_pull_request(slug, id, change)
    }

    /// Removes a pull request without a trace.
    pub fn remove_pull_request(&mut self, slug: &str, id: u64) -> Result<(), Missing> {
        self.update_pull_request(slug, id, PullRequestEdit { removed: true, ..PullRequestEdit::default() })
    }

    /// Opens a pull request and gives its number.
    pub fn open_pull_request(&mut self, slug: &str, title: &str) -> Result<u64, Missing> {
        self.edit(slug)?.opened += 1;
        let position = self.position(slug)?;
        let id = pull_request::last_id(&Repository::of(self, &self.repositories[position]));
        let change = PullRequestEdit {
            title: Some(title.to_owned()),
            state: Some(PullRequestState::Open),
            ..PullRequestEdit::default()
        };
        self.update_pull_request(slug, id, change)?;
        Ok(id)
    }

    /// Changes a project, named by key.
    pub fn edit_project(&mut self, key: &str, change: impl FnOnce(&mut Project)) -> Result<(), Missing> {
        let updated = self.tick();
        let project = self.projects.iter_mut().find(|project| project.key == key);
        let project = project.ok_or_else(|| Missing(format!("project {key}")))?;
        change(project);
        project.updated = updated;
        Ok(())
    }

    /// The numbers of the pull requests of a repository in these states (all, where none is given), newest first.
    pub fn pull_request_ids(&self, slug: &str, states: &[PullRequestState]) -> Result<Vec<u64>, Missing> {
        let position = self.position(slug)?;
        let repository = Repository::of(self, &self.repositories[position]);
        let wanted = |state: PullRequestState| states.is_empty() || states.contains(&state);
        Ok((1..=pull_request::last_id(&repository))
            .rev()
            .filter(|id| pull_request::state(&repository, *id).is_some_and(wanted))
            .collect())
    }

    fn position(&self, slug: &str) -> Result<usize, Missing> {
        self.find(slug).ok_or_else(|| Missing(format!("repository {slug}")))
    }

    /// The edits of a repository, whose time of update moves on.
    fn edit(&mut self, slug: &str) -> Result<&mut RepositoryEdits, Missing> {
        let position = self.position(slug)?;
        let updated = self.tick();
        let edits = self.repositories[position].edits.get_or_insert_default();
        edits.updated = Some(updated);
        Ok(edits)
    }
}
