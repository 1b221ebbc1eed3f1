//! Changing the world, as people would.

use super::project::Project;
use super::pull_request::{self, Edited, PullRequestEdit, PullRequestState};
use super::repository::Repository;
use super::version::Version;
use super::webhook::Webhook;
use super::world::{DefaultBranch, ProjectRow, RepositoryEdits, RepositoryRow, Sight, World};
use crate::missing::Missing;
use crate::naming::slug_from;

impl World {
    /// Deletes a repository with its pull requests.
    pub fn remove_repository(&mut self, key: &str, slug: &str) -> Result<(), Missing> {
        let position = self.position(key, slug)?;
        self.repositories.remove(position);
        self.index();
        Ok(())
    }

    /// Gives a repository another name, and the slug that follows from it. The id stays.
    pub fn rename_repository(&mut self, key: &str, slug: &str, name: &str) -> Result<String, Missing> {
        let new_slug = slug_from(name);
        let edits = self.edit(key, slug)?;
        edits.name = Some(name.to_owned());
        edits.slug = Some(new_slug.clone());
        self.index();
        Ok(new_slug)
    }

    /// Moves a repository to another project. The id stays.
    pub fn move_repository(&mut self, key: &str, slug: &str, to: &str) -> Result<(), Missing> {
        let project = self.project_position(to)?;
        let position = self.position(key, slug)?;
        self.repositories[position].project = project;
        self.index();
        Ok(())
    }

    /// Adds an empty repository at the end of the listing and gives its slug.
    pub fn add_repository(&mut self, key: &str, name: &str) -> Result<String, Missing> {
        let project = self.project_position(key)?;
        let slug = slug_from(name);
        let origin = self.claim_origin();
        let edits = RepositoryEdits {
            name: Some(name.to_owned()),
            slug: Some(slug.clone()),
            default_branch: DefaultBranch::Empty,
            archived: Some(false),
            ..RepositoryEdits::default()
        };
        self.repositories.push(RepositoryRow { origin, project, edits: Some(Box::new(edits)) });
        self.index();
        Ok(slug)
    }

    /// Puts a repository at the front of the listing: all others move back by one.
    pub fn move_to_front(&mut self, key: &str, slug: &str) -> Result<(), Missing> {
        let position = self.position(key, slug)?;
        let row = self.repositories.remove(position);
        self.repositories.insert(0, row);
        self.index();
        Ok(())
    }

    /// Gives a repository another description.
    pub fn describe_repository(&mut self, key: &str, slug: &str, description: &str) -> Result<(), Missing> {
        self.edit(key, slug)?.description = Some(description.to_owned());
        Ok(())
    }

    /// Archives a repository, or takes it back into use.
    pub fn set_archived(&mut self, key: &str, slug: &str, archived: bool) -> Result<(), Missing> {
        self.edit(key, slug)?.archived = Some(archived);
        Ok(())
    }

    /// Names another default branch, or none for an empty repository.
    pub fn set_default_branch(&mut self, key: &str, slug: &str, branch: Option<&str>) -> Result<(), Missing> {
        self.edit(key, slug)?.default_branch =
            branch.map_or(DefaultBranch::Empty, |name| DefaultBranch::Named(name.to_owned()));
        Ok(())
    }

    /// Commits a file to the default branch, or its removal where `text` is `None`.
    pub fn write_file(&mut self, key: &str, slug: &str, path: &str, text: Option<&str>) -> Result<(), Missing> {
        let made = self.tick();
        let edits = self.edit(key, slug)?;
        edits.files.insert(path.to_owned(), text.map(str::to_owned));
        edits.commits.push(made);
        Ok(())
    }

    /// From now on refuses what is asked of one repository with that status; it stays in the listings. No status lets
    /// it answer again.
    pub fn refuse_repository(&mut self, key: &str, slug: &str, status: Option<u16>) -> Result<(), Missing> {
        self.edit(key, slug)?.sight = status.map_or(Sight::Open, Sight::Refused);
        Ok(())
    }

