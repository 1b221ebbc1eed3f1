//! Pull requests.

use super::commit;
use super::person::Person;
use super::repository::Repository;
use crate::dice::Dice;
use crate::json::Object;
use crate::stamp::Stamp;
use crate::words;

/// Where a pull request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PullRequestState {
    /// Waiting for review or merge.
    Open,
    /// Merged into its target.
    Merged,
    /// Closed without a merge.
    Declined,
}

impl PullRequestState {
    /// As written by the service.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Merged => "MERGED",
            Self::Declined => "DECLINED",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Merged, Self::Declined].into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text))
    }
}

/// A change to a pull request; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullRequestEdit {
    /// A new title.
    pub title: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// A new state.
    pub state: Option<PullRequestState>,
    /// Whether it is a draft.
    pub draft: Option<bool>,
    /// Gone: answers 404 and is in no listing any more.
    pub removed: bool,
}

/// What was changed of a pull request, when, and how often.
#[derive(Clone, Debug)]
pub(super) struct Edited {
    pub(super) edit: PullRequestEdit,
    pub(super) updated: Stamp,
    pub(super) times: u64,
}

/// A pull request as it is now.
pub(crate) struct PullRequest<'a> {
    repository: &'a Repository<'a>,
    id: u64,
    state: PullRequestState,
    version: u64,
    title: String,
    description: Option<String>,
    draft: bool,
    author: &'a Person,
    created: Stamp,
    updated: Stamp,
    source_branch: String,
    target_branch: String,
    source_commit: String,
    target_commit: String,
    /// Where the changes come from: the same repository, or a fork of it.
    source: &'a [u8],
    dice: Dice,
}

/// How many numbers have been given out, removed ones included.
pub(super) fn last_id(repository: &Repository<'_>) -> u64 {
    let opened = repository.row.edits.as_deref().map_or(0, |edits| edits.opened);
    let generated = if repository.is_empty { 0 } else { repository.world.spec.pull_requests_per_repository };
    u64::from(generated) + u64::from(opened)
}

fn edited<'a>(repository: &'a Repository<'_>, id: u64) -> Option<&'a Edited> {
    repository.row.edits.as_deref().and_then(|edits| edits.pull_requests.get(&id))
}

fn dice(repository: &Repository<'_>, id: u64, purpose: u64) -> Dice {
    Dice::new(repository.world.spec.seed, &[0x94, u64::from(repository.row.origin), id, purpose])
}

/// The state of a pull request, without the cost of the rest; `None` where there is none of that number.
pub(super) fn state(repository: &Repository<'_>, id: u64) -> Option<PullRequestState> {
    if id == 0 || id > last_id(repository) {
        return None;
    }
    let edit = edited(repository, id).map(|edited| &edited.edit);
    if edit.is_some_and(|edit| edit.removed) {
        return None;
    }
    if let Some(state) = edit.and_then(|edit| edit.state) {
        return Some(state);
    }
    let roll = dice(repository, id, 1).below(100);
    let open = u64::from(repository.world.spec.open_percent);
    Some(match roll {
        _ if roll < open => PullRequestState::Open,
        _ if roll - open < 100_u64.saturating_sub(open) * 4 / 5 => PullRequestState::Merged,
        _ => PullRequestState::Declined,
    })
}

impl<'a> PullRequest<'a> {
    pub(super) fn of(repository: &'a Repository<'a>, id: u64) -> Option<Self> {
        let state = state(repository, id)?;
        let (edited, world) = (edited(repository, id), repository.world);
        let edit = edited.map(|edited| &edited.edit);
        let mut dice = dice(repository, id, 2);
        let micros = dice.below(1_000_000);
        let created = Stamp::start_of(2024).plus_seconds(id * 86_400 + dice.below(86_400)).plus_micros(micros);
        let updated = created.plus_seconds(30 + dice.below(86_400 * 20));
        let (verb, matter) = (dice.word(&words::VERBS), dice.word(&words::MATTERS));
        let author = if dice.chance(2) { &world.service } else { dice.pick(&world.people) };
        let main = repository.default_branch.clone();
        let description = description(&mut dice);
        let draft = state == PullRequestState::Open && dice.chance(15);
        let fork = repository.written_fork().filter(|_| id % 3 == 1);
        Some(Self {
            repository,
            id,
            state,
            version: dice.below(4) + edited.map_or(0, |edited| edited.times),
            title: edit.and_then(|edit| edit.title.clone()).unwrap_or_else(|| format!("{verb} {matter}")),
            description: edit.and_then(|edit| edit.description.clone()).or(description),
            draft: edit.and_then(|edit| edit.draft).unwrap_or(draft),
            author,
            created,
            updated: edited.map_or(updated, |edited| edited.updated),
            source_branch: format!("feature/{}-{}", repository.project.key, dice.below(9_000) + 100),
            target_branch: if dice.chance(85) { main } else { format!("release/{}", dice.below(9)) },
            source_commit: dice.hash(),
            target_commit: if dice.chance(50) { commit::head(repository) } else { dice.hash() },
            source: fork.unwrap_or_else(|| repository.written()),
            dice,
        })
    }

