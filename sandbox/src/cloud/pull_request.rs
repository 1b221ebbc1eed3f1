//! Pull requests.

use super::people::{API, Person, SITE};
use super::repository::Repository;
use crate::dice::Dice;
use crate::json::{self, Object};
use crate::stamp::Stamp;
use crate::words;

/// Where a pull request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PullRequestState {
    /// Waiting for review or merge.
    Open,
    /// Merged into its destination.
    Merged,
    /// Closed without a merge.
    Declined,
    /// Replaced by another pull request.
    Superseded,
}

impl PullRequestState {
    /// As written by the service.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Merged => "MERGED",
            Self::Declined => "DECLINED",
            Self::Superseded => "SUPERSEDED",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Merged, Self::Declined, Self::Superseded].into_iter().find(|state| state.as_str() == text)
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

/// What was changed of a pull request, and when.
#[derive(Clone, Debug)]
pub(super) struct Edited {
    pub(super) edit: PullRequestEdit,
    pub(super) updated: Stamp,
}

/// A pull request as it is now.
pub(crate) struct PullRequest<'a> {
    pub(super) repository: &'a Repository<'a>,
    pub(super) id: u64,
    pub(super) state: PullRequestState,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) draft: bool,
    /// `None` where the account was deleted.
    pub(super) author: Option<&'a Person>,
    pub(super) created: Stamp,
    pub(super) updated: Stamp,
    source_branch: String,
    destination_branch: String,
    source_commit: String,
    destination_commit: String,
    source_is_gone: bool,
    close_source_branch: bool,
    comments: u64,
    tasks: u64,
    dice: Dice,
}

/// How many numbers have been given out, removed ones included.
pub(super) fn last_id(repository: &Repository<'_>) -> u64 {
    let opened = repository.row.edits.as_deref().map_or(0, |edits| edits.opened);
    u64::from(repository.world.spec.pull_requests_per_repository) + u64::from(opened)
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
    let rest = 100_u64.saturating_sub(open);
    Some(match roll {
        _ if roll < open => PullRequestState::Open,
        _ if roll - open < rest * 3 / 4 => PullRequestState::Merged,
        _ if roll - open < rest * 93 / 100 => PullRequestState::Declined,
        _ => PullRequestState::Superseded,
    })
}

impl<'a> PullRequest<'a> {
    pub(super) fn of(repository: &'a Repository<'a>, id: u64) -> Option<Self> {
        let state = state(repository, id)?;
        let edited = edited(repository, id);
        let edit = edited.map(|edited| &edited.edit);
        let mut dice = dice(repository, id, 2);
        let created =
            Stamp::start_of(2024).plus_seconds(id * 86_400 + dice.below(86_400)).plus_micros(dice.below(1_000_000));
        let updated = created.plus_seconds(30 + dice.below(86_400 * 20)).plus_micros(dice.below(1_000_000));
        let (verb, matter) = (dice.word(&words::VERBS), dice.word(&words::MATTERS));
        let people = &repository.world.people;
        let author = (!dice.chance(3)).then(|| dice.pick(people));
        let main = repository.main_branch.as_deref().unwrap_or("main");
        let destination = if dice.chance(85) { main.to_owned() } else { format!("release/{}", dice.below(9)) };
        let description = description(&mut dice);
        Some(Self {
            repository,
            id,
            state,
            title: edit.and_then(|edit| edit.title.clone()).unwrap_or_else(|| format!("{verb} {matter}")),
            description: edit.and_then(|edit| edit.description.clone()).unwrap_or(description),
            draft: edit
                .and_then(|edit| edit.draft)
                .unwrap_or_else(|| state == PullRequestState::Open && dice.chance(15)),
            author,
            created,
            updated: edited.map_or(updated, |edited| edited.updated),
            source_branch: format!("feature/{}-{}", repository.project.key, dice.below(9_000) + 100),
            destination_branch: destination,
            source_commit: short_hash(&mut dice),
            destination_commit: short_hash(&mut dice),
            source_is_gone: dice.chance(2),
            close_source_branch: dice.chance(50),
            comments: dice.below(12),
            tasks: dice.below(4),
            dice,
        })
    }

    /// The form of listings: without participants, reviewers and rendered texts, as the service lists them.
    pub(super) fn write(&self, request: &mut Object<'_>) {
        request.number("comment_count", self.comments);
        request.number("task_count", self.tasks);
        request.text("type", "pullrequest");
        request.number("id", self.id);
        request.text("title", &self.title);
        request.text("description", &self.description);
        request.text("state", self.state.as_str());
        request.flag("draft", self.draft);
        self.write_closure(request);
        match self.author {
            Some(author) => request.object("author", |person| author.write(person)),
            None => request.null("author"),
        }
        request.text("reason", if self.state == PullRequestState::Declined { "Not needed any more" } else { "" });
        request.format("created_on", format_args!("{}", self.created));
        request.format("updated_on", format_args!("{}", self.updated));
        request.object("destination", |end| {
            self.write_end(end, &self.destination_branch, &self.destination_commit, false);
        });
        request
            .object("source", |end| self.write_end(end, &self.source_branch, &self.source_commit, self.source_is_gone));
        request.object("links", |links| self.write_links(links));
        request.object("summary", |summary| write_rendered(summary, &self.description));
    }

