//! The files on the main branch of a repository.

use std::collections::BTreeMap;

use super::repository::Repository;
use super::words;
use crate::dice::Dice;

/// All files at the tip of the main branch: path to text, in order of path. Empty where there is no main branch.
pub(super) fn tree(repository: &Repository<'_>) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    if repository.main_branch.is_none() {
        return files;
    }
    let mut dice = Dice::new(repository.world.spec.seed, &[0xF1, u64::from(repository.row.origin)]);
    let (name, key) = (&repository.name, &repository.project.key);
    if dice.chance(90) {
        files.insert("README.md".to_owned(), readme(&mut dice, name));
    }
    if dice.chance(60) {
        let team = key.to_lowercase();
        files.insert(
            "CODEOWNERS".to_owned(),
            format!("# Who is asked to review\n* @{team}-maintainers\n/docs/ @writers\n"),
        );
    }
    let ending =
        words::LANGUAGES.iter().find(|(language, _)| *language == repository.language).map_or("txt", |(_, it)| it);
    files.insert(".gitignore".to_owned(), "target/\nnode_modules/\n*.log\n".to_owned());
    files.insert(format!("src/main.{ending}"), format!("// {name}\n"));
    files.insert(format!("src/store/rows.{ending}"), format!("// rows of {name}\n"));
    files.insert("docs/guide.md".to_owned(), format!("# Guide to {name}\n\n{}\n", dice.word(&words::SENTENCES)));
    files.insert(
        "docs/architecture/overview.md".to_owned(),
        format!("# Overview\n\n{}\n", dice.word(&words::SENTENCES)),
    );
    files.insert("docs/Bilder & Skizzen/übersicht.txt".to_owned(), "→ see the wiki\n".to_owned());
    files.insert("service.yaml".to_owned(), format!("name: {name}\nproject: {key}\ntier: {}\n", dice.below(3) + 1));
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

fn readme(dice: &mut Dice, name: &str) -> String {
    let mut text = format!("# {name}\n\n");
    for _ in 0..2 + dice.below(8) {
        text.push_str(dice.word(&words::SENTENCES));
        text.push_str("\n\n");
    }
    text.push_str("## Build\n\n```sh\nmake all\n```\n");
    text
}