    /// The form of listings and of single pull requests.
    pub(super) fn write(&self, request: &mut Object<'_>) {
        let is_open = self.state == PullRequestState::Open;
        request.number("id", self.id);
        request.number("version", self.version);
        request.text("title", &self.title);
        if let Some(description) = &self.description {
            request.text("description", description);
        }
        request.text("state", self.state.as_str());
        request.flag("open", is_open);
        request.flag("closed", !is_open);
        if self.repository.world.version.knows_drafts() {
            request.flag("draft", self.draft && is_open);
        }
        request.number("createdDate", self.created.millis());
        request.number("updatedDate", self.updated.millis());
        if !is_open {
            request.number("closedDate", self.updated.millis());
        }
        request.object("fromRef", |end| write_end(end, &self.source_branch, &self.source_commit, self.source));
        request
            .object("toRef", |end| write_end(end, &self.target_branch, &self.target_commit, self.repository.written()));
        request.flag("locked", false);
        self.write_people(request);
        request.object("properties", |properties| self.write_properties(properties));
        request.object("links", |links| {
            links.links("self", format_args!("{}/pull-requests/{}", self.repository.page(), self.id));
        });
    }

    fn write_people(&self, request: &mut Object<'_>) {
        request.object("author", |author| self.write_participant(author, self.author, "AUTHOR", "UNAPPROVED"));
        let mut dice = self.dice.clone();
        let mut asked = self.others(&mut dice, 4);
        let discussing = asked.split_off(asked.len() - asked.len() / 3);
        request.array("reviewers", |list| {
            for reviewer in asked {
                let standing = dice.word(&["APPROVED", "NEEDS_WORK", "UNAPPROVED"]);
                list.object(|object| self.write_participant(object, reviewer, "REVIEWER", standing));
            }
        });
        request.array("participants", |list| {
            for person in discussing {
                list.object(|object| self.write_participant(object, person, "PARTICIPANT", "UNAPPROVED"));
            }
        });
    }

    fn write_participant(&self, participant: &mut Object<'_>, person: &Person, role: &str, status: &str) {
        participant.object("user", |user| person.write(user, &self.repository.world.spec.base_url));
        if role == "REVIEWER" && status != "UNAPPROVED" {
            participant.text("lastReviewedCommit", &self.source_commit);
        }
        participant.text("role", role);
        participant.flag("approved", status == "APPROVED");
        participant.text("status", status);
    }

    /// People other than the author, nobody twice.
    fn others(&self, dice: &mut Dice, at_most: u64) -> Vec<&'a Person> {
        let mut others: Vec<&Person> = Vec::new();
        for _ in 0..dice.below(at_most + 1) {
            let person = dice.pick(&self.repository.world.people);
            if person.id != self.author.id && others.iter().all(|other| other.id != person.id) {
                others.push(person);
            }
        }
        others
    }

    fn write_properties(&self, properties: &mut Object<'_>) {
        let mut dice = self.dice.clone();
        match self.state {
            PullRequestState::Open => properties.object("mergeResult", |result| {
                result.text("outcome", dice.word(&["CLEAN", "CLEAN", "CONFLICTED"]));
                result.flag("current", true);
            }),
            PullRequestState::Merged => properties.object("mergeCommit", |merge| {
                let hash = dice.hash();
                merge.text("id", &hash);
                merge.text("displayId", &hash[..11]);
            }),
            PullRequestState::Declined => {}
        }
        properties.number("resolvedTaskCount", dice.below(3));
        properties.number("commentCount", dice.below(12));
        properties.number("openTaskCount", dice.below(4));
    }
}

fn write_end(end: &mut Object<'_>, branch: &str, commit: &str, repository: &[u8]) {
    end.format("id", format_args!("refs/heads/{branch}"));
    end.text("displayId", branch);
    end.text("latestCommit", commit);
    end.text("type", "BRANCH");
    end.key("repository").extend_from_slice(repository);
}

/// A fifth has none, one in eight is long.
fn description(dice: &mut Dice) -> Option<String> {
    let sentences = match dice.below(40) {
        0..8 => return None,
        8..35 => 1 + dice.below(4),
        _ => 12 + dice.below(24),
    };
    let sentences: Vec<String> = (0..sentences).map(|_| format!("* {}", dice.word(&words::SENTENCES))).collect();
    Some(sentences.join("\r\n"))
}