    /// The form of a single pull request: the listed one, and what only this one has.
    pub(super) fn write_in_full(&self, request: &mut Object<'_>) {
        self.write(request);
        request.object("rendered", |rendered| {
            rendered.object("title", |title| write_rendered(title, &self.title));
            rendered.object("description", |text| write_rendered(text, &self.description));
        });
        let reviewers = self.reviewers();
        request.array("reviewers", |list| {
            for reviewer in &reviewers {
                list.object(|person| reviewer.write(person));
            }
        });
        request.array("participants", |list| {
            for (reviewer, position) in reviewers.iter().zip(0_u64..) {
                list.object(|participant| self.write_participant(participant, reviewer, position));
            }
            if let Some(author) = self.author {
                list.object(|participant| {
                    participant.text("type", "participant");
                    participant.object("user", |person| author.write(person));
                    participant.text("role", "PARTICIPANT");
                    participant.flag("approved", false);
                    participant.null("state");
                    participant.format("participated_on", format_args!("{}", self.created));
                });
            }
        });
    }

    /// Who was asked to review; nobody twice, the author never.
    pub(super) fn reviewers(&self) -> Vec<&'a Person> {
        let mut dice = self.dice.clone();
        let mut reviewers: Vec<&Person> = Vec::new();
        let author = self.author.map(Person::uuid);
        for _ in 0..dice.below(4) {
            let person = dice.pick(&self.repository.world.people);
            let known = reviewers.iter().any(|reviewer| reviewer.uuid() == person.uuid());
            if !known && Some(person.uuid()) != author {
                reviewers.push(person);
            }
        }
        reviewers
    }

    fn write_participant(&self, participant: &mut Object<'_>, reviewer: &Person, position: u64) {
        let standing = Dice::new(self.id, &[position]).below(3);
        participant.text("type", "participant");
        participant.object("user", |person| reviewer.write(person));
        participant.text("role", "REVIEWER");
        participant.flag("approved", standing == 0);
        participant.optional(
            "state",
            match standing {
                0 => Some("approved"),
                1 => Some("changes_requested"),
                _ => None,
            },
        );
        match standing {
            2 => participant.null("participated_on"),
            _ => participant.format("participated_on", format_args!("{}", self.updated)),
        }
    }

    fn write_closure(&self, request: &mut Object<'_>) {
        let mut dice =
            Dice::new(self.repository.world.spec.seed, &[0xC1, u64::from(self.repository.row.origin), self.id]);
        match self.state {
            PullRequestState::Merged => {
                request.object("merge_commit", |commit| self.write_commit(commit, &short_hash(&mut dice)));
            }
            _ => request.null("merge_commit"),
        }
        request.flag("close_source_branch", self.close_source_branch);
        match self.state {
            PullRequestState::Open => request.null("closed_by"),
            _ => request.object("closed_by", |person| dice.pick(&self.repository.world.people).write(person)),
        }
    }

    fn write_end(&self, end: &mut Object<'_>, branch: &str, commit: &str, gone: bool) {
        end.object("branch", |object| {
            object.text("name", branch);
            object.object("links", |_| {});
        });
        end.object("commit", |object| self.write_commit(object, commit));
        if gone {
            // A fork that was deleted after the pull request was made.
            end.null("repository");
        } else {
            end.object("repository", |object| self.repository.write_short(object));
        }
    }

    fn write_commit(&self, commit: &mut Object<'_>, hash: &str) {
        let (owner, slug) = (&self.repository.world.workspace.slug, &self.repository.slug);
        commit.text("hash", hash);
        commit.object("links", |links| {
            links.link("self", format_args!("{API}/repositories/{owner}/{slug}/commit/{hash}"));
            links.link("html", format_args!("{SITE}/{owner}/{slug}/commits/{hash}"));
        });
        commit.text("type", "commit");
    }

    fn write_links(&self, links: &mut Object<'_>) {
        let (owner, slug, id) = (&self.repository.world.workspace.slug, &self.repository.slug, self.id);
        let (from, to) = (&self.source_commit, &self.destination_commit);
        links.link("self", format_args!("{API}/repositories/{owner}/{slug}/pullrequests/{id}"));
        links.link("html", format_args!("{SITE}/{owner}/{slug}/pull-requests/{id}"));
        for name in ["commits", "approve", "request-changes", "comments", "activity", "merge", "decline", "statuses"] {
            links.link(name, format_args!("{API}/repositories/{owner}/{slug}/pullrequests/{id}/{name}"));
        }
        for name in ["diff", "diffstat"] {
            links.link(
                name,
                format_args!(
                    "{API}/repositories/{owner}/{slug}/{name}/{owner}/{slug}:{from}%0D{to}?from_pullrequest_id={id}&topic=true"
                ),
            );
        }
    }
}

fn short_hash(dice: &mut Dice) -> String {
    let mut hash = dice.hash();
    hash.truncate(12);
    hash
}

/// A fifth has none, one in eight is long.
fn description(dice: &mut Dice) -> String {
    let sentences = match dice.below(40) {
        0..8 => 0,
        8..35 => 1 + dice.below(4),
        _ => 12 + dice.below(24),
    };
    let mut text = String::new();
    for position in 0..sentences {
        text.push_str(if position.is_multiple_of(3) { "* " } else { "\n\n" });
        text.push_str(dice.word(&words::SENTENCES));
        text.push('\n');
    }
    text
}

/// A text in the three forms that the service gives.
fn write_rendered(rendered: &mut Object<'_>, text: &str) {
    rendered.text("type", "rendered");
    rendered.text("raw", text);
    rendered.text("markup", "markdown");
    if text.is_empty() {
        rendered.text("html", "");
        return;
    }
    let mut html = String::with_capacity(text.len() + 16);
    for paragraph in text.split("\n\n") {
        let escaped = paragraph.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        html.push_str("<p>");
        html.push_str(escaped.trim());
        html.push_str("</p>");
    }
    json::string(rendered.key("html"), &html);
}