    /// From now on the account that asks does not see a repository at all.
    pub fn hide_repository(&mut self, key: &str, slug: &str) -> Result<(), Missing> {
        self.edit(key, slug)?.sight = Sight::Hidden;
        Ok(())
    }

    /// From now on refuses what is asked of one project and its repositories with that status; all of it stays in the
    /// listings. No status lets it answer again.
    pub fn refuse_project(&mut self, key: &str, status: Option<u16>) -> Result<(), Missing> {
        let position = self.project_position(key)?;
        self.projects[position].sight = status.map_or(Sight::Open, Sight::Refused);
        Ok(())
    }

    /// From now on the account that asks does not see a project at all.
    pub fn hide_project(&mut self, key: &str) -> Result<(), Missing> {
        let position = self.project_position(key)?;
        self.projects[position].sight = Sight::Hidden;
        Ok(())
    }

    /// Adds a project at the end of the listing.
    pub fn add_project(&mut self, key: &str, name: &str) {
        let project = Project {
            key: key.to_owned(),
            name: name.to_owned(),
            description: None,
            public: false,
            id: self.projects.len() as u64 + 1,
            owner: None,
        };
        self.projects.push(ProjectRow { project, sight: Sight::Open, webhooks: Vec::new(), removed: false });
    }

    /// Changes a project, its key among it.
    pub fn edit_project(&mut self, key: &str, change: impl FnOnce(&mut Project)) -> Result<(), Missing> {
        let position = self.project_position(key)?;
        change(&mut self.projects[position].project);
        Ok(())
    }

    /// Deletes a project with its repositories.
    pub fn remove_project(&mut self, key: &str) -> Result<(), Missing> {
        let position = self.project_position(key)?;
        self.projects[position].removed = true;
        self.repositories.retain(|row| row.project != position);
        self.index();
        Ok(())
    }

    /// Changes a pull request; its time of update moves on.
    pub fn update_pull_request(
        &mut self,
        key: &str,
        slug: &str,
        id: u64,
        change: PullRequestEdit,
    ) -> Result<(), Missing> {
        let position = self.position(key, slug)?;
        if pull_request::state(&Repository::of(self, &self.repositories[position]), id).is_none() {
            return Err(Missing(format!("pull request {id} in {key}/{slug}")));
        }
        let updated = self.tick();
        let blank = Edited { edit: PullRequestEdit::default(), updated, times: 0 };
        let edited = self.edit(key, slug)?.pull_requests.entry(id).or_insert(blank);
        (edited.updated, edited.times) = (updated, edited.times + 1);
        let edit = &mut edited.edit;
        edit.title = change.title.or_else(|| edit.title.take());
        edit.description = change.description.or_else(|| edit.description.take());
        edit.state = change.state.or(edit.state);
        edit.draft = change.draft.or(edit.draft);
        edit.removed |= change.removed;
        Ok(())
    }

    /// Merges a pull request.
    pub fn merge(&mut self, key: &str, slug: &str, id: u64) -> Result<(), Missing> {
        self.close(key, slug, id, PullRequestState::Merged)
    }

    /// Declines a pull request.
    pub fn decline(&mut self, key: &str, slug: &str, id: u64) -> Result<(), Missing> {
        self.close(key, slug, id, PullRequestState::Declined)
    }

    fn close(&mut self, key: &str, slug: &str, id: u64, state: PullRequestState) -> Result<(), Missing> {
        let change = PullRequestEdit { state: Some(state), draft: Some(false), ..PullRequestEdit::default() };
        self.update_pull_request(key, slug, id, change)
    }

    /// Removes a pull request without a trace.
    pub fn remove_pull_request(&mut self, key: &str, slug: &str, id: u64) -> Result<(), Missing> {
        self.update_pull_request(key, slug, id, PullRequestEdit { removed: true, ..PullRequestEdit::default() })
    }

