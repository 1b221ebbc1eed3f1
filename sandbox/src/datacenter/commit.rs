//! The history of the default branch.

use super::person::Person;
use super::repository::Repository;
use crate::dice::Dice;
use crate::json::Object;
use crate::stamp::Stamp;
use crate::words;

/// How many commits the default branch has; none in an empty repository.
pub(super) fn count(repository: &Repository<'_>) -> u64 {
    if repository.is_empty {
        return 0;
    }
    let added = repository.row.edits.as_deref().map_or(0, |edits| edits.commits.len() as u64);
    generated(repository) + added
}

fn generated(repository: &Repository<'_>) -> u64 {
    3 + Dice::new(repository.world.spec.seed, &[0xC1, u64::from(repository.row.origin)]).below(40)
}

/// The hash of the n-th commit, counted from 1, the oldest.
pub(super) fn hash(repository: &Repository<'_>, number: u64) -> String {
    Dice::new(repository.world.spec.seed, &[0xC0, u64::from(repository.row.origin), number]).hash()
}

/// The commit at the tip of the default branch.
pub(super) fn head(repository: &Repository<'_>) -> String {
    hash(repository, count(repository))
}

/// The number of the commit that a branch, a full reference or a (shortened) hash stands for.
pub(super) fn resolve(repository: &Repository<'_>, revision: &str) -> Option<u64> {
    let count = count(repository);
    let branch = revision.strip_prefix("refs/heads/").unwrap_or(revision);
    if count > 0 && (branch == repository.default_branch || revision == "HEAD") {
        return Some(count);
    }
    let is_hash = revision.len() >= 7 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    (1..=count).rev().find(|number| is_hash && hash(repository, *number).starts_with(revision))
}

/// Writes the n-th commit.
pub(super) fn write(repository: &Repository<'_>, number: u64, commit: &mut Object<'_>) {
    let mut dice = Dice::new(repository.world.spec.seed, &[0xC2, u64::from(repository.row.origin), number]);
    let author = dice.pick(&repository.world.people);
    let made = time(repository, number, &mut dice);
    write_id(commit, &hash(repository, number));
    // An author whose address belongs to no account is a name and an address, nothing else.
    let known = !dice.chance(20);
    for (person, time) in [("author", "authorTimestamp"), ("committer", "committerTimestamp")] {
        commit.object(person, |object| write_author(repository, author, known, object));
        commit.number(time, made.millis());
    }
    let (verb, matter) = (dice.word(&words::VERBS), dice.word(&words::MATTERS));
    commit.format("message", format_args!("{verb} {matter}\n\n{}\n", dice.word(&words::SENTENCES)));
    commit.array("parents", |parents| {
        if number > 1 {
            parents.object(|parent| write_id(parent, &hash(repository, number - 1)));
        }
    });
}

fn write_author(repository: &Repository<'_>, author: &Person, known: bool, object: &mut Object<'_>) {
    if known {
        author.write(object, &repository.world.spec.base_url);
    } else {
        object.text("name", &author.display_name);
        object.format("emailAddress", format_args!("{}@users.example.org", author.slug));
    }
}

fn time(repository: &Repository<'_>, number: u64, dice: &mut Dice) -> Stamp {
    let added = number.checked_sub(generated(repository) + 1).and_then(|index| usize::try_from(index).ok());
    let edits = repository.row.edits.as_deref();
    let made = edits.zip(added).and_then(|(edits, index)| edits.commits.get(index).copied());
    // The service knows seconds only, and writes them as milliseconds.
    made.unwrap_or_else(|| Stamp::start_of(2024).plus_seconds(number * 86_400 * 9 + dice.below(86_400)))
}

fn write_id(object: &mut Object<'_>, hash: &str) {
    object.text("id", hash);
    object.text("displayId", &hash[..11]);
}
