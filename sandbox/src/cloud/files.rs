//! The files on the main branch of a repository.

use std::collections::BTreeMap;

use super::repository::Repository;
use crate::contents;
use crate::dice::Dice;

/// All files at the tip of the main branch: path to text, in order of path. Empty where there is no main branch.
pub(super) fn tree(repository: &Repository<'_>) -> BTreeMap<String, String> {
    if repository.main_branch.is_none() {
        return BTreeMap::new();
    }
    let dice = Dice::new(repository.world.spec.seed, &[0xF1, u64::from(repository.row.origin)]);
    let mut files = contents::generate(dice, &repository.name, &repository.project.key, repository.language);
    apply_edits(repository, &mut files);
    files
}

/// One file, `None` where it is not there.
pub(super) fn file(repository: &Repository<'_>, path: &str) -> Option<String> {
    if repository.main_branch.is_some()
        && let Some(edited) = repository.row.edits.as_deref().and_then(|edits| edits.files.get(path))
    {
        return edited.clone();
    }
    tree(repository).remove(path)
}

fn apply_edits(repository: &Repository<'_>, files: &mut BTreeMap<String, String>) {
    let edits = repository.row.edits.as_deref().map(|edits| &edits.files);
    for (path, text) in edits.into_iter().flatten() {
        match text {
            Some(text) => files.insert(path.clone(), text.clone()),
            None => files.remove(path),
        };
    }
}
