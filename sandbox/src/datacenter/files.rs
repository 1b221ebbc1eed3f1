//! The files on the default branch of a repository.

use std::collections::BTreeMap;

use super::repository::Repository;
use crate::contents;
use crate::dice::Dice;

/// All files at the tip of the default branch: path to text, in order of path. None in an empty repository.
pub(super) fn tree(repository: &Repository<'_>) -> BTreeMap<String, String> {
    if repository.is_empty {
        return BTreeMap::new();
    }
    let dice = Dice::new(repository.world.spec.seed, &[0xF1, u64::from(repository.row.origin)]);
    let mut files = contents::generate(dice, &repository.name, &repository.project.key, repository.language);
    let edits = repository.row.edits.as_deref().map(|edits| &edits.files);
    for (path, text) in edits.into_iter().flatten() {
        match text {
            Some(text) => files.insert(path.clone(), text.clone()),
            None => files.remove(path),
        };
    }
    files
}