    /// Opens a pull request and gives its number.
    pub fn open_pull_request(&mut self, key: &str, slug: &str, title: &str) -> Result<u64, Missing> {
        self.edit(key, slug)?.opened += 1;
        let position = self.position(key, slug)?;
        let id = pull_request::last_id(&Repository::of(self, &self.repositories[position]));
        let change = PullRequestEdit {
            title: Some(title.to_owned()),
            state: Some(PullRequestState::Open),
            ..PullRequestEdit::default()
        };
        self.update_pull_request(key, slug, id, change)?;
        Ok(id)
    }

    /// The numbers of the pull requests of a repository, newest first, in one state or in any.
    pub fn pull_request_ids(
        &self,
        key: &str,
        slug: &str,
        state: Option<PullRequestState>,
    ) -> Result<Vec<u64>, Missing> {
        let row = &self.repositories[self.position(key, slug)?];
        Ok(super::listing::ids(&Repository::of(self, row), state))
    }

    /// Installs another version of the server.
    pub fn set_version(&mut self, version: &str) {
        self.version = Version::parse(version);
        version.clone_into(&mut self.spec.version);
    }

    /// The webhooks of a project, or of one of its repositories where a slug is given.
    pub fn webhooks(&self, key: &str, slug: Option<&str>) -> Result<&[Webhook], Missing> {
        let project = self.project_position(key)?;
        let Some(slug) = slug else { return Ok(&self.projects[project].webhooks) };
        let row = &self.repositories[self.position(key, slug)?];
        Ok(row.edits.as_deref().map_or(&[], |edits| &edits.webhooks))
    }

    /// Adds a webhook to a project, or to one of its repositories where a slug is given, and gives its number.
    pub fn add_webhook(&mut self, key: &str, slug: Option<&str>, mut hook: Webhook) -> Result<u64, Missing> {
        let made = self.tick();
        let id = self.next_webhook;
        (hook.id, hook.created, hook.updated) = (id, made, made);
        self.webhooks_mut(key, slug)?.push(hook);
        self.next_webhook += 1;
        Ok(id)
    }

    /// Puts another webhook in the place of one.
    pub(super) fn replace_webhook(
        &mut self,
        key: &str,
        slug: Option<&str>,
        id: u64,
        mut hook: Webhook,
    ) -> Result<(), Missing> {
        let updated = self.tick();
        let hooks = self.webhooks_mut(key, slug)?;
        let known = hooks.iter_mut().find(|known| known.id == id);
        let known = known.ok_or_else(|| Missing(format!("webhook {id}")))?;
        (hook.id, hook.created, hook.updated) = (id, known.created, updated);
        *known = hook;
        Ok(())
    }

    /// Removes a webhook.
    pub fn remove_webhook(&mut self, key: &str, slug: Option<&str>, id: u64) -> Result<(), Missing> {
        let hooks = self.webhooks_mut(key, slug)?;
        let position = hooks.iter().position(|hook| hook.id == id);
        hooks.remove(position.ok_or_else(|| Missing(format!("webhook {id}")))?);
        Ok(())
    }

    fn webhooks_mut(&mut self, key: &str, slug: Option<&str>) -> Result<&mut Vec<Webhook>, Missing> {
        if let Some(slug) = slug {
            return Ok(&mut self.edit(key, slug)?.webhooks);
        }
        let position = self.project_position(key)?;
        Ok(&mut self.projects[position].webhooks)
    }

    fn project_position(&self, key: &str) -> Result<usize, Missing> {
        self.find_project(key).ok_or_else(|| Missing(format!("project {key}")))
    }

    fn position(&self, key: &str, slug: &str) -> Result<usize, Missing> {
        let project = self.project_position(key)?;
        self.find(project, slug).ok_or_else(|| Missing(format!("repository {key}/{slug}")))
    }

    fn edit(&mut self, key: &str, slug: &str) -> Result<&mut RepositoryEdits, Missing> {
        let position = self.position(key, slug)?;
        Ok(self.repositories[position].edits.get_or_insert_default())
    }
}
